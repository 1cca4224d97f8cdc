//! Holds the fast path to the general decoder.

use proptest::prelude::*;

use super::*;
use crate::gob::Reader;
use crate::payload::{Decoder, Encoder, Step};

/// A decoder that has read the type's definition, and the bytes of one more value.
fn after_definition(payload: &Payload<'_>) -> (Decoder, Vec<u8>) {
    let mut encoder = Encoder::default();
    let mut decoder = Decoder::new(1 << 17);
    let mut first = Vec::new();
    let mut bytes = Vec::new();
    encoder.encode(
        &Payload {
            data: b"a",
            kind: 9,
            ..Payload::default()
        },
        &mut first,
    );
    let mut rest = &first[..];
    while let Step::Definition { used } | Step::Value { used, .. } = decoder.next(rest).unwrap() {
        rest = &rest[used..];
    }
    encoder.encode(payload, &mut bytes);
    (decoder, bytes)
}

#[test]
fn events_take_the_fast_path() {
    let fast_path = FastPath::new(TypeId::FIRST).unwrap();
    for (cpu, data) in [(0, 1), (3, 200), (-1, 70_000 / 2), (63, 0x7f)] {
        let data = vec![7; data];
        let payload = Payload {
            data: &data,
            cpu,
            lost: 0,
            kind: 9,
        };
        let (_, bytes) = after_definition(&payload);
        assert_eq!(
            fast_path.read(&bytes, 1 << 17),
            Some((payload, bytes.len())),
            "{cpu}, {} bytes",
            data.len()
        );
        assert_eq!(
            fast_path.read(&bytes, bytes.len() - 4),
            None,
            "longer than the limit"
        );
    }
}

#[test]
fn short_integers_are_read_as_gob_reads_them() {
    for (first, second) in
        (0..=u8::MAX).flat_map(|first| [0, 1, 0x7f, 0x80, 0xff].map(|second| (first, second)))
    {
        let bytes = [first, second, 7, 1, 2, 3, 4, 5, 6];
        let mut reader = Reader::new(&bytes);
        let read = reader
            .uint()
            .map(|value| (value as usize, bytes.len() - reader.rest().len()));
        let is_short = !(0x80..0xfe).contains(&first);
        assert_eq!(
            short_uint(word(&bytes, 0).unwrap()),
            read.ok().filter(|_| is_short),
            "{first} {second}"
        );
    }
}

proptest! {
    #[test]
    fn the_fast_path_and_the_general_decoder_agree(
        data in prop::collection::vec(any::<u8>(), 0..300),
        (cpu, lost, kind) in (-100_i64..100, 0_u64..3, prop::sample::select(vec![2_i64, 9, 300])),
        patch in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
        cut in any::<prop::sample::Index>(),
        whole in any::<bool>(),
    ) {
        let (mut decoder, mut bytes) = after_definition(&Payload { data: &data, cpu, lost, kind });
        if let Some((at, byte)) = patch {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if !whole {
            bytes.truncate(cut.index(bytes.len()));
        }
        let fast = FastPath::new(TypeId::FIRST).unwrap().read(&bytes, 1 << 17);
        if let Some((payload, used)) = fast {
            prop_assert_eq!(decoder.next_general(&bytes), Ok(Step::Value { used, payload }));
        }
    }
}
