//! The queue behind an [`Edge`] and its [`Inbox`]. Senders and the reader meet once a batch, under a
//! lock that is held for a push or a pop.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Mutex as FairMutex, Notify};
use tokio::task::coop::consume_budget;

use super::blocked::Blocked;
use super::{Delivery, Limits, WhenFull};
use crate::ledger::{lock, reason};

/// The sending end. Clones share the queue; the inbox ends when the last one is gone.
#[derive(Debug)]
pub struct Edge {
    queue: Arc<Queue>,
}

/// The reading end: a stage's inbox.
#[derive(Debug)]
pub struct Inbox {
    queue: Arc<Queue>,
}

/// A view of an edge, which does not keep it open.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    queue: Arc<Queue>,
}

#[derive(Debug)]
struct Queue {
    limits: Limits,
    /// Why a record is dropped that does not fit.
    full: &'static str,
    state: Mutex<State>,
    /// Held by the sender that waits for room; the others wait for it, in the order of their coming. So
    /// small batches do not overtake a large one for ever.
    turn: FairMutex<()>,
    filled: Notify,
    drained: Notify,
    closed: Notify,
    blocked: Blocked,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Delivery>,
    records: usize,
    /// Of those that were weighed: all but one that waits alone.
    bytes: usize,
    senders: usize,
    reader_gone: bool,
}

/// A new edge. `full` is the reason under which it drops when its policy says so.
pub(crate) fn edge(limits: Limits, full: &'static str) -> (Edge, Inbox) {
    let queue = Arc::new(Queue {
        limits,
        full,
        state: Mutex::new(State { senders: 1, ..State::default() }),
        turn: FairMutex::new(()),
        filled: Notify::new(),
        drained: Notify::new(),
        closed: Notify::new(),
        blocked: Blocked::default(),
    });
    (Edge { queue: Arc::clone(&queue) }, Inbox { queue })
}

impl Edge {
    /// Hands a batch over. Waits while the edge is full and its policy is to block; otherwise settles
    /// the tickets of whatever is dropped. A batch that is being waited with when the caller goes away is
    /// lost to the end of the grace period, or has no outcome if that is not over.
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
        match self.queue.limits.when_full {
            WhenFull::Block => match self.queue.turn.try_lock() {
                Ok(_turn) => self.queue.offer(delivery),
                Err(_) => Err(delivery),
            },
            WhenFull::DropNewest | WhenFull::DropOldest => self.queue.offer(delivery),
        }
    }

    /// Hands over a batch that has to wait.
    pub(crate) async fn wait(&self, delivery: Delivery) -> u64 {
        let _waiting = self.queue.blocked.enter();
        let _turn = self.queue.turn.lock().await;
        self.queue.push_when_drained(delivery).await
    }

    /// Whether `records` records of `bytes` bytes would go in now, without a drop and without a wait.
    /// Always true once nobody reads any more: there is nothing to wait for.
    pub(crate) fn has_room(&self, records: usize, bytes: usize) -> bool {
        let mut state = lock(&self.queue.state);
        state.reader_gone || state.has_room(records, bytes, self.queue.limits)
    }

    /// Waits until they would, whatever the policy.
    pub(crate) async fn room(&self, records: usize, bytes: usize) {
        loop {
            let drained = self.queue.drained.notified();
            tokio::pin!(drained);
            drained.as_mut().enable();
            if self.has_room(records, bytes) {
                return;
            }
            drained.await;
        }
    }

    /// Whether memory is short for a batch that holds so many bytes: it would wait behind others, or few like it
    /// could wait.
    pub(crate) fn is_tight(&self, bytes: usize) -> bool {
        bytes > self.queue.limits.bytes / 8 || !lock(&self.queue.state).waiting.is_empty()
    }

    pub(crate) fn door(&self) -> Door {
        Door { queue: Arc::clone(&self.queue) }
    }
}

