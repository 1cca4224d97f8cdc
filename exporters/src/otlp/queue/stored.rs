//! The requests that are on disk alone. Which ones is known to the log; here are their tickets, for
//! each segment together, so that a long queue takes little memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidegate_runtime::disk_log::{Next, Position};

use super::request::{Evicted, QueuedRequest, StoredCopy};
use super::tag::decode_tag;
use crate::otlp::delivery::{RequestOutcome, RequestTickets};
use crate::otlp::failure::drop_reason;
use crate::otlp::sealing::SealedFrame;

/// The requests on disk.
#[derive(Debug, Default)]
pub(super) struct Stored {
    /// Tickets of the requests in each segment that are on disk alone.
    tickets: BTreeMap<u64, RequestTickets>,
    pub(super) evicted: Arc<Evicted>,
    /// Requests that need no copy on disk any more.
    pub(super) acknowledge: Vec<Position>,
    /// Requests that are on disk alone from now on.
    pub(super) release: Vec<Position>,
    /// A request that was read and waits to be sent.
    pub(super) next: Option<QueuedRequest>,
    /// Whether the last write succeeded.
    pub(super) is_writable: bool,
    /// Requests in the log that nobody has read.
    pub(super) unread: u64,
}

impl Stored {
    pub(super) fn new() -> Self {
        Self {
            is_writable: true,
            ..Self::default()
        }
    }

    /// Takes over what an earlier run left in a segment.
    pub(super) fn recover(&mut self, segment: u64, entries: u64, mut tickets: RequestTickets) {
        tickets.set_stored(true);
        self.unread += entries;
        self.add(segment, tickets);
    }

    /// Leaves a request to the disk alone.
    pub(super) fn spill(&mut self, request: QueuedRequest) {
        if let Some(copy) = request.stored {
            self.add(copy.at.segment, request.tickets);
            self.release.push(copy.at);
            self.unread += 1;
        }
    }

    /// The disk has removed the oldest segments: what was on it alone is lost.
    pub(super) fn evict(&mut self, segments: &[u64]) {
        let Some(last) = segments.last() else { return };
        self.evicted.set(*last);
        let kept = self.tickets.split_off(&(last + 1));
        let lost = std::mem::replace(&mut self.tickets, kept);
        for tickets in lost.into_values() {
            tickets.settle(RequestOutcome::Dropped(drop_reason::QUEUE_EVICTED));
        }
        self.acknowledge.retain(|at| at.segment > *last);
        self.release.retain(|at| at.segment > *last);
    }

    /// Takes what was read. A request that cannot be sent is lost.
    pub(super) fn read(&mut self, next: Next) {
        let damaged = RequestOutcome::Dropped(drop_reason::QUEUE_DAMAGED);
        match next {
            Next::Entry(entry) => {
                let mut tickets = self.take(entry.at.segment, entry.records.into());
                let frame = decode_tag(entry.tag).and_then(|(signal, encoding)| {
                    Some((signal, SealedFrame::from_stored(entry.payload, encoding)?))
                });
                let Some((signal, frame)) = frame else {
                    self.acknowledge.push(entry.at);
                    return tickets.settle(damaged);
                };
                tickets.set_stored(true);
                self.next = Some(QueuedRequest {
                    signal,
                    frame,
                    tickets,
                    stored: Some(StoredCopy::new(entry.at, &self.evicted)),
                });
            }
            Next::DamagedEntry { at, records } => {
                self.take(at.segment, records.into()).settle(damaged);
            }
            Next::DamagedSegment(segment) => {
                let tickets = self.tickets.remove(&segment).unwrap_or_default();
                tickets.settle(damaged);
            }
        }
    }

    /// Settles the tickets of all requests on disk: the next run sends them.
    pub(super) fn leave(&mut self) {
        let tickets = std::mem::take(&mut self.tickets);
        for tickets in tickets.into_values() {
            tickets.leave_stored();
        }
        if let Some(next) = self.next.take() {
            next.leave(drop_reason::DRAIN_TIMEOUT);
        }
    }

    /// The number of records that are on disk alone, or were read and wait to be sent.
    pub(super) fn records(&self) -> u64 {
        let read = self.next.as_ref().map(|next| next.tickets.records());
        let unread: u64 = self.tickets.values().map(RequestTickets::records).sum();
        unread + read.unwrap_or_default()
    }

    /// Whether nothing is on disk alone.
    pub(super) fn is_empty(&self) -> bool {
        self.unread == 0 && self.next.is_none()
    }

    fn add(&mut self, segment: u64, tickets: RequestTickets) {
        self.tickets.entry(segment).or_default().append(tickets);
    }

    fn take(&mut self, segment: u64, records: u64) -> RequestTickets {
        let Some(tickets) = self.tickets.get_mut(&segment) else {
            return RequestTickets::default();
        };
        let taken = tickets.split(records);
        if tickets.records() == 0 {
            self.tickets.remove(&segment);
        }
        taken
    }
}
