//! Decoding allocates nothing for a payload, and at most a multiple of the received bytes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod gob_golden;

use gob_golden::vectors;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use tidegate_wire::access_log::{self, LogRecord, Variant};
use tidegate_wire::gob::{
    self, Definition, Marshaler, Type, TypeId, put_int, put_uint, write_message,
};
use tidegate_wire::payload::{Decoder, Encoder, Payload, Step};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Decodes a stream. Returns the number of values, and the label of the first error.
fn drain(decoder: &mut Decoder, mut rest: &[u8]) -> (usize, &'static str) {
    let mut values = 0;
    let mut error_label = "";
    loop {
        rest = match decoder.next(rest) {
            Ok(Step::Definition { used }) => &rest[used..],
            Ok(Step::Refused { used, reason }) => {
                if error_label.is_empty() {
                    error_label = reason.as_str();
                }
                &rest[used..]
            }
            Ok(Step::Value { used, .. }) => {
                values += 1;
                &rest[used..]
            }
            Ok(Step::Incomplete { .. }) => return (values, error_label),
            Err(error) => return (values, error.as_str()),
        };
    }
}

/// The number of bytes that `work` allocates, including freed ones.
fn allocated(work: impl FnOnce()) -> usize {
    let region = Region::new(ALLOCATOR);
    work();
    let change = region.change();
    change.bytes_allocated + usize::try_from(change.bytes_reallocated).unwrap_or(0)
}

fn stream(payloads: usize) -> Vec<u8> {
    let mut encoder = Encoder::default();
    let mut out = Vec::new();
    for _ in 0..payloads {
        let payload = Payload {
            data: &[4; 171],
            cpu: 3,
            lost: 0,
            kind: Payload::EVENT_SAMPLE,
        };
        encoder.encode(&payload, &mut out);
    }
    out
}

/// Streams whose few bytes contain great lengths, and the reasons to refuse them.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn hostile_streams() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let billion = counted(1 << 30, 0);
    let max = counted(u64::MAX, 0);
    let fields = |count, bytes| [&[3, 2][..], &counted(count, bytes)].concat();
    let no_bytes_left = [&[3, 2][..], &counted(1000, 0), &[1], &counted(996, 996)].concat();
    let array = [1, 2, 6, 1, 0xfc, 0x80, 0, 0, 0, 0, 0];
    let of_selves = Type::Map {
        key: TypeId::UINT,
        elem: FIELD,
    };
    let one = |id| {
        Type::Struct(vec![gob::Field {
            name: "F".into(),
            id,
        }])
    };
    vec![
        (
            "a frame that stops at its length of 16 MiB",
            vec![0xfd, 0xff, 0xff, 0xff],
            "",
        ),
        (
            "a frame of 16 MiB and a byte",
            vec![0xfc, 1, 0, 0, 1],
            "frame_too_large",
        ),
        (
            "a frame of the greatest length",
            max.clone(),
            "frame_too_large",
        ),
        (
            "a length of nine bytes",
            vec![0xf7; 10],
            "gob_integer_too_long",
        ),
        (
            "a struct of a billion fields",
            definitions(1, &fields(1 << 30, 0)),
            "gob_length_out_of_range",
        ),
        (
            "a million types",
            definitions(1_000_000, &[2, 2, 12, 0, 0]),
            "gob_too_many_types",
        ),
        (
            "an array type of a billion, often",
            definitions(2000, &array),
            "gob_too_many_types",
        ),
        (
            "many types of a thousand fields",
            definitions(400, &fields(1000, 1002)),
            "gob_definitions_too_large",
        ),
        (
            "fields without a byte",
            definitions(1, &no_bytes_left),
            "gob_truncated",
        ),
        (
            "a type defined twice",
            definitions(1, &[2, 0, 0]).repeat(2),
            "gob_duplicate_type",
        ),
        (
            "slices in slices",
            with_field(Type::Slice { elem: FIELD }, &[1; 9999]),
            "gob_nesting_too_deep",
        ),
        (
            "structs in structs",
            with_field(one(FIELD), &[1; 9999]),
            "gob_nesting_too_deep",
        ),
        (
            "maps in maps",
            with_field(of_selves, &[1; 9999]),
            "gob_nesting_too_deep",
        ),
        (
            "a slice of a billion",
            with_field(Type::Slice { elem: TypeId::UINT }, &billion),
            "gob_length_out_of_range",
        ),
        (
            "an array of a billion",
            with_field(
                Type::Array {
                    elem: TypeId::UINT,
                    len: 1 << 30,
                },
                &billion,
            ),
            "gob_length_out_of_range",
        ),
        (
            "bytes of the greatest length",
            with_field(Type::Opaque(Marshaler::Gob), &max),
            "gob_length_out_of_range",
        ),
        (
            "a type that is not defined",
            with_field(one(TypeId(99)), &[1, 0]),
            "gob_unknown_type",
        ),
        (
            "elements without a byte",
            with_field(Type::Slice { elem: VALUE }, &[2, 1, 7]),
            "gob_truncated",
        ),
    ]
}

