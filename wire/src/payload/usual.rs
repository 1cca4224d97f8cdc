//! The shape of nearly every message, read in one go: an event as Go writes Cilium's `Payload`, `Data` first and no
//! integer wider than 16 bits.
//!
//! Whatever else there is, is left to the [`Plan`](super::plan::Plan), which reads the usual ones alike: a test holds the
//! two together.

use super::Payload;
use crate::gob::TypeId;

/// How the values of a type begin that can be read here: its id in two bytes, and the step to the first field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Front([u8; 3]);

impl Front {
    /// For a type with the fields of Cilium's `Payload`, in their order.
    pub(super) fn new(id: TypeId) -> Option<Self> {
        let id = u8::try_from(id.0).ok().and_then(|id| id.checked_mul(2)).filter(|id| *id >= 0x80)?;
        Some(Self([0xff, id, 1]))
    }

    /// The message that `input` begins with, and how long it is; `None` if it is none of these, or not whole.
    #[inline]
    pub(super) fn read<'a>(self, input: &'a [u8], max_frame: usize) -> Option<(Payload<'a>, usize)> {
        let (length, rest) = short_uint(input)?;
        let used = input.len() - rest.len() + length;
        let (front, rest) = rest.get(..length)?.split_first_chunk()?;
        if *front != self.0 || length > max_frame {
            return None;
        }
        let (length, rest) = short_uint(rest)?;
        let (data, tail) = rest.split_at_checked(length)?;
        // The steps to `CPU`, if it is not 0, and from there or from `Data` to `Type`; and the end.
        let (cpu, kind) = match *tail {
            [1, cpu @ ..0x80, 2, kind @ ..0x80, 0] => (cpu, kind),
            [3, kind @ ..0x80, 0] => (0, kind),
            _ => return None,
        };
        Some((Payload { data, cpu: short_int(cpu), lost: 0, kind: short_int(kind) }, used))
    }
}

/// An unsigned integer of at most 16 bits, and what is behind it.
#[inline]
fn short_uint(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match *bytes {
        [small @ ..0x80, ref rest @ ..] => Some((small.into(), rest)),
        [0xff, byte, ref rest @ ..] => Some((byte.into(), rest)),
        [0xfe, high, low, ref rest @ ..] => Some((u16::from_be_bytes([high, low]).into(), rest)),
        _ => None,
    }
}

#[inline]
fn short_int(bits: u8) -> i64 {
    let magnitude = i64::from(bits >> 1);
    if bits & 1 == 0 { magnitude } else { !magnitude }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::payload::{Decoder, Encoder, Step};

    /// A decoder that knows the type by now, and the bytes of one more value.
    fn second(payload: &Payload<'_>) -> (Decoder, Vec<u8>) {
        let (mut encoder, mut decoder, mut first, mut bytes) =
            (Encoder::default(), Decoder::new(1 << 17), Vec::new(), Vec::new());
        encoder.encode(&Payload { data: b"a", kind: 9, ..Payload::default() }, &mut first);
        let mut rest = &first[..];
        while let Step::Definition { used } | Step::Value { used, .. } = decoder.next(rest).unwrap() {
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
            let payload = Payload { data: &data, cpu, lost: 0, kind: 9 };
            let (_, bytes) = second(&payload);
            assert_eq!(front.read(&bytes, 1 << 17), Some((payload, bytes.len())), "{cpu}, {} bytes", data.len());
            assert_eq!(front.read(&bytes, bytes.len() - 4), None, "longer than the limit");
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
