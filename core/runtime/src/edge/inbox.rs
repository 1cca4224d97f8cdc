//! The reading end of an edge.

use std::sync::Arc;

use tokio::task::coop::consume_budget;

use super::delivery::Delivery;
use super::queue::{Queue, State};
use crate::ledger::{StageCounters, Ticket};
use crate::limits::WhenFull;
use crate::sync::lock;

/// The reading end: a stage's inbox.
#[derive(Debug)]
pub struct Inbox {
    pub(super) queue: Arc<Queue>,
    /// The exporter's counters in its first pipeline.
    pub(super) counters: Option<Arc<StageCounters>>,
}

impl Inbox {
    /// Sets the counters of records that an earlier run left.
    pub(crate) fn recover_into(&mut self, counters: Arc<StageCounters>) {
        self.counters = Some(counters);
    }

    /// Counts `n` records that an earlier run of the exporter left in a queue on disk, in the first
    /// of its pipelines. `None` for a stage that is no exporter.
    pub fn recover(&self, n: u64) -> Option<Ticket> {
        Some(Ticket::recover(self.counters.as_ref()?, n))
    }

    /// Counts `n` records that the exporter made, such as spans, in the first of its pipelines.
    /// `None` for a stage that is no exporter.
    pub fn create(&self, n: u64) -> Option<Ticket> {
        Some(Ticket::create(self.counters.as_ref()?, n))
    }

    /// Receives the next batch or the next metric points; `None` when the inbox is empty and all
    /// senders were dropped. Batches and points take turns. Safe to cancel.
    pub async fn recv(&mut self) -> Option<Delivery> {
        self.next(State::next).await
    }

    /// Receives the next metric points, for a stage that cannot take other records at the moment.
    /// Only the newest point of a series is queued, so the stage gets current values. `None` when
    /// no point is queued and all senders were dropped. Safe to cancel.
    pub async fn recv_points(&mut self) -> Option<Delivery> {
        self.next(State::next_points).await
    }

    async fn next(&mut self, take: fn(&mut State) -> Option<Delivery>) -> Option<Delivery> {
        // An inbox that is never empty must not starve timers and other stages on the thread.
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

    /// Whether senders wait while the inbox is full, so that nothing is lost if it stays full.
    #[must_use]
    pub fn blocks(&self) -> bool {
        lock(&self.queue.state).limits.when_full == WhenFull::Block
    }

    /// Waits until all senders were dropped, or the stage is to end (at the end of the run, or
    /// because a reload has removed it) and senders wait for room in this inbox. Batches may still
    /// be queued or follow then. For a stage that limits the time for delivering the last ones. Does
    /// not borrow the inbox.
    pub fn ending(&self) -> impl Future<Output = ()> + Send + use<> {
        let queue = Arc::clone(&self.queue);
        async move {
            loop {
                let ending = queue.ending.notified();
                tokio::pin!(ending);
                ending.as_mut().enable();
                if queue.is_ending() {
                    return;
                }
                ending.await;
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
