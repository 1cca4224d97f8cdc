//! The chains of one pipeline: those that are the same go on, others hand their processors over to
//! new ones.

use std::sync::{Arc, Weak};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use tidegate_model::record::Kinds;

use super::work::Work;
use crate::edge::{Edge, EdgeHandle, Inbox, Reader, edge};
use crate::fan_out::FanOut;
use crate::fan_out::Target;
use crate::ledger::{StageCounters, reason};
use crate::pipeline::chain::{Chain, Link, Origin, origin};
use crate::pipeline::chain_task::{ChainTask, Step};
use crate::pipeline::handover::{Handover, HandoverOrder, Replacement, all_ended};
use crate::pipeline::place::Place;
use crate::pipeline::runtimes::Placement;
use crate::pipeline::topology::ProcessorNode;
use crate::resend::ResendRequests;
use crate::resend::ResendSubscription;
use crate::stage_id::StageId;

/// A chain that runs, or waits to.
pub(super) struct LiveChain {
    chain: Chain,
    handle: EdgeHandle,
    exits: Weak<FanOut>,
    orders: oneshot::Sender<HandoverOrder>,
    ended: CancellationToken,
}

/// Chains that others have taken the place of, until they have ended.
#[derive(Default)]
pub(super) struct Leaving(Vec<LeavingChain>);

struct LeavingChain {
    pipeline: String,
    chain: Chain,
    ended: CancellationToken,
}

impl Leaving {
    /// Others take the place of a chain. One that has ended already hears nothing, and leaves
    /// nothing.
    pub(super) fn retire(
        &mut self,
        pipeline: &str,
        live: LiveChain,
        handover: &Arc<Handover>,
        at_once: bool,
    ) {
        let _ = live.orders.send(HandoverOrder {
            handover: Arc::clone(handover),
            at_once,
        });
        self.0.retain(|one| !one.ended.is_cancelled());
        self.0.push(LeavingChain {
            pipeline: pipeline.to_owned(),
            chain: live.chain,
            ended: live.ended,
        });
    }

    /// Those of a pipeline that have a stage of this name.
    fn with<'a>(
        &'a self,
        pipeline: &'a str,
        stage: &'a StageId,
    ) -> impl Iterator<Item = &'a CancellationToken> {
        let has = move |one: &&LeavingChain| {
            one.pipeline == pipeline && one.chain.iter().any(|link| link.stage == *stage)
        };
        self.0
            .iter()
            .filter(has)
            .map(|one| &one.ended)
            .filter(|ended| !ended.is_cancelled())
    }
}

/// A pipeline whose old chains are replaced by new ones.
pub(super) struct ChainRebuild<'a> {
    pipeline: &'a str,
    placement: Placement,
    was: Vec<Chain>,
    /// The old chains, but for those that go on; with the ways to those whose inbox has not ended.
    old: Vec<Option<(LiveChain, Option<Edge>)>>,
    leaving: &'a mut Leaving,
    handover: Arc<Handover>,
    resends: ResendRequests,
}

impl<'a> ChainRebuild<'a> {
    pub(super) fn new(
        pipeline: &'a str,
        placement: Placement,
        old: Vec<LiveChain>,
        resends: ResendRequests,
        leaving: &'a mut Leaving,
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

    /// Takes in a processor of the new configuration.
    pub(super) fn enter(&self, node: ProcessorNode) -> Link {
        let ProcessorNode {
            stage,
            fingerprint,
            processor,
            queue,
        } = node;
        let link = Link {
            stage,
            fingerprint,
            queue,
        };
        let is_kept = self
            .was
            .iter()
            .flatten()
            .any(|old| old.stage == link.stage && old.fingerprint == link.fingerprint);
        self.handover
            .put(&link.stage, Replacement { processor, is_kept });
        link
    }

    /// The new chains, whose records end at `targets`; and the way to the first one. `books` are
    /// those of all processors in a row.
    pub(super) fn chains(
        mut self,
        chains: Vec<Chain>,
        counters: &[Arc<StageCounters>],
        mut targets: Vec<Target>,
        work: &mut Work<'_>,
    ) -> (Vec<LiveChain>, Vec<Target>) {
        let is_open: Vec<_> = self
            .old
            .iter()
            .map(|one| matches!(one, Some((_, Some(_)))))
            .collect();
        let is_leaving = |stage: &StageId| self.leaving.with(self.pipeline, stage).next().is_some();
        let origins = origin(&self.was, &is_open, is_leaving, &chains);
        // A request that an old chain has not seen yet must not end with it.
        let is_rebuilt =
            !self.was.is_empty() && origins.iter().any(|one| !matches!(one, Origin::Same(_)));
        let (mut live, mut rest) = (Vec::new(), counters);
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
        work: &mut Work<'_>,
    ) -> (Edge, LiveChain) {
        let (inbox_of, after) = match origin {
            Origin::New { inbox_of, after } => (*inbox_of, after.as_slice()),
            Origin::Same(at) => match self.old[*at].take() {
                Some((live, Some(edge))) => return (edge, go_on(live, targets)),
                other => {
                    self.old[*at] = other;
                    (None, std::slice::from_ref(at))
                }
            },
        };
        let inherited = inbox_of.and_then(|at| self.old[at].as_ref()?.1.clone());
        let (edge, inbox) = match inherited {
            Some(edge) => (edge, None),
            None => {
                let limits = chain[0].queue.unwrap_or_default();
                let (edge, inbox) = edge(limits, reason::QUEUE_FULL, Reader::Processor);
                (edge, Some(inbox))
            }
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
        let begin = Begin {
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

fn go_on(live: LiveChain, targets: Vec<Target>) -> LiveChain {
    if let Some(exits) = live.exits.upgrade() {
        exits.point(targets);
    }
    live
}

/// A chain that is to begin when those that it takes over from have ended.
struct Begin {
    placement: Placement,
    after: Vec<CancellationToken>,
    /// Its own inbox; `None` if it gets that of the chain before it.
    inbox: Option<Inbox>,
    handover: Arc<Handover>,
    resends: ResendSubscription,
    counters: Vec<Arc<StageCounters>>,
    exits: Arc<FanOut>,
}

impl Begin {
    fn spawn(self, chain: Chain, handle: EdgeHandle, work: &mut Work<'_>) -> LiveChain {
        let (orders, listening) = oneshot::channel();
        let ended = CancellationToken::new();
        let exits = Arc::downgrade(&self.exits);
        let place = Place::new(chain.iter().map(|link| link.stage.clone()));
        let (guard, pool) = (ended.clone().drop_guard(), work.context.pool.clone());
        work.tasks.spawn(place.clone(), self.placement, async move {
            let _ended = guard;
            all_ended(self.after).await;
            let first = self.counters[0].stage();
            // If a chain before it has failed, there is no inbox, and everything ends.
            let Some(inbox) = self.inbox.or_else(|| self.handover.take_inbox(first)) else {
                return Ok(());
            };
            let step = |counters: Arc<StageCounters>| {
                Some(Step::new(self.handover.take(counters.stage())?, counters))
            };
            let steps = self.counters.into_iter().filter_map(step).collect();
            ChainTask::new(steps, self.exits, pool, place, self.resends)
                .run(inbox, listening)
                .await
        });
        LiveChain {
            chain,
            handle,
            exits,
            orders,
            ended,
        }
    }
}
