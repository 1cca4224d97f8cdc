//! The edges behind a stage.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

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

/// A delivery that is in the books of its stage and only has to be sent.
pub(crate) type Admitted<'a> = (&'a Edge, Delivery);

impl FanOut {
    pub(crate) fn new(targets: Vec<Target>) -> Self {
        Self { targets }
    }

    /// Enters a batch's records in the books of both ends of every edge.
    pub(crate) fn admit(&self, batch: &Arc<Batch>, weight: usize, ticket: Ticket) -> Vec<Admitted<'_>> {
        let tickets = ticket.fan_out(self.targets.iter().map(|target| &target.books));
        let targets = self.targets.iter().zip(tickets);
        targets.filter_map(|(target, ticket)| Some((&target.edge, target.admit(batch, weight, ticket)?))).collect()
    }
}

impl Target {
    fn admit(&self, batch: &Arc<Batch>, weight: usize, mut ticket: Ticket) -> Option<Delivery> {
        if self.wants != Kinds::ALL {
            let wanted = batch.count(self.wants) as u64;
            ticket.filtered(SIGNALS_RULE, ticket.left() - wanted);
        }
        (ticket.left() > 0).then(|| Delivery::new(Arc::clone(batch), self.wants, weight, ticket))
    }
}

/// Hands over what was admitted. A full edge is waited for, and holds up none of the others.
pub(crate) async fn send(admitted: Vec<Admitted<'_>>) {
    let refused = admitted.into_iter().filter_map(|(edge, delivery)| Some((edge, edge.try_send(delivery).err()?)));
    let mut waiting: Vec<_> = refused.map(|(edge, delivery)| Box::pin(edge.wait(delivery))).collect();
    poll_fn(|context| {
        waiting.retain_mut(|sending| sending.as_mut().poll(context).is_pending());
        if waiting.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
