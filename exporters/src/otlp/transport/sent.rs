//! Whether the backend may have received a request that it has not confirmed.
//!
//! It may from the moment that the connection takes the request's body; headers alone are not a
//! request. A refusal clears the flag for its own attempt only: an earlier attempt that timed out
//! or lost its connection may still have arrived. After such an attempt only a confirmed delivery
//! makes the outcome certain.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Set once the backend may have received a request; clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct SentFlag(Arc<AtomicBool>);

impl SentFlag {
    pub(crate) fn new(may_be_received: bool) -> Self {
        Self(Arc::new(AtomicBool::new(may_be_received)))
    }

    /// Returns whether the backend may have received the request.
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Sets or clears the flag.
    pub(crate) fn set(&self, may_be_received: bool) {
        self.0.store(may_be_received, Ordering::Release);
    }
}
