//! Exporters: kept, or started with an inbox of their own while those that are no longer wanted
//! drain theirs.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::Id;
use tokio_util::sync::CancellationToken;

use tidegate_model::record::Kinds;

use super::work::Work;
use crate::edge::{Door, Edge, Inbox, Reader, edge};
use crate::fan_out::Target;
use crate::health::Health;
use crate::hold::Hold;
use crate::ledger::{Books, reason};
use crate::limits::Limits;
use crate::pipeline::heritage::all_ended;
use crate::pipeline::place::Place;
use crate::pipeline::runtimes::Seat;
use crate::pipeline::tasks::ExporterTask;
use crate::pipeline::topology::ExporterNode;
use crate::repeats::RepeatRequests;
use crate::stage_id::StageId;

/// All exporters that run.
#[derive(Default)]
pub(super) struct Exporters {
    live: Vec<Live>,
    /// Those that are no longer wanted, until they have ended.
    leaving: Vec<Live>,
}

struct Live {
    stage: StageId,
    fingerprint: String,
    queue: Limits,
    holds: Vec<Hold>,
    /// Shows how it ended, until it is no longer wanted.
    health: Option<Health>,
    door: Door,
    task: Id,
    ended: CancellationToken,
}

/// The way to an exporter.
pub(super) struct Outlet {
    pub(super) stage: StageId,
    pub(super) edge: Edge,
    pub(super) wants: Kinds,
}

impl Outlet {
    /// The way for a pipeline that keeps these books.
    pub(super) fn target(&self, books: Arc<Books>, repeats: &RepeatRequests) -> Target {
        self.edge.wire(&books, repeats);
        Target {
            edge: self.edge.clone(),
            books,
            wants: self.wants,
            repeats: repeats.clone(),
        }
    }
}

/// One that is to be started, when those that it excludes are known.
struct Fresh {
    node: ExporterNode,
    seat: Seat,
    door: Door,
    inbox: Inbox,
}

impl Exporters {
    /// `nodes` come with the names of their pipelines, and the index of the first.
    pub(super) fn become_like(
        &mut self,
        nodes: impl Iterator<Item = (ExporterNode, (String, usize))>,
        work: &mut Work<'_>,
    ) -> Vec<Outlet> {
        let mut old = std::mem::take(&mut self.live);
        let (mut outlets, mut fresh) = (Vec::new(), Vec::new());
        for (node, (pipelines, first)) in nodes {
            let (stage, wants) = (node.stage.clone(), node.wants);
            // One that has ended, or is about to, has no way to it.
            let running = old
                .iter()
                .enumerate()
                .filter(|(_, live)| live.is_like(&node) && !live.door.is_over());
            let edge = match running
                .filter_map(|(at, live)| Some((at, live.door.edge()?)))
                .next()
            {
                Some((at, edge)) => {
                    edge.door().set_when_full(node.queue.when_full);
                    self.live.push(old.swap_remove(at));
                    edge
                }
                None => {
                    let (edge, inbox) = edge(node.queue, reason::QUEUE_FULL, Reader::Exporter);
                    let seat = if node.exporter.runs_apart() {
                        Seat::Io
                    } else {
                        Seat::Data(first)
                    };
                    fresh.push(Fresh {
                        node,
                        seat,
                        door: edge.door(),
                        inbox,
                    });
                    edge
                }
            };
            work.site
                .ledger
                .watch(pipelines, &stage, edge.door().probe());
            outlets.push(Outlet { stage, edge, wants });
        }
        self.retire(old, work);
        for fresh in fresh {
            let live = self.start(fresh, work);
            self.live.push(live);
        }
        outlets
    }

    /// Whether none takes records any more.
    pub(super) fn have_ended(&self) -> bool {
        self.live.iter().all(|live| live.ended.is_cancelled())
    }

    /// Those that have ended before their input did.
    pub(super) fn ended_early(&self) -> BTreeSet<StageId> {
        let ended = self.live.iter().filter(|live| live.door.is_over());
        ended.map(|live| live.stage.clone()).collect()
    }

    fn retire(&mut self, mut old: Vec<Live>, work: &mut Work<'_>) {
        self.leaving.retain(|live| !live.ended.is_cancelled());
        for live in &mut old {
            live.health = None;
            work.tasks
                .retire(live.task, work.site.grace, work.site.ledger.of(&live.stage));
        }
        self.leaving.extend(old);
    }

    /// Starts one, as soon as nobody holds what it is to hold.
    fn start(
        &self,
        Fresh {
            node,
            seat,
            door,
            inbox,
        }: Fresh,
        work: &mut Work<'_>,
    ) -> Live {
        let ExporterNode {
            stage,
            fingerprint,
            holds,
            health,
            exporter,
            queue,
            ..
        } = node;
        let excluded = self.leaving.iter().filter(|live| live.excludes(&holds));
        let excluded: Vec<_> = excluded.map(|live| live.ended.clone()).collect();
        let ended = CancellationToken::new();
        let guard = ended.clone().drop_guard();
        let judged = ExporterTask {
            door: door.clone(),
            health: health.clone(),
            began_the_run: work.is_start,
        };
        let task =
            work.tasks
                .spawn_exporter(Place::new([stage.clone()]), seat, judged, async move {
                    let _ended = guard;
                    all_ended(excluded).await;
                    exporter.run(inbox).await
                });
        Live {
            stage,
            fingerprint,
            queue,
            holds,
            health: Some(health),
            door,
            task,
            ended,
        }
    }
}

impl Live {
    fn is_like(&self, node: &ExporterNode) -> bool {
        self.stage == node.stage
            && self.fingerprint == node.fingerprint
            && self.queue.are_alike(&node.queue)
    }

    fn excludes(&self, holds: &[Hold]) -> bool {
        self.holds
            .iter()
            .any(|mine| holds.iter().any(|other| mine.excludes(other)))
    }
}
