//! Cuts a monitor stream into frames, whatever the pieces that it comes in, in the batches that
//! they travel in.
//!
//! Reads nothing itself: the owner fills [`Frames::space`], and says when.

mod clock;
mod cutter;

use std::sync::atomic::{AtomicU32, Ordering};

use tidegate_model::batch::Packed;
use tidegate_model::record::Frame;
use tidegate_model::{Batch, Pool, TimeSource, Timestamp};
use tidegate_runtime::component::Reasons;
use tidegate_wire::gob;
use tidegate_wire::payload::{Decoder, Error};

use clock::Clock;
use cutter::Cutter;

/// Bytes of a stream in one batch, in which they are read: with its records, small enough to stay
/// in the cache.
pub(crate) const BATCH_BYTES: usize = 64 * 1024;

/// Space for less than this is not worth a read; the socket holds some 50 KiB.
const READ_LEAST: usize = 16 * 1024;

/// A frame that says to be longer than this is no frame: the stream is broken. One that is only
/// longer than it may be is passed over, as reading it on costs less than what an agent sends while
/// nobody listens.
const LONGEST_PASSED_OVER: u64 = 64 * 1024 * 1024;

/// The reason for a frame whose beginning came and whose end did not.
pub(crate) const FRAME_CUT_SHORT: &str = "frame_cut_short";

/// Why frames of a stream are dropped.
pub(crate) const REASONS: &[Reasons] = &[CUT, BROKEN, NOT_GOB];

/// The stream ends inside one.
pub(crate) const CUT: Reasons = Reasons::input(&[FRAME_CUT_SHORT]);
/// They are no payloads.
pub(crate) const BROKEN: Reasons = Reasons::input(Error::LABELS);
/// They are no gob.
pub(crate) const NOT_GOB: Reasons = Reasons::input(gob::Error::LABELS);

/// The stream's decoder, and the batch that is being filled: it takes the stream's bytes as they
/// are read, so that no frame is ever moved, but for what is left behind the last whole one when
/// the batch is handed on.
#[derive(Debug)]
pub(crate) struct Frames {
    decoder: Decoder,
    max_frame: usize,
    /// Whether another stream may follow the first without a break, as in recordings that were
    /// appended.
    appended: bool,
    pool: Pool,
    batch: Batch,
    /// The batch's frames, if it is another thread that puts them in their places.
    packed: Option<Vec<Frame>>,
    /// The batch's bytes from here on came and were not decoded.
    start: usize,
    /// Bytes of a frame that is too long, which come next and are passed over.
    too_long: u64,
    /// Position of `start` in the stream.
    offset: u64,
    seq: u64,
    /// The number of the stream.
    stream: u32,
    clock: Clock,
    time_source: TimeSource,
}

/// Records of a batch at most, where nobody says otherwise. As many as fit in its bytes, mostly;
/// what stages add goes in the memory of 384.
pub(crate) const BATCH_RECORDS: usize = 360;

/// Why decoding came to a halt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// The batch is full; there may be more frames.
    BatchFull,
    /// There is no whole frame left.
    OutOfBytes,
}

impl Frames {
    /// Frames of at most `max_frame` bytes, from one stream, in batches of the pool.
    pub(crate) fn new(max_frame: usize, pool: Pool) -> Self {
        let (decoder, batch) = (Decoder::new(max_frame), pool.take());
        let (start, too_long, offset, seq, stream) = (0, 0, 0, 0, new_stream());
        let (appended, packed) = (false, None);
        let clock = Clock::default();
        let time_source = TimeSource::default();
        Self {
            decoder,
            max_frame,
            appended,
            pool,
            batch,
            packed,
            start,
            too_long,
            offset,
            seq,
            stream,
            clock,
            time_source,
        }
    }

    /// Leaves the places of the records to another thread.
    pub(crate) fn for_another_thread(self) -> Self {
        let pool = self.pool.without_places();
        Self {
            packed: Some(Vec::new()),
            batch: pool.take(),
            pool,
            ..self
        }
    }

    /// Says which moments the times of the frames are.
    pub(crate) fn with_times(self, time_source: TimeSource) -> Self {
        Self {
            time_source,
            ..self
        }
    }

    /// Accepts the beginning of a further stream between two frames: a type that is defined once
    /// more. In one stream that is an error.
    pub(crate) fn or_several_streams(self) -> Self {
        Self {
            appended: true,
            ..self
        }
    }

