//! Makes what runs like a topology: starts it from nothing, or changes it while records flow.
//!
//! A stage whose name and fingerprint stay is not touched. What changes around it are edges:
//! fan-outs are pointed to other inboxes, between two batches. A stage that is no longer wanted
//! loses its senders, drains, and ends; one that takes its place and cannot run beside it waits for
//! that. Processors go from the task of an old chain to that of a new one, with their state.
//! Nothing here waits: the new wiring holds at once.

mod chains;
mod exporters;
mod manifest;
mod pipelines;
mod receivers;
mod work;

pub(super) use work::RunContext;

use self::exporters::Exporters;
use self::manifest::Manifest;
use self::pipelines::Pipelines;
use self::receivers::Receivers;
use self::work::Work;
use super::reload::TopologyChange;
use super::tasks::Tasks;
use super::topology::Topology;

/// What runs, as far as the next change has to know it. Keeps no edge open.
#[derive(Default)]
pub(super) struct Wiring {
    manifest: Manifest,
    exporters: Exporters,
    pipelines: Pipelines,
    receivers: Receivers,
}

impl Wiring {
    /// Whether no exporter takes records any more.
    pub(super) fn exporters_have_ended(&self) -> bool {
        self.exporters.have_ended()
    }

    /// Receivers start last, when there is somebody to send to. An exporter that has ended before
    /// its input did is started again.
    pub(super) fn apply(
        &mut self,
        topology: Topology,
        context: &RunContext,
        tasks: &mut Tasks,
    ) -> TopologyChange {
        let is_start = self.manifest.is_empty();
        let manifest = Manifest::of(&topology);
        let change = self
            .manifest
            .change(&manifest, &self.exporters.ended_early());
        self.manifest = manifest;
        let mut work = Work {
            context,
            tasks,
            is_start,
            rows: Vec::new(),
        };
        let pipelines_of = |at| (topology.pipelines_of(at), topology.first_pipeline_of(at));
        let pipelines: Vec<_> = (0..topology.exporters.len()).map(pipelines_of).collect();
        let inputs = self
            .exporters
            .apply(topology.exporters.into_iter().zip(pipelines), &mut work);
        let sources: Vec<_> = topology
            .receivers
            .iter()
            .map(|node| node.stage.clone())
            .collect();
        let fronts = self
            .pipelines
            .apply(topology.pipelines, &sources, &inputs, &mut work);
        self.receivers.apply(topology.receivers, fronts, &mut work);
        context.ledger.arrange(&work.rows);
        change
    }
}
