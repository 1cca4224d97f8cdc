//! The reading end of an edge, and a view of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::coop::consume_budget;

use super::queue::{Edge, Queue, State};
use super::{Delivery, Limits, WhenFull};
use crate::ledger::{Ticket, lock};

/// The reading end: a stage's inbox.
#[derive(Debug)]
pub struct Inbox {
    pub(super) queue: Arc<Queue>,
}

/// A view of an edge, which does not keep it open.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    pub(super) queue: Arc<Queue>,
}

/// What waits in an edge.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Queued {
    /// Records, but for points of metrics.
    pub(crate) records: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Series of which a point waits.
    pub(crate) series: u64,
}

impl std::ops::AddAssign for Queued {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.bytes += other.bytes;
        self.series += other.series;
    }
}

impl Inbox {
    /// The next batch, or the next points of metrics; `None` when the inbox is empty and nobody can
    /// send any more. Where both wait, they take turns. Safe to cancel.
    pub async fn recv(&mut self) -> Option<Delivery> {
        self.next(State::next).await
    }

    /// The next points of metrics, for a stage that cannot take other records at the moment: of the
    /// points of a series only the newest waits, so that a stage that goes on taking them has the
    /// current value of each. `None` when no point waits and nobody can send any more. Safe to
    /// cancel.
    pub async fn recv_points(&mut self) -> Option<Delivery> {
        self.next(State::next_points).await
    }

    async fn next(&mut self, take: fn(&mut State) -> Option<Delivery>) -> Option<Delivery> {
        // A stage whose inbox is never empty would keep its thread from timers and other stages.
        consume_budget().await;
        loop {
            let filled = self.queue.filled.notified();
            tokio::pin!(filled);
            filled.as_mut().enable();
            {
                let mut state = lock(&self.queue.state);
                state.was_read = true;
                let delivery = take(&mut state);
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

impl Drop for Inbox {
    fn drop(&mut self) {
        let (left, points) = lock(&self.queue.state).end();
        self.queue.drained.notify_waiters();
        left.into_iter().for_each(Delivery::abandoned);
        points.into_iter().for_each(Ticket::abandon_all);
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
        Some(Edge {
            queue: Arc::clone(&self.queue),
        })
    }

    /// Whether both lead to one inbox.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.queue, &other.queue)
    }

    /// How much it holds.
    pub(crate) fn limits(&self) -> Limits {
        lock(&self.queue.state).limits
    }

    /// From now on, this happens when it is full. Senders that wait for room are treated so, too.
    pub(crate) fn set_when_full(&self, when_full: WhenFull) {
        lock(&self.queue.state).limits.when_full = when_full;
        self.queue.drained.notify_waiters();
    }

    /// A pipeline leads here no more: what series of it the reader has are to end.
    pub(crate) fn unwire(&self, pipeline: &str) {
        lock(&self.queue.state).points.unwire(pipeline);
        self.queue.filled.notify_one();
    }

    /// What waits.
    pub(crate) fn queued(&self) -> Queued {
        let mut state = lock(&self.queue.state);
        let bytes = state.weight() as u64;
        Queued {
            records: state.records as u64,
            bytes,
            series: state.points.waiting() as u64,
        }
    }

    /// How long senders have waited for room.
    pub(crate) fn blocked(&self) -> Duration {
        self.queue.blocked.total()
    }

    /// Whether somebody can still send.
    pub(crate) fn is_open(&self) -> bool {
        lock(&self.queue.state).senders > 0
    }

    /// Whether the reader has begun to take records.
    pub(crate) fn was_read(&self) -> bool {
        lock(&self.queue.state).was_read
    }

    /// Whether nobody will read it any more.
    pub(crate) fn is_over(&self) -> bool {
        lock(&self.queue.state).reader_gone
    }
}
