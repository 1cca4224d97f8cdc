//! Memory of batches that are done, for the next ones.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Batch, Slots};
use crate::time::TimeSource;

/// Memory of all idle batches at most: some that were filled, which is more than are under way
/// where nothing waits.
pub(super) const MAX_IDLE_BYTES: usize = 3 << 19;
/// The same of those that have no places for records.
const MAX_IDLE_BYTES_WITHOUT_PLACES: usize = 1 << 19;
/// A batch that holds less costs no more to make than to keep, and would have to grow.
const LEAST_BYTES: usize = 32 << 10;
/// One that holds more had a frame or a burst in it that is not likely to come again soon.
const MOST_BYTES: usize = 512 << 10;

/// Records and bytes that a new batch has room for. All batches being alike, what one leaves behind
/// fits the next one: vectors that grow would leave memory of all sizes.
const RECORDS: usize = 384;
const BYTES: usize = 64 << 10;

/// The memory of one batch.
#[derive(Debug)]
struct Buffers {
    records: Slots,
    bytes: Vec<u8>,
}

impl Buffers {
    fn new(records: usize) -> Self {
        Self {
            records: Slots::with_capacity(records),
            bytes: Vec::with_capacity(BYTES),
        }
    }

    fn memory(&self) -> usize {
        self.records.memory() + self.bytes.capacity()
    }
}

#[derive(Debug, Default)]
struct Idle {
    batches: Vec<Buffers>,
    memory: usize,
}

/// A bounded store of idle batches; clones share it.
#[derive(Clone, Debug)]
pub struct Pool {
    stock: Arc<Stock>,
    has_slots: bool,
}

#[derive(Debug, Default)]
struct Stock {
    whole: Mutex<Idle>,
    without_slots: Mutex<Idle>,
}

impl Default for Pool {
    fn default() -> Self {
        Self {
            stock: Arc::default(),
            has_slots: true,
        }
    }
}

impl Pool {
    /// An empty batch that comes back here when it is dropped.
    #[must_use]
    pub fn take(&self) -> Batch {
        let idle = self.lock().pop();
        let Buffers { records, bytes } =
            idle.unwrap_or_else(|| Buffers::new(if self.has_slots { RECORDS } else { 0 }));
        Batch {
            records,
            bytes,
            used: 0,
            time_source: TimeSource::default(),
            pool: Some(self.clone()),
        }
    }

    /// The same store for batches that have no places for records yet.
    #[must_use]
    pub fn without_slots(&self) -> Self {
        Self {
            has_slots: false,
            ..self.clone()
        }
    }

    /// The same store for those that have.
    pub(super) fn with_slots(&self) -> Self {
        Self {
            has_slots: true,
            ..self.clone()
        }
    }

    pub(super) fn give_back(&self, mut records: Slots, bytes: Vec<u8>) {
        records.truncate(0);
        let most = if self.has_slots {
            MAX_IDLE_BYTES
        } else {
            MAX_IDLE_BYTES_WITHOUT_PLACES
        };
        let refused = self.lock().push(Buffers { records, bytes }, most);
        // Freed here, without the lock.
        drop(refused);
    }

    #[cfg(test)]
    pub(super) fn idle_bytes(&self) -> usize {
        self.lock().memory
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        let idle = if self.has_slots {
            &self.stock.whole
        } else {
            &self.stock.without_slots
        };
        idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Idle {
    /// The batch that came last, which may still be in the processor's cache.
    fn pop(&mut self) -> Option<Buffers> {
        let buffers = self.batches.pop()?;
        self.memory -= buffers.memory();
        Some(buffers)
    }

    /// Keeps a batch, or gives it back if that would be more memory than `most`.
    fn push(&mut self, buffers: Buffers, most: usize) -> Option<Buffers> {
        let memory = buffers.memory();
        if !(LEAST_BYTES..=MOST_BYTES).contains(&memory) || self.memory + memory > most {
            return Some(buffers);
        }
        self.memory += memory;
        self.batches.push(buffers);
        None
    }
}
