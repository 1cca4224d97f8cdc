//! Memory of batches that are done, for the next ones.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Batch, Slots};

/// Memory of all idle batches at most: some that were filled, which is more than are under way where nothing waits.
pub(super) const MAX_IDLE_BYTES: usize = 2 << 20;
/// A batch that holds less costs no more to make than to keep, and would have to grow.
const LEAST_BYTES: usize = 32 << 10;
/// One that holds more had a frame or a burst in it that is not likely to come again soon.
const MOST_BYTES: usize = 512 << 10;

/// Records and bytes that a new batch has room for. All batches being alike, what one leaves behind fits the next one:
/// vectors that grow would leave memory of all sizes.
const RECORDS: usize = 384;
const BYTES: usize = 64 << 10;

/// The memory of one batch.
#[derive(Debug)]
struct Buffers {
    records: Slots,
    bytes: Vec<u8>,
}

impl Buffers {
    fn new() -> Self {
        Self { records: Slots::with_capacity(RECORDS), bytes: Vec::with_capacity(BYTES) }
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
#[derive(Clone, Debug, Default)]
pub struct Pool {
    idle: Arc<Mutex<Idle>>,
}

impl Pool {
    /// An empty batch that comes back here when it is dropped.
    #[must_use]
    pub fn take(&self) -> Batch {
        let idle = self.lock().pop();
        let Buffers { records, bytes } = idle.unwrap_or_else(Buffers::new);
        Batch { records, bytes, used: 0, pool: Some(self.clone()) }
    }

    pub(super) fn give_back(&self, mut records: Slots, bytes: Vec<u8>) {
        records.truncate(0);
        let refused = self.lock().push(Buffers { records, bytes });
        // Freed here, without the lock.
        drop(refused);
    }

    #[cfg(test)]
    pub(super) fn idle_bytes(&self) -> usize {
        self.lock().memory
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Idle {
    /// The batch that came last, which may still be in the processor's cache.
    fn pop(&mut self) -> Option<Buffers> {
        let buffers = self.batches.pop()?;
        self.memory -= buffers.memory();
        Some(buffers)
    }

    /// Keeps a batch, or gives it back if there is no room for it.
    fn push(&mut self, buffers: Buffers) -> Option<Buffers> {
        let memory = buffers.memory();
        if !(LEAST_BYTES..=MOST_BYTES).contains(&memory) || self.memory + memory > MAX_IDLE_BYTES {
            return Some(buffers);
        }
        self.memory += memory;
        self.batches.push(buffers);
        None
    }
}
