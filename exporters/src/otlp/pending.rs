//! The log request that is being filled, and the tickets of its records.

use tidegate_core::ledger::Ticket;
use tokio::time::Instant;

use super::config::Batching;
use super::delivery::Terminal;
use super::frame::{Message, PREFIX};
use super::logs::Envelope;
use super::sent::Sent;
use super::verdict::reason;

/// Memory for a record beyond those that a request has room for. Records with more are few.
const SPARE: usize = 16 << 10;

/// Encoded log records on their way into one request. They are written where they are sent from.
#[derive(Debug)]
pub(super) struct Pending {
    limits: Batching,
    envelope: Envelope,
    /// The most bytes that records may take together.
    room: usize,
    /// Where the first record begins, behind room for prefix and envelope.
    start: usize,
    /// The records, and perhaps one behind them that is not kept yet.
    bytes: Vec<u8>,
    /// Where the last record that is kept ends.
    end: usize,
    count: u64,
    /// The last records whose ticket the exporter still holds.
    uncovered: u64,
    tickets: Tickets,
    /// When it has to be sent.
    due: Option<Instant>,
    /// Memory of requests that are done.
    idle: Vec<Vec<u8>>,
}

/// Where a record can go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// Into this request.
    Here,
    /// Into the next one.
    Next,
    /// Into none.
    Never,
}

/// A request ready to be sent, and who waits for its outcome.
#[derive(Debug)]
pub(super) struct LogRequest {
    /// The message.
    pub(super) message: Message,
    /// The tickets of exactly its records.
    pub(super) tickets: Tickets,
}

/// The tickets of one request's records.
#[derive(Debug, Default)]
pub(super) struct Tickets(Vec<Ticket>);

impl Tickets {
    /// How many records they are of.
    pub(super) fn records(&self) -> u64 {
        self.0.iter().map(Ticket::left).sum()
    }

    /// Enters what came of the request.
    pub(super) fn settle(self, terminal: Terminal) {
        match terminal {
            Terminal::Dropped(reason) => self
                .0
                .into_iter()
                .for_each(|ticket| ticket.drop_all(reason)),
            Terminal::Unconfirmed => self.0.into_iter().for_each(Ticket::unconfirmed_all),
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

/// A request that is being delivered. Where that is cut off, its records are unconfirmed if the
/// backend may have them.
#[derive(Debug)]
pub(super) struct UnderWay {
    /// The tickets of its records.
    pub(super) tickets: Tickets,
    /// Whether the backend may have it.
    pub(super) sent: Sent,
}

impl UnderWay {
    /// Enters what came of the request.
    pub(super) fn settle(mut self, terminal: Terminal) {
        std::mem::take(&mut self.tickets).settle(terminal);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let may_have = self.sent.get();
        self.tickets
            .0
            .iter_mut()
            .for_each(|ticket| ticket.set_at_peer(may_have));
    }
}

impl Pending {
    /// An empty one.
    pub(super) fn new(limits: Batching, envelope: Envelope) -> Self {
        let start = PREFIX + envelope.head_room();
        let room = envelope.room(limits.max_bytes.get());
        let (bytes, end) = (vec![0; start], start);
        let (count, uncovered, tickets, due, idle) = (0, 0, Tickets::default(), None, Vec::new());
        Self {
            limits,
            envelope,
            room,
            start,
            bytes,
            end,
            count,
            uncovered,
            tickets,
            due,
            idle,
        }
    }

    /// Has `encode` append a record, and says what has to follow: [`Self::keep`]; [`Self::seal`]
    /// and then [`Self::keep`]; or nothing, since the record is gone.
    pub(super) fn write(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> Fit {
        self.grow_no_further_than_need_be();
        encode(&mut self.bytes);
        if self.bytes.len() - self.end > self.room {
            self.bytes.truncate(self.end);
            self.bytes.shrink_to(self.most());
            Fit::Never
        } else if self.is_full() || self.bytes.len() - self.start > self.room {
            Fit::Next
        } else {
            Fit::Here
        }
    }

    /// Keeps the record that was written last, whose ticket [`Self::cover`] takes over.
    pub(super) fn keep(&mut self) {
        self.end = self.bytes.len();
        self.count += 1;
        self.uncovered += 1;
        if self.is_full() {
            self.due = Some(Instant::now());
        } else if self.due.is_none() {
            self.due = Some(Instant::now() + self.limits.timeout.0);
        }
    }

    fn is_full(&self) -> bool {
        self.count == self.limits.max_records.get()
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

    /// Takes out what was kept, for sending; `None` if there is nothing. Every record has to be
    /// covered.
    pub(super) fn seal(&mut self) -> Option<LogRequest> {
        debug_assert_eq!(
            self.uncovered, 0,
            "a record without a ticket cannot be sent"
        );
        self.due = None;
        if self.count == 0 {
            return None;
        }
        let mut bytes = self.change_bytes();
        self.count = 0;
        let head = self.envelope.head(bytes.len() - self.start);
        let start = self.start - head.len();
        bytes[start..self.start].copy_from_slice(&head);
        Some(LogRequest {
            message: Message::new(bytes, start),
            tickets: std::mem::take(&mut self.tickets),
        })
    }

    /// Takes out the bytes up to the end of what was kept, and begins anew with what is behind it.
    fn change_bytes(&mut self) -> Vec<u8> {
        let rest = &self.bytes[self.end..];
        if rest.is_empty() && !self.is_full() {
            // Few records come, which need little memory.
            self.idle.clear();
        }
        // The next request is likely to be as large as this one.
        let mut next = self
            .idle
            .pop()
            .unwrap_or_else(|| Vec::with_capacity(self.bytes.len()));
        next.clear();
        next.resize(self.start, 0);
        next.extend_from_slice(rest);
        let mut bytes = std::mem::replace(&mut self.bytes, next);
        bytes.truncate(std::mem::replace(&mut self.end, self.start));
        bytes
    }

    /// Takes memory for later requests. It came from here, so there is never more than all requests
    /// under way had; what a large record made larger than a request needs it is not kept.
    pub(super) fn reuse(&mut self, memory: Option<Vec<u8>>) {
        let most = self.most();
        self.idle
            .extend(memory.filter(|memory| memory.capacity() <= most));
    }

    /// A vector doubles when it is full, which would be twice the memory that a request may have.
    fn grow_no_further_than_need_be(&mut self) {
        let (len, most) = (self.bytes.len(), self.most());
        if self.bytes.capacity() < most && len > most / 2 {
            self.bytes.reserve_exact(most - len);
        }
    }

    /// Memory for a full request and the record that did not fit.
    fn most(&self) -> usize {
        self.start + self.room + SPARE
    }
}
