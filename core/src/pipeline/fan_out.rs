//! The edges behind a stage, which a reload may replace while records pass: a batch goes to exactly those
//! that were there when it was admitted.

use std::future::poll_fn;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::task::Poll;

use crate::batch::Batch;
use crate::edge::{Delivery, Edge};
use crate::ledger::{Books, SIGNALS_RULE, Ticket};
use crate::record::Kinds;

/// The stages that a stage hands its records to, in order. A batch is shared, not copied.
#[derive(Debug)]
pub(crate) struct FanOut {
    /// Of the stage in front.
    books: Arc<Books>,
    exits: RwLock<Exits>,
}

#[derive(Debug)]
struct Exits {
    targets: Arc<[Target]>,
    /// Whether the stage in front has begun to use them. Before it has, the books are its predecessor's.
    in_use: bool,
}

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) edge: Edge,
    pub(crate) books: Arc<Books>,
    /// Kinds of records that the stage takes; others are filtered before its inbox.
    pub(crate) wants: Kinds,
}

/// Deliveries that are in the books of their stages and only have to be sent.
#[derive(Debug)]
pub(crate) struct Admitted {
    targets: Arc<[Target]>,
    deliveries: Vec<(usize, Delivery)>,
}

impl FanOut {
    pub(crate) fn new(books: Arc<Books>, targets: Vec<Target>) -> Self {
        Self { books, exits: RwLock::new(Exits { targets: targets.into(), in_use: false }) }
    }

    /// The stage in front begins.
    pub(crate) fn put_in_use(&self) {
        let mut exits = self.write();
        exits.in_use = true;
        exits.route(&self.books);
    }

    /// From now on, batches go there. Those that were admitted before are still sent to where they belong.
    pub(crate) fn point(&self, targets: Vec<Target>) {
        let mut exits = self.write();
        exits.targets = targets.into();
        if exits.in_use {
            exits.route(&self.books);
        }
    }

    /// Enters a batch's records in the books of both ends of every edge.
    pub(crate) fn admit(&self, batch: &Arc<Batch>, ticket: Ticket) -> Admitted {
        let exits = self.exits.read().unwrap_or_else(PoisonError::into_inner);
        let tickets = ticket.fan_out(exits.targets.iter().map(|target| &target.books), batch);
        let targets = Arc::clone(&exits.targets);
        drop(exits);
        let each = targets.iter().zip(tickets).enumerate();
        let deliveries = each.filter_map(|(at, (target, ticket))| Some((at, target.admit(batch, ticket)?))).collect();
        Admitted { targets, deliveries }
    }

    /// Whether memory is short on any edge for a batch that holds so many bytes.
    pub(crate) fn is_tight(&self, bytes: usize) -> bool {
        let exits = self.exits.read().unwrap_or_else(PoisonError::into_inner);
        exits.targets.iter().any(|target| target.edge.is_tight(bytes))
    }

    fn write(&self) -> RwLockWriteGuard<'_, Exits> {
        self.exits.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Exits {
    fn route(&self, books: &Books) {
        books.route(self.targets.iter().map(|target| target.books.stage()));
    }
}

impl Target {
    fn admit(&self, batch: &Arc<Batch>, mut ticket: Ticket) -> Option<Delivery> {
        self.books.show_at_end(batch, self.wants);
        if self.wants != Kinds::ALL {
            let wanted = batch.count(self.wants) as u64;
            ticket.filtered(SIGNALS_RULE, ticket.left() - wanted);
        }
        (ticket.left() > 0).then(|| Delivery::new(Arc::clone(batch), self.wants, ticket))
    }
}

/// Hands over what was admitted. A full edge is waited for, and holds up none of the others. An edge is held
/// open no longer than it is waited for.
pub(crate) async fn send(admitted: Vec<Admitted>) {
    let mut waiting = Vec::new();
    for Admitted { targets, deliveries } in admitted {
        for (at, delivery) in deliveries {
            if let Err(delivery) = targets[at].edge.try_send(delivery) {
                let edge = targets[at].edge.clone();
                waiting.push(Box::pin(async move { edge.wait(delivery).await }));
            }
        }
    }
    poll_fn(|context| {
        waiting.retain_mut(|sending| sending.as_mut().poll(context).is_pending());
        if waiting.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
