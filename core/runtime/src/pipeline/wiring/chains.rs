//! The chains of one pipeline: unchanged ones keep running, others hand over to new ones.

use std::sync::{Arc, Weak};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use tidegate_model::record::Kinds;

use super::rewiring::Rewiring;
use crate::edge::{Edge, EdgeHandle, Inbox, Reader, edge};
use crate::fan_out::FanOut;
use crate::fan_out::Target;
use crate::ledger::{StageCounters, reason};
use crate::pipeline::chain::{Chain, Origin, ProcessorSpec, origin};
use crate::pipeline::chain_task::{ChainStage, ChainTask};
use crate::pipeline::handover::{Handover, HandoverOrder, Replacement, all_ended};
use crate::pipeline::runtimes::Placement;
use crate::pipeline::stage_cursor::StageCursor;
use crate::pipeline::topology::ProcessorNode;
use crate::resend::ResendRequests;
use crate::resend::ResendSubscription;
use crate::stage_id::StageId;

/// A chain that is running or waiting to start.
pub(super) struct RunningChain {
    chain: Chain,
    handle: EdgeHandle,
    exits: Weak<FanOut>,
    orders: oneshot::Sender<HandoverOrder>,
    ended: CancellationToken,
}

/// Chains that were replaced or removed, until they have ended.
#[derive(Default)]
pub(super) struct RetiringChains(Vec<RetiringChain>);

struct RetiringChain {
    pipeline: String,
    chain: Chain,
    ended: CancellationToken,
}

impl RetiringChains {
    /// Orders a chain to hand over. A chain that has ended already has nothing to hand over.
    pub(super) fn retire(
        &mut self,
        pipeline: &str,
        live: RunningChain,
        handover: &Arc<Handover>,
        at_once: bool,
    ) {
        let _ = live.orders.send(HandoverOrder {
            handover: Arc::clone(handover),
            at_once,
        });
        self.0.retain(|one| !one.ended.is_cancelled());
        self.0.push(RetiringChain {
            pipeline: pipeline.to_owned(),
            chain: live.chain,
            ended: live.ended,
        });
    }

    /// The chains of a pipeline that have this stage and have not ended.
    fn with<'a>(
        &'a self,
        pipeline: &'a str,
        stage: &'a StageId,
    ) -> impl Iterator<Item = &'a CancellationToken> {
        let has = move |one: &&RetiringChain| {
            one.pipeline == pipeline && one.chain.iter().any(|link| link.stage == *stage)
        };
        self.0
            .iter()
            .filter(has)
            .map(|one| &one.ended)
            .filter(|ended| !ended.is_cancelled())
    }
}

/// The replacement of a pipeline's old chains.
pub(super) struct ChainRebuild<'a> {
    pipeline: &'a str,
    placement: Placement,
    was: Vec<Chain>,
    /// The old chains without those that are kept, each with a sender if its inbox has not ended.
    old: Vec<Option<(RunningChain, Option<Edge>)>>,
    leaving: &'a mut RetiringChains,
    handover: Arc<Handover>,
    resends: ResendRequests,
}

impl<'a> ChainRebuild<'a> {
    pub(super) fn new(
        pipeline: &'a str,
        placement: Placement,
        old: Vec<RunningChain>,
        resends: ResendRequests,
        leaving: &'a mut RetiringChains,
    ) -> Self {
        let was = old.iter().map(|live| live.chain.clone()).collect();
        let old = old
            .into_iter()
            .map(|live| Some((live.handle.edge(), live)))
            .map(|one| one.map(|(edge, live)| (live, edge)));
        Self {
            pipeline,
            placement,
            was,
            old: old.collect(),
            leaving,
            handover: Arc::default(),
            resends,
        }
    }

    /// Whether a running processor is kept in place of this one.
    pub(super) fn keeps(&self, node: &ProcessorNode) -> bool {
        self.was
            .iter()
            .flatten()
            .any(|old| old.stage == node.stage && old.fingerprint == node.fingerprint)
    }

    /// Adds a processor of the new configuration.
    pub(super) fn enter(&self, node: ProcessorNode) -> ProcessorSpec {
        let is_kept = self.keeps(&node);
        let ProcessorNode {
            stage,
            fingerprint,
            processor,
            queue,
            ..
        } = node;
        let link = ProcessorSpec {
            stage,
            fingerprint,
            queue,
        };
        self.handover
            .put(&link.stage, Replacement { processor, is_kept });
        link
    }

