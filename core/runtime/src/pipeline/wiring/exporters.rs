//! The running exporters: kept, or started with a new inbox while removed ones drain theirs.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::Id;
use tokio_util::sync::CancellationToken;

use tidegate_model::record::Kinds;

use super::rewiring::Rewiring;
use crate::edge::{Edge, EdgeHandle, Inbox, Reader, edge};
use crate::exclusive::ExclusiveResource;
use crate::fan_out::Target;
use crate::health::Health;
use crate::ledger::{StageCounters, reason};
use crate::limits::Limits;
use crate::pipeline::handover::all_ended;
use crate::pipeline::reload::Refresher;
use crate::pipeline::runtimes::Placement;
use crate::pipeline::stage_cursor::StageCursor;
use crate::pipeline::tasks::ExporterTask;
use crate::pipeline::topology::ExporterNode;
use crate::resend::ResendRequests;
use crate::stage::Refresh;
use crate::stage_id::StageId;

/// All running exporters.
#[derive(Default)]
pub(super) struct Exporters {
    live: Vec<RunningExporter>,
    /// Removed exporters, until they have ended.
    leaving: Vec<RunningExporter>,
}

struct RunningExporter {
    stage: StageId,
    fingerprint: String,
    queue: Limits,
    exclusive: Vec<ExclusiveResource>,
    /// Its health, until it is removed.
    health: Option<Health>,
    handle: EdgeHandle,
    refresh: Option<Arc<dyn Refresh>>,
    task: Id,
    ended: CancellationToken,
}

/// The input of an exporter.
pub(super) struct ExporterInput {
    pub(super) stage: StageId,
    pub(super) edge: Edge,
    pub(super) wants: Kinds,
}

impl ExporterInput {
    /// The target for the pipeline of these counters.
    pub(super) fn target(&self, counters: Arc<StageCounters>, resends: &ResendRequests) -> Target {
        self.edge.wire(&counters, resends);
        Target {
            edge: self.edge.clone(),
            counters,
            wants: self.wants,
            resends: resends.clone(),
        }
    }
}

/// An exporter that is to be started, when the removed ones are known.
struct NewExporter {
    node: ExporterNode,
    placement: Placement,
    handle: EdgeHandle,
    inbox: Inbox,
}

impl NewExporter {
    /// An exporter with its edge; `first` is the index of its first pipeline.
    fn new(node: ExporterNode, first: usize) -> (Self, Edge) {
        let (edge, inbox) = edge(node.queue, reason::QUEUE_FULL, Reader::Exporter);
        let placement = if node.exporter.runs_apart() {
            Placement::Io
        } else {
            Placement::Data(first)
        };
        let exporter = Self {
            node,
            placement,
            handle: edge.handle(),
            inbox,
        };
        (exporter, edge)
    }
}

impl Exporters {
    /// Applies the exporters of a topology. `nodes` have the names of their pipelines and the index
    /// of the first one.
    pub(super) fn apply(
        &mut self,
        nodes: impl Iterator<Item = (ExporterNode, (String, usize))>,
        work: &mut Rewiring<'_>,
    ) -> Vec<ExporterInput> {
        let mut old = std::mem::take(&mut self.live);
        let mut inputs = Vec::new();
        let mut fresh = Vec::new();
        for (node, (pipelines, first)) in nodes {
            let stage = node.stage.clone();
            let wants = node.wants;
            // An exporter that has ended, or is ending, cannot be kept.
            let running = old
                .iter()
                .enumerate()
                .filter(|(_, live)| live.is_like(&node) && !live.handle.is_over());
            let edge = match running
                .filter_map(|(at, live)| Some((at, live.handle.edge()?)))
                .next()
            {
                Some((at, edge)) => {
                    edge.handle().set_when_full(node.queue.when_full);
                    self.live.push(old.swap_remove(at));
                    edge
                }
                None => {
                    let (mut exporter, edge) = NewExporter::new(node, first);
                    if let Some(pipeline) = pipelines.split(',').next() {
                        let counters = work.context.ledger.open(pipeline, &stage);
                        exporter.inbox.recover_into(counters);
                    }
                    fresh.push(exporter);
                    edge
                }
            };
            work.context
                .ledger
                .watch(pipelines, &stage, edge.handle().probe());
            inputs.push(ExporterInput { stage, edge, wants });
        }
        self.retire(old, work);
        for fresh in fresh {
            let live = self.start(fresh, work);
            self.live.push(live);
        }
        inputs
    }

    /// Whether no exporter takes records.
    pub(super) fn have_ended(&self) -> bool {
        self.live.iter().all(|live| live.ended.is_cancelled())
    }

    /// Asks all exporters to end when their input does.
    pub(super) fn request_end(&self) {
        for live in &self.live {
            live.handle.request_end();
        }
    }

    /// The exporters that have ended before their input did.
    pub(super) fn ended_early(&self) -> BTreeSet<StageId> {
        let ended = self.live.iter().filter(|live| live.handle.is_over());
        ended.map(|live| live.stage.clone()).collect()
    }

    /// The running exporters that can be refreshed.
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

    fn retire(&mut self, mut old: Vec<RunningExporter>, work: &mut Rewiring<'_>) {
        self.leaving.retain(|live| !live.ended.is_cancelled());
        for live in &mut old {
            live.health = None;
            live.handle.request_end();
            work.tasks.retire(
                live.task,
                work.context.grace,
                work.context.ledger.of(&live.stage),
            );
        }
        self.leaving.extend(old);
    }

    /// The ends of the removed exporters that hold one of these resources.
    fn conflicting(&self, exclusive: &[ExclusiveResource]) -> Vec<CancellationToken> {
        self.leaving
            .iter()
            .filter(|live| live.conflicts_with(exclusive))
            .map(|live| live.ended.clone())
            .collect()
    }

    /// Starts an exporter when its resources are free.
    fn start(
        &self,
        NewExporter {
            node,
            placement,
            handle,
            inbox,
        }: NewExporter,
        work: &mut Rewiring<'_>,
    ) -> RunningExporter {
        let ExporterNode {
            stage,
            fingerprint,
            exclusive,
            health,
            exporter,
            queue,
            ..
        } = node;
        let conflicting = self.conflicting(&exclusive);
        let ended = CancellationToken::new();
        let guard = ended.clone().drop_guard();
        let refresh = exporter.refresher();
        let judged = ExporterTask {
            handle: handle.clone(),
            health: health.clone(),
            began_the_run: work.is_start,
        };
        let task = work.tasks.spawn_exporter(
            StageCursor::new([stage.clone()]),
            placement,
            judged,
            async move {
                let _ended = guard;
                all_ended(conflicting).await;
                exporter.run(inbox).await
            },
        );
        RunningExporter {
            stage,
            fingerprint,
            queue,
            exclusive,
            health: Some(health),
            handle,
            refresh,
            task,
            ended,
        }
    }
}

impl RunningExporter {
    fn is_like(&self, node: &ExporterNode) -> bool {
        self.stage == node.stage
            && self.fingerprint == node.fingerprint
            && self.queue.are_alike(&node.queue)
    }

    fn conflicts_with(&self, exclusive: &[ExclusiveResource]) -> bool {
        self.exclusive
            .iter()
            .any(|mine| exclusive.iter().any(|other| mine.conflicts_with(other)))
    }
}
