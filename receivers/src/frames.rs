//! Decodes a monitor stream into batches of frames. The stream can be split into reads anywhere.
//!
//! Does no I/O: the owner reads into [`FrameBatcher::space`] and calls [`FrameBatcher::decode`].

mod clock;
mod splitter;

use std::sync::atomic::{AtomicU32, Ordering};

use tidegate_model::batch::FrameBatch;
use tidegate_model::record::Frame;
use tidegate_model::{Batch, Pool, TimeSource, Timestamp};
use tidegate_runtime::component::Reasons;
use tidegate_runtime::limits::Limits;
use tidegate_wire::gob;
use tidegate_wire::payload::{Decoder, Error};
use tidegate_wire::recording::UnsupportedFormat;

use clock::FrameClock;
use splitter::Splitter;

/// The number of stream bytes in one batch: with its records, small enough to stay in the cache.
pub(crate) const BATCH_BYTES: usize = Limits::BATCH_BYTES;

/// The default for the number of records in a batch. Usually that many fit in its bytes; together
/// with the records that stages add, they fit in the memory of 384.
pub(crate) const BATCH_RECORDS: usize = Limits::BATCH_RECORDS;

/// A batch with less free space than this is handed on instead of filled by another read: the
/// socket buffers about 50 KiB.
const MIN_READ: usize = 16 * 1024;

/// A longer frame means that the stream is broken. Frames that exceed `max_frame` but not this are
/// skipped: reading them takes less time than a reconnect, during which the agent's events would be
/// lost.
const MAX_SKIPPED_FRAME: u64 = 64 * 1024 * 1024;

/// The drop reason for a frame whose end is missing.
pub(crate) const FRAME_CUT_SHORT: &str = "frame_cut_short";

/// Why frames of a stream are dropped.
pub(crate) const REASONS: &[Reasons] = &[CUT, BROKEN, NOT_GOB];

/// The stream ends inside the frame.
pub(crate) const CUT: Reasons = Reasons::input(&[FRAME_CUT_SHORT]);
/// The frame is not a valid payload.
pub(crate) const BROKEN: Reasons = Reasons::input(Error::LABELS);
/// The frame is not valid gob.
pub(crate) const NOT_GOB: Reasons = Reasons::input(gob::Error::LABELS);

/// Decodes a stream into batches.
///
/// Reads go directly to the bytes of the current batch, so frames are never copied; only an
/// incomplete frame at the end of a batch is copied to the next one.
#[derive(Debug)]
pub(crate) struct FrameBatcher {
    decoder: Decoder,
    max_frame: usize,
    /// Whether further streams may follow the first one, as in concatenated recordings.
    allows_concatenated: bool,
    pool: Pool,
    batch: Batch,
    /// The frames of the batch, if another thread is to convert them to records.
    packed: Option<Vec<Frame>>,
    /// The position in the batch of the first byte that is not decoded.
    start: usize,
    /// The number of bytes to skip from `start`, which belong to a frame that is too long.
    to_skip: u64,
    /// The position of `start` in the stream.
    offset: u64,
    /// The sequence number of the previous frame.
    seq: u64,
    /// The number of the stream.
    stream: u32,
    clock: FrameClock,
    time_source: TimeSource,
}

/// Why decoding stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DecodeStatus {
    /// The batch is full; more complete frames may follow.
    BatchFull,
    /// All complete frames are decoded.
    NeedsInput,
    /// A recording of a later format begins here. Only of [`FrameBatcher::allow_concatenated`].
    LaterFormat(UnsupportedFormat),
}

impl FrameBatcher {
    /// Decodes one stream with frames of at most `max_frame` bytes into batches of the pool.
    pub(crate) fn new(max_frame: usize, pool: Pool) -> Self {
        Self {
            decoder: Decoder::new(max_frame),
            max_frame,
            allows_concatenated: false,
            batch: pool.take(),
            pool,
            packed: None,
            start: 0,
            to_skip: 0,
            offset: 0,
            seq: 0,
            stream: next_stream(),
            clock: FrameClock::default(),
            time_source: TimeSource::default(),
        }
    }

    /// Produces packed batches, for another thread to unpack: records then stay in the memory of
    /// that thread.
    pub(crate) fn packed(self) -> Self {
        let pool = self.pool.without_slots();
        Self {
            packed: Some(Vec::new()),
            batch: pool.take(),
            pool,
            ..self
        }
    }

    /// Sets what the times of frames mean.
    pub(crate) fn with_time_source(self, time_source: TimeSource) -> Self {
        Self {
            time_source,
            ..self
        }
    }

    /// Accepts concatenated streams. Another stream begins where a type is defined again, which
    /// within a stream is an error.
    pub(crate) fn allow_concatenated(self) -> Self {
        Self {
            allows_concatenated: true,
            ..self
        }
    }

    /// Discards what is left of the stream and begins a new one. Sequence numbers continue.
    pub(crate) fn reset(&mut self) {
        self.begin_stream();
        drop(self.take_batch());
        self.batch.truncate_bytes(0);
        self.start = 0;
        self.to_skip = 0;
        self.offset = 0;
    }

