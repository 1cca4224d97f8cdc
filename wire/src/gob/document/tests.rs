//! One-value streams and the cache of their definitions.

use super::*;
use crate::gob::{GoShape, GoType, StructWriter, put_int, write_message};

/// A stream with `value` in the only field of a struct of this name.
fn stream(name: &'static str, value: u64) -> Vec<u8> {
    let fields = vec![("N", GoType::built_in(TypeId::UINT))];
    let mut out = Vec::new();
    let id = GoType {
        name,
        shape: GoShape::Struct(fields),
    }
    .define(TypeId::FIRST, &mut out);
    let mut body = Vec::new();
    put_int(&mut body, id.0);
    let mut fields = StructWriter::new(&mut body);
    fields.uint(value);
    fields.end();
    write_message(&mut out, &body);
    out
}

fn read(documents: &mut Documents, stream: &[u8]) -> Result<u64, Error> {
    let mut number = 0;
    documents
        .open(stream)?
        .value()
        .fields(|_, field| field.uint().map(|n| number = n))?;
    Ok(number)
}

#[test]
fn equal_definitions_are_parsed_once() {
    let mut documents = Documents::<()>::default();
    for number in 1..100 {
        assert_eq!(read(&mut documents, &stream("A", number)), Ok(number));
    }
    assert_eq!(documents.cached.len(), 1);
}

#[test]
fn the_number_of_cached_definitions_is_limited() {
    let mut documents = Documents::<()>::default();
    for name in ["A", "B", "C", "D", "E", "F", "A"] {
        assert_eq!(read(&mut documents, &stream(name, 7)), Ok(7));
        assert!(documents.cached.len() <= MAX_CACHED);
    }
}

#[test]
fn cached_definitions_followed_by_another_one_are_a_different_set() {
    let mut documents = Documents::<()>::default();
    let short = stream("A", 1);
    assert_eq!(read(&mut documents, &short), Ok(1));
    let value = short.len() - 6;
    let mut long = short[..value].to_vec();
    let strings = GoType {
        name: "S",
        shape: GoShape::Slice(GoType::built_in(TypeId::STRING).into()),
    };
    strings.define(TypeId(70), &mut long);
    long.extend_from_slice(&short[value..]);
    assert_eq!(read(&mut documents, &long), Ok(1));
    assert_eq!(documents.cached.len(), 2);
}

#[test]
fn a_stream_cut_anywhere_has_no_value() {
    let whole = stream("A", 7);
    for end in 0..whole.len() {
        let error = read(&mut Documents::<()>::default(), &whole[..end]);
        assert_eq!(error, Err(Error::MissingValue), "cut at {end}");
    }
    let mut filled = Documents::<()>::default();
    read(&mut filled, &whole).unwrap();
    for end in 0..whole.len() {
        assert_eq!(
            read(&mut filled, &whole[..end]),
            Err(Error::MissingValue),
            "cut at {end}"
        );
    }
}

#[test]
fn malformed_definitions_are_not_cached() {
    let mut documents = Documents::<()>::default();
    let message = [&[4, 0xff, 0x81, 2, 9][..], &stream("A", 7)].concat();
    assert!(read(&mut documents, &message).is_err());
    assert!(documents.cached.is_empty());
}
