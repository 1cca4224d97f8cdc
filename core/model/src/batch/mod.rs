//! Records that are handed over together, with the bytes that they refer to.
//!
//! A batch is recycled: dropping it gives its memory back to the [`Pool`] that it came from.
//! Records leave a batch only through [`Batch::sift`], which takes an [`Outcome`] for each, so that
//! no stage can lose one without saying why.

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

/// A batch that holds no more than this is not made smaller.
const KEPT_UNUSED: usize = 8 << 10;

/// Some records and their bytes.
#[derive(Debug, Default)]
pub struct Batch {
    records: Slots,
    /// The first `used` are the batch's; those behind are there to be filled, and stay so when it
    /// is recycled: to clear them anew costs as much as to fill them.
    bytes: Vec<u8>,
    used: usize,
    time_source: TimeSource,
    pool: Option<Pool>,
}

impl Batch {
    /// An empty batch that belongs to no pool.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Which moments the times of its records are.
    #[must_use]
    pub fn time_source(&self) -> TimeSource {
        self.time_source
    }

    /// Says which moments the times of its records are.
    pub fn set_time_source(&mut self, time_source: TimeSource) {
        self.time_source = time_source;
    }

    /// Adds a record at the end.
    pub fn push(&mut self, record: Record) {
        self.records.push(record);
    }

    /// Adds bytes for records to refer to. Bytes past 4 GiB cannot be referred to; edges and
    /// receivers keep batches far below.
    pub fn push_bytes(&mut self, bytes: &[u8]) -> Span {
        let start = u32::try_from(self.used).unwrap_or(u32::MAX);
        self.spare(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.advance(bytes.len());
        Span {
            start,
            len: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        }
    }

    /// Room for at least `len` bytes behind those of the batch, to be filled with what
    /// [`Self::filled`] then adds.
    pub fn spare(&mut self, len: usize) -> &mut [u8] {
        if self.bytes.len() < self.used + len {
            self.bytes.resize(self.used + len, 0);
        }
        &mut self.bytes[self.used..]
    }

    /// Makes the first `len` bytes of the space the batch's.
    pub fn advance(&mut self, len: usize) {
        self.used = (self.used + len).min(self.bytes.len());
    }

    /// Leaves out the bytes behind the first `len`, to which no record may refer.
    pub fn truncate_bytes(&mut self, len: usize) {
        self.used = self.used.min(len);
    }

    /// Sets when the batch's frames came, where they were read ahead of their time.
    pub fn set_receive_time(&mut self, time: Timestamp) {
        for record in self.records.records_mut() {
            if let Record::Frame(frame) = record {
                frame.time = time;
            }
        }
    }

    /// Adds the frames that `next` finds in the batch's bytes, until it finds none.
    pub fn push_frames(&mut self, mut next: impl FnMut(&[u8]) -> Option<Frame>) {
        let bytes = &self.bytes[..self.used];
        while let Some(frame) = next(bytes) {
            self.records.push_frame(frame);
        }
    }

    /// The batch with places for records, if it has none: those of the batch that was done last,
    /// which may still be in the processor's cache.
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

    /// Whether there is no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the batch weighs against the byte limit of an edge: the memory that it holds, used or
    /// not.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.allocated() + self.heap()
    }

    /// What it would weigh if it held what it uses.
    pub fn min_weight(&self) -> usize {
        self.used() + self.heap()
    }

    /// Memory of its vectors, used or not.
    pub fn allocated(&self) -> usize {
        self.records.memory() + self.bytes.capacity()
    }

    /// The part of that which is used.
    fn used(&self) -> usize {
        self.len() * size_of::<Record>() + self.used
    }

    fn heap(&self) -> usize {
        self.records().iter().map(Record::heap_bytes).sum()
    }

    /// Lets go of memory that the batch does not use, if that is most of what it holds: for one
    /// that has to wait, while others are filled.
    pub fn shrink(&mut self) {
        let held = self.allocated();
        if held <= KEPT_UNUSED || self.used() > held / 2 {
            return;
        }
        let records = self.records.take_fitted();
        let bytes: Vec<u8> = self.bytes().into();
        let idle = (
            std::mem::replace(&mut self.records, records),
            std::mem::replace(&mut self.bytes, bytes),
        );
        if let Some(pool) = &self.pool {
            pool.give_back(idle.0, idle.1);
        }
    }

    /// How many records are of the given kinds.
    #[must_use]
    pub fn count(&self, kinds: Kinds) -> usize {
        self.records()
            .iter()
            .filter(|record| kinds.contains(record.kind()))
            .count()
    }

    /// How many records there are of each kind, in the order of [`Kind::ALL`].
    #[must_use]
    pub fn count_by_kind(&self) -> [u64; Kind::ALL.len()] {
        let mut census = [0; Kind::ALL.len()];
        for record in self.records() {
            census[record.kind() as usize] += 1;
        }
        census
    }

    /// Hands each record to `judge`, which may change it in place, and keeps those that are to go
    /// on, in order. `judge` sees the batch's bytes.
    pub fn sift(
        &mut self,
        tally: &mut Tally,
        mut judge: impl FnMut(&mut Record, &[u8]) -> Outcome,
    ) {
        let bytes = &self.bytes[..self.used];
        self.records
            .retain_mut(|record| match judge(record, bytes) {
                Outcome::Keep => true,
                outcome => {
                    tally.count(outcome);
                    false
                }
            });
    }

    /// Leaves out the records of other kinds, which have gone another way.
    pub fn retain(&mut self, kinds: Kinds) {
        self.records
            .retain_mut(|record| kinds.contains(record.kind()));
    }

    /// Takes out the records behind the first `len`, with all the bytes.
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

    /// A copy for a second pipeline that changes records on its own.
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
