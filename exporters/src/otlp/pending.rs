//! The log request that is being filled, and the tickets of its records.

use bytes::Bytes;
use tidegate_core::ledger::Ticket;
use tokio::time::Instant;

use super::codec::Encoded;
use super::config::Batching;
use super::delivery::Terminal;
use super::logs::Envelope;
use super::verdict::reason;

/// Encoded log records on their way into one request.
#[derive(Debug)]
pub(super) struct Pending {
    limits: Batching,
    envelope: Envelope,
    records: Vec<u8>,
    count: u64,
    /// The last records whose ticket the exporter still holds.
    uncovered: u64,
    tickets: Tickets,
    /// When it has to be sent.
    due: Option<Instant>,
}

/// A request ready to be sent, and who waits for its outcome.
#[derive(Debug)]
pub(super) struct LogRequest {
    /// The message.
    pub(super) message: Encoded,
    /// The tickets of exactly its records.
    pub(super) tickets: Tickets,
}

/// The tickets of one request's records.
#[derive(Debug, Default)]
pub(super) struct Tickets(Vec<Ticket>);

impl Tickets {
    /// Enters what came of the request.
    pub(super) fn settle(self, terminal: Terminal) {
        match terminal {
            Terminal::Dropped(reason) => self.0.into_iter().for_each(|ticket| ticket.drop_all(reason)),
            Terminal::Delivered { mut rejected } => {
                for mut ticket in self.0 {
                    let here = rejected.min(ticket.left());
                    rejected -= here;
                    ticket.dropped(reason::REJECTED_BY_PEER, here);
                    ticket.absorb_all();
                }
            }
        }
    }
}

impl Pending {
    /// An empty one.
    pub(super) fn new(limits: Batching, envelope: Envelope) -> Self {
        Self { limits, envelope, records: Vec::new(), count: 0, uncovered: 0, tickets: Tickets::default(), due: None }
    }

    /// Whether a record of `len` bytes can be sent at all.
    pub(super) fn allows(&self, len: usize) -> bool {
        self.envelope.len(len) <= self.limits.max_bytes.get()
    }

    /// Whether there is room for a record of `len` bytes.
    pub(super) fn fits(&self, len: usize) -> bool {
        self.count < self.limits.max_records.get()
            && self.envelope.len(self.records.len() + len) <= self.limits.max_bytes.get()
    }

    /// Adds an encoded record, whose ticket [`Self::cover`] takes over.
    pub(super) fn push(&mut self, record: &[u8]) {
        self.records.extend_from_slice(record);
        self.count += 1;
        self.uncovered += 1;
        if self.count == self.limits.max_records.get() {
            self.due = Some(Instant::now());
        } else if self.due.is_none() {
            self.due = Some(Instant::now() + self.limits.timeout.0);
        }
    }

    /// Takes over the ticket of the records that were added since the last call.
    pub(super) fn cover(&mut self, ticket: &mut Ticket) {
        let n = std::mem::take(&mut self.uncovered);
        if n > 0 {
            self.tickets.0.push(ticket.split(n));
        }
    }

    /// When it has to be sent: at once if it is full, never while it is empty.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Takes out what there is, for sending; `None` if there is nothing. Every record has to be covered.
    pub(super) fn seal(&mut self) -> Option<LogRequest> {
        debug_assert_eq!(self.uncovered, 0, "a record without a ticket cannot be sent");
        self.due = None;
        if std::mem::take(&mut self.count) == 0 {
            return None;
        }
        // The next request is likely to be as large as this one.
        let room = Vec::with_capacity(self.records.len());
        let records = std::mem::replace(&mut self.records, room);
        let head = self.envelope.head(records.len());
        let message = Encoded { head, tail: Bytes::from(records) };
        Some(LogRequest { message, tickets: std::mem::take(&mut self.tickets) })
    }
}
