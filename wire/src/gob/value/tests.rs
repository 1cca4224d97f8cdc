//! Values of every type, well-formed and hostile.

use super::*;
use crate::gob::{Definition, Field, Marshaler};

const SELF: TypeId = TypeId(64);

/// A struct with one number.
const ONE: TypeId = TypeId(67);

/// A schema whose first type is `ty`, followed by `[]string` and [`ONE`].
fn schema(ty: Type) -> Schema {
    let mut schema = Schema::default();
    let strings = Type::Slice {
        elem: TypeId::STRING,
    };
    for (id, ty) in [
        (SELF, ty),
        (TypeId(65), strings),
        (ONE, structure(&[TypeId::UINT])),
    ] {
        let mut message = Vec::new();
        Definition {
            name: "T".into(),
            inner_id: id,
            ty,
        }
        .write(id, &mut message);
        let mut reader = Reader::new(&message[1..]);
        reader.int().unwrap();
        schema.define(id, &mut reader).unwrap();
    }
    schema
}

fn structure(ids: &[TypeId]) -> Type {
    Type::Struct(
        ids.iter()
            .map(|id| Field {
                name: "F".into(),
                id: *id,
            })
            .collect(),
    )
}

fn skip(ty: Type, bytes: &[u8]) -> Result<usize, Error> {
    let schema = schema(ty);
    let mut reader = Reader::new(bytes);
    Value::new(&mut reader, &schema, SELF).skip()?;
    Ok(bytes.len() - reader.rest().len())
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn values_of_all_types_are_skipped_completely() {
    let strings = TypeId(65);
    for (ty, bytes) in [
        (structure(&[]), &[0][..]),
        (
            structure(&[TypeId::BOOL, TypeId::FLOAT]),
            &[1, 1, 1, 0xfe, 0x31, 0x40, 0],
        ),
        (
            structure(&[TypeId::INT, TypeId::UINT]),
            &[1, 0xff, 0x80, 1, 5, 0],
        ),
        (
            structure(&[TypeId::BYTES, strings]),
            &[1, 2, 7, 7, 1, 2, 0, 1, b'a', 0],
        ),
        (structure(&[TypeId::COMPLEX]), &[1, 0xfe, 0x31, 0x40, 0, 0]),
        (
            Type::Array {
                elem: TypeId::INT,
                len: 2,
            },
            &[2, 2, 4],
        ),
        (
            Type::Slice {
                elem: TypeId::STRING,
            },
            &[2, 0, 1, b'a'],
        ),
        (
            Type::Map {
                key: TypeId::UINT,
                elem: strings,
            },
            &[1, 9, 1, 1, b'a'],
        ),
        (Type::Opaque(Marshaler::Text), &[2, 0, 0]),
    ] {
        let mut longer = bytes.to_vec();
        longer.push(0xee);
        assert_eq!(skip(ty, &longer), Ok(bytes.len()), "{bytes:x?}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn hostile_values_are_refused_with_their_reason() {
    let map = Type::Map {
        key: TypeId::UINT,
        elem: TypeId::UINT,
    };
    for (ty, bytes, error) in [
        (
            structure(&[TypeId::INTERFACE]),
            &[1, 0, 0][..],
            Error::InterfaceValue,
        ),
        (structure(&[TypeId(66)]), &[1, 0, 0], Error::UnknownType(66)),
        (
            structure(&[TypeId::UINT]),
            &[2, 0],
            Error::FieldOutOfRange { field: 1, count: 1 },
        ),
        (structure(&[TypeId::UINT]), &[1], Error::Truncated),
        (structure(&[TypeId::COMPLEX]), &[1, 0], Error::Truncated),
        (
            Type::Slice { elem: TypeId::UINT },
            &[4, 0, 0, 0],
            Error::LengthOutOfRange { length: 4, left: 3 },
        ),
        (
            map,
            &[2, 0, 0, 0],
            Error::LengthOutOfRange { length: 2, left: 3 },
        ),
        (
            Type::Array {
                elem: TypeId::UINT,
                len: 3,
            },
            &[2, 0, 0],
            Error::ArrayLength {
                count: 2,
                length: 3,
            },
        ),
    ] {
        assert_eq!(skip(ty, bytes), Err(error), "{bytes:x?}");
    }
}

#[test]
fn the_end_of_a_message_ends_its_last_struct_but_adds_none() {
    let map = || Type::Map {
        key: ONE,
        elem: ONE,
    };
    for (ty, bytes, skipped) in [
        (Type::Slice { elem: ONE }, &[1, 1, 7][..], Ok(3)),
        (Type::Slice { elem: ONE }, &[2, 1, 7], Err(Error::Truncated)),
        (
            Type::Array { elem: ONE, len: 2 },
            &[2, 1, 7],
            Err(Error::Truncated),
        ),
        (map(), &[1, 1, 7, 0, 1, 7], Ok(6)),
        (map(), &[2, 1, 7, 0, 1, 7], Err(Error::Truncated)),
    ] {
        assert_eq!(skip(ty, bytes), skipped, "{bytes:x?}");
    }
}

#[test]
fn a_type_that_contains_itself_stops_at_the_depth_limit() {
    let depth = usize::from(MAX_DEPTH);
    let within = [&[1; 64][..], &[0; 65]].concat();
    assert_eq!(skip(structure(&[SELF]), &within), Ok(2 * depth + 1));
    assert_eq!(
        skip(structure(&[SELF]), &[1; 65]),
        Err(Error::NestingTooDeep)
    );
    assert_eq!(
        skip(Type::Slice { elem: SELF }, &[1; 66]),
        Err(Error::NestingTooDeep)
    );
    let map = Type::Map {
        key: TypeId::BOOL,
        elem: SELF,
    };
    assert_eq!(skip(map, &[1; 200]), Err(Error::NestingTooDeep));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn unexpected_types_are_refused() {
    let bytes = [1, 1, 0];
    let refuse = |ty: Type, read: fn(Value<'_, '_>) -> Result<(), Error>| {
        let schema = schema(ty);
        let mut reader = Reader::new(&bytes);
        read(Value::new(&mut reader, &schema, SELF)).unwrap_err()
    };
    let slice = || Type::Slice {
        elem: TypeId::STRING,
    };
    for (wanted, error) in [
        ("uint", refuse(slice(), |value| value.uint().map(drop))),
        ("int", refuse(slice(), |value| value.int().map(drop))),
        ("string", refuse(slice(), |value| value.string().map(drop))),
        (
            "bytes or opaque",
            refuse(slice(), |value| value.octets().map(drop)),
        ),
        (
            "struct",
            refuse(slice(), |value| value.fields(|_, field| field.skip())),
        ),
        (
            "map",
            refuse(slice(), |value| value.entries(|_, elem| elem.skip())),
        ),
    ] {
        assert_eq!(
            error,
            Error::TypeMismatch {
                wanted,
                found: "slice"
            }
        );
    }
    let error = refuse(structure(&[]), |value| {
        value.elements(|element| element.skip())
    });
    assert_eq!(
        error,
        Error::TypeMismatch {
            wanted: "slice or array",
            found: "struct"
        }
    );
}
