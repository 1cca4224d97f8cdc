//! The edges behind a stage, which a reload may replace while records pass: a batch goes to exactly
//! those that were there when it was admitted.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::task::Poll;

use tidegate_model::batch::Batch;
use tidegate_model::record::{Kind, Kinds};

use crate::edge::{Delivery, Edge};
use crate::ledger::{SIGNALS_RULE, StageCounters, Ticket};
use crate::resend::ResendRequests;

/// The stages that a stage hands its records to, in order. A batch is shared, not copied.
#[derive(Debug)]
pub(crate) struct FanOut {
    /// Of the stage in front.
    counters: Arc<StageCounters>,
    exits: RwLock<Exits>,
}

#[derive(Debug)]
struct Exits {
    targets: Arc<[Target]>,
    /// Whether the stage in front has begun to use them. Before it has, the books are its
    /// predecessor's.
    in_use: bool,
}

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) edge: Edge,
    pub(crate) counters: Arc<StageCounters>,
    /// Kinds of records that the stage takes; others are filtered before its inbox.
    pub(crate) wants: Kinds,
    /// Of the pipeline.
    pub(crate) resends: ResendRequests,
}

/// Deliveries that are in the books of their stages and only have to be sent.
#[derive(Debug)]
pub(crate) struct Admitted {
    targets: Arc<[Target]>,
    deliveries: Vec<(usize, Delivery)>,
    /// Targets of which so many points wait that no more should come before some are taken.
    crowded: Vec<usize>,
}

impl FanOut {
    pub(crate) fn new(counters: Arc<StageCounters>, targets: Vec<Target>) -> Self {
        Self {
            counters,
            exits: RwLock::new(Exits {
                targets: targets.into(),
                in_use: false,
            }),
        }
    }

    /// The stage in front begins.
    pub(crate) fn put_in_use(&self) {
        let mut exits = self.write();
        exits.in_use = true;
        exits.route(&self.counters);
    }

    /// From now on, batches go there. Those that were admitted before are still sent to where they
    /// belong.
    pub(crate) fn point(&self, targets: Vec<Target>) {
        let mut exits = self.write();
        exits.targets = targets.into();
        if exits.in_use {
            exits.route(&self.counters);
        }
    }

    /// Enters a batch's records in the books of both ends of every edge. Points of metrics are
    /// handed over at once.
    pub(crate) fn admit(&self, batch: &Arc<Batch>, ticket: Ticket) -> Admitted {
        let exits = self.exits.read().unwrap_or_else(PoisonError::into_inner);
        let tickets = ticket.fan_out(exits.targets.iter().map(|target| &target.counters), batch);
        let targets = Arc::clone(&exits.targets);
        let census = batch.count_by_kind();
        let mut admitted = Admitted {
            targets: Arc::clone(&targets),
            deliveries: Vec::new(),
            crowded: Vec::new(),
        };
        for (at, (target, mut ticket)) in targets.iter().zip(tickets).enumerate() {
            let (wanted, is_crowded) = target.admit(batch, &census, &mut ticket);
            if ticket.left() > 0 {
                admitted
                    .deliveries
                    .push((at, Delivery::new(Arc::clone(batch), wanted, ticket)));
            }
            if is_crowded {
                admitted.crowded.push(at);
            }
        }
        // Until here, no reload says that a pipeline leads elsewhere, and so no point comes behind
        // the end of its series.
        drop(exits);
        admitted
    }

    /// Whether memory is short on any edge for a batch that holds so many bytes.
    pub(crate) fn is_tight(&self, bytes: usize) -> bool {
        let exits = self.exits.read().unwrap_or_else(PoisonError::into_inner);
        exits
            .targets
            .iter()
            .any(|target| target.edge.is_tight(bytes))
    }

    fn write(&self) -> RwLockWriteGuard<'_, Exits> {
        self.exits.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Exits {
    fn route(&self, counters: &StageCounters) {
        counters.route(self.targets.iter().map(|target| target.counters.stage()));
    }
}

impl Target {
    /// Filters what the stage does not take, and hands over points. `census` is how many records
    /// there are of each kind. Returns the kinds that are left on the ticket, and whether the
    /// sender has to wait until points are taken.
    fn admit(
        &self,
        batch: &Batch,
        census: &[u64; Kind::ALL.len()],
        ticket: &mut Ticket,
    ) -> (Kinds, bool) {
        self.counters.show_at_end(batch, self.wants);
        let wanted = self.wants;
        if wanted != Kinds::ALL {
            let taken: u64 = wanted.iter().map(|kind| census[kind as usize]).sum();
            ticket.filtered(SIGNALS_RULE, ticket.left() - taken);
        }
        let points = census[Kind::Metric as usize];
        if points == 0 || !wanted.contains(Kind::Metric) {
            return (wanted, false);
        }
        let is_crowded =
            self.edge
                .send_points(batch, ticket.split(points), &self.counters, &self.resends);
        (wanted.without(Kinds::of(&[Kind::Metric])), is_crowded)
    }
}

type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Hands over what was admitted. A full edge is waited for, and holds up none of the others. An
/// edge is held open no longer than it is waited for.
pub(crate) async fn send(admitted: Vec<Admitted>) {
    let mut waiting = Vec::new();
    for Admitted {
        targets,
        deliveries,
        crowded,
    } in admitted
    {
        for (at, delivery) in deliveries {
            if let Err(delivery) = targets[at].edge.try_send(delivery) {
                waiting.push(room(targets[at].edge.clone(), Some(delivery)));
            }
        }
        waiting.extend(
            crowded
                .into_iter()
                .map(|at| room(targets[at].edge.clone(), None)),
        );
    }
    poll_fn(|context| {
        waiting.retain_mut(|sending| sending.as_mut().poll(context).is_pending());
        if waiting.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// Waits for room for a delivery, or for points.
fn room(edge: Edge, delivery: Option<Delivery>) -> BoxFuture {
    Box::pin(async move {
        match delivery {
            Some(delivery) => _ = edge.wait(delivery).await,
            None => edge.points_taken().await,
        }
    })
}
