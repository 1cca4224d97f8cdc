//! The running pipelines and their inputs.

use std::collections::HashMap;
use std::sync::Arc;

use super::chains::{ChainRebuild, RetiringChains, RunningChain};
use super::exporters::ExporterInput;
use super::rewiring::Rewiring;
use crate::edge::EdgeHandle;
use crate::fan_out::Target;
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

/// What refreshes the processor that will run for this node: the running one, if that is kept.
fn refresher(
    node: &ProcessorNode,
    rebuilding: &ChainRebuild<'_>,
    running: &HashMap<StageId, Arc<dyn Refresh>>,
) -> Option<(StageId, Arc<dyn Refresh>)> {
    let refresh = if rebuilding.keeps(node) {
        running.get(&node.stage).cloned()
    } else {
        node.processor.refresher()
    };
    Some((node.stage.clone(), refresh?))
}

fn is_in(handle: &EdgeHandle, handles: &[EdgeHandle]) -> bool {
    handles.iter().any(|other| other.is(handle))
}

/// Disconnects a pipeline from the inputs that are not kept.
fn unwire(old: &[EdgeHandle], kept: &[EdgeHandle], pipeline: &str) {
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
        let mut refreshers = HashMap::new();
        let rebuilding = ChainRebuild::new(&name, placement, self.chains, resends.clone(), leaving);
        let rules: Vec<_> = processors
            .iter()
            .map(|node| node.processor.rules())
            .collect();
        let links: Vec<_> = processors
            .into_iter()
            .map(|node| {
                refreshers.extend(refresher(&node, &rebuilding, &self.refreshers));
                rebuilding.enter(node)
            })
            .collect();
        let counters: Vec<_> = links
            .iter()
            .map(|link| work.open(&name, &link.stage))
            .collect();
        for (counters, rules) in counters.iter().zip(&rules) {
            counters.add_rules(rules);
        }
        let inputs: Vec<_> = exporters.iter().map(|at| &inputs[*at]).collect();
        let target =
            |input: &&ExporterInput| input.target(work.open(&name, &input.stage), &resends);
        let targets = inputs.iter().map(target).collect();
        let (chains, targets) = rebuilding.chains(cut(links), &counters, targets, work);
        let handles: Vec<_> = inputs.iter().map(|input| input.edge.handle()).collect();
        if handles.iter().any(|handle| !is_in(handle, &self.inputs)) {
            resends.request();
        }
        unwire(&self.inputs, &handles, &name);
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