    /// Starts the new chains in front of `targets`; returns them and the target of the first one.
    /// `counters` are those of all processors in a row.
    pub(super) fn chains(
        mut self,
        chains: Vec<Chain>,
        counters: &[Arc<StageCounters>],
        mut targets: Vec<Target>,
        work: &mut Rewiring<'_>,
    ) -> (Vec<RunningChain>, Vec<Target>) {
        let is_open: Vec<_> = self
            .old
            .iter()
            .map(|one| matches!(one, Some((_, Some(_)))))
            .collect();
        let is_leaving = |stage: &StageId| self.leaving.with(self.pipeline, stage).next().is_some();
        let origins = origin(&self.was, &is_open, is_leaving, &chains);
        // A request to resend that an old chain has not seen yet must not be lost.
        let is_rebuilt =
            !self.was.is_empty() && origins.iter().any(|one| !matches!(one, Origin::Same(_)));
        let mut live = Vec::new();
        let mut rest = counters;
        for (chain, origin) in chains.into_iter().zip(&origins).rev() {
            let (front, own) = rest.split_at(rest.len() - chain.len());
            rest = front;
            let (edge, one) = self.chain(chain, origin, own, targets, work);
            let resends = self.resends.clone();
            targets = vec![Target {
                edge,
                counters: Arc::clone(&own[0]),
                wants: Kinds::ALL,
                resends,
            }];
            live.push(one);
        }
        if is_rebuilt {
            self.resends.request();
        }
        self.retire_old(&origins);
        live.reverse();
        (live, targets)
    }

    fn retire_old(self, origins: &[Origin]) {
        let goes_on = |at| {
            origins
                .iter()
                .any(|one| matches!(one, Origin::New { inbox_of: Some(of), .. } if *of == at))
        };
        for (at, one) in self.old.into_iter().enumerate() {
            if let Some((live, _)) = one {
                self.leaving
                    .retire(self.pipeline, live, &self.handover, goes_on(at));
            }
        }
    }

    fn chain(
        &mut self,
        chain: Chain,
        origin: &Origin,
        counters: &[Arc<StageCounters>],
        targets: Vec<Target>,
        work: &mut Rewiring<'_>,
    ) -> (Edge, RunningChain) {
        let (inbox_of, after) = match origin {
            Origin::New { inbox_of, after } => (*inbox_of, after.as_slice()),
            Origin::Same(at) => match self.old[*at].take() {
                Some((live, Some(edge))) => return (edge, keep_running(live, targets)),
                other => {
                    self.old[*at] = other;
                    (None, std::slice::from_ref(at))
                }
            },
        };
        let inherited = inbox_of.and_then(|at| self.old[at].as_ref()?.1.clone());
        let (edge, inbox) = match inherited {
            Some(edge) => (edge, None),
            None => new_edge(&chain),
        };
        work.context.ledger.watch(
            self.pipeline.to_owned(),
            &chain[0].stage,
            edge.handle().probe(),
        );
        let before = after
            .iter()
            .filter_map(|at| Some(&self.old[*at].as_ref()?.0.ended));
        let long_before = chain
            .iter()
            .flat_map(|link| self.leaving.with(self.pipeline, &link.stage));
        let begin = ChainStart {
            placement: self.placement,
            after: before.chain(long_before).cloned().collect(),
            inbox,
            handover: Arc::clone(&self.handover),
            resends: self.resends.subscribe(),
            counters: counters.to_vec(),
            exits: Arc::new(FanOut::new(
                Arc::clone(&counters[counters.len() - 1]),
                targets,
            )),
        };
        let live = begin.spawn(chain, edge.handle(), work);
        (edge, live)
    }
}

/// The edge and the inbox of a chain that inherits none.
fn new_edge(chain: &Chain) -> (Edge, Option<Inbox>) {
    let limits = chain[0].queue.unwrap_or_default();
    let (edge, inbox) = edge(limits, reason::QUEUE_FULL, Reader::Processor);
    (edge, Some(inbox))
}

fn keep_running(live: RunningChain, targets: Vec<Target>) -> RunningChain {
    if let Some(exits) = live.exits.upgrade() {
        exits.point(targets);
    }
    live
}

/// A chain that starts when its predecessors have ended.
struct ChainStart {
    placement: Placement,
    after: Vec<CancellationToken>,
    /// Its inbox; `None` if it takes over that of its predecessor.
    inbox: Option<Inbox>,
    handover: Arc<Handover>,
    resends: ResendSubscription,
    counters: Vec<Arc<StageCounters>>,
    exits: Arc<FanOut>,
}

impl ChainStart {
    fn spawn(self, chain: Chain, handle: EdgeHandle, work: &mut Rewiring<'_>) -> RunningChain {
        let (orders, listening) = oneshot::channel();
        let ended = CancellationToken::new();
        let exits = Arc::downgrade(&self.exits);
        let place = StageCursor::new(chain.iter().map(|link| link.stage.clone()));
        let guard = ended.clone().drop_guard();
        let pool = work.context.pool.clone();
        work.tasks.spawn(place.clone(), self.placement, async move {
            let _ended = guard;
            all_ended(self.after).await;
            let first = self.counters[0].stage();
            // A predecessor that failed leaves no inbox; the run is ending then.
            let Some(inbox) = self.inbox.or_else(|| self.handover.take_inbox(first)) else {
                return Ok(());
            };
            let step = |counters: Arc<StageCounters>| {
                Some(ChainStage::new(
                    self.handover.take(counters.stage())?,
                    counters,
                ))
            };
            let steps = self.counters.into_iter().filter_map(step).collect();
            ChainTask::new(steps, self.exits, pool, place, self.resends)
                .run(inbox, listening)
                .await
        });
        RunningChain {
            chain,
            handle,
            exits,
            orders,
            ended,
        }
    }
}
