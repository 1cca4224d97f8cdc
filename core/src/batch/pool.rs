//! Memory of batches that are done, for the next ones.

use std::sync::{Arc, Mutex, PoisonError};

use super::Batch;
use crate::record::Record;

/// Idle batches that are kept at most; more than this are in flight only while edges are full.
const MAX_IDLE: usize = 8;
/// Memory of an idle batch above which it is freed rather than kept.
const MAX_IDLE_BYTES: usize = 1 << 20;

type Buffers = (Vec<Record>, Vec<u8>);

/// A bounded store of idle batches; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    idle: Arc<Mutex<Vec<Buffers>>>,
}

impl Pool {
    /// An empty batch that comes back here when it is dropped.
    #[must_use]
    pub fn take(&self) -> Batch {
        let (records, bytes) = self.lock().pop().unwrap_or_default();
        Batch { records, bytes, pool: Some(self.clone()) }
    }

    pub(super) fn give_back(&self, mut records: Vec<Record>, mut bytes: Vec<u8>) {
        records.clear();
        bytes.clear();
        let memory = records.capacity() * size_of::<Record>() + bytes.capacity();
        let mut idle = self.lock();
        if memory <= MAX_IDLE_BYTES && idle.len() < MAX_IDLE {
            idle.push((records, bytes));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Buffers>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
