//! Recycling of batch memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Batch, Slots};
use crate::time::TimeSource;

/// Maximum memory of all idle batches. This is room for several full batches, more than are in use
/// at a time while no queue builds up.
pub(super) const MAX_IDLE_BYTES: usize = 3 << 19;
/// The same for batches without slots.
const MAX_IDLE_BYTES_WITHOUT_SLOTS: usize = 1 << 19;
/// Smaller batches are freed: they are as cheap to allocate as to keep, and would have to grow.
const MIN_KEPT_BYTES: usize = 32 << 10;
/// Larger batches are freed: they held an unusually large frame or burst.
const MAX_KEPT_BYTES: usize = 512 << 10;

/// Records and bytes that a new batch has room for. Batches of one size can reuse each other's
/// memory; vectors that grow on demand would fragment it.
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
struct IdleList {
    buffers: Vec<Buffers>,
    memory: usize,
}

/// A bounded pool of idle batches, shared by its clones.
#[derive(Clone, Debug)]
pub struct Pool {
    idle: Arc<IdleBuffers>,
    has_slots: bool,
}

#[derive(Debug, Default)]
struct IdleBuffers {
    with_slots: Mutex<IdleList>,
    without_slots: Mutex<IdleList>,
}

impl Default for Pool {
    fn default() -> Self {
        Self {
            idle: Arc::default(),
            has_slots: true,
        }
    }
}

impl Pool {
    /// Returns an empty batch, whose memory returns to this pool when it is dropped.
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

    /// Returns a handle to the same pool that hands out batches without record slots.
    #[must_use]
    pub fn without_slots(&self) -> Self {
        Self {
            has_slots: false,
            ..self.clone()
        }
    }

    /// Returns a handle to the same pool that hands out batches with record slots.
    pub(super) fn with_slots(&self) -> Self {
        Self {
            has_slots: true,
            ..self.clone()
        }
    }

    pub(super) fn give_back(&self, mut records: Slots, bytes: Vec<u8>) {
        records.truncate(0);
        let max = if self.has_slots {
            MAX_IDLE_BYTES
        } else {
            MAX_IDLE_BYTES_WITHOUT_SLOTS
        };
        let rejected = self.lock().push(Buffers { records, bytes }, max);
        // Freed after the lock is released.
        drop(rejected);
    }

    #[cfg(test)]
    pub(super) fn idle_bytes(&self) -> usize {
        self.lock().memory
    }

    fn lock(&self) -> MutexGuard<'_, IdleList> {
        let idle = if self.has_slots {
            &self.idle.with_slots
        } else {
            &self.idle.without_slots
        };
        idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl IdleList {
    /// Returns the buffers that were added last, which may still be in the CPU cache.
    fn pop(&mut self) -> Option<Buffers> {
        let buffers = self.buffers.pop()?;
        self.memory -= buffers.memory();
        Some(buffers)
    }

    /// Stores `buffers`, or returns them if they are of an unusual size or the list would exceed
    /// `max` bytes.
    fn push(&mut self, buffers: Buffers, max: usize) -> Option<Buffers> {
        let memory = buffers.memory();
        if !(MIN_KEPT_BYTES..=MAX_KEPT_BYTES).contains(&memory) || self.memory + memory > max {
            return Some(buffers);
        }
        self.memory += memory;
        self.buffers.push(buffers);
        None
    }
}
