//! The types of one stream.

use super::{Definition, Error, MAX_DEFINITION_BYTES, MAX_TYPES, Reader, Type, TypeId};

static BUILT_IN: [Type; 8] = [
    Type::Bool,
    Type::Int,
    Type::Uint,
    Type::Float,
    Type::Bytes,
    Type::String,
    Type::Complex,
    Type::Interface,
];

/// A number for the name and type of a field, which is faster to compare than both.
pub type Tag = u8;

/// Returns the tag of a field of this name and type.
pub type TagOf = fn(&str, TypeId) -> Tag;

/// The types that a stream has defined so far, and the built-in ones.
///
/// Definitions may refer to types that are defined later or not at all: references are resolved
/// when a value is read.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    /// Sorted by id.
    types: Vec<Defined>,
    bytes: usize,
    tag_of: Option<TagOf>,
}

#[derive(Debug, Clone)]
struct Defined {
    id: TypeId,
    definition: Definition,
    /// Tag and type of each field of a struct.
    fields: Box<[(Tag, TypeId)]>,
}

impl Schema {
    /// Returns a schema whose structs can be read by tags; `tag_of` determines the tag of each
    /// field.
    #[must_use]
    pub fn with_tags(tag_of: TagOf) -> Self {
        Self {
            tag_of: Some(tag_of),
            ..Self::default()
        }
    }

    /// Adds the definition of `id`, which fills the rest of a message.
    ///
    /// # Errors
    /// [`Error::ReservedType`], [`Error::DuplicateType`], [`Error::TooManyTypes`],
    /// [`Error::DefinitionsTooLarge`], and as [`Definition::read`].
    pub fn define(&mut self, id: TypeId, reader: &mut Reader<'_>) -> Result<(), Error> {
        if id < TypeId::FIRST {
            return Err(Error::ReservedType(id.0));
        }
        let Err(position) = self.position(id) else {
            return Err(Error::DuplicateType(id.0));
        };
        if self.types.len() == MAX_TYPES {
            return Err(Error::TooManyTypes);
        }
        self.bytes = self.bytes.saturating_add(reader.rest().len());
        if self.bytes > MAX_DEFINITION_BYTES {
            return Err(Error::DefinitionsTooLarge);
        }
        let definition = Definition::read(reader)?;
        let fields = self.fields(&definition.ty);
        self.types.insert(
            position,
            Defined {
                id,
                definition,
                fields,
            },
        );
        Ok(())
    }

    fn fields(&self, ty: &Type) -> Box<[(Tag, TypeId)]> {
        let (Type::Struct(fields), Some(tag_of)) = (ty, self.tag_of) else {
            return Box::default();
        };
        fields
            .iter()
            .map(|field| (tag_of(&field.name, field.id), field.id))
            .collect()
    }

    /// Returns the type `id`.
    ///
    /// # Errors
    /// [`Error::UnknownType`].
    #[inline]
    pub fn resolve(&self, id: TypeId) -> Result<&Type, Error> {
        // Most values are texts and numbers, whose types a stream cannot redefine.
        let built_in = usize::try_from(id.0)
            .ok()
            .and_then(|id| BUILT_IN.get(id.wrapping_sub(1)));
        match built_in {
            Some(ty) => Ok(ty),
            None => Ok(&self.defined(id)?.definition.ty),
        }
    }

    /// Tag and type of each field of the struct `id`; `None` if `id` is no struct.
    #[inline]
    pub(super) fn tagged(&self, id: TypeId) -> Option<&[(Tag, TypeId)]> {
        let defined = self.defined(id).ok()?;
        matches!(defined.definition.ty, Type::Struct(_)).then_some(&defined.fields)
    }

    fn defined(&self, id: TypeId) -> Result<&Defined, Error> {
        // Go numbers the types of a program without gaps, except for one after a URL. So most types
        // are at one of two positions.
        let first = self.types.first().map_or(0, |first| first.id.0);
        let near = usize::try_from(id.0.wrapping_sub(first)).unwrap_or_default();
        let guess = [near, near.saturating_sub(1)]
            .into_iter()
            .find_map(|at| self.types.get(at).filter(|at| at.id == id));
        match guess {
            Some(defined) => Ok(defined),
            None => Ok(&self.types[self.position(id).map_err(|_| Error::UnknownType(id.0))?]),
        }
    }

    fn position(&self, id: TypeId) -> Result<usize, usize> {
        self.types.binary_search_by_key(&id, |defined| defined.id)
    }

    /// Returns the types that the stream has defined.
    pub fn definitions(&self) -> impl Iterator<Item = (TypeId, &Definition)> {
        self.types
            .iter()
            .map(|defined| (defined.id, &defined.definition))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition of `[]string`.
    const STRINGS: &[u8] = &[2, 2, 12, 0, 0];

    fn define(schema: &mut Schema, id: i64) -> Result<(), Error> {
        schema.define(TypeId(id), &mut Reader::new(STRINGS))
    }

    #[test]
    fn ids_resolve_to_built_in_and_defined_types() {
        let mut schema = Schema::default();
        define(&mut schema, 64).unwrap();
        for (id, name) in [(1, "bool"), (3, "uint"), (8, "interface"), (64, "slice")] {
            assert_eq!(schema.resolve(TypeId(id)).map(Type::name), Ok(name));
        }
        for id in [i64::MIN, -1, 0, 9, 23, 65, i64::MAX] {
            assert_eq!(schema.resolve(TypeId(id)), Err(Error::UnknownType(id)));
        }
    }

    #[test]
    fn an_id_is_defined_once_and_never_below_the_first() {
        let mut schema = Schema::default();
        define(&mut schema, 64).unwrap();
        assert_eq!(define(&mut schema, 64), Err(Error::DuplicateType(64)));
        assert_eq!(define(&mut schema, 63), Err(Error::ReservedType(63)));
    }

    #[test]
    fn the_number_of_definitions_is_limited() {
        let mut schema = Schema::default();
        let failure = (64..1_000_064)
            .map(|id| define(&mut schema, id))
            .find(Result::is_err);
        assert_eq!(failure, Some(Err(Error::TooManyTypes)));
        assert_eq!(schema.definitions().count(), MAX_TYPES);
    }

    #[test]
    fn the_size_of_all_definitions_is_limited() {
        // An empty struct whose name has a third of the maximum size.
        let mut body = Vec::new();
        let definition = Definition {
            name: "n".repeat(MAX_DEFINITION_BYTES / 3).into(),
            inner_id: TypeId(0),
            ty: Type::Struct(Vec::new()),
        };
        definition.write(TypeId::FIRST, &mut body);
        let body = &body[5..];
        let mut schema = Schema::default();
        for id in 64..66 {
            schema.define(TypeId(id), &mut Reader::new(body)).unwrap();
        }
        let third = schema.define(TypeId(66), &mut Reader::new(body));
        assert_eq!(third, Err(Error::DefinitionsTooLarge));
    }
}
