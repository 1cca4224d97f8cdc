//! How a receiver hands over what it read.

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

    /// Where the batches' memory comes from and goes back to, for a thread that fills them.
    #[must_use]
    pub fn pool(&self) -> Pool {
        self.shared.pool.clone()
    }

    /// Hands a batch to every pipeline behind this receiver, waiting while one is full. Not to be
    /// cancelled: what it still waits with would have no outcome.
    pub async fn send(&self, batch: impl Into<FrameBatch>) {
        let mut packed = batch.into();
        if self.shared.lanes.are_tight(packed.allocated()) {
            packed.shrink();
        }
        let ticket = self.shared.enter(&packed);
        self.shared.forward(Arc::new(packed.unpack()), ticket).await;
    }

    /// Enters `n` records that came and could not be used.
    pub fn dropped(&self, reason: &'static str, n: u64) {
        self.shared.lanes.dropped(reason, n);
    }

    /// Puts a bounded buffer between a reader that must not wait and the pipelines. The [`Pump`]
    /// has to run until it ends; it does when every clone of the [`Buffer`] is gone and all is
    /// handed on.
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
    /// Puts a batch's records in the books, and what its frames say that Cilium lost.
    fn enter(&self, packed: &FrameBatch) -> Ticket {
        self.ledger.count_upstream_lost(PERF_RING, packed.lost());
        self.lanes.enter(packed.len() as u64)
    }

    /// Enters the records on all edges before it waits for any, so that the books are whole even if
    /// the receiver is torn down while it waits.
    async fn forward(&self, batch: Arc<Batch>, ticket: Ticket) {
        let admitted = self.lanes.admit(&batch, ticket);
        drop(batch);
        send(admitted).await;
    }
}

/// The near end of a receiver's buffer, for its reader. What does not fit is dropped with the
/// reason `pipeline_full`, unless the limits say to block.
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

    /// Where the batches' memory comes from and goes back to.
    #[must_use]
    pub fn pool(&self) -> Pool {
        self.shared.pool.clone()
    }

    /// Puts a batch in the buffer. Waits only if the buffer is full and its policy is to block.
    /// Returns how many records were dropped for want of room, now or (`drop_oldest`) earlier ones.
    /// Not to be cancelled, as [`Outbox::send`].
    pub async fn send(&self, batch: impl Into<FrameBatch>) -> u64 {
        let mut packed = batch.into();
        if self.edge.is_tight(packed.allocated()) {
            packed.shrink();
        }
        let ticket = self.shared.enter(&packed);
        self.edge.send(Delivery::packed(packed, ticket)).await
    }

    /// Whether a batch like `batch` would go in now, without a drop and without a wait. Holds until
    /// the next [`Self::send`] where there is one sender.
    #[must_use]
    pub fn has_room(&self, batch: &Batch) -> bool {
        self.edge.has_room(batch.len(), batch.min_weight())
    }

    /// Waits until it would, whatever the policy, or until nobody reads the buffer any more: for
    /// the report of a loss, which must not be lost itself.
    pub async fn room(&self, batch: &Batch) {
        self.edge.room(batch.len(), batch.min_weight()).await;
    }

    /// Enters `n` records that came and could not be used.
    pub fn dropped(&self, reason: &'static str, n: u64) {
        self.shared.lanes.dropped(reason, n);
    }
}

/// The far end of a receiver's buffer.
#[derive(Debug)]
pub struct Pump {
    inbox: Inbox,
    shared: Arc<Shared>,
}

impl Pump {
    /// Hands on what the buffer holds until it ends.
    pub async fn run(mut self) {
        while let Some(delivery) = self.inbox.recv().await {
            let (batch, ticket) = delivery.unpack();
            self.shared.forward(Arc::new(batch), ticket).await;
            // The stages behind are done with it then: its memory is there for the next one, and in
            // the cache.
            yield_now().await;
        }
    }
}
