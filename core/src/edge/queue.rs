//! The queue behind an [`Edge`] and its [`Inbox`]: batches in the order of their coming, and
//! [points](Points) of metrics apart from them. Senders and the reader meet once a batch, under a
//! lock that is held for a push or a pop.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::sync::{Mutex as FairMutex, Notify};

use super::blocked::Blocked;
use super::points::{Points, Reader};
use super::{Delivery, Door, Inbox, Limits, WhenFull};
use crate::batch::Batch;
use crate::ledger::{Books, Ticket, lock, reason};
use crate::pipeline::RepeatRequests;

/// The sending end. Clones share the queue; the inbox ends when the last one is gone.
#[derive(Debug)]
pub struct Edge {
    pub(super) queue: Arc<Queue>,
}

#[derive(Debug)]
pub(super) struct Queue {
    /// Why a record is dropped that does not fit.
    full: &'static str,
    pub(super) state: Mutex<State>,
    /// Held by the sender that waits for room; the others wait for it, in the order of their
    /// coming. So small batches do not overtake a large one for ever.
    turn: FairMutex<()>,
    pub(super) filled: Notify,
    pub(super) drained: Notify,
    pub(super) closed: Notify,
    pub(super) blocked: Blocked,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) limits: Limits,
    waiting: VecDeque<Delivery>,
    pub(super) records: usize,
    /// Of those that were weighed: all but one that waits alone.
    bytes: usize,
    pub(super) points: Points,
    /// Whether points were handed over last.
    points_were_last: bool,
    pub(super) senders: usize,
    /// Whether the reader has begun to take records.
    pub(super) was_read: bool,
    pub(super) reader_gone: bool,
}

/// A new edge. `full` is the reason under which it drops when its policy says so.
pub(crate) fn edge(limits: Limits, full: &'static str, reader: Reader) -> (Edge, Inbox) {
    let queue = Arc::new(Queue {
        full,
        state: Mutex::new(State::new(limits, Points::new(reader, limits.series))),
        turn: FairMutex::new(()),
        filled: Notify::new(),
        drained: Notify::new(),
        closed: Notify::new(),
        blocked: Blocked::default(),
    });
    (
        Edge {
            queue: Arc::clone(&queue),
        },
        Inbox { queue },
    )
}

impl Edge {
    /// Hands a batch over. Waits while the edge is full and its policy is to block; otherwise
    /// settles the tickets of whatever is dropped. A batch that is being waited with when the
    /// caller goes away is lost to the end of the grace period, or has no outcome if that is not
    /// over.
    ///
    /// Returns how many records were dropped.
    pub async fn send(&self, delivery: Delivery) -> u64 {
        match self.try_send(delivery) {
            Ok(dropped) => dropped,
            Err(delivery) => self.wait(delivery).await,
        }
    }

    /// The same without waiting: gives the batch back if it has to wait.
    pub(crate) fn try_send(&self, delivery: Delivery) -> Result<u64, Delivery> {
        let when_full = lock(&self.queue.state).limits.when_full;
        match when_full {
            WhenFull::Block => match self.queue.turn.try_lock() {
                Ok(_turn) => self.queue.offer(delivery),
                Err(_) => Err(delivery),
            },
            WhenFull::DropNewest | WhenFull::DropOldest => self.queue.offer(delivery),
        }
    }

    /// Hands over the points of metrics in a batch. The ticket is for exactly these, in `books`;
    /// `repeats` are of the pipeline that they come from. Returns whether the sender then has to
    /// wait for [`Self::points_taken`].
    pub(crate) fn send_points(
        &self,
        batch: &Batch,
        ticket: Ticket,
        books: &Arc<Books>,
        repeats: &RepeatRequests,
    ) -> bool {
        let mut state = lock(&self.queue.state);
        if state.reader_gone {
            drop(state);
            ticket.drop_all(reason::STAGE_ENDED);
            return false;
        }
        state.points.push(batch, ticket, books, repeats);
        let crowded = state.points.are_crowded();
        drop(state);
        self.queue.filled.notify_one();
        crowded
    }

    /// Waits until no more points wait than may.
    pub(crate) async fn points_taken(&self) {
        let _waiting = self.queue.blocked.enter();
        self.drained_until(|state| !state.points.are_crowded())
            .await;
    }

