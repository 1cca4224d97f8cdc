//! The tickets of a request's records.

use tidegate_runtime::ledger::Ticket;

use crate::otlp::delivery::RequestOutcome;
use crate::otlp::failure::drop_reason;
use crate::otlp::transport::SentFlag;

/// The tickets of one request's records.
#[derive(Debug, Default)]
pub(crate) struct RequestTickets(Vec<Ticket>);

/// The tickets of a request in flight. If its delivery is cancelled, they settle as unconfirmed if
/// the backend may have received the request.
#[derive(Debug)]
pub(crate) struct InFlightTickets {
    /// The tickets of the request's records.
    pub(crate) tickets: RequestTickets,
    /// Whether the backend may have received the request.
    pub(crate) sent: SentFlag,
}

impl RequestTickets {
    /// Adds the ticket of some of the request's records.
    pub(super) fn push(&mut self, ticket: Ticket) {
        self.0.push(ticket);
    }

    /// The number of records that the tickets are for.
    pub(crate) fn records(&self) -> u64 {
        self.0.iter().map(Ticket::left).sum()
    }

    /// Settles the tickets with the request's outcome. Rejected records are taken from the first
    /// tickets, since the response does not identify them.
    fn settle(self, outcome: RequestOutcome) {
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

impl InFlightTickets {
    /// Settles the tickets with the request's outcome.
    pub(crate) fn settle(mut self, outcome: RequestOutcome) {
        std::mem::take(&mut self.tickets).settle(outcome);
    }
}

impl Drop for InFlightTickets {
    fn drop(&mut self) {
        let may_be_received = self.sent.get();
        for ticket in &mut self.tickets.0 {
            ticket.set_at_peer(may_be_received);
        }
    }
}
