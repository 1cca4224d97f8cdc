//! Type definitions: the `wireType` struct and its parts.
//!
//! Follows `encoding/gob/type.go`. The names of types have no meaning; fields are matched by name.
//! The id inside a definition may differ from the one in its message's header, which is the valid
//! one (Go does so for `*url.URL`).

use super::{
    Error, Field, Fields, MAX_FIELDS, Marshaler, Reader, StructWriter, Type, TypeId, put_int,
    put_uint, write_message,
};

/// A type definition. Its id is in the header of its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The name of the Go type; may be empty.
    pub name: Box<str>,
    /// The id inside the definition, which readers ignore.
    pub inner_id: TypeId,
    /// One of the composite types.
    pub ty: Type,
}

impl Definition {
    /// Reads a definition, which fills the rest of its message.
    ///
    /// # Errors
    /// [`Error::BadDefinition`], [`Error::TooManyFields`], and as [`Reader`]'s methods.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let mut members = Fields::new(7);
        let member = members
            .next(reader)?
            .ok_or(Error::BadDefinition("no type"))?;
        let definition = Self::read_member(member, reader)?;
        if members.next(reader)?.is_some() {
            return Err(Error::BadDefinition("more than one type"));
        }
        if !reader.rest().is_empty() {
            return Err(Error::BadDefinition("extra data"));
        }
        Ok(definition)
    }

    fn read_member(member: usize, reader: &mut Reader<'_>) -> Result<Self, Error> {
        const COUNTS: [usize; 7] = [3, 2, 2, 3, 1, 1, 1];
        let mut common = Field::unnamed();
        let mut numbers = [0; 2];
        let mut fields = Vec::new();
        let mut parts = Fields::new(COUNTS[member]);
        while let Some(part) = parts.next(reader)? {
            match (part, member) {
                (0, _) => common = Field::read(reader)?,
                (_, 2) => fields = Field::read_all(reader)?,
                _ => numbers[part - 1] = reader.int()?,
            }
        }
        let [first, second] = numbers;
        let ty = match member {
            0 => Type::Array {
                elem: TypeId(first),
                len: array_len(second)?,
            },
            1 => Type::Slice {
                elem: TypeId(first),
            },
            2 => Type::Struct(fields),
            3 => Type::Map {
                key: TypeId(first),
                elem: TypeId(second),
            },
            4 => Type::Opaque(Marshaler::Gob),
            5 => Type::Opaque(Marshaler::Binary),
            _ => Type::Opaque(Marshaler::Text),
        };
        Ok(Self {
            name: common.name,
            inner_id: common.id,
            ty,
        })
    }

    /// Appends the message that defines this type as `id`.
    pub fn write(&self, id: TypeId, out: &mut Vec<u8>) {
        let mut body = Vec::new();
        put_int(&mut body, -id.0);
        put_uint(&mut body, self.member() + 1);
        let mut parts = StructWriter::new(&mut body);
        parts.nested(|common| {
            common.bytes(self.name.as_bytes()).int(self.inner_id.0);
        });
        match &self.ty {
            Type::Array { elem, len } => parts.int(elem.0).int(len.cast_signed()),
            Type::Slice { elem } => parts.int(elem.0),
            Type::Struct(fields) => parts.slice(fields, |out, field| field.write(out)),
            Type::Map { key, elem } => parts.int(key.0).int(elem.0),
            _ => &mut parts,
        };
        parts.end();
        body.push(0);
        write_message(out, &body);
    }

    /// The member of `wireType` that is set. Built-in types have none, as they are not defined.
    fn member(&self) -> u64 {
        match self.ty {
            Type::Array { .. } => 0,
            Type::Slice { .. } => 1,
            Type::Map { .. } => 3,
            Type::Opaque(Marshaler::Gob) => 4,
            Type::Opaque(Marshaler::Binary) => 5,
            Type::Opaque(Marshaler::Text) => 6,
            _ => 2,
        }
    }
}

impl Field {
    fn unnamed() -> Self {
        Self {
            name: Box::default(),
            id: TypeId(0),
        }
    }

    /// Reads a `fieldType`, or a `CommonType`, which has the same form.
    fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let mut field = Self::unnamed();
        let mut parts = Fields::new(2);
        while let Some(part) = parts.next(reader)? {
            match part {
                0 => field.name = String::from_utf8_lossy(reader.bytes()?).into(),
                _ => field.id = TypeId(reader.int()?),
            }
        }
        Ok(field)
    }

    fn read_all(reader: &mut Reader<'_>) -> Result<Vec<Self>, Error> {
        let count = reader.count(1)?;
        if count > MAX_FIELDS {
            return Err(Error::TooManyFields);
        }
        (0..count)
            .map(|_| reader.element().and_then(|()| Self::read(reader)))
            .collect()
    }

    fn write(&self, out: &mut Vec<u8>) {
        let mut parts = StructWriter::new(out);
        parts.bytes(self.name.as_bytes()).int(self.id.0);
        parts.end();
    }
}

fn array_len(len: i64) -> Result<u64, Error> {
    u64::try_from(len).map_err(|_| Error::BadDefinition("an array of negative length"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Definition, Error> {
        Definition::read(&mut Reader::new(bytes))
    }

    #[test]
    fn malformed_definitions_are_refused() {
        for (bytes, error) in [
            (&[][..], Error::BadDefinition("no type")),
            (&[0], Error::BadDefinition("no type")),
            (&[8], Error::FieldOutOfRange { field: 7, count: 7 }),
            (&[2, 0, 1, 0, 0], Error::BadDefinition("more than one type")),
            (&[2, 0, 0, 9], Error::BadDefinition("extra data")),
            (&[2, 3, 0, 0], Error::FieldOutOfRange { field: 2, count: 2 }),
            (
                &[1, 3, 1, 0, 0],
                Error::BadDefinition("an array of negative length"),
            ),
            (
                &[3, 2, 5, 0, 0],
                Error::LengthOutOfRange { length: 5, left: 2 },
            ),
            (&[3, 2, 2, 1, 1, b'a'], Error::Truncated),
            (
                &[2, 1, 1, 9, b'a'],
                Error::LengthOutOfRange { length: 9, left: 1 },
            ),
        ] {
            assert_eq!(read(bytes), Err(error), "{bytes:x?}");
        }
    }

    #[test]
    fn a_struct_of_too_many_fields_is_refused() {
        let mut bytes = vec![3, 2];
        put_uint(&mut bytes, MAX_FIELDS as u64 + 1);
        bytes.resize(bytes.len() + MAX_FIELDS + 3, 0);
        assert_eq!(read(&bytes), Err(Error::TooManyFields));
    }

    #[test]
    fn every_kind_of_definition_is_read_back() {
        let elem = TypeId::STRING;
        let field = Field {
            name: "Data".into(),
            id: TypeId::BYTES,
        };
        for ty in [
            Type::Array { elem, len: 3 },
            Type::Slice { elem },
            Type::Struct(vec![field, Field::unnamed()]),
            Type::Struct(Vec::new()),
            Type::Map {
                key: TypeId::STRING,
                elem: TypeId(70),
            },
            Type::Opaque(Marshaler::Gob),
            Type::Opaque(Marshaler::Binary),
            Type::Opaque(Marshaler::Text),
        ] {
            let definition = Definition {
                name: "Any".into(),
                inner_id: TypeId(84),
                ty,
            };
            let mut message = Vec::new();
            definition.write(TypeId(74), &mut message);
            assert_eq!(message[1..3], [0xff, 0x93]);
            assert_eq!(read(&message[3..]), Ok(definition));
        }
    }
}
