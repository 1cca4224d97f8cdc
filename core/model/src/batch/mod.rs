//! Batches of records, and the bytes that the records refer to.
//!
//! Batches are recycled: dropping one returns its memory to the [`Pool`] that it came from. Stages
//! remove records with [`Batch::sift`], which requires an [`Outcome`] for each, so that every
//! removed record is accounted for.

mod frames;
mod pool;
mod slots;

pub use frames::FrameBatch;
pub use pool::Pool;

use crate::outcome::Outcome;
use crate::record::{Frame, Kind, Kinds, Record};
use crate::span::Span;
use crate::tally::Tally;
use crate::time::{TimeSource, Timestamp};
use slots::Slots;

/// A batch with less memory than this is not shrunk.
const MIN_SHRINK_BYTES: usize = 8 << 10;

/// Records and their bytes.
#[derive(Debug, Default)]
pub struct Batch {
    records: Slots,
    /// The first `used` bytes are the batch's content. The initialized bytes behind them are kept
    /// when the batch is recycled, because zeroing them again costs as much as filling them.
    bytes: Vec<u8>,
    used: usize,
    time_source: TimeSource,
    pool: Option<Pool>,
}

impl Batch {
    /// Creates an empty batch that belongs to no pool.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What the timestamps of the records refer to.
    #[must_use]
    pub fn time_source(&self) -> TimeSource {
        self.time_source
    }

    /// Sets what the timestamps of the records refer to.
    pub fn set_time_source(&mut self, time_source: TimeSource) {
        self.time_source = time_source;
    }

    /// Appends a record.
    pub fn push(&mut self, record: Record) {
        self.records.push(record);
    }

    /// Inserts records, each before the one that has its index now, for what has to take effect
    /// before that one. The indices have to ascend. Moves the records behind the first index, once
    /// for all that are inserted.
    pub fn insert(&mut self, records: Vec<(usize, Record)>) {
        self.records.insert(records);
    }

    /// Appends bytes and returns their span. A span cannot refer to bytes past 4 GiB; receivers and
    /// edges keep batches far smaller.
    pub fn push_bytes(&mut self, bytes: &[u8]) -> Span {
        let start = u32::try_from(self.used).unwrap_or(u32::MAX);
        self.spare(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.advance(bytes.len());
        Span {
            start,
            len: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        }
    }

    /// Returns the unused space behind the batch's bytes, at least `len` bytes long. Bytes written
    /// there become part of the batch with [`Self::advance`].
    pub fn spare(&mut self, len: usize) -> &mut [u8] {
        if self.bytes.len() < self.used + len {
            self.bytes.resize(self.used + len, 0);
        }
        &mut self.bytes[self.used..]
    }

    /// Adds the first `len` bytes of [`Self::spare`] to the batch's bytes.
    pub fn advance(&mut self, len: usize) {
        self.used = (self.used + len).min(self.bytes.len());
    }

    /// Removes all but the first `len` bytes. No record may refer to the removed ones.
    pub fn truncate_bytes(&mut self, len: usize) {
        self.used = self.used.min(len);
    }

    /// Sets the receive time of all frames, for a reader that reads ahead and releases them later.
    pub fn set_receive_time(&mut self, time: Timestamp) {
        for record in self.records.records_mut() {
            if let Record::Frame(frame) = record {
                frame.time = time;
            }
        }
    }

    /// Appends the frames that `next` finds in the batch's bytes, until it returns `None`.
    pub fn push_frames(&mut self, mut next: impl FnMut(&[u8]) -> Option<Frame>) {
        let bytes = &self.bytes[..self.used];
        while let Some(frame) = next(bytes) {
            self.records.push_frame(frame);
        }
    }

    /// Returns the batch with record slots if it has none. They come from the batch that was
    /// recycled last, because they may still be in the CPU cache.
    pub(crate) fn with_slots(mut self) -> Self {
        let Some(pool) = self.pool.as_ref().filter(|_| self.records.memory() == 0) else {
            return self;
        };
        let mut whole = pool.with_slots().take();
        std::mem::swap(&mut whole.bytes, &mut self.bytes);
        std::mem::swap(&mut whole.used, &mut self.used);
        whole.time_source = self.time_source;
        whole
    }

    /// The records.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        self.records.records()
    }

