//! A request on its way to the backend.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tidegate_runtime::disk_log::Position;

use crate::otlp::delivery::{RequestOutcome, RequestTickets};
use crate::otlp::sealing::SealedFrame;
use crate::otlp::signal::Signal;
use crate::otlp::transport::SentFlag;

/// A sealed request with the tickets of its records.
#[derive(Debug)]
pub(super) struct QueuedRequest {
    pub(super) signal: Signal,
    pub(super) frame: SealedFrame,
    pub(super) tickets: RequestTickets,
    /// Its copy on disk.
    pub(super) stored: Option<StoredCopy>,
}

/// The copy of a request on disk.
#[derive(Clone, Debug)]
pub(super) struct StoredCopy {
    pub(super) at: Position,
    evicted: Arc<Evicted>,
}

/// The number of the last segment that was evicted; they are evicted in order.
#[derive(Debug, Default)]
pub(super) struct Evicted(AtomicU64);

/// A request that is being sent. If that is cancelled, its tickets settle by where its records are.
#[derive(Debug)]
pub(super) struct SentRequest {
    pub(super) request: QueuedRequest,
    /// Whether the backend may have received the request.
    pub(super) sent: SentFlag,
}

/// A request that has its outcome.
#[derive(Debug)]
pub(super) struct FinishedRequest {
    pub(super) frame: SealedFrame,
    /// How many records it had.
    pub(super) records: u64,
    /// Its copy on disk, which is not needed any more.
    pub(super) done_with: Option<Position>,
}

impl Evicted {
    pub(super) fn set(&self, segment: u64) {
        self.0.store(segment, Ordering::Release);
    }
}

impl StoredCopy {
    pub(super) fn new(at: Position, evicted: &Arc<Evicted>) -> Self {
        Self {
            at,
            evicted: Arc::clone(evicted),
        }
    }

    fn exists(&self) -> bool {
        self.at.segment > self.evicted.0.load(Ordering::Acquire)
    }
}

impl QueuedRequest {
    /// Whether it has a copy on disk.
    pub(super) fn is_stored(&self) -> bool {
        self.stored.as_ref().is_some_and(StoredCopy::exists)
    }

    /// Settles the tickets of a request that is given up at the end of the run before it was sent.
    pub(super) fn leave(self, reason: &'static str) {
        if self.is_stored() {
            self.tickets.leave_stored();
        } else {
            self.tickets.settle(RequestOutcome::Dropped(reason));
        }
    }
}

impl SentRequest {
    /// Settles the tickets. A request that is `given_up` stays on disk, if it is there.
    pub(super) fn settle(mut self, outcome: RequestOutcome, given_up: bool) -> FinishedRequest {
        let tickets = std::mem::take(&mut self.request.tickets);
        let frame = self.request.frame.clone();
        let records = tickets.records();
        if given_up && self.request.is_stored() {
            tickets.leave_stored();
            return FinishedRequest {
                frame,
                records,
                done_with: None,
            };
        }
        tickets.settle(outcome);
        let done_with = self.request.stored.take().map(|copy| copy.at);
        FinishedRequest {
            frame,
            records,
            done_with,
        }
    }
}

impl Drop for SentRequest {
    fn drop(&mut self) {
        let is_stored = self.request.is_stored();
        self.request.tickets.set_stored(is_stored);
        self.request.tickets.set_at_peer(self.sent.get());
    }
}
