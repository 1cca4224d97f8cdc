//! Requests to the processors of a pipeline to resend their state, because a stage
//! behind them is new or had no room for all of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The requests of one pipeline; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResendRequests(Arc<AtomicU64>);

/// One task's view of the requests.
#[derive(Debug)]
pub(crate) struct ResendSubscription {
    requests: ResendRequests,
    seen: u64,
}

impl ResendRequests {
    /// Makes every processor of the pipeline [resend](crate::stage::Stateful::resend) at its next
    /// tick, or before it finishes.
    pub(crate) fn request(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }

    /// Subscribes a task to the requests from now on.
    pub(crate) fn subscribe(&self) -> ResendSubscription {
        ResendSubscription {
            requests: self.clone(),
            seen: self.0.load(Ordering::Acquire),
        }
    }
}

impl ResendSubscription {
    /// Returns whether there was a request since the last call.
    pub(crate) fn is_new(&mut self) -> bool {
        let now = self.requests.0.load(Ordering::Acquire);
        std::mem::replace(&mut self.seen, now) != now
    }
}
