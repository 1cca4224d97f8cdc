//! The reading end of an edge.

use std::sync::Arc;

use tokio::task::coop::consume_budget;

use super::delivery::Delivery;
use super::queue::{Queue, State};
use crate::ledger::Ticket;
use crate::sync::lock;

/// The reading end: a stage's inbox.
#[derive(Debug)]
pub struct Inbox {
    pub(super) queue: Arc<Queue>,
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
