//! A request on its way: whole at first, and in parts if the backend refuses it for its size or for
//! one of its records.
//!
//! A part that is refused again is halved between its records. A record that is refused alone is
//! dropped, unless the backend refuses everything. The tickets are settled together at the end, so
//! that a request in the queue on disk either stays there as a whole or is done with.

use super::division_budget::DivisionBudget;
use super::outcome::RequestOutcome;
use super::request_sender::{Attempts, RequestSender, SendResult};
use super::tickets::RequestTickets;
use crate::otlp::failure::Division;
use crate::otlp::sealing::SealedFrame;
use crate::otlp::signal::Signal;
use crate::otlp::transport::{FailedAttempt, SentFlag};

/// The parts of a request.
#[derive(Debug)]
pub(crate) struct RequestParts {
    signal: Signal,
    /// Those without an outcome; the last one is next.
    waiting: Vec<Part>,
    done: Vec<(RequestTickets, RequestOutcome)>,
    budget: DivisionBudget,
    /// The whole request, unless it was divided.
    frame: Option<SealedFrame>,
}

/// Some of the records of a request.
#[derive(Debug)]
struct Part {
    frame: SealedFrame,
    tickets: RequestTickets,
    /// Whether the backend may have received the records.
    sent: SentFlag,
}

impl RequestParts {
    pub(crate) fn new(signal: Signal, frame: SealedFrame, tickets: RequestTickets) -> Self {
        Self {
            signal,
            budget: DivisionBudget::new(tickets.records()),
            frame: Some(frame.clone()),
            waiting: vec![Part {
                frame,
                tickets,
                sent: SentFlag::default(),
            }],
            done: Vec::new(),
        }
    }

    /// Takes the frame of the whole request, unless it was divided.
    pub(crate) fn take_frame(&mut self) -> Option<SealedFrame> {
        self.frame.take()
    }

    /// Sends everything until each part has its outcome. Cancel safe.
    pub(crate) async fn send(&mut self, sender: &RequestSender) {
        let attempts = Attempts::new(&sender.retry);
        while let Some(part) = self.waiting.last() {
            let max_bytes = sender.client.max_request_bytes(self.signal);
            if part.exceeds(max_bytes) && self.divide(sender).await {
                continue;
            }
            let Some(part) = self.waiting.last() else {
                return;
            };
            match sender
                .send(self.signal, &part.frame, &part.sent, &attempts)
                .await
            {
                SendResult::Settled(outcome) => {
                    if matches!(outcome, RequestOutcome::Delivered { .. }) {
                        self.budget.accepted();
                    }
                    self.settle_next(outcome);
                }
                SendResult::Refused(division, failure) => {
                    self.refused(sender, division, &failure).await;
                }
            }
        }
        if self.frame.is_none() && self.budget.is_in_vain() {
            sender.refuses_everything(self.signal);
        }
    }

    /// Divides a part that was refused, or drops its records.
    async fn refused(
        &mut self,
        sender: &RequestSender,
        division: Division,
        failure: &FailedAttempt,
    ) {
        self.budget.refused();
        let may_divide = self.budget.is_left() && sender.may_divide(self.signal, division);
        let Some(part) = self.waiting.last() else {
            return;
        };
        let is_alone = part.tickets.records() == 1;
        if may_divide && !is_alone && self.divide(sender).await {
            return sender.status.divided(self.signal, failure);
        }
        if !self.budget.is_left() {
            return self.give_up(sender, division, failure);
        }
        let reason = match is_alone {
            true => division.reason_alone(),
            false => division.reason_together(),
        };
        sender.refused(self.signal, failure, self.frame.is_none());
        let Some(part) = self.waiting.last() else {
            return;
        };
        let outcome = RequestOutcome::given_up(reason, &part.sent);
        self.settle_next(outcome);
    }

    /// Drops all parts that wait, since dividing them further would take too many requests.
    fn give_up(&mut self, sender: &RequestSender, division: Division, failure: &FailedAttempt) {
        let reason = division.reason_together();
        sender.refused(self.signal, failure, false);
        for part in std::mem::take(&mut self.waiting) {
            let outcome = RequestOutcome::given_up(reason, &part.sent);
            self.done.push((part.tickets, outcome));
        }
    }

    /// Replaces the next part by its halves. Returns whether it can be divided.
    async fn divide(&mut self, sender: &RequestSender) -> bool {
        let Some(part) = self.waiting.last() else {
            return false;
        };
        let Some((n, [first, second])) = sender.sealer.halve(self.signal, &part.frame).await else {
            return false;
        };
        let Some(mut part) = self.waiting.pop() else {
            return false;
        };
        self.frame = None;
        let half = |frame, tickets| Part {
            frame,
            tickets,
            sent: SentFlag::new(part.sent.get()),
        };
        let first = half(first, part.tickets.split(n));
        let second = half(second, part.tickets);
        self.waiting.extend([second, first]);
        true
    }

    fn settle_next(&mut self, outcome: RequestOutcome) {
        if let Some(part) = self.waiting.pop() {
            self.done.push((part.tickets, outcome));
        }
    }

    /// Settles all tickets; what has no outcome is given up for this reason.
    pub(crate) fn settle(&mut self, reason: &'static str) {
        self.settle_done();
        for part in self.waiting.drain(..) {
            let outcome = RequestOutcome::given_up(reason, &part.sent);
            part.tickets.settle(outcome);
        }
    }

    /// Settles all tickets of records that stay in the queue on disk for the next run.
    pub(crate) fn leave_stored(&mut self) {
        let done = self.done.drain(..).map(|(tickets, _)| tickets);
        let waiting = self.waiting.drain(..).map(|part| part.tickets);
        done.chain(waiting).for_each(RequestTickets::leave_stored);
    }

    /// Prepares the tickets for the end of the exporter, which cancels the request.
    pub(crate) fn cancelled(&mut self, is_stored: bool) {
        if !is_stored {
            self.settle_done();
        }
        for (tickets, _) in &mut self.done {
            tickets.set_stored(is_stored);
        }
        for part in &mut self.waiting {
            part.tickets.set_stored(is_stored);
            part.tickets.set_at_peer(part.sent.get());
        }
    }

    fn settle_done(&mut self) {
        for (tickets, outcome) in self.done.drain(..) {
            tickets.settle(outcome);
        }
    }
}

impl Part {
    /// Whether it has several records, and more bytes than are accepted.
    fn exceeds(&self, max_bytes: Option<usize>) -> bool {
        let bytes = self.frame.message_len();
        let is_larger = max_bytes.zip(bytes).is_some_and(|(max, bytes)| bytes > max);
        is_larger && self.tickets.records() > 1
    }
}