    /// Forgets what is left of the stream and begins a new one. Sequence numbers go on.
    pub(crate) fn restart(&mut self) {
        self.begin();
        drop(self.take());
        self.batch.truncate_bytes(0);
        (self.start, self.too_long, self.offset) = (0, 0, 0);
    }

    /// Room for the next read. Grows only with bytes that came, never with a length that was
    /// announced.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        if self.is_empty() && self.start > 0 {
            // What it had was no record.
            drop(self.take());
        }
        let free = BATCH_BYTES.saturating_sub(self.batch.bytes().len());
        let wanted = if free < READ_LEAST { BATCH_BYTES } else { free };
        &mut self.batch.space(wanted)[..wanted]
    }

    /// `n` bytes of the space were filled.
    pub(crate) fn filled(&mut self, n: usize) {
        self.batch.filled(n);
    }

    /// Whether the batch has records, and no space that is worth a read.
    pub(crate) fn is_full(&self) -> bool {
        !self.is_empty() && self.batch.bytes().len() + READ_LEAST > BATCH_BYTES
    }

    /// Whether the batch has no record.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn len(&self) -> usize {
        self.batch.len() + self.packed.as_ref().map_or(0, Vec::len)
    }

    /// The batch as it is. What is not decoded goes to the next one.
    pub(crate) fn take(&mut self) -> Packed {
        let mut next = self.pool.take();
        next.push_bytes(&self.batch.bytes()[self.start..]);
        self.batch.truncate_bytes(self.start);
        self.start = 0;
        let frames = self.packed.as_mut().map(std::mem::take);
        let mut batch = std::mem::replace(&mut self.batch, next);
        batch.set_time_source(self.time_source);
        Packed::new(batch, frames.unwrap_or_default())
    }

    /// Position in the stream of the first byte that is not decoded.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// How many bytes are not decoded: where the stream ends, those of the frame that is cut short.
    pub(crate) fn left(&self) -> usize {
        self.batch.bytes().len() - self.start
    }

    /// Number of frames so far, over all streams.
    pub(crate) fn count(&self) -> u64 {
        self.seq
    }

    /// Makes records of the whole frames that came, until the batch has `records` of them. A frame
    /// that is broken in itself, or too long, is handed to `refused` and left out.
    ///
    /// `time` is when they were read. Frames get rising times from there on, one nanosecond apart,
    /// so that sorting by time keeps the order in which they came. The difference between two
    /// frames of one read measures nothing.
    ///
    /// # Errors
    /// The stream cannot be decoded any further; what is in the batch is good.
    pub(crate) fn decode(
        &mut self,
        records: usize,
        time: Timestamp,
        mut refused: impl FnMut(Error),
    ) -> Result<Halt, Error> {
        let mut room = records.saturating_sub(self.len());
        if let Some(packed) = &mut self.packed {
            packed.reserve(room);
        }
        self.clock.set(time);
        loop {
            self.pass_over();
            match self.decode_stream(&mut room, &mut refused) {
                Err(Error::Gob(gob::Error::DuplicateType(_))) if self.appended => {
                    tracing::info!(byte = self.offset, "a further stream begins here");
                    self.begin();
                }
                Err(error @ Error::FrameTooLarge { length, .. })
                    if length <= LONGEST_PASSED_OVER =>
                {
                    refused(error);
                    self.too_long =
                        length + gob::prefix_len(&self.batch.bytes()[self.start..]) as u64;
                }
                done => return done,
            }
        }
    }

    /// The same within one stream.
    fn decode_stream(
        &mut self,
        room: &mut usize,
        refused: &mut impl FnMut(Error),
    ) -> Result<Halt, Error> {
        let Self {
            decoder,
            batch,
            packed,
            start,
            offset,
            seq,
            stream,
            clock,
            ..
        } = self;
        let frame = Frame {
            stream: *stream,
            ..Frame::default()
        };
        let mut cutter = Cutter {
            decoder,
            start,
            offset,
            seq,
            clock,
            room,
            frame,
            refused,
            halt: Ok(Halt::BatchFull),
        };
        match packed {
            Some(frames) => frames.extend(std::iter::from_fn(|| cutter.next(batch.bytes()))),
            None => batch.parse(|bytes| cutter.next(bytes)),
        }
        cutter.halt
    }

    /// Passes over what came of a frame that is too long.
    fn pass_over(&mut self) {
        let passed = self
            .left()
            .min(usize::try_from(self.too_long).unwrap_or(usize::MAX));
        self.start += passed;
        self.offset += passed as u64;
        self.too_long -= passed as u64;
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

#[cfg(test)]
mod tests;
