//! The running receivers: kept with their connections while the pipelines that they feed change, or
//! stopped and then replaced.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use tokio::task::Id;
use tokio_util::sync::CancellationToken;

use super::pipelines::PipelineInput;
use super::rewiring::Rewiring;
use crate::fan_out::FanOut;
use crate::fan_out::Target;
use crate::ledger::Ledger;
use crate::outbox::{Lane, Lanes, Outbox};
use crate::pipeline::handover::all_ended;
use crate::pipeline::reload::Refresher;
use crate::pipeline::runtimes::Placement;
use crate::pipeline::stage_cursor::StageCursor;
use crate::pipeline::topology::ReceiverNode;
use crate::shutdown::Shutdown;
use crate::stage::{Receiver, Refresh, StageError};
use crate::stage_id::StageId;

/// All running receivers.
#[derive(Default)]
pub(super) struct Receivers {
    live: Vec<RunningReceiver>,
    /// Those that were stopped, until they have ended.
    leaving: Vec<CancellationToken>,
    /// The fan-outs from receivers into pipelines, by both names, while they are in use. A receiver
    /// that was stopped shares them with its replacement.
    fan_outs: HashMap<(String, StageId), Weak<FanOut>>,
    /// Number of receivers that have not ended.
    active: Arc<AtomicUsize>,
}

/// Counts a receiver as running. When the last one is dropped, the shutdown begins, before the
/// stages behind it see the end of their input.
struct ReceiverGuard {
    all: Arc<AtomicUsize>,
    ledger: Ledger,
    /// Keeps the lanes open as long.
    _lanes: Option<Arc<Lanes>>,
}

impl ReceiverGuard {
    fn new(all: &Arc<AtomicUsize>, ledger: &Ledger, lanes: Option<Arc<Lanes>>) -> Self {
        all.fetch_add(1, Ordering::AcqRel);
        Self {
            all: Arc::clone(all),
            ledger: ledger.clone(),
            _lanes: lanes,
        }
    }
}

impl Drop for ReceiverGuard {
    fn drop(&mut self) {
        if self.all.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.ledger.begin_shutdown();
        }
    }
}

struct RunningReceiver {
    stage: StageId,
    fingerprint: String,
    /// Whether its records only complete those of others.
    is_auxiliary: bool,
    lanes: Weak<Lanes>,
    shutdown: Shutdown,
    refresh: Option<Arc<dyn Refresh>>,
    task: Id,
    ended: CancellationToken,
}

impl Receivers {
    pub(super) fn apply(
        &mut self,
        nodes: Vec<ReceiverNode>,
        fronts: Vec<PipelineInput>,
        work: &mut Rewiring<'_>,
    ) {
        // Between the end of the old receivers and the start of the new ones, none may be running.
        let _exchange = ReceiverGuard::new(&self.active, &work.context.ledger, None);
        self.point(&fronts);
        let mut old = std::mem::take(&mut self.live);
        let mut fresh = Vec::new();
        for (at, node) in nodes.into_iter().enumerate() {
            let lanes = fronts.iter().filter(|front| front.receivers.contains(&at));
            let lanes: Vec<_> = lanes
                .map(|front| self.lane(front, &node.stage, work))
                .collect();
            let is_like = |live: &RunningReceiver| {
                live.stage == node.stage
                    && live.fingerprint == node.fingerprint
                    && !live.was_stopped()
            };
            match old.iter().position(is_like) {
                Some(running) => self
                    .live
                    .push(old.swap_remove(running).keep_running(lanes, work)),
                None => {
                    let first = fronts
                        .iter()
                        .position(|front| front.receivers.contains(&at));
                    fresh.push((node, lanes, Placement::Data(first.unwrap_or_default())));
                }
            }
        }
        self.stop(old, work);
        for (node, lanes, placement) in fresh {
            let live = self.start(node, lanes, placement, work);
            self.live.push(live);
        }
    }

    /// Tells auxiliary receivers to stop if all others have ended: what they could still send
    /// completes nothing.
    pub(super) fn stop_auxiliary(&self) {
        let (auxiliary, others): (Vec<_>, Vec<_>) =
            self.live.iter().partition(|live| live.is_auxiliary);
        let have_ended = others.iter().all(|live| live.ended.is_cancelled());
        if others.is_empty() || !have_ended {
            return;
        }
        for live in auxiliary.iter().filter(|live| !live.was_stopped()) {
            let stage = live.stage.as_str();
            tracing::debug!(stage, "stopping it, since every other receiver has ended");
            live.shutdown.request();
        }
    }

