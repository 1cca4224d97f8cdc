//! Streams that differ from Cilium's, and malformed streams.

use super::*;
use crate::gob::{self, GoShape, GoType, put_int, write_message};
use crate::payload::Mismatch;

/// A stream whose first type is a struct of these fields, and one value with this body.
fn stream(fields: &[(&'static str, TypeId)], value: &[u8]) -> Vec<u8> {
    let fields = fields
        .iter()
        .map(|(name, id)| (*name, GoType::built_in(*id)));
    define(GoShape::Struct(fields.collect()), value)
}

fn define(shape: GoShape, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let id = GoType {
        name: "Other",
        shape,
    }
    .define(TypeId(70), &mut out);
    let mut body = Vec::new();
    put_int(&mut body, id.0);
    body.extend_from_slice(value);
    write_message(&mut out, &body);
    out
}

/// The first step that is not a definition.
fn decode(stream: &[u8]) -> Result<Step<'_>, Error> {
    let mut decoder = Decoder::new(1024);
    let mut rest = stream;
    loop {
        match decoder.next(rest)? {
            Step::Definition { used } => rest = &rest[used..],
            step => return Ok(step),
        }
    }
}

fn payload(stream: &[u8]) -> Payload<'_> {
    match decode(stream) {
        Ok(Step::Value { payload, .. }) => payload,
        other => panic!("no value: {other:?}"),
    }
}

const KIND: (&str, TypeId) = ("Type", TypeId::INT);
const DATA: (&str, TypeId) = ("Data", TypeId::BYTES);

#[test]
fn fields_are_matched_by_name_in_any_order() {
    let bytes = stream(&[KIND, DATA], &[1, 0x12, 1, 2, 7, 8, 0]);
    assert_eq!(
        payload(&bytes),
        Payload {
            data: &[7, 8],
            kind: 9,
            ..Payload::default()
        }
    );
}

#[test]
fn unknown_fields_are_skipped() {
    let fields = [("Node", TypeId::STRING), KIND, ("Seq", TypeId::UINT), DATA];
    let bytes = stream(&fields, &[1, 1, b'n', 1, 4, 1, 0xff, 0x80, 1, 1, 7, 0]);
    assert_eq!(
        payload(&bytes),
        Payload {
            data: &[7],
            kind: 2,
            ..Payload::default()
        }
    );
}

#[test]
fn bytes_after_a_value_are_ignored_as_in_go() {
    let bytes = stream(&[KIND], &[1, 0x12, 0, 0xee, 0xee]);
    assert_eq!(payload(&bytes).kind, 9);
}

#[test]
fn types_other_than_payload_are_refused_with_the_difference() {
    let strings = GoShape::Slice(GoType::built_in(TypeId::STRING).into());
    let wrong = |field, wanted, found| Mismatch::FieldType {
        field,
        wanted,
        found,
    };
    for (bytes, mismatch) in [
        (
            define(strings, &[0, 0]),
            Mismatch::NotAStruct { found: "slice" },
        ),
        (stream(&[], &[0]), Mismatch::NoKnownField),
        (
            stream(&[("Text", TypeId::STRING)], &[0]),
            Mismatch::NoKnownField,
        ),
        (
            stream(&[("Data", TypeId::STRING)], &[0]),
            wrong("Data", "bytes", "string"),
        ),
        (
            stream(&[DATA, ("CPU", TypeId::UINT)], &[0]),
            wrong("CPU", "int", "uint"),
        ),
        (
            stream(&[DATA, ("Lost", TypeId::INT)], &[0]),
            wrong("Lost", "uint", "int"),
        ),
        (
            stream(&[DATA, ("Type", TypeId::UINT)], &[0]),
            wrong("Type", "int", "uint"),
        ),
    ] {
        assert_eq!(decode(&bytes), Err(Error::UnknownShape(mismatch)));
    }
}

