//! Cuts a monitor stream into frames, whatever the pieces that it comes in, and puts them into batches.
//!
//! Reads nothing itself: the owner fills [`Frames::space`] or hands over bytes, and says when they came.

use std::sync::atomic::{AtomicU32, Ordering};

use tidegate_core::record::Frame;
use tidegate_core::{Batch, Record, Timestamp};
use tidegate_wire::gob;
use tidegate_wire::payload::{Decoder, Error, Payload, Step};

/// Bytes that one read takes at most. They stay in the processor's cache until they are decoded; the socket holds
/// little more.
pub(crate) const READ_BYTES: usize = 64 * 1024;

/// The reason for a frame whose beginning came and whose end did not.
pub(crate) const FRAME_CUT_SHORT: &str = "frame_cut_short";

/// The bytes of a stream that are not decoded yet, and the stream's decoder.
#[derive(Debug)]
pub(crate) struct Frames {
    decoder: Decoder,
    max_frame: usize,
    /// Whether another stream may follow the first without a break, as in recordings that were appended.
    appended: bool,
    bytes: Vec<u8>,
    /// `bytes[start..end]` came and was not decoded.
    start: usize,
    end: usize,
    /// Position of `start` in the stream.
    offset: u64,
    seq: u64,
    /// The number of the stream.
    stream: u32,
}

/// When a batch is full.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchLimits {
    /// Records at most.
    pub(crate) records: usize,
    /// Bytes of data at which no further record is added.
    pub(crate) bytes: usize,
}

impl BatchLimits {
    /// Large enough that what a batch costs does not matter, small enough that several stay in the cache. What stages
    /// add fits in what is left of 256 records, so that no batch grows beyond its memory.
    pub(crate) const DEFAULT: Self = Self { records: 240, bytes: 64 * 1024 };
}

/// Why decoding came to a halt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// The batch is full; there may be more frames.
    BatchFull,
    /// There is no whole frame left.
    OutOfBytes,
}

impl Frames {
    /// Frames of at most `max_frame` bytes, from one stream.
    pub(crate) fn new(max_frame: usize) -> Self {
        let decoder = Decoder::new(max_frame);
        Self {
            decoder,
            max_frame,
            appended: false,
            bytes: Vec::new(),
            start: 0,
            end: 0,
            offset: 0,
            seq: 0,
            stream: new_stream(),
        }
    }

    /// Accepts the beginning of a further stream between two frames: a type that is defined once more.
    /// In one stream that is an error.
    pub(crate) fn or_several_streams(self) -> Self {
        Self { appended: true, ..self }
    }

    /// Forgets what is left of the stream and begins a new one. Sequence numbers go on.
    pub(crate) fn restart(&mut self) {
        self.begin();
        (self.start, self.end, self.offset) = (0, 0, 0);
    }

    /// Room for the next read. Grows only with bytes that came, never with a length that was announced.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        self.bytes.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.bytes.len() > 4 * READ_BYTES && self.end < READ_BYTES {
            self.bytes.truncate(2 * READ_BYTES);
            self.bytes.shrink_to_fit();
        }
        let len = self.bytes.len().max(self.end + READ_BYTES);
        self.bytes.resize(len, 0);
        &mut self.bytes[self.end..self.end + READ_BYTES]
    }

    /// `n` bytes of the space were filled.
    pub(crate) fn filled(&mut self, n: usize) {
        self.end = (self.end + n).min(self.bytes.len());
    }

    /// Adds bytes that somebody else read.
    pub(crate) fn extend(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let space = self.space();
            let (now, later) = bytes.split_at(bytes.len().min(space.len()));
            space[..now.len()].copy_from_slice(now);
            self.filled(now.len());
            bytes = later;
        }
    }

    /// Position in the stream of the first byte that is not decoded.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// How many bytes are not decoded: where the stream ends, those of the frame that is cut short.
    pub(crate) fn left(&self) -> usize {
        self.end - self.start
    }

    /// Number of frames so far, over all streams.
    pub(crate) fn count(&self) -> u64 {
        self.seq
    }

    /// Whether there is something to decode: a whole frame, or what cannot become one.
    pub(crate) fn is_ready(&self) -> bool {
        !matches!(gob::split(&self.bytes[self.start..self.end], self.max_frame), Ok(gob::Split::Incomplete { .. }))
    }

    /// Moves whole frames to the end of `batch` until it is full. A frame that is broken in itself is
    /// handed to `refused` and left out.
    ///
    /// # Errors
    /// The stream cannot be decoded any further; what is in the batch is good.
    pub(crate) fn decode(
        &mut self,
        limits: BatchLimits,
        time: Timestamp,
        batch: &mut Batch,
        mut refused: impl FnMut(Error),
    ) -> Result<Halt, Error> {
        while batch.len() < limits.records && batch.bytes().len() < limits.bytes {
            let used = match self.decoder.next(&self.bytes[self.start..self.end]) {
                Ok(Step::Value { used, payload }) => {
                    self.seq += 1;
                    batch_up(batch, &payload, Frame { time, seq: self.seq, stream: self.stream, ..Frame::default() });
                    used
                }
                Ok(Step::Refused { used, reason }) => {
                    refused(reason);
                    used
                }
                Ok(Step::Definition { used }) => used,
                Ok(Step::Incomplete { .. }) => return Ok(Halt::OutOfBytes),
                Err(Error::Gob(gob::Error::DuplicateType(_))) if self.appended => {
                    tracing::info!(byte = self.offset, "a further stream begins here");
                    self.begin();
                    continue;
                }
                Err(error) => return Err(error),
            };
            self.start += used;
            self.offset += used as u64;
        }
        Ok(Halt::BatchFull)
    }

    fn begin(&mut self) {
        self.decoder = Decoder::new(self.max_frame);
        self.stream = new_stream();
    }
}

/// The next number of a stream; from 1.
fn new_stream() -> u32 {
    static STREAMS: AtomicU32 = AtomicU32::new(1);
    STREAMS.fetch_add(1, Ordering::Relaxed)
}

fn batch_up(batch: &mut Batch, payload: &Payload<'_>, frame: Frame) {
    let data = batch.push_bytes(payload.data);
    let payload_type = i32::try_from(payload.kind).unwrap_or(i32::MAX);
    batch.push(Record::Frame(Frame { payload_type, cpu: low_i32(payload.cpu), lost: payload.lost, data, ..frame }));
}

/// What Go's `int32(wide)` leaves, as in Hubble: CPUs have small numbers.
fn low_i32(wide: i64) -> i32 {
    let [a, b, c, d, ..] = wide.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests;
