//! The running pipelines and their inputs.

use std::collections::HashMap;
use std::sync::Arc;

use super::chains::{ChainRebuild, RetiringChains, RunningChain};
use super::exporters::ExporterInput;
use super::rewiring::Rewiring;
use crate::edge::EdgeHandle;
use crate::fan_out::Target;
use crate::ledger::StageCounters;
use crate::pipeline::chain::cut;
use crate::pipeline::reload::Refresher;
use crate::pipeline::runtimes::Placement;
use crate::pipeline::topology::{PipelineNode, ProcessorNode};
use crate::resend::ResendRequests;
use crate::stage::Refresh;
use crate::stage_id::StageId;

/// All running pipelines.
#[derive(Default)]
pub(super) struct Pipelines {
    live: Vec<RunningPipeline>,
    leaving: RetiringChains,
}

#[derive(Default)]
struct RunningPipeline {
    name: String,
    chains: Vec<RunningChain>,
    inputs: Vec<EdgeHandle>,
    resends: ResendRequests,
    /// The processors that can be refreshed.
    refreshers: HashMap<StageId, Arc<dyn Refresh>>,
}

/// The input of a pipeline.
pub(super) struct PipelineInput {
    pub(super) pipeline: String,
    /// Indices of the receivers.
    pub(super) receivers: Vec<usize>,
    pub(super) targets: Vec<Target>,
}

impl Pipelines {
    /// Applies the pipelines of a topology. `sources` are its receivers.
    pub(super) fn apply(
        &mut self,
        nodes: Vec<PipelineNode>,
        sources: &[StageId],
        inputs: &[ExporterInput],
        work: &mut Rewiring<'_>,
    ) -> Vec<PipelineInput> {
        let mut old = std::mem::take(&mut self.live);
        let mut fronts = Vec::new();
        for (at, node) in nodes.into_iter().enumerate() {
            let running = old
                .iter()
                .position(|live| live.name == node.name)
                .map(|at| old.swap_remove(at));
            for at in &node.receivers {
                work.open(&node.name, &sources[*at]);
            }
            let (front, live) = running.unwrap_or_default().apply(
                (node, Placement::Data(at)),
                inputs,
                &mut self.leaving,
                work,
            );
            fronts.push(front);
            self.live.push(live);
        }
        for RunningPipeline {
            name,
            chains,
            inputs,
            ..
        } in old
        {
            inputs.iter().for_each(|handle| handle.unwire(&name));
            chains
                .into_iter()
                .for_each(|chain| self.leaving.retire(&name, chain, &Arc::default(), false));
        }
        fronts
    }
}

impl Pipelines {
    /// The running processors that can be refreshed.
    pub(super) fn refreshers(&self) -> Vec<Refresher> {
        let all = self.live.iter().flat_map(|live| &live.refreshers);
        all.map(|(stage, refresh)| Refresher {
            stage: stage.clone(),
            refresh: Arc::clone(refresh),
        })
        .collect()
    }
}

/// The counters of these processors, with the rules that they count by.
fn counters(
    nodes: &[ProcessorNode],
    pipeline: &str,
    work: &mut Rewiring<'_>,
) -> Vec<Arc<StageCounters>> {
    let mut open = |node: &ProcessorNode| {
        let counters = work.open(pipeline, &node.stage);
        counters.add_rules(&node.processor.rules());
        counters
    };
    nodes.iter().map(&mut open).collect()
}

/// What refreshes the processors that will run for these nodes: the running one, if that is kept.
fn refreshers(
    nodes: &[ProcessorNode],
    rebuilding: &ChainRebuild<'_>,
    running: &HashMap<StageId, Arc<dyn Refresh>>,
) -> HashMap<StageId, Arc<dyn Refresh>> {
    let refresher = |node: &ProcessorNode| {
        let refresh = if rebuilding.keeps(node) {
            running.get(&node.stage).cloned()
        } else {
            node.processor.refresher()
        };
        Some((node.stage.clone(), refresh?))
    };
    nodes.iter().filter_map(refresher).collect()
}

fn is_in(handle: &EdgeHandle, handles: &[EdgeHandle]) -> bool {
    handles.iter().any(|other| other.is(handle))
}

/// Requests a resend for a new input, and disconnects the pipeline from those that are not kept.
fn rewire(old: &[EdgeHandle], kept: &[EdgeHandle], pipeline: &str, resends: &ResendRequests) {
    if kept.iter().any(|handle| !is_in(handle, old)) {
        resends.request();
    }
    old.iter()
        .filter(|handle| !is_in(handle, kept))
        .for_each(|handle| handle.unwire(pipeline));
}

impl RunningPipeline {
    /// Applies the new configuration of the pipeline; returns its input.
    fn apply(
        self,
        (node, placement): (PipelineNode, Placement),
        inputs: &[ExporterInput],
        leaving: &mut RetiringChains,
        work: &mut Rewiring<'_>,
    ) -> (PipelineInput, Self) {
        let PipelineNode {
            name,
            receivers,
            processors,
            exporters,
        } = node;
        let resends = self.resends;
        let rebuilding = ChainRebuild::new(&name, placement, self.chains, resends.clone(), leaving);
        let refreshers = refreshers(&processors, &rebuilding, &self.refreshers);
        let counters = counters(&processors, &name, work);
        let links: Vec<_> = processors
            .into_iter()
            .map(|node| rebuilding.enter(node))
            .collect();
        let inputs: Vec<_> = exporters.iter().map(|at| &inputs[*at]).collect();
        let target =
            |input: &&ExporterInput| input.target(work.open(&name, &input.stage), &resends);
        let targets = inputs.iter().map(target).collect();
        let (chains, targets) = rebuilding.chains(cut(links), &counters, targets, work);
        let handles: Vec<_> = inputs.iter().map(|input| input.edge.handle()).collect();
        rewire(&self.inputs, &handles, &name, &resends);
        let front = PipelineInput {
            pipeline: name.clone(),
            receivers,
            targets,
        };
        (
            front,
            Self {
                name,
                chains,
                inputs: handles,
                resends,
                refreshers,
            },
        )
    }
}