impl Queue {
    /// Pushes if there is room, or drops as the policy says and tells how many records; gives the
    /// delivery back where the sender has to wait.
    fn offer(&self, delivery: Delivery) -> Result<u64, Delivery> {
        let (refused, reason) = {
            let mut state = lock(&self.state);
            match state.admit(delivery, self.limits) {
                Admission::Pushed(evicted) => (evicted, self.full),
                Admission::Full(delivery) if self.limits.when_full == WhenFull::Block => return Err(delivery),
                Admission::Full(delivery) => (vec![delivery], self.full),
                Admission::Ended(delivery) => (vec![delivery], reason::STAGE_ENDED),
            }
        };
        self.filled.notify_one();
        let dropped = refused.iter().map(|delivery| delivery.ticket.left()).sum();
        refused.into_iter().for_each(|delivery| delivery.dropped(reason));
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
    fn admit(&mut self, mut delivery: Delivery, limits: Limits) -> Admission {
        let mut evicted = Vec::new();
        if self.reader_gone {
            return Admission::Ended(delivery);
        }
        while !self.fits(&mut delivery, limits) {
            if limits.when_full != WhenFull::DropOldest {
                return Admission::Full(delivery);
            }
            evicted.extend(self.pop());
        }
        self.push(delivery);
        Admission::Pushed(evicted)
    }

    fn fits(&mut self, delivery: &mut Delivery, limits: Limits) -> bool {
        if self.waiting.is_empty() {
            return true;
        }
        let records = usize::try_from(delivery.ticket.left()).unwrap_or(usize::MAX);
        self.has_room(records, delivery.weigh(), limits)
    }

    fn has_room(&mut self, records: usize, bytes: usize, limits: Limits) -> bool {
        self.waiting.is_empty()
            || (self.records.saturating_add(records) <= limits.records
                && self.weight().saturating_add(bytes) <= limits.bytes)
    }

    /// Of all that wait.
    fn weight(&mut self) -> usize {
        if let Some(first) = self.waiting.front_mut().filter(|first| first.weight.is_none()) {
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
}

impl Inbox {
    /// The next batch; `None` when the inbox is empty and nobody can send any more. Safe to cancel.
    pub async fn recv(&mut self) -> Option<Delivery> {
        // A stage whose inbox is never empty would keep its thread from timers and other stages.
        consume_budget().await;
        loop {
            let filled = self.queue.filled.notified();
            tokio::pin!(filled);
            filled.as_mut().enable();
            {
                let mut state = lock(&self.queue.state);
                let delivery = state.pop();
                if delivery.is_some() || state.senders == 0 {
                    drop(state);
                    self.queue.drained.notify_waiters();
                    return delivery;
                }
            }
            filled.await;
        }
    }

    /// Waits until nobody can send any more, while batches may still wait in the inbox: for a stage
    /// that limits how long it tries to deliver the last ones. Does not borrow the inbox.
    pub fn closed(&self) -> impl Future<Output = ()> + Send + use<> {
        let queue = Arc::clone(&self.queue);
        async move {
            let closed = queue.closed.notified();
            tokio::pin!(closed);
            closed.as_mut().enable();
            if lock(&queue.state).senders > 0 {
                closed.await;
            }
        }
    }
}

impl Clone for Edge {
    fn clone(&self) -> Self {
        lock(&self.queue.state).senders += 1;
        Self { queue: Arc::clone(&self.queue) }
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

impl Drop for Inbox {
    fn drop(&mut self) {
        let left = {
            let mut state = lock(&self.queue.state);
            state.reader_gone = true;
            (state.records, state.bytes) = (0, 0);
            std::mem::take(&mut state.waiting)
        };
        self.queue.drained.notify_waiters();
        left.into_iter().for_each(|delivery| delivery.abandoned());
    }
}

impl Door {
    /// The edge, unless its last sender is gone.
    pub(crate) fn edge(&self) -> Option<Edge> {
        let mut state = lock(&self.queue.state);
        if state.senders == 0 {
            return None;
        }
        state.senders += 1;
        drop(state);
        Some(Edge { queue: Arc::clone(&self.queue) })
    }

    /// Whether both lead to one inbox.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.queue, &other.queue)
    }

    /// How much it holds.
    pub(crate) fn limits(&self) -> Limits {
        self.queue.limits
    }

    /// Records and bytes that wait.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        let mut state = lock(&self.queue.state);
        (state.records, state.weight())
    }

    /// How long senders have waited for room.
    pub(crate) fn blocked(&self) -> Duration {
        self.queue.blocked.total()
    }

    /// Whether nobody will read it any more.
    pub(crate) fn is_over(&self) -> bool {
        lock(&self.queue.state).reader_gone
    }
}
