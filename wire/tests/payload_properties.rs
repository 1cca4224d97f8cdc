//! Properties of all payloads and of all bytes.

use proptest::collection::vec;
use proptest::prelude::*;
use tidegate_wire::gob::TypeId;
use tidegate_wire::payload::{Decoder, Encoder, Error, Payload, Step};

type Fields = (Vec<u8>, i64, u64, i64);

fn encode(values: &[Fields], id: i64) -> Vec<u8> {
    let mut encoder = Encoder::new(TypeId(id));
    let mut out = Vec::new();
    for (data, cpu, lost, kind) in values {
        encoder.encode(
            &Payload {
                data,
                cpu: *cpu,
                lost: *lost,
                kind: *kind,
            },
            &mut out,
        );
    }
    out
}

/// Decodes as much as possible, and returns the values and the result.
fn decode(stream: &[u8]) -> (Vec<Fields>, Result<(), Error>) {
    let mut decoder = Decoder::new(4096);
    let mut rest = stream;
    let mut values = Vec::new();
    loop {
        let used = match decoder.next(rest) {
            Ok(Step::Value {
                used,
                payload:
                    Payload {
                        data,
                        cpu,
                        lost,
                        kind,
                    },
            }) => {
                values.push((data.to_vec(), cpu, lost, kind));
                used
            }
            Ok(Step::Definition { used } | Step::Refused { used, .. }) => used,
            Ok(Step::Incomplete { needed }) => {
                assert!(needed > rest.len());
                return (values, decoder.finish(rest));
            }
            Err(error) => return (values, Err(error)),
        };
        assert!(used > 0, "a step without progress");
        rest = &rest[used..];
    }
}

fn fields() -> impl Strategy<Value = Fields> {
    (
        vec(any::<u8>(), 0..600),
        any::<i64>(),
        any::<u64>(),
        any::<i64>(),
    )
}

proptest! {
    #[test]
    fn encoded_payloads_are_decoded(values in vec(fields(), 1..20), id in 64i64..1_000_000) {
        prop_assert_eq!(decode(&encode(&values, id)), (values, Ok(())));
    }

    #[test]
    fn any_bytes_end_in_a_result(bytes in vec(any::<u8>(), 0..512)) {
        let _ = decode(&bytes);
    }

    #[test]
    fn any_bytes_after_a_definition_end_in_a_result(bytes in vec(any::<u8>(), 0..512)) {
        let mut stream = encode(&[(vec![4], 0, 0, 9)], 64);
        stream.extend_from_slice(&bytes);
        prop_assert_eq!(&decode(&stream).0[0], &(vec![4], 0, 0, 9));
    }

    #[test]
    fn a_stream_with_any_byte_changed_ends_in_a_result(
        values in vec(fields(), 1..4),
        at: prop::sample::Index,
        flip in 1u8..,
    ) {
        let mut stream = encode(&values, 64);
        let at = at.index(stream.len());
        stream[at] ^= flip;
        let _ = decode(&stream);
    }
}