    /// Space for the next read. Memory grows with bytes that were read, never with a length that a
    /// frame announces.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        if self.is_empty() && self.start > 0 {
            // None of the decoded bytes belongs to a record.
            drop(self.take_batch());
        }
        let free = BATCH_BYTES.saturating_sub(self.batch.bytes().len());
        let len = if free < MIN_READ { BATCH_BYTES } else { free };
        &mut self.batch.spare(len)[..len]
    }

    /// Adds the first `n` bytes of the space to the stream.
    pub(crate) fn filled(&mut self, n: usize) {
        self.batch.advance(n);
    }

    /// Whether the batch has records, and too little space for another read.
    pub(crate) fn is_full(&self) -> bool {
        !self.is_empty() && self.batch.bytes().len() + MIN_READ > BATCH_BYTES
    }

    /// Whether the batch has no records.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn len(&self) -> usize {
        self.batch.len() + self.packed.as_ref().map_or(0, Vec::len)
    }

    /// Takes the current batch. Bytes that are not decoded move to the next one.
    pub(crate) fn take_batch(&mut self) -> FrameBatch {
        let mut next = self.pool.take();
        next.push_bytes(&self.batch.bytes()[self.start..]);
        self.batch.truncate_bytes(self.start);
        self.start = 0;
        let frames = self.packed.as_mut().map(std::mem::take);
        let mut batch = std::mem::replace(&mut self.batch, next);
        batch.set_time_source(self.time_source);
        FrameBatch::new(batch, frames.unwrap_or_default())
    }

    /// The position in the stream of the first byte that is not decoded.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The number of bytes that are not decoded. At the end of the stream, they are an incomplete
    /// frame.
    pub(crate) fn undecoded(&self) -> usize {
        self.batch.bytes().len() - self.start
    }

    /// The number of the stream, as its frames have it.
    pub(crate) fn stream(&self) -> u32 {
        self.stream
    }

    /// The number of frames so far, in all streams.
    pub(crate) fn frame_count(&self) -> u64 {
        self.seq
    }

    /// Decodes complete frames until the batch has `records` records. Calls `on_rejected` for
    /// every frame that is invalid or too long and skips it.
    ///
    /// `time` is the time of the read. Frames get increasing times from there, one nanosecond
    /// apart, so that sorting by time keeps their order. The difference between two frames of one
    /// read is not a duration.
    ///
    /// # Errors
    /// The rest of the stream cannot be decoded. The frames in the batch are valid.
    pub(crate) fn decode(
        &mut self,
        records: usize,
        time: Timestamp,
        mut on_rejected: impl FnMut(Error),
    ) -> Result<DecodeStatus, Error> {
        let mut room = records.saturating_sub(self.len());
        if let Some(packed) = &mut self.packed {
            packed.reserve(room);
        }
        self.clock.set(time);
        loop {
            self.skip_oversized();
            match self.decode_stream(&mut room, &mut on_rejected) {
                Err(Error::Gob(gob::Error::DuplicateType(_))) if self.allows_concatenated => {
                    tracing::info!(byte = self.offset, "another stream begins here");
                    self.begin_stream();
                }
                Err(error @ Error::FrameTooLarge { length, .. }) if length <= MAX_SKIPPED_FRAME => {
                    on_rejected(error);
                    let prefix = gob::prefix_len(&self.batch.bytes()[self.start..]);
                    self.to_skip = length + prefix as u64;
                }
                result => return result,
            }
        }
    }

    /// Decodes frames of the current stream.
    fn decode_stream(
        &mut self,
        room: &mut usize,
        on_rejected: &mut impl FnMut(Error),
    ) -> Result<DecodeStatus, Error> {
        let Self {
            decoder,
            batch,
            packed,
            start,
            offset,
            seq,
            stream,
            clock,
            allows_concatenated,
            ..
        } = self;
        let template = Frame {
            stream: *stream,
            ..Frame::default()
        };
        let mut splitter = Splitter {
            decoder,
            start,
            offset,
            seq,
            clock,
            room,
            template,
            checks_format: *allows_concatenated,
            on_rejected,
            status: Ok(DecodeStatus::BatchFull),
        };
        match packed {
            Some(frames) => frames.extend(std::iter::from_fn(|| splitter.next(batch.bytes()))),
            None => batch.push_frames(|bytes| splitter.next(bytes)),
        }
        splitter.status
    }

    /// Skips the bytes of an oversized frame that have arrived.
    fn skip_oversized(&mut self) {
        let to_skip = usize::try_from(self.to_skip).unwrap_or(usize::MAX);
        let skipped = self.undecoded().min(to_skip);
        self.start += skipped;
        self.offset += skipped as u64;
        self.to_skip -= skipped as u64;
    }

    fn begin_stream(&mut self) {
        self.decoder = Decoder::new(self.max_frame);
        self.stream = next_stream();
    }
}

/// A new stream number, from 1.
fn next_stream() -> u32 {
    static STREAMS: AtomicU32 = AtomicU32::new(1);
    STREAMS.fetch_add(1, Ordering::Relaxed)
}

#[cfg(test)]
mod tests;