/// The types of the values of [`with_field`], and of their unknown field.
const VALUE: TypeId = TypeId(64);
const FIELD: TypeId = TypeId(65);

/// A count and `bytes` zeros.
fn counted(count: u64, bytes: usize) -> Vec<u8> {
    let mut out = Vec::new();
    put_uint(&mut out, count);
    out.resize(out.len() + bytes, 0);
    out
}

/// A value of a `Payload` with an additional field of this type.
fn with_field(ty: Type, value: &[u8]) -> Vec<u8> {
    let fields = [("Type", TypeId::INT), ("Extra", FIELD)].map(|(name, id)| gob::Field {
        name: name.into(),
        id,
    });
    let mut out = Vec::new();
    for (id, ty) in [(VALUE, Type::Struct(fields.into())), (FIELD, ty)] {
        Definition {
            name: "T".into(),
            inner_id: id,
            ty,
        }
        .write(id, &mut out);
    }
    let mut body = Vec::new();
    put_int(&mut body, VALUE.0);
    body.push(2);
    body.extend_from_slice(value);
    write_message(&mut out, &body);
    out
}

/// The largest record, with nothing but empty labels.
fn record_of_empty_labels() -> Vec<u8> {
    let labels = vec![String::new(); access_log::MAX_RECORD - 2048];
    let mut data = Vec::new();
    let record = LogRecord {
        metadata: labels,
        ..LogRecord::default()
    };
    access_log::Encoder::new(Variant::C, TypeId::FIRST).encode(&record, &mut data);
    data
}

/// `count` definitions with the same body.
fn definitions(count: i64, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for id in 64..64 + count {
        let mut message = Vec::new();
        put_int(&mut message, -id);
        message.extend_from_slice(body);
        write_message(&mut out, &message);
    }
    out
}

/// One test, because the counters are global.
#[test]
fn memory_stays_within_a_multiple_of_the_bytes_received() {
    let mut decoder = Decoder::default();
    let stream = stream(1000);
    let mut first = 0;
    while let Ok(Step::Definition { used }) = decoder.next(&stream[first..]) {
        first += used;
    }
    decoder.next(&stream[first..]).unwrap();
    let payloads = allocated(|| assert_eq!(drain(&mut decoder, &stream[first..]), (1000, "")));
    assert_eq!(payloads, 0, "payloads are borrowed");

    for (name, stream, reason) in &hostile_streams() {
        let bytes = allocated(|| {
            assert_eq!(
                drain(&mut Decoder::default(), stream),
                (0, *reason),
                "{name}"
            )
        });
        assert!(bytes <= 64 * stream.len() + 4096, "{bytes} for {name}");
    }

    let data = record_of_empty_labels();
    let bytes = allocated(|| assert!(access_log::Decoder::default().decode(&data).is_ok()));
    assert!(
        bytes <= 64 * data.len(),
        "{bytes} for {} bytes of labels",
        data.len()
    );

    for (name, data, _) in vectors("logrecord") {
        let mut decoder = access_log::Decoder::default();
        let bytes = allocated(|| drop(decoder.decode(&data)));
        assert!(bytes <= 64 * data.len(), "{bytes} for {name}");
        let again = allocated(|| drop(decoder.decode(&data)));
        assert!(again <= 4 * data.len(), "{again} for {name} again");
    }
}
