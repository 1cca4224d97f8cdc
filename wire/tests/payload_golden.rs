//! Monitor streams encoded by Go, decoded in chunks of all sizes and encoded again.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod gob_golden;

use gob_golden::{unhex, vectors};
use serde_json::Value;
use tidegate_wire::gob::TypeId;
use tidegate_wire::payload::{Decoder, Encoder, Payload, Step};

/// An owned payload.
#[derive(Debug, PartialEq)]
struct OwnedPayload {
    data: Vec<u8>,
    cpu: i64,
    lost: u64,
    kind: i64,
}

impl OwnedPayload {
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

fn expected(json: &Value) -> Vec<OwnedPayload> {
    json.as_array()
        .unwrap()
        .iter()
        .map(OwnedPayload::expected)
        .collect()
}

/// Decodes a stream in chunks of `size` bytes.
fn decode(stream: &[u8], size: usize) -> Vec<OwnedPayload> {
    let mut decoder = Decoder::default();
    let mut buffer = Vec::new();
    let mut payloads = Vec::new();
    for chunk in stream.chunks(size) {
        buffer.extend_from_slice(chunk);
        loop {
            let used = match decoder.next(&buffer).unwrap() {
                Step::Definition { used } => used,
                Step::Value { used, payload } => {
                    payloads.push(OwnedPayload::of(payload));
                    used
                }
                Step::Refused { reason, .. } => panic!("{reason}"),
                Step::Incomplete { needed } => {
                    assert!(needed > buffer.len(), "{needed} bytes were received");
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
fn streams_are_decoded_in_chunks_of_any_size() {
    for (name, bytes, json) in vectors("payload") {
        let expected = expected(&json);
        for size in (1..40).chain([bytes.len()]) {
            assert_eq!(decode(&bytes, size), expected, "{name} by {size}");
        }
    }
}

#[test]
fn streams_are_encoded_to_the_same_bytes() {
    for (name, bytes, json) in vectors("payload") {
        let mut encoder = Encoder::new(first_id(&bytes));
        let mut again = Vec::new();
        for payload in expected(&json) {
            let OwnedPayload {
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

/// The id in the definition at the start of the stream: `38 ff xx`, or `37 7f`.
fn first_id(stream: &[u8]) -> TypeId {
    let bits = if stream[1] == 0xff {
        stream[2]
    } else {
        stream[1]
    };
    TypeId(i64::from(bits / 2) + 1)
}

#[test]
fn a_truncated_stream_is_only_complete_between_values() {
    for (name, bytes, _) in vectors("payload") {
        let mut ends = Vec::new();
        let mut decoder = Decoder::default();
        let mut at = 0;
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
            let mut decoder = Decoder::default();
            let mut rest = &bytes[..cut];
            while let Step::Definition { used } | Step::Value { used, .. } =
                decoder.next(rest).unwrap()
            {
                rest = &rest[used..];
            }
            let is_complete = ends.contains(&cut);
            assert_eq!(
                decoder.finish(rest).is_ok(),
                is_complete,
                "{name} cut at {cut}"
            );
        }
    }
}
