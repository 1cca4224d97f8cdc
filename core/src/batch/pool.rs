//! Memory of batches that are done, for the next ones.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Batch, Slots};

/// Memory of all idle batches at most. What a burst filled comes back while edges drain, and is needed again
/// when they fill: pages that the system has to clear anew cost more than the records in them.
const MAX_IDLE_BYTES: usize = 8 << 20;

/// The memory of one batch.
#[derive(Debug, Default)]
struct Buffers {
    records: Slots,
    bytes: Vec<u8>,
}

impl Buffers {
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
        let Buffers { records, bytes } = self.lock().pop().unwrap_or_default();
        Batch { records, bytes, used: 0, pool: Some(self.clone()) }
    }

    pub(super) fn give_back(&self, mut records: Slots, bytes: Vec<u8>) {
        records.truncate(0);
        let refused = self.lock().push(Buffers { records, bytes });
        // Freed here, without the lock.
        drop(refused);
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
        if self.memory + memory > MAX_IDLE_BYTES {
            return Some(buffers);
        }
        self.memory += memory;
        self.batches.push(buffers);
        None
    }
}
