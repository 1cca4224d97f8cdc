//! The queue between an edge and its inbox: batches in the order of arrival, and [metric
//! points](Points) apart from them. A lock is taken once per push and per pop.

use std::collections::VecDeque;
use std::sync::Mutex;

use tokio::sync::{Mutex as FairMutex, Notify};

use super::blocked::{Blocked, Waiting};
use super::delivery::Delivery;
use super::points::{Points, Reader};
use crate::ledger::{Peak, Ticket, reason};
use crate::limits::{Limits, WhenFull};
use crate::sync::lock;

#[derive(Debug)]
pub(super) struct Queue {
    /// The reason for records that do not fit.
    full: &'static str,
    pub(super) state: Mutex<State>,
    /// Held by the sender that waits for room; the others queue for it in the order of arrival, so
    /// that small batches cannot overtake a large one forever.
    pub(super) turn: FairMutex<()>,
    pub(super) filled: Notify,
    pub(super) drained: Notify,
    /// Notified when [`Self::is_ending`] may have become true.
    pub(super) ending: Notify,
    pub(super) blocked: Blocked,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) limits: Limits,
    pub(super) waiting: VecDeque<Delivery>,
    pub(super) records: usize,
    /// The weight of the queued batches, except a first one that was not weighed yet.
    bytes: usize,
    /// The largest contents so far.
    pub(super) peak: Peak,
    pub(super) points: Points,
    /// Whether the last delivery had points.
    points_were_last: bool,
    pub(super) senders: usize,
    /// Whether the reader was asked to end.
    pub(super) end_requested: bool,
    /// Whether the reader has begun to take records.
    pub(super) was_read: bool,
    pub(super) reader_gone: bool,
}

impl Queue {
    /// `full` is the reason for the records that a full queue drops.
    pub(super) fn new(limits: Limits, full: &'static str, reader: Reader) -> Self {
        Self {
            full,
            state: Mutex::new(State::new(limits, Points::new(reader, limits.series))),
            turn: FairMutex::new(()),
            filled: Notify::new(),
            drained: Notify::new(),
            ending: Notify::new(),
            blocked: Blocked::default(),
        }
    }

    /// Pushes a delivery, or drops according to the policy; returns the number of dropped records.
    /// Returns the delivery as an error if the sender has to wait.
    pub(super) fn offer(&self, delivery: Delivery) -> Result<u64, Delivery> {
        let (refused, reason) = {
            let mut state = lock(&self.state);
            match state.admit(delivery) {
                Admission::Pushed(evicted) => (evicted, self.full),
                Admission::Full(delivery) if state.limits.when_full == WhenFull::Block => {
                    return Err(delivery);
                }
                Admission::Full(delivery) => (vec![delivery], self.full),
                Admission::Ended(delivery) => (vec![delivery], reason::STAGE_ENDED),
            }
        };
        self.filled.notify_one();
        let dropped = refused.iter().map(|delivery| delivery.ticket.left()).sum();
        refused
            .into_iter()
            .for_each(|delivery| delivery.dropped(reason));
        Ok(dropped)
    }

    /// Whether all senders were dropped, or the reader was asked to end and holds up a sender.
    pub(super) fn is_ending(&self) -> bool {
        let state = lock(&self.state);
        state.senders == 0 || state.end_requested && self.blocked.is_any()
    }

    /// Counts the caller as a blocked sender.
    pub(super) fn block(&self) -> Waiting<'_> {
        let waiting = self.blocked.enter();
        self.ending.notify_waiters();
        waiting
    }

    pub(super) async fn push_when_drained(&self, mut delivery: Delivery) -> u64 {
        loop {
            let drained = self.drained.notified();
            tokio::pin!(drained);
            drained.as_mut().enable();
            match self.offer(delivery) {
                Ok(dropped) => return dropped,
                Err(back) => delivery = back,
            }
            drained.await;
        }
    }
}

/// The result of offering a delivery.
enum Admission {
    /// It is queued, and these were evicted for it.
    Pushed(Vec<Delivery>),
    /// There is no room for it.
    Full(Delivery),
    /// The reader has ended.
    Ended(Delivery),
}

impl State {
    fn new(limits: Limits, points: Points) -> Self {
        Self {
            limits,
            waiting: VecDeque::new(),
            records: 0,
            bytes: 0,
            peak: Peak::default(),
            points,
            points_were_last: false,
            senders: 1,
            end_requested: false,
            was_read: false,
            reader_gone: false,
        }
    }

    fn admit(&mut self, mut delivery: Delivery) -> Admission {
        let mut evicted = Vec::new();
        if self.reader_gone {
            return Admission::Ended(delivery);
        }
        while !self.fits(&mut delivery) {
            if self.limits.when_full != WhenFull::DropOldest {
                return Admission::Full(delivery);
            }
            evicted.extend(self.pop());
        }
        self.push(delivery);
        Admission::Pushed(evicted)
    }

    fn fits(&mut self, delivery: &mut Delivery) -> bool {
        if self.waiting.is_empty() {
            return true;
        }
        let records = usize::try_from(delivery.ticket.left()).unwrap_or(usize::MAX);
        self.has_room(records, delivery.weigh())
    }

    pub(super) fn has_room(&mut self, records: usize, bytes: usize) -> bool {
        self.waiting.is_empty()
            || (self.records.saturating_add(records) <= self.limits.records
                && self.weight().saturating_add(bytes) <= self.limits.bytes)
    }

    /// The weight of all queued batches.
    pub(super) fn weight(&mut self) -> usize {
        if let Some(first) = self
            .waiting
            .front_mut()
            .filter(|first| first.weight.is_none())
        {
            self.bytes += first.weigh();
        }
        self.bytes
    }

    fn push(&mut self, delivery: Delivery) {
        self.records += usize::try_from(delivery.ticket.left()).unwrap_or(usize::MAX);
        self.bytes += delivery.weight.unwrap_or(0);
        self.peak = self.peak.max(Peak {
            records: self.records as u64,
            bytes: self.bytes as u64,
        });
        self.waiting.push_back(delivery);
    }

    fn pop(&mut self) -> Option<Delivery> {
        let delivery = self.waiting.pop_front()?;
        self.records -= usize::try_from(delivery.ticket.left()).unwrap_or(usize::MAX);
        self.bytes -= delivery.weight.unwrap_or(0);
        Some(delivery)
    }

    /// The next delivery: points and batches take turns.
    pub(super) fn next(&mut self) -> Option<Delivery> {
        if self.points.waiting() > 0 && (!self.points_were_last || self.waiting.is_empty()) {
            return self.next_points();
        }
        self.points_were_last = false;
        self.pop()
    }

    /// The next points.
    pub(super) fn next_points(&mut self) -> Option<Delivery> {
        let (batch, ticket) = self.points.take()?;
        self.points_were_last = true;
        Some(Delivery::points(batch, ticket))
    }

    /// Marks the reader as ended, and returns the queued batches.
    pub(super) fn end(&mut self) -> (VecDeque<Delivery>, Vec<Ticket>) {
        self.reader_gone = true;
        self.records = 0;
        self.bytes = 0;
        (std::mem::take(&mut self.waiting), self.points.abandon())
    }
}
