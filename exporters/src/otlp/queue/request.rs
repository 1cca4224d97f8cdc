//! A request on its way to the backend.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tidegate_runtime::disk_log::Position;

use crate::otlp::delivery::{RequestOutcome, RequestParts, RequestSender, RequestTickets};
use crate::otlp::failure::drop_reason;
use crate::otlp::sealing::SealedFrame;
use crate::otlp::signal::Signal;

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
    parts: RequestParts,
    weight: usize,
    records: u64,
    stored: Option<StoredCopy>,
}

/// A request that has its outcome.
#[derive(Debug)]
pub(super) struct FinishedRequest {
    /// Its frame, unless it was sent in parts.
    pub(super) frame: Option<SealedFrame>,
    /// Memory of its frame.
    pub(super) weight: usize,
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
    pub(super) fn new(request: QueuedRequest) -> Self {
        let QueuedRequest {
            signal,
            frame,
            tickets,
            stored,
        } = request;
        Self {
            weight: frame.weight(),
            records: tickets.records(),
            parts: RequestParts::new(signal, frame, tickets),
            stored,
        }
    }

    /// Sends it until its records have their outcomes. Cancel safe.
    pub(super) async fn send(&mut self, sender: &RequestSender) {
        self.parts.send(sender).await;
    }

    /// Settles the tickets. A request that is `given_up` stays on disk as a whole, if it is there.
    pub(super) fn settle(mut self, given_up: bool) -> FinishedRequest {
        let frame = self.parts.take_frame();
        let mut done_with = None;
        if given_up && self.is_stored() {
            self.parts.leave_stored();
        } else {
            self.parts.settle(drop_reason::DRAIN_TIMEOUT);
            done_with = self.stored.take().map(|copy| copy.at);
        }
        FinishedRequest {
            frame,
            weight: self.weight,
            records: self.records,
            done_with,
        }
    }

    fn is_stored(&self) -> bool {
        self.stored.as_ref().is_some_and(StoredCopy::exists)
    }
}

impl Drop for SentRequest {
    fn drop(&mut self) {
        let is_stored = self.is_stored();
        self.parts.cancelled(is_stored);
    }
}
