//! A view of an edge that does not keep it open.

use std::sync::Arc;
use std::time::Duration;

use super::queue::Queue;
use super::sender::Edge;
use crate::ledger::{Peak, QueueProbe, Queued};
use crate::limits::{Limits, WhenFull};
use crate::sync::lock;

/// A view of an edge that does not keep it open.
#[derive(Clone, Debug)]
pub(crate) struct EdgeHandle {
    pub(super) queue: Arc<Queue>,
}

impl Edge {
    pub(crate) fn handle(&self) -> EdgeHandle {
        EdgeHandle {
            queue: Arc::clone(&self.queue),
        }
    }
}

impl EdgeHandle {
    /// Returns a sender, unless the last one was dropped.
    pub(crate) fn edge(&self) -> Option<Edge> {
        let mut state = lock(&self.queue.state);
        if state.senders == 0 {
            return None;
        }
        state.senders += 1;
        drop(state);
        Some(Edge {
            queue: Arc::clone(&self.queue),
        })
    }

    /// Whether both belong to the same inbox.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.queue, &other.queue)
    }

    /// Changes the policy of a full edge, also for senders that are blocked.
    pub(crate) fn set_when_full(&self, when_full: WhenFull) {
        lock(&self.queue.state).limits.when_full = when_full;
        self.queue.drained.notify_waiters();
    }

    /// Asks the reader to end. It does so when all senders were dropped.
    pub(crate) fn request_end(&self) {
        lock(&self.queue.state).end_requested = true;
        self.queue.ending.notify_waiters();
    }

    /// Disconnects a pipeline: its series end in the reader.
    pub(crate) fn unwire(&self, pipeline: &str) {
        lock(&self.queue.state).points.unwire(pipeline);
        self.queue.filled.notify_one();
    }

    /// Whether there are senders.
    pub(crate) fn is_open(&self) -> bool {
        lock(&self.queue.state).senders > 0
    }

    /// Whether the reader has begun to take records.
    pub(crate) fn was_read(&self) -> bool {
        lock(&self.queue.state).was_read
    }

    /// Whether the reader has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.queue.is_over()
    }

    /// The probe for the ledger's report.
    pub(crate) fn probe(&self) -> Arc<dyn QueueProbe> {
        Arc::clone(&self.queue) as _
    }
}

impl QueueProbe for Queue {
    fn limits(&self) -> Limits {
        lock(&self.state).limits
    }

    fn queued(&self) -> Queued {
        let mut state = lock(&self.state);
        let bytes = state.weight() as u64;
        Queued {
            records: state.records as u64,
            bytes,
            series: state.points.waiting() as u64,
        }
    }

    fn peak(&self) -> Peak {
        lock(&self.state).peak
    }

    fn blocked(&self) -> Duration {
        self.blocked.total()
    }

    fn is_over(&self) -> bool {
        lock(&self.state).reader_gone
    }
}
