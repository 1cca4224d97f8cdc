//! The sending end of an edge.

use std::sync::Arc;

use tidegate_model::batch::Batch;

use super::delivery::Delivery;
use super::queue::{Queue, State};
use crate::ledger::{StageCounters, Ticket, reason};
use crate::limits::WhenFull;
use crate::resend::ResendRequests;
use crate::sync::lock;

/// The sending end. Clones share the queue; the inbox ends when the last one is dropped.
#[derive(Debug)]
pub(crate) struct Edge {
    pub(super) queue: Arc<Queue>,
}

impl Edge {
    /// Sends a batch and returns how many records were dropped. Waits while the edge is full and
    /// its policy is to block; otherwise settles the tickets of dropped records. Not to be
    /// cancelled: the records of a batch that is still waiting would have no outcome.
    pub(crate) async fn send(&self, delivery: Delivery) -> u64 {
        match self.try_send(delivery) {
            Ok(dropped) => dropped,
            Err(delivery) => self.wait(delivery).await,
        }
    }

    /// Sends a batch without waiting; returns it as an error if it has to wait.
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

    /// Sends the metric points of a batch. The ticket is for exactly these, in `counters`;
    /// `resends` belong to the pipeline that they come from. Returns whether the sender has to wait
    /// for [`Self::points_taken`] then.
    pub(crate) fn send_points(
        &self,
        batch: &Batch,
        ticket: Ticket,
        counters: &Arc<StageCounters>,
        resends: &ResendRequests,
    ) -> bool {
        let mut state = lock(&self.queue.state);
        if state.reader_gone {
            drop(state);
            ticket.drop_all(reason::STAGE_ENDED);
            return false;
        }
        state.points.push(batch, ticket, counters, resends);
        let crowded = state.points.are_crowded();
        drop(state);
        self.queue.filled.notify_one();
        crowded
    }

    /// Waits until the number of queued points is within its limit.
    pub(crate) async fn points_taken(&self) {
        let _waiting = self.queue.block();
        self.drained_until(|state| !state.points.are_crowded())
            .await;
    }

    /// Connects the pipeline of these counters.
    pub(crate) fn wire(&self, counters: &Arc<StageCounters>, resends: &ResendRequests) {
        lock(&self.queue.state).points.wire(counters, resends);
    }

    /// Sends a batch that has to wait.
    pub(crate) async fn wait(&self, delivery: Delivery) -> u64 {
        let _waiting = self.queue.block();
        let _turn = self.queue.turn.lock().await;
        self.queue.push_when_drained(delivery).await
    }

    /// Whether `records` records of `bytes` bytes fit now without a drop and without waiting.
    /// Always true when the reader has ended.
    pub(crate) fn has_room(&self, records: usize, bytes: usize) -> bool {
        let mut state = lock(&self.queue.state);
        state.reader_gone || state.has_room(records, bytes)
    }

    /// Waits until they fit, whatever the policy.
    pub(crate) async fn room(&self, records: usize, bytes: usize) {
        self.drained_until(|state| state.has_room(records, bytes))
            .await;
    }

    /// Waits until a condition holds or the reader has ended.
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

    /// Whether a batch of this many bytes should be shrunk: it would wait behind others, or
    /// is large compared to the limit.
    pub(crate) fn is_tight(&self, bytes: usize) -> bool {
        let state = lock(&self.queue.state);
        bytes > state.limits.bytes / 8 || !state.waiting.is_empty()
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
            self.queue.ending.notify_waiters();
        }
    }
}
