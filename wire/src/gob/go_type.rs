//! Numbers and defines Go types as Go's encoder does, so that encoded streams equal an agent's.
//!
//! Follows `newTypeObject` and `sendType` of `encoding/gob`: a struct is numbered before its fields
//! and a slice or map after its elements; definitions of outer types are sent first.

use super::{Definition, Field, Marshaler, Type, TypeId};
use std::collections::BTreeMap;

/// A Go type to be defined. Types with the same name are the same type.
#[derive(Debug, Clone)]
pub struct GoType {
    /// The name in Go.
    pub name: &'static str,
    /// The form.
    pub shape: GoShape,
}

/// The form of a Go type.
#[derive(Debug, Clone)]
pub enum GoShape {
    /// A type that needs no definition.
    BuiltIn(TypeId),
    /// A slice.
    Slice(Box<GoType>),
    /// A map.
    Map(Box<GoType>, Box<GoType>),
    /// A struct with its exported fields.
    Struct(Vec<(&'static str, GoType)>),
    /// A type that marshals itself to binary.
    Binary,
    /// A pointer to `url.URL`, which marshals itself. Go's encoder gives it no name and another
    /// inner id, and defines a `Userinfo` without fields after it.
    Url,
}

impl GoType {
    /// A type that needs no definition.
    #[must_use]
    pub fn built_in(id: TypeId) -> Self {
        Self {
            name: "",
            shape: GoShape::BuiltIn(id),
        }
    }

    /// A struct of these fields.
    #[must_use]
    pub fn structure<const N: usize>(
        name: &'static str,
        fields: [(&'static str, Self); N],
    ) -> Self {
        Self {
            name,
            shape: GoShape::Struct(fields.into()),
        }
    }

    /// A slice of these elements.
    #[must_use]
    pub fn slice(name: &'static str, elem: Self) -> Self {
        Self {
            name,
            shape: GoShape::Slice(elem.into()),
        }
    }

    /// A map from these keys to these elements.
    #[must_use]
    pub fn map(name: &'static str, key: Self, elem: Self) -> Self {
        Self {
            name,
            shape: GoShape::Map(key.into(), elem.into()),
        }
    }

    /// Appends the definitions of this type and of all types in it, and returns its id.
    pub fn define(&self, first: TypeId, out: &mut Vec<u8>) -> TypeId {
        let mut numbers = Numbers {
            ids: BTreeMap::new(),
            next: first,
        };
        let id = numbers.number(self);
        let mut sent = Vec::new();
        self.send(&mut numbers, &mut sent, out);
        id
    }

    fn send(&self, numbers: &mut Numbers, sent: &mut Vec<TypeId>, out: &mut Vec<u8>) {
        let id = numbers.number(self);
        if matches!(self.shape, GoShape::BuiltIn(_)) || sent.contains(&id) {
            return;
        }
        sent.push(id);
        let inner_id = if matches!(self.shape, GoShape::Url) {
            numbers.take()
        } else {
            id
        };
        let ty = self.wire_type(numbers);
        Definition {
            name: self.name.into(),
            inner_id,
            ty,
        }
        .write(id, out);
        match &self.shape {
            GoShape::Slice(elem) => elem.send(numbers, sent, out),
            GoShape::Map(key, elem) => {
                key.send(numbers, sent, out);
                elem.send(numbers, sent, out);
            }
            GoShape::Struct(fields) => {
                fields
                    .iter()
                    .for_each(|(_, field)| field.send(numbers, sent, out));
            }
            GoShape::Url => userinfo().send(numbers, sent, out),
            GoShape::BuiltIn(_) | GoShape::Binary => {}
        }
    }

    fn wire_type(&self, numbers: &mut Numbers) -> Type {
        match &self.shape {
            GoShape::Slice(elem) => Type::Slice {
                elem: numbers.number(elem),
            },
            GoShape::Map(key, elem) => Type::Map {
                key: numbers.number(key),
                elem: numbers.number(elem),
            },
            GoShape::Struct(fields) => Type::Struct(
                fields
                    .iter()
                    .map(|(name, ty)| Field {
                        name: (*name).into(),
                        id: numbers.number(ty),
                    })
                    .collect(),
            ),
            GoShape::BuiltIn(_) | GoShape::Binary | GoShape::Url => Type::Opaque(Marshaler::Binary),
        }
    }
}

fn userinfo() -> GoType {
    GoType {
        name: "Userinfo",
        shape: GoShape::Struct(Vec::new()),
    }
}

/// The ids assigned so far, by name.
struct Numbers {
    ids: BTreeMap<&'static str, TypeId>,
    next: TypeId,
}

impl Numbers {
    fn number(&mut self, ty: &GoType) -> TypeId {
        if let GoShape::BuiltIn(id) = ty.shape {
            return id;
        }
        if let Some(id) = self.ids.get(ty.name) {
            return *id;
        }
        match &ty.shape {
            GoShape::Slice(elem) => drop(self.number(elem)),
            GoShape::Map(key, elem) => {
                self.number(key);
                self.number(elem);
            }
            _ => {}
        }
        let id = self.take();
        self.ids.insert(ty.name, id);
        if let GoShape::Struct(fields) = &ty.shape {
            for (_, field) in fields {
                self.number(field);
            }
        }
        id
    }

    fn take(&mut self) -> TypeId {
        let id = self.next;
        self.next = TypeId(id.0 + 1);
        id
    }
}
