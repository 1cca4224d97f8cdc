//! The sending side of a receiver.

mod lanes;

pub(crate) use lanes::{Lane, Lanes};

use std::sync::Arc;

use tokio::task::yield_now;

use tidegate_model::batch::FrameBatch;
use tidegate_model::batch::{Batch, Pool};

use crate::edge::{Delivery, Edge, Inbox, Reader, edge};
use crate::fan_out::send;
use crate::ledger::{Ledger, PERF_RING, Ticket, reason};
use crate::limits::Limits;

/// The sending side of a receiver: one lane for each pipeline that it feeds.
#[derive(Debug)]
pub struct Outbox {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    lanes: Arc<Lanes>,
    pool: Pool,
    ledger: Ledger,
}

impl Outbox {
    pub(crate) fn new(lanes: Arc<Lanes>, pool: Pool, ledger: Ledger) -> Self {
        Self {
            shared: Arc::new(Shared {
                lanes,
                pool,
                ledger,
            }),
        }
    }

    /// An empty batch to fill.
    #[must_use]
    pub fn batch(&self) -> Batch {
        self.shared.pool.take()
    }

    /// The pool of the batches, for a thread that fills them.
    #[must_use]
    pub fn pool(&self) -> Pool {
        self.shared.pool.clone()
    }

    /// Sends a batch to every pipeline behind this receiver, and waits while one is full. Not to be
    /// cancelled: the records that are still waiting would have no outcome.
    pub async fn send(&self, batch: impl Into<FrameBatch>) {
        let mut packed = batch.into();
        if self.shared.lanes.are_tight(packed.allocated()) {
            packed.shrink();
        }
        let ticket = self.shared.enter(&packed);
        self.shared.forward(Arc::new(packed.unpack()), ticket).await;
    }

    /// Counts `n` records that arrived and could not be used.
    pub fn dropped(&self, reason: &'static str, n: u64) {
        self.shared.lanes.dropped(reason, n);
    }

    /// Puts a bounded buffer between a reader that must not wait and the pipelines. The [`Pump`]
    /// has to run until it ends, which is when every clone of the [`Buffer`] is dropped and the
    /// buffer is empty.
    #[must_use]
    pub fn buffered(self, limits: Limits) -> (Buffer, Pump) {
        let (edge, inbox) = edge(limits, reason::PIPELINE_FULL, Reader::Processor);
        self.shared.lanes.behind(edge.handle(), &self.shared.ledger);
        (
            Buffer {
                edge,
                shared: Arc::clone(&self.shared),
            },
            Pump {
                inbox,
                shared: self.shared,
            },
        )
    }
}

impl Shared {
    /// Counts a batch's records, and the events that its frames report as lost.
    fn enter(&self, packed: &FrameBatch) -> Ticket {
        self.ledger.count_upstream_lost(PERF_RING, packed.lost());
        self.lanes.enter(packed.len() as u64)
    }

    /// Counts the records on all edges before it waits for any, so that the ledger is consistent
    /// even if the receiver is aborted while it waits.
    async fn forward(&self, batch: Arc<Batch>, ticket: Ticket) {
        let admitted = self.lanes.admit(&batch, ticket);
        drop(batch);
        send(admitted).await;
    }
}

/// The sending end of a receiver's buffer. Records that do not fit are dropped with the reason
/// `pipeline_full`, unless the policy is to block.
#[derive(Clone, Debug)]
pub struct Buffer {
    edge: Edge,
    shared: Arc<Shared>,
}

impl Buffer {
    /// An empty batch to fill.
    #[must_use]
    pub fn batch(&self) -> Batch {
        self.shared.pool.take()
    }

    /// The pool of the batches.
    #[must_use]
    pub fn pool(&self) -> Pool {
        self.shared.pool.clone()
    }

    /// Adds a batch to the buffer, and returns how many records were dropped for it. Waits only if
    /// the buffer is full and its policy is to block. Not to be cancelled, as [`Outbox::send`].
    pub async fn send(&self, batch: impl Into<FrameBatch>) -> u64 {
        let mut packed = batch.into();
        if self.edge.is_tight(packed.allocated()) {
            packed.shrink();
        }
        let ticket = self.shared.enter(&packed);
        self.edge.send(Delivery::packed(packed, ticket)).await
    }

    /// Whether `batch` fits now without a drop and without waiting. With one sender, this holds
    /// until the next [`Self::send`].
    #[must_use]
    pub fn has_room(&self, batch: &Batch) -> bool {
        self.edge.has_room(batch.len(), batch.min_weight())
    }

    /// Waits until `batch` fits, whatever the policy, or until the reader of the buffer has ended:
    /// for the report of a loss, which must not be lost itself.
    pub async fn room(&self, batch: &Batch) {
        self.edge.room(batch.len(), batch.min_weight()).await;
    }

    /// Counts `n` records that arrived and could not be used.
    pub fn dropped(&self, reason: &'static str, n: u64) {
        self.shared.lanes.dropped(reason, n);
    }
}

/// The receiving end of a receiver's buffer.
#[derive(Debug)]
pub struct Pump {
    inbox: Inbox,
    shared: Arc<Shared>,
}

impl Pump {
    /// Forwards what the buffer holds until it ends.
    pub async fn run(mut self) {
        while let Some(delivery) = self.inbox.recv().await {
            let (batch, ticket) = delivery.unpack();
            self.shared.forward(Arc::new(batch), ticket).await;
            // Lets the next stages finish the batch, so that its memory is reused while it is in
            // the cache.
            yield_now().await;
        }
    }
}
