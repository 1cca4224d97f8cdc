//! Monitor streams that Go wrote, decoded in pieces of every size and encoded again.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod gob_golden;

use gob_golden::{unhex, vectors};
use serde_json::Value;
use tidegate_wire::gob::TypeId;
use tidegate_wire::payload::{Decoder, Encoder, Payload, Step};

/// A payload that owns its bytes.
#[derive(Debug, PartialEq)]
struct Owned {
    data: Vec<u8>,
    cpu: i64,
    lost: u64,
    kind: i64,
}

impl Owned {
    fn of(payload: Payload<'_>) -> Self {
        let Payload {
            data,
            cpu,
            lost,
            kind,
        } = payload;
        Self {
            data: data.to_vec(),
            cpu,
            lost,
            kind,
        }
    }

    fn expected(json: &Value) -> Self {
        Self {
            data: unhex(json["data_hex"].as_str().unwrap()),
            cpu: json["cpu"].as_i64().unwrap(),
            lost: json["lost"].as_u64().unwrap(),
            kind: json["type"].as_i64().unwrap(),
        }
    }
}

fn expected(json: &Value) -> Vec<Owned> {
    json.as_array()
        .unwrap()
        .iter()
        .map(Owned::expected)
        .collect()
}

/// Decodes a stream that comes in pieces of `size` bytes.
fn decode(stream: &[u8], size: usize) -> Vec<Owned> {
    let (mut decoder, mut buffer, mut payloads) = (Decoder::default(), Vec::new(), Vec::new());
    for piece in stream.chunks(size) {
        buffer.extend_from_slice(piece);
        loop {
            let used = match decoder.next(&buffer).unwrap() {
                Step::Definition { used } => used,
                Step::Value { used, payload } => {
                    payloads.push(Owned::of(payload));
                    used
                }
                Step::Refused { reason, .. } => panic!("{reason}"),
                Step::Incomplete { needed } => {
                    assert!(needed > buffer.len(), "{needed} bytes are there already");
                    break;
                }
            };
            buffer.drain(..used);
        }
    }
    decoder.finish(&buffer).unwrap();
    payloads
}

#[test]
fn every_stream_is_decoded_in_pieces_of_any_size() {
    for (name, bytes, json) in vectors("payload") {
        let expected = expected(&json);
        for size in (1..40).chain([bytes.len()]) {
            assert_eq!(decode(&bytes, size), expected, "{name} by {size}");
        }
    }
}

#[test]
fn every_stream_is_encoded_to_the_byte() {
    for (name, bytes, json) in vectors("payload") {
        let mut encoder = Encoder::new(first_id(&bytes));
        let mut again = Vec::new();
        for payload in expected(&json) {
            let Owned {
                data,
                cpu,
                lost,
                kind,
            } = payload;
            encoder.encode(
                &Payload {
                    data: &data,
                    cpu,
                    lost,
                    kind,
                },
                &mut again,
            );
        }
        assert_eq!(again, bytes, "{name}");
    }
}

/// The id in the definition that the stream begins with: `38 ff xx`, or `37 7f`.
fn first_id(stream: &[u8]) -> TypeId {
    let bits = if stream[1] == 0xff {
        stream[2]
    } else {
        stream[1]
    };
    TypeId(i64::from(bits / 2) + 1)
}

#[test]
fn every_cut_is_complete_up_to_it_and_incomplete_behind() {
    for (name, bytes, _) in vectors("payload") {
        let mut ends = Vec::new();
        let (mut decoder, mut at) = (Decoder::default(), 0);
        while at < bytes.len() {
            match decoder.next(&bytes[at..]).unwrap() {
                Step::Definition { used } => at += used,
                Step::Value { used, .. } => {
                    at += used;
                    ends.push(at);
                }
                other => panic!("{other:?}"),
            }
        }
        for cut in 1..bytes.len() {
            let (mut decoder, mut rest) = (Decoder::default(), &bytes[..cut]);
            while let Step::Definition { used } | Step::Value { used, .. } =
                decoder.next(rest).unwrap()
            {
                rest = &rest[used..];
            }
            let clean = ends.contains(&cut);
            assert_eq!(decoder.finish(rest).is_ok(), clean, "{name} cut at {cut}");
        }
    }
}
