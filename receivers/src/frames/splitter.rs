//! Splits the bytes of a stream into frames.

use tidegate_model::Span;
use tidegate_model::record::Frame;
use tidegate_wire::payload::{Decoder, Error, Payload, Step};
use tidegate_wire::recording;

use super::DecodeStatus;
use super::clock::FrameClock;

/// Splits the bytes of a batch into frames.
pub(super) struct Splitter<'a, R> {
    pub(super) decoder: &'a mut Decoder,
    /// The position of the next frame in the batch.
    pub(super) start: &'a mut usize,
    /// The position of the next frame in the stream.
    pub(super) offset: &'a mut u64,
    /// The sequence number of the previous frame.
    pub(super) seq: &'a mut u64,
    pub(super) clock: &'a mut FrameClock,
    /// How many more frames the batch can hold.
    pub(super) room: &'a mut usize,
    /// The fields that all frames have in common.
    pub(super) template: Frame,
    /// Whether a header of a later format ends the decoding. A socket has no headers.
    pub(super) checks_format: bool,
    /// Called for every frame that is invalid and skipped.
    pub(super) on_rejected: &'a mut R,
    /// Why [`Self::next`] returned `None`.
    pub(super) status: Result<DecodeStatus, Error>,
}

impl<R: FnMut(Error)> Splitter<'_, R> {
    /// The next frame. Inlined so that the frame is written to its final place.
    #[inline(always)]
    pub(super) fn next(&mut self, bytes: &[u8]) -> Option<Frame> {
        while *self.room > 0 {
            let (used, payload) = match self.decoder.next(&bytes[*self.start..]) {
                Ok(Step::Value { used, payload }) => (used, Some(payload)),
                Ok(Step::Refused { used, reason }) => {
                    (self.on_rejected)(reason);
                    (used, None)
                }
                Ok(Step::Definition { used }) => {
                    // Recordings can be joined, so a header can be anywhere.
                    if self.checks_format
                        && let Err(later) = recording::read_start(&bytes[*self.start..])
                    {
                        self.status = Ok(DecodeStatus::LaterFormat(later));
                        return None;
                    }
                    (used, None)
                }
                Ok(Step::Incomplete { .. }) => {
                    self.status = Ok(DecodeStatus::NeedsInput);
                    return None;
                }
                Err(error) => {
                    self.status = Err(error);
                    return None;
                }
            };
            *self.start += used;
            *self.offset += used as u64;
            if let Some(payload) = payload {
                *self.seq += 1;
                *self.room -= 1;
                let template = Frame {
                    time: self.clock.next(),
                    seq: *self.seq,
                    ..self.template
                };
                return Some(frame(&payload, bytes, template));
            }
        }
        None
    }
}

fn frame(payload: &Payload<'_>, bytes: &[u8], template: Frame) -> Frame {
    let data = Span::locate(payload.data, bytes);
    let payload_type = i32::try_from(payload.kind).unwrap_or(i32::MAX);
    Frame {
        payload_type,
        cpu: low_i32(payload.cpu),
        lost: payload.lost,
        data,
        ..template
    }
}

/// Go's `int32(wide)`, which Hubble uses: the lower 32 bits.
fn low_i32(wide: i64) -> i32 {
    let [a, b, c, d, ..] = wide.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}
