//! The tickets of a request's records.

use tidegate_runtime::ledger::Ticket;

use super::outcome::RequestOutcome;
use crate::otlp::failure::drop_reason;

/// The tickets of a request's records: one for each pipeline that they came through.
#[derive(Debug, Default)]
pub(crate) struct RequestTickets(Vec<Ticket>);

impl RequestTickets {
    /// Adds the ticket of some of the request's records.
    pub(crate) fn push(&mut self, mut ticket: Ticket) {
        for known in &mut self.0 {
            match known.try_merge(ticket) {
                Ok(()) => return,
                Err(other) => ticket = other,
            }
        }
        self.0.push(ticket);
    }

    /// Adds the tickets of other records.
    pub(crate) fn append(&mut self, other: Self) {
        other.0.into_iter().for_each(|ticket| self.push(ticket));
    }

    /// The number of records that the tickets are for.
    pub(crate) fn records(&self) -> u64 {
        self.0.iter().map(Ticket::left).sum()
    }

    /// Takes the tickets of `n` records. Which pipeline a record came through is not known.
    pub(crate) fn split(&mut self, n: u64) -> Self {
        let mut taken = Vec::new();
        let mut missing = n;
        for ticket in &mut self.0 {
            let part = missing.min(ticket.left());
            missing -= part;
            if part > 0 {
                taken.push(ticket.split(part));
            }
        }
        self.0.retain(|ticket| ticket.left() > 0);
        Self(taken)
    }

    /// States whether the records are in the queue on disk.
    pub(crate) fn set_stored(&mut self, is_stored: bool) {
        for ticket in &mut self.0 {
            ticket.set_stored(is_stored);
        }
    }

    /// States whether the backend may have received the records.
    pub(crate) fn set_at_peer(&mut self, at_peer: bool) {
        for ticket in &mut self.0 {
            ticket.set_at_peer(at_peer);
        }
    }

    /// Settles the tickets of records that stay in the queue on disk for the next run.
    pub(crate) fn leave_stored(self) {
        self.0.into_iter().for_each(Ticket::stored_all);
    }

    /// Settles the tickets with the request's outcome. Rejected records are taken from the first
    /// tickets, since the response does not identify them.
    pub(crate) fn settle(self, outcome: RequestOutcome) {
        match outcome {
            RequestOutcome::Dropped(reason) => self
                .0
                .into_iter()
                .for_each(|ticket| ticket.drop_all(reason)),
            RequestOutcome::Unconfirmed => self.0.into_iter().for_each(Ticket::unconfirmed_all),
            RequestOutcome::Delivered { mut rejected } => {
                for mut ticket in self.0 {
                    let n = rejected.min(ticket.left());
                    rejected -= n;
                    ticket.dropped(drop_reason::REJECTED_BY_PEER, n);
                    ticket.absorb_all();
                }
            }
        }
    }
}