    /// The pipeline with these books leads here from now on.
    pub(crate) fn wire(&self, books: &Arc<Books>, repeats: &RepeatRequests) {
        lock(&self.queue.state).points.wire(books, repeats);
    }

    /// Hands over a batch that has to wait.
    pub(crate) async fn wait(&self, delivery: Delivery) -> u64 {
        let _waiting = self.queue.blocked.enter();
        let _turn = self.queue.turn.lock().await;
        self.queue.push_when_drained(delivery).await
    }

    /// Whether `records` records of `bytes` bytes would go in now, without a drop and without a
    /// wait. Always true once nobody reads any more: there is nothing to wait for.
    pub(crate) fn has_room(&self, records: usize, bytes: usize) -> bool {
        let mut state = lock(&self.queue.state);
        state.reader_gone || state.has_room(records, bytes)
    }

    /// Waits until they would, whatever the policy.
    pub(crate) async fn room(&self, records: usize, bytes: usize) {
        self.drained_until(|state| state.has_room(records, bytes))
            .await;
    }

    /// Waits until a condition holds, or until nobody reads any more.
    async fn drained_until(&self, mut holds: impl FnMut(&mut State) -> bool) {
        loop {
            let drained = self.queue.drained.notified();
            tokio::pin!(drained);
            drained.as_mut().enable();
            {
                let mut state = lock(&self.queue.state);
                if state.reader_gone || holds(&mut state) {
                    return;
                }
            }
            drained.await;
        }
    }

    /// Whether memory is short for a batch that holds so many bytes: it would wait behind others,
    /// or few like it could wait.
    pub(crate) fn is_tight(&self, bytes: usize) -> bool {
        let state = lock(&self.queue.state);
        bytes > state.limits.bytes / 8 || !state.waiting.is_empty()
    }

    pub(crate) fn door(&self) -> Door {
        Door {
            queue: Arc::clone(&self.queue),
        }
    }
}

impl Queue {
    /// Pushes if there is room, or drops as the policy says and tells how many records; gives the
    /// delivery back where the sender has to wait.
    fn offer(&self, delivery: Delivery) -> Result<u64, Delivery> {
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

    async fn push_when_drained(&self, mut delivery: Delivery) -> u64 {
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

/// What came of offering a delivery.
enum Admission {
    /// It is in the queue, and these had to go for it.
    Pushed(Vec<Delivery>),
    /// There is no room for it.
    Full(Delivery),
    /// Nobody will read it.
    Ended(Delivery),
}

impl State {
    fn new(limits: Limits, points: Points) -> Self {
        Self {
            limits,
            waiting: VecDeque::new(),
            records: 0,
            bytes: 0,
            points,
            points_were_last: false,
            senders: 1,
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

    fn has_room(&mut self, records: usize, bytes: usize) -> bool {
        self.waiting.is_empty()
            || (self.records.saturating_add(records) <= self.limits.records
                && self.weight().saturating_add(bytes) <= self.limits.bytes)
    }

    /// Of all batches that wait.
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
        self.waiting.push_back(delivery);
    }

    fn pop(&mut self) -> Option<Delivery> {
        let delivery = self.waiting.pop_front()?;
        self.records -= usize::try_from(delivery.ticket.left()).unwrap_or(usize::MAX);
        self.bytes -= delivery.weight.unwrap_or(0);
        Some(delivery)
    }

    /// What the reader gets next: points and batches in turns.
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

    /// The reader ends; this is what it leaves.
    pub(super) fn end(&mut self) -> (VecDeque<Delivery>, Vec<Ticket>) {
        self.reader_gone = true;
        self.records = 0;
        self.bytes = 0;
        (std::mem::take(&mut self.waiting), self.points.abandon())
    }
}

impl Clone for Edge {
    fn clone(&self) -> Self {
        lock(&self.queue.state).senders += 1;
        Self {
            queue: Arc::clone(&self.queue),
        }
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        let mut state = lock(&self.queue.state);
        state.senders -= 1;
        if state.senders == 0 {
            self.queue.filled.notify_one();
            self.queue.closed.notify_waiters();
        }
    }
}
