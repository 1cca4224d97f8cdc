//! The edges behind a stage.

use std::sync::Arc;

use crate::batch::Batch;
use crate::edge::{Delivery, Edge};
use crate::ledger::{Books, SIGNALS_RULE, Ticket};
use crate::record::Kinds;

/// The stages that a stage hands its records to, in order. A batch is shared, not copied.
#[derive(Clone, Debug)]
pub(crate) struct FanOut {
    targets: Vec<Target>,
}

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) edge: Edge,
    pub(crate) books: Arc<Books>,
    /// Kinds of records that the stage takes; others are filtered before its inbox.
    pub(crate) wants: Kinds,
}

/// Deliveries that are in the books of their stages and only have to be sent, with the positions of
/// their targets.
pub(crate) type Admitted = Vec<(usize, Delivery)>;

impl FanOut {
    pub(crate) fn new(targets: Vec<Target>) -> Self {
        Self { targets }
    }

    /// Enters a batch's records in the books of both ends of every edge.
    pub(crate) fn admit(&self, batch: &Arc<Batch>, weight: usize, from: &Books) -> Admitted {
        let admit = |(at, target): (usize, &Target)| {
            from.sent(at, batch.len() as u64);
            target.admit(batch, weight).map(|delivery| (at, delivery))
        };
        self.targets.iter().enumerate().filter_map(admit).collect()
    }

    /// Hands over what was admitted, waiting where an edge is full.
    pub(crate) async fn send(&self, admitted: Admitted) {
        for (at, delivery) in admitted {
            self.targets[at].edge.send(delivery).await;
        }
    }
}

impl Target {
    fn admit(&self, batch: &Arc<Batch>, weight: usize) -> Option<Delivery> {
        let mut ticket = Ticket::enter(vec![Arc::clone(&self.books)], batch.len() as u64);
        if self.wants != Kinds::ALL {
            let wanted = batch.count(self.wants) as u64;
            ticket.filtered(SIGNALS_RULE, ticket.left() - wanted);
        }
        (ticket.left() > 0).then(|| Delivery::new(Arc::clone(batch), self.wants, weight, ticket))
    }
}
