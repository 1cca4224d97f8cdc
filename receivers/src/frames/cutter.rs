//! From bytes to frames, one after the other.

use tidegate_model::Span;
use tidegate_model::record::Frame;
use tidegate_wire::payload::{Decoder, Error, Payload, Step};

use super::Halt;
use super::clock::Clock;

/// Cuts the bytes of a batch into frames.
pub(super) struct Cutter<'a, R> {
    pub(super) decoder: &'a mut Decoder,
    /// Where in the batch the next frame begins.
    pub(super) start: &'a mut usize,
    /// The same in the stream.
    pub(super) offset: &'a mut u64,
    /// The number of the last frame.
    pub(super) seq: &'a mut u64,
    /// The frames' times.
    pub(super) clock: &'a mut Clock,
    /// How many frames there may be.
    pub(super) room: &'a mut usize,
    /// What all frames have.
    pub(super) frame: Frame,
    /// Told of what is broken in itself.
    pub(super) refused: &'a mut R,
    /// Why there is no next frame.
    pub(super) halt: Result<Halt, Error>,
}

impl<R: FnMut(Error)> Cutter<'_, R> {
    /// The next frame. It is made where it goes, which a call would prevent.
    #[inline(always)]
    pub(super) fn next(&mut self, bytes: &[u8]) -> Option<Frame> {
        while *self.room > 0 {
            let (used, payload) = match self.decoder.next(&bytes[*self.start..]) {
                Ok(Step::Value { used, payload }) => (used, Some(payload)),
                Ok(Step::Refused { used, reason }) => {
                    (self.refused)(reason);
                    (used, None)
                }
                Ok(Step::Definition { used }) => (used, None),
                Ok(Step::Incomplete { .. }) => {
                    self.halt = Ok(Halt::OutOfBytes);
                    return None;
                }
                Err(error) => {
                    self.halt = Err(error);
                    return None;
                }
            };
            *self.start += used;
            *self.offset += used as u64;
            if let Some(payload) = payload {
                *self.seq += 1;
                *self.room -= 1;
                return Some(frame(
                    &payload,
                    bytes,
                    Frame {
                        time: self.clock.next(),
                        seq: *self.seq,
                        ..self.frame
                    },
                ));
            }
        }
        None
    }
}

fn frame(payload: &Payload<'_>, bytes: &[u8], frame: Frame) -> Frame {
    let data = Span::locate(payload.data, bytes);
    let payload_type = i32::try_from(payload.kind).unwrap_or(i32::MAX);
    Frame {
        payload_type,
        cpu: low_i32(payload.cpu),
        lost: payload.lost,
        data,
        ..frame
    }
}

/// What Go's `int32(wide)` leaves, as in Hubble: CPUs have small numbers.
fn low_i32(wide: i64) -> i32 {
    let [a, b, c, d, ..] = wide.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}
