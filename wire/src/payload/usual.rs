//! The shape of nearly every message, read in one go: an event as Go writes Cilium's `Payload`,
//! `Data` first and no integer wider than 16 bits.
//!
//! Whatever else there is, is left to the [`Plan`](super::plan::Plan), which reads the usual ones
//! alike: a test holds the two together.

use super::Payload;
use crate::gob::TypeId;

/// How the values of a type begin that can be read here, as a number of three bytes: its id in two
/// of them, and the step to the first field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Front(u64);

impl Front {
    /// For a type with the fields of Cilium's `Payload`, in their order.
    pub(super) fn new(id: TypeId) -> Option<Self> {
        let id = u8::try_from(id.0)
            .ok()
            .and_then(|id| id.checked_mul(2))
            .filter(|id| *id >= 0x80)?;
        Some(Self(u32::from_be_bytes([0, 0xff, id, 1]).into()))
    }

    /// The message that `input` begins with, and how long it is; `None` if it is none of these, or
    /// not whole.
    #[inline]
    pub(super) fn read<'a>(
        self,
        input: &'a [u8],
        max_frame: usize,
    ) -> Option<(Payload<'a>, usize)> {
        let (length, prefix) = short_uint(word(input, 0)?)?;
        let front = word(input, prefix)?;
        let (data_length, data_prefix) = short_uint(front << (8 * FRONT))?;
        let start = prefix + FRONT + data_prefix;
        let (end, used) = (start + data_length, prefix + length);
        if front >> (64 - 8 * FRONT) != self.0 || length > max_frame {
            return None;
        }
        let message = input.get(..used)?;
        let (cpu, kind) = tail(*message.last_chunk()?, used.wrapping_sub(end))?;
        let data = message.get(start..end)?;
        Some((
            Payload {
                data,
                cpu: short_int(cpu),
                lost: 0,
                kind: short_int(kind),
            },
            used,
        ))
    }
}

/// Bytes of a [`Front`].
const FRONT: usize = 3;

/// Bytes behind `Data`: the steps to `CPU` and from there to `Type`, both in one byte, and the end.
const TAIL: usize = 5;
/// The same where `CPU` is 0 and left out.
const TAIL_WITHOUT_CPU: usize = 3;

/// What the last bytes of a message say, of which `length` are behind `Data`.
#[inline]
fn tail([to_cpu, cpu, to_kind, kind, end]: [u8; TAIL], length: usize) -> Option<(u8, u8)> {
    // All cases in one expression: which CPU it was, nobody can guess.
    let with_cpu = (length == TAIL) & (to_cpu == 1) & (cpu < 0x80) & (to_kind == 2);
    let without_cpu = (length == TAIL_WITHOUT_CPU) & (to_kind == 3);
    let is_usual = (with_cpu | without_cpu) & (kind < 0x80) & (end == 0);
    is_usual.then_some((if with_cpu { cpu } else { 0 }, kind))
}

/// The eight bytes at `at`, the first one on top. There are as many in any message with an event.
#[inline]
fn word(input: &[u8], at: usize) -> Option<u64> {
    input
        .get(at..)?
        .first_chunk()
        .copied()
        .map(u64::from_be_bytes)
}

/// An unsigned integer of at most 16 bits on top of a word, and how many bytes it takes. How long
/// messages are, nobody can guess, either.
#[inline]
fn short_uint(word: u64) -> Option<(usize, usize)> {
    let first = (word >> 56) as u32;
    // The first of a longer one has the number of those behind it, negated.
    let is_long = first >> 7;
    let behind = is_long * (0x100 - first);
    let value = (word << (8 * is_long)).wrapping_shr(56_u32.wrapping_sub(8 * (behind - is_long)));
    (behind <= 2).then_some((value as usize, 1 + behind as usize))
}

#[inline]
fn short_int(bits: u8) -> i64 {
    i64::from(bits >> 1) ^ -i64::from(bits & 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::gob::Reader;
    use crate::payload::{Decoder, Encoder, Step};

    /// A decoder that knows the type by now, and the bytes of one more value.
    fn second(payload: &Payload<'_>) -> (Decoder, Vec<u8>) {
        let (mut encoder, mut decoder, mut first, mut bytes) = (
            Encoder::default(),
            Decoder::new(1 << 17),
            Vec::new(),
            Vec::new(),
        );
        encoder.encode(
            &Payload {
                data: b"a",
                kind: 9,
                ..Payload::default()
            },
            &mut first,
        );
        let mut rest = &first[..];
        while let Step::Definition { used } | Step::Value { used, .. } = decoder.next(rest).unwrap()
        {
            rest = &rest[used..];
        }
        encoder.encode(payload, &mut bytes);
        (decoder, bytes)
    }

    #[test]
    fn usual_messages_are_read_here() {
        let front = Front::new(TypeId::FIRST).unwrap();
        for (cpu, data) in [(0, 1), (3, 200), (-1, 70_000 / 2), (63, 0x7f)] {
            let data = vec![7; data];
            let payload = Payload {
                data: &data,
                cpu,
                lost: 0,
                kind: 9,
            };
            let (_, bytes) = second(&payload);
            assert_eq!(
                front.read(&bytes, 1 << 17),
                Some((payload, bytes.len())),
                "{cpu}, {} bytes",
                data.len()
            );
            assert_eq!(
                front.read(&bytes, bytes.len() - 4),
                None,
                "longer than the limit"
            );
        }
    }

    #[test]
    fn short_integers_are_those_of_gob() {
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
        fn what_is_read_here_the_plan_reads_alike(
            data in prop::collection::vec(any::<u8>(), 0..300),
            (cpu, lost, kind) in (-100_i64..100, 0_u64..3, prop::sample::select(vec![2_i64, 9, 300])),
            patch in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
            cut in any::<prop::sample::Index>(),
            whole in any::<bool>(),
        ) {
            let (mut decoder, mut bytes) = second(&Payload { data: &data, cpu, lost, kind });
            if let Some((at, byte)) = patch {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if !whole {
                bytes.truncate(cut.index(bytes.len()));
            }
            let usual = Front::new(TypeId::FIRST).unwrap().read(&bytes, 1 << 17);
            if let Some((payload, used)) = usual {
                prop_assert_eq!(decoder.by_plan(&bytes), Ok(Step::Value { used, payload }));
            }
        }
    }
}
