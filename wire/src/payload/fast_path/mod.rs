//! Fast path for events as Go encodes Cilium's `Payload`: `Data` first and no integer wider than 16
//! bits.
//!
//! Everything else is decoded by the [`Plan`](super::plan::Plan). A property test checks that both
//! decode alike.
//!
//! Lengths, CPU and type vary from event to event, so they are computed without branches: a
//! mispredicted branch costs as much as tens of instructions.

use super::Payload;
use crate::gob::TypeId;

/// The fast path for one type: how its values begin, as a number of three bytes. Two of them are
/// the type's id, the third is the delta to the first field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FastPath(u64);

impl FastPath {
    /// Returns the fast path for a type with the fields of Cilium's `Payload`, in their order, if
    /// its id takes two bytes.
    pub(super) fn new(id: TypeId) -> Option<Self> {
        let id = u8::try_from(id.0)
            .ok()
            .and_then(|id| id.checked_mul(2))
            .filter(|id| *id >= 0x80)?;
        Some(Self(u32::from_be_bytes([0, 0xff, id, 1]).into()))
    }

    /// Decodes the message at the start of `input` and returns its length, too; `None` leaves the
    /// message, which may be incomplete, to the general decoder.
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
        let end = start + data_length;
        let used = prefix + length;
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

/// Length of what a [`FastPath`] compares, in bytes.
const FRONT: usize = 3;

/// Bytes behind `Data`: the deltas to `CPU` and from there to `Type`, both values in one byte, and
/// the end.
const TAIL: usize = 5;
/// Bytes behind `Data` if `CPU` is 0 and left out.
const TAIL_WITHOUT_CPU: usize = 3;

/// The encoded `CPU` and `Type` in the last bytes of a message, of which `length` are behind
/// `Data`.
#[inline]
fn tail([to_cpu, cpu, to_kind, kind, end]: [u8; TAIL], length: usize) -> Option<(u8, u8)> {
    let with_cpu = (length == TAIL) & (to_cpu == 1) & (cpu < 0x80) & (to_kind == 2);
    let without_cpu = (length == TAIL_WITHOUT_CPU) & (to_kind == 3);
    let is_valid = (with_cpu | without_cpu) & (kind < 0x80) & (end == 0);
    is_valid.then_some((if with_cpu { cpu } else { 0 }, kind))
}

/// The eight bytes at `at` in big-endian order. Any message with an event has as many.
#[inline]
fn word(input: &[u8], at: usize) -> Option<u64> {
    input
        .get(at..)?
        .first_chunk()
        .copied()
        .map(u64::from_be_bytes)
}

/// An unsigned integer of at most 16 bits at the top of a word, and its length in bytes.
#[inline]
fn short_uint(word: u64) -> Option<(usize, usize)> {
    let first = (word >> 56) as u32;
    // The first byte of a longer integer is the negated number of the bytes behind it.
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
mod tests;