#[test]
fn a_malformed_value_does_not_affect_the_next_one() {
    let too_long = gob::Error::LengthOutOfRange { length: 9, left: 1 };
    for (value, reason) in [
        (&[1, 9, 7][..], too_long),
        (&[1], gob::Error::Truncated),
        (&[4, 0], gob::Error::FieldOutOfRange { field: 3, count: 3 }),
        (&[2, 0xf7], gob::Error::IntegerTooLong(9)),
        (&[3, 1], gob::Error::InterfaceValue),
    ] {
        let mut bytes = stream(&[DATA, KIND, ("Any", TypeId::INTERFACE)], value);
        let broken = bytes.len();
        write_message(&mut bytes, &[0xff, 0x8c, 2, 0x12, 0]);
        let mut decoder = Decoder::default();
        let Ok(Step::Definition { used }) = decoder.next(&bytes) else {
            panic!()
        };
        let refused = Step::Refused {
            used: broken - used,
            reason: Error::Gob(reason),
        };
        assert_eq!(decoder.next(&bytes[used..]), Ok(refused), "{value:x?}");
        let next = decoder.next(&bytes[broken..]);
        let payload = Payload {
            kind: 9,
            ..Payload::default()
        };
        assert_eq!(
            next,
            Ok(Step::Value {
                used: bytes.len() - broken,
                payload
            }),
            "{value:x?}"
        );
    }
}

#[test]
fn a_stream_that_cannot_continue_fails_with_its_reason() {
    let twice = stream(&[KIND], &[]).repeat(2);
    for (bytes, reason) in [
        (&[0xfe, 4, 1][..], "frame_too_large"),
        (&[0x80], "gob_integer_too_long"),
        (&[0], "gob_truncated"),
        (&[1, 0xff], "gob_truncated"),
        (&[2, 0x80, 0], "gob_integer_too_long"),
        (&[2, 4, 0], "unknown_payload_shape"),
        (&[3, 0xff, 0x82, 0], "gob_unknown_type"),
        (&[2, 1, 0], "gob_reserved_type"),
        (&[2, 0x7f, 0], "gob_bad_definition"),
        (&twice, "gob_duplicate_type"),
    ] {
        let mut decoder = Decoder::new(1024);
        let mut rest = bytes;
        let error = loop {
            match decoder.next(rest) {
                Ok(Step::Definition { used } | Step::Value { used, .. }) => rest = &rest[used..],
                Ok(other) => panic!("{other:?} in {bytes:x?}"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.as_str(), reason, "{bytes:x?}");
    }
}

#[test]
fn a_stream_may_only_end_between_values() {
    let bytes = stream(&[KIND], &[0]);
    let mut decoder = Decoder::default();
    assert_eq!(decoder.finish(&[]), Ok(()));
    assert_eq!(decoder.finish(&bytes[..1]), Err(Error::UnexpectedEof));
    let Ok(Step::Definition { used }) = decoder.next(&bytes) else {
        panic!()
    };
    assert_eq!(decoder.finish(&[]), Err(Error::UnexpectedEof));
    decoder.next(&bytes[used..]).unwrap();
    assert_eq!(decoder.finish(&[]), Ok(()));
    assert_eq!(Error::UnexpectedEof.as_str(), "unexpected_eof");
}

#[test]
fn each_type_of_a_stream_keeps_its_own_field_order() {
    let first = stream(&[DATA, KIND], &[2, 0x12, 0]);
    let mut second = Vec::new();
    let fields = vec![("Type", GoType::built_in(TypeId::INT))];
    let other = GoType {
        name: "Second",
        shape: GoShape::Struct(fields),
    };
    let id = other.define(TypeId(80), &mut second);
    let mut body = Vec::new();
    put_int(&mut body, id.0);
    body.extend_from_slice(&[1, 0x04, 0]);
    write_message(&mut second, &body);
    let bytes = [&first[..], &second, &[5, 0xff, 0x8c, 2, 0x12, 0]].concat();

    let mut decoder = Decoder::default();
    let mut rest = &bytes[..];
    let mut kinds = Vec::new();
    while !rest.is_empty() {
        match decoder.next(rest).unwrap() {
            Step::Definition { used } => rest = &rest[used..],
            Step::Value { used, payload } => {
                kinds.push(payload.kind);
                rest = &rest[used..];
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(kinds, [9, 2, 9]);
}