    /// The running receivers that can be refreshed.
    pub(super) fn refreshers(&self) -> Vec<Refresher> {
        let running = self.live.iter().filter(|live| !live.ended.is_cancelled());
        running
            .filter_map(|live| {
                Some(Refresher {
                    stage: live.stage.clone(),
                    refresh: live.refresh.clone()?,
                })
            })
            .collect()
    }

    /// Points all fan-outs into these pipelines to the new inputs.
    fn point(&mut self, fronts: &[PipelineInput]) {
        self.fan_outs
            .retain(|_, fan_out| fan_out.strong_count() > 0);
        for ((pipeline, _), fan_out) in &self.fan_outs {
            if let Some(front) = fronts.iter().find(|front| front.pipeline == *pipeline)
                && let Some(fan_out) = fan_out.upgrade()
            {
                fan_out.point(front.targets.clone());
            }
        }
    }

    fn lane(&mut self, front: &PipelineInput, stage: &StageId, work: &Rewiring<'_>) -> Lane {
        let counters = work.context.ledger.open(&front.pipeline, stage);
        let key = (front.pipeline.clone(), stage.clone());
        let fan_out = self
            .fan_outs
            .get(&key)
            .and_then(Weak::upgrade)
            .unwrap_or_else(|| {
                let targets: Vec<Target> = front.targets.clone();
                let fan_out = Arc::new(FanOut::new(Arc::clone(&counters), targets));
                fan_out.put_in_use();
                fan_out
            });
        self.fan_outs.insert(key, Arc::downgrade(&fan_out));
        Lane { counters, fan_out }
    }

    fn stop(&mut self, old: Vec<RunningReceiver>, work: &mut Rewiring<'_>) {
        self.leaving.retain(|ended| !ended.is_cancelled());
        for RunningReceiver {
            stage,
            shutdown,
            task,
            ended,
            ..
        } in old
        {
            shutdown.request();
            work.tasks
                .retire(task, work.context.grace, work.context.ledger.of(&stage));
            self.leaving.push(ended);
        }
    }

    /// Starts a receiver when the stopped ones have ended: a source that both read would deliver
    /// its records twice.
    fn start(
        &self,
        node: ReceiverNode,
        lanes: Vec<Lane>,
        placement: Placement,
        work: &mut Rewiring<'_>,
    ) -> RunningReceiver {
        let ReceiverNode {
            stage,
            fingerprint,
            receiver,
            ..
        } = node;
        let lanes = Arc::new(Lanes::new(&stage, lanes));
        let shutdown = work.context.shutdown.child();
        let outbox = Outbox::new(
            Arc::clone(&lanes),
            work.context.pool.clone(),
            work.context.ledger.clone(),
        );
        let before = self.leaving.clone();
        let ended = CancellationToken::new();
        let guard = ended.clone().drop_guard();
        let refresh = receiver.refresher();
        let is_auxiliary = receiver.is_auxiliary();
        let active =
            ReceiverGuard::new(&self.active, &work.context.ledger, Some(Arc::clone(&lanes)));
        let task = work
            .tasks
            .spawn(StageCursor::new([stage.clone()]), placement, {
                let shutdown = shutdown.clone();
                async move {
                    let _ended = guard;
                    let _feeding = active;
                    run_after(before, receiver, outbox, shutdown).await
                }
            });
        RunningReceiver {
            stage,
            fingerprint,
            is_auxiliary,
            lanes: Arc::downgrade(&lanes),
            shutdown,
            refresh,
            task,
            ended,
        }
    }
}

/// Runs a receiver when those before it have ended, unless a shutdown is requested meanwhile.
async fn run_after(
    before: Vec<CancellationToken>,
    receiver: Box<dyn Receiver>,
    outbox: Outbox,
    shutdown: Shutdown,
) -> Result<(), StageError> {
    let has_to_wait = !before.is_empty();
    all_ended(before).await;
    if has_to_wait && shutdown.is_requested() {
        return Ok(());
    }
    receiver.run(outbox, shutdown).await
}

impl RunningReceiver {
    /// Whether it was told to stop before all receivers were.
    fn was_stopped(&self) -> bool {
        self.shutdown.is_requested()
    }

    /// Replaces the lanes of a running receiver.
    fn keep_running(self, lanes: Vec<Lane>, work: &Rewiring<'_>) -> Self {
        if let Some(running) = self.lanes.upgrade() {
            running.replace(lanes, &work.context.ledger);
        }
        self
    }
}
