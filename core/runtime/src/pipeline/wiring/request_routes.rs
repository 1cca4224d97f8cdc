//! The routes of requests: from all stages of a pipeline to its receivers.

use std::collections::HashMap;

use crate::pipeline::reload::TopologyChange;
use crate::pipeline::topology::{PipelineNode, Topology};
use crate::requests::Requests;
use crate::stage_id::StageId;

/// The ends of running stages. Those of stages that were removed keep their routes until they have
/// drained.
#[derive(Default)]
pub(super) struct RequestRoutes {
    /// Of each receiver: the one that runs, or that will run when those before it have ended.
    receivers: HashMap<StageId, Requests>,
    /// Of the processors of each pipeline: those that run, those that may replace them, and those
    /// that still drain.
    processors: HashMap<String, Vec<Requests>>,
}

impl RequestRoutes {
    /// Connects the stages of a topology that replaces the running one.
    pub(super) fn apply(&mut self, topology: &Topology, change: &TopologyChange) {
        let receivers: Vec<_> = topology
            .receivers
            .iter()
            .map(|node| match self.receivers.get(&node.stage) {
                Some(running) if change.kept.contains(&node.stage) => running.clone(),
                _ => node.requests.clone(),
            })
            .collect();
        let mut processors = HashMap::new();
        for pipeline in &topology.pipelines {
            let running = self.processors.remove(&pipeline.name);
            let ends = ends(pipeline, running.unwrap_or_default());
            for end in &ends {
                end.connect(pipeline.receivers.iter().map(|at| &receivers[*at]));
            }
            processors.insert(pipeline.name.clone(), ends);
        }
        for (at, receiver) in receivers.iter().enumerate() {
            let fed = topology.pipelines.iter();
            let fed = fed.filter(|pipeline| pipeline.receivers.contains(&at));
            receiver.connect(
                fed.flat_map(|pipeline| &pipeline.receivers)
                    .map(|at| &receivers[*at]),
            );
        }
        let stages = topology.receivers.iter().map(|node| node.stage.clone());
        self.receivers = stages.zip(receivers).collect();
        self.processors = processors;
    }
}

/// The ends of the processors of a pipeline, with those of running ones.
fn ends(pipeline: &PipelineNode, running: Vec<Requests>) -> Vec<Requests> {
    let new = pipeline.processors.iter().map(|node| node.requests.clone());
    running
        .into_iter()
        .filter(Requests::is_in_use)
        .chain(new)
        .collect()
}