    /// All bytes of the batch.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.used]
    }

    /// Number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are no records.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that count against the byte limit of an edge: allocated memory, used or not.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.allocated() + self.heap()
    }

    /// The weight that the batch would have without unused memory.
    pub fn min_weight(&self) -> usize {
        self.used() + self.heap()
    }

    /// Allocated bytes of the batch's vectors, used or not.
    pub fn allocated(&self) -> usize {
        self.records.memory() + self.bytes.capacity()
    }

    /// Bytes of the vectors that are in use.
    fn used(&self) -> usize {
        self.len() * size_of::<Record>() + self.used
    }

    fn heap(&self) -> usize {
        self.records().iter().map(Record::heap_bytes).sum()
    }

    /// Returns unused memory to the pool if it is at least half of the allocated memory. Called
    /// for batches that wait in a queue while others are filled.
    pub fn shrink(&mut self) {
        let allocated = self.allocated();
        if allocated <= MIN_SHRINK_BYTES || self.used() > allocated / 2 {
            return;
        }
        let records = self.records.take_fitted();
        let bytes: Vec<u8> = self.bytes().into();
        let old_records = std::mem::replace(&mut self.records, records);
        let old_bytes = std::mem::replace(&mut self.bytes, bytes);
        if let Some(pool) = &self.pool {
            pool.give_back(old_records, old_bytes);
        }
    }

    /// Number of records of the given kinds.
    #[must_use]
    pub fn count(&self, kinds: Kinds) -> usize {
        self.records()
            .iter()
            .filter(|record| kinds.contains(record.kind()))
            .count()
    }

    /// Number of records of each kind, in the order of [`Kind::ALL`].
    #[must_use]
    pub fn count_by_kind(&self) -> [u64; Kind::ALL.len()] {
        let mut counts = [0; Kind::ALL.len()];
        for record in self.records() {
            counts[record.kind() as usize] += 1;
        }
        counts
    }

    /// Calls `decide` with each record and the batch's bytes, and removes the records for which it
    /// does not return [`Outcome::Keep`], counting them in `tally`. `decide` may change the record
    /// in place. The order of the remaining records is preserved.
    pub fn sift(
        &mut self,
        tally: &mut Tally,
        mut decide: impl FnMut(&mut Record, &[u8]) -> Outcome,
    ) {
        let bytes = &self.bytes[..self.used];
        self.records
            .retain_mut(|record| match decide(record, bytes) {
                Outcome::Keep => true,
                outcome => {
                    tally.count(outcome);
                    false
                }
            });
    }

    /// Removes the records of other kinds, which the caller has routed elsewhere.
    pub fn retain(&mut self, kinds: Kinds) {
        self.records
            .retain_mut(|record| kinds.contains(record.kind()));
    }

    /// Moves all but the first `len` records to a new batch, with a copy of all bytes.
    #[must_use]
    pub fn split_off(&mut self, len: usize) -> Self {
        let mut rest = self.pool.as_ref().map(Pool::take).unwrap_or_default();
        rest.time_source = self.time_source;
        if len < self.len() {
            self.records
                .drain_from(len)
                .for_each(|record| rest.push(record));
            rest.push_bytes(self.bytes());
            self.shrink();
        }
        rest
    }

    /// Returns a copy, for a second pipeline that changes records independently.
    #[must_use]
    pub fn copy(&self) -> Self {
        let mut copy = self.pool.as_ref().map(Pool::take).unwrap_or_default();
        copy.time_source = self.time_source;
        self.records()
            .iter()
            .for_each(|record| copy.push(record.clone()));
        copy.push_bytes(self.bytes());
        copy
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.take() {
            pool.give_back(
                std::mem::take(&mut self.records),
                std::mem::take(&mut self.bytes),
            );
        }
    }
}

#[cfg(test)]
mod tests;
