//! The edges behind a stage, which a reload may replace while records are flowing: a batch is sent
//! to exactly those that were present when it was admitted.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::task::Poll;

use tidegate_model::batch::Batch;
use tidegate_model::record::{Kind, Kinds};

use crate::edge::{Delivery, Edge};
use crate::ledger::{StageCounters, Ticket};
use crate::resend::ResendRequests;

/// The stages that a stage sends its records to, in order. A batch is shared, not copied.
#[derive(Debug)]
pub(crate) struct FanOut {
    /// The counters of the sending stage.
    counters: Arc<StageCounters>,
    exits: RwLock<Exits>,
}

#[derive(Debug)]
struct Exits {
    targets: Arc<[Target]>,
    /// Whether the sending stage has started. Before that, the counters belong to its predecessor.
    in_use: bool,
}

/// A stage that receives records.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) edge: Edge,
    pub(crate) counters: Arc<StageCounters>,
    /// Kinds of records that the stage takes; others are filtered in front of its inbox.
    pub(crate) wants: Kinds,
    /// The requests to resend in the pipeline.
    pub(crate) resends: ResendRequests,
}

/// Deliveries that are counted as received by their stages, and have to be sent.
#[derive(Debug)]
pub(crate) struct Admitted {
    targets: Arc<[Target]>,
    deliveries: Vec<(usize, Delivery)>,
    /// Targets with so many queued points that the sender has to wait.
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

    /// Marks the sending stage as started.
    pub(crate) fn put_in_use(&self) {
        let mut exits = self.write();
        exits.in_use = true;
        exits.route(&self.counters);
    }

    /// Replaces the targets. Batches that were admitted before are still sent to the former ones.
    pub(crate) fn point(&self, targets: Vec<Target>) {
        let mut exits = self.write();
        exits.targets = targets.into();
        if exits.in_use {
            exits.route(&self.counters);
        }
    }

    /// Counts a batch's records at both ends of every edge. Metric points are delivered at once.
    pub(crate) fn admit(&self, batch: &Arc<Batch>, ticket: Ticket) -> Admitted {
        let exits = self.exits.read().unwrap_or_else(PoisonError::into_inner);
        let tickets = ticket.fan_out(exits.targets.iter().map(|target| &target.counters), batch);
        let targets = Arc::clone(&exits.targets);
        let counts = batch.count_by_kind();
        let mut admitted = Admitted {
            targets: Arc::clone(&targets),
            deliveries: Vec::new(),
            crowded: Vec::new(),
        };
        for (at, (target, mut ticket)) in targets.iter().zip(tickets).enumerate() {
            let (wanted, is_crowded) = target.admit(batch, &counts, &mut ticket);
            if ticket.left() > 0 {
                admitted
                    .deliveries
                    .push((at, Delivery::new(Arc::clone(batch), wanted, ticket)));
            }
            if is_crowded {
                admitted.crowded.push(at);
            }
        }
        // Until here, no reload can disconnect the pipeline, so no point arrives after the end of
        // its series.
        drop(exits);
        admitted
    }

    /// Whether a batch of this many bytes should be shrunk for any edge.
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
    /// Filters records that the stage does not take, and delivers points. `counts` has the number
    /// of records of each kind. Returns the kinds that are left on the ticket, and whether the
    /// sender has to wait until points are taken.
    fn admit(
        &self,
        batch: &Batch,
        counts: &[u64; Kind::ALL.len()],
        ticket: &mut Ticket,
    ) -> (Kinds, bool) {
        self.counters.show_at_end(batch, self.wants);
        let wanted = self.wants;
        for kind in Kinds::ALL.without(wanted).iter() {
            match counts[kind as usize] {
                0 => {}
                unwanted => ticket.filtered(kind.name(), unwanted),
            }
        }
        let points = counts[Kind::Metric as usize];
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

/// Sends what was admitted. Waits for full edges, without holding up the others, and keeps no edge
/// open longer than that.
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
