//! Applies a topology: starts it, or changes the running one while records are flowing.
//!
//! A stage with an unchanged name and fingerprint keeps running. Only the edges around it change:
//! fan-outs get other targets, between two batches. A removed stage loses its senders, drains and
//! ends; a replacement that cannot run beside it waits for that. Processors move from the task of
//! an old chain to that of a new one, with their state. Nothing here waits: the new wiring is in
//! effect at once.

mod chains;
mod exporters;
mod manifest;
mod pipelines;
mod receivers;
mod request_routes;
mod rewiring;

pub(super) use rewiring::RunContext;

use self::exporters::Exporters;
use self::manifest::Manifest;
use self::pipelines::Pipelines;
use self::receivers::Receivers;
use self::request_routes::RequestRoutes;
use self::rewiring::Rewiring;
use super::reload::{Refresher, TopologyChange};
use super::tasks::Tasks;
use super::topology::Topology;

/// The running wiring. Keeps no edge open.
#[derive(Default)]
pub(super) struct Wiring {
    manifest: Manifest,
    requests: RequestRoutes,
    exporters: Exporters,
    pipelines: Pipelines,
    receivers: Receivers,
}

impl Wiring {
    /// Whether no exporter takes records any more.
    pub(super) fn exporters_have_ended(&self) -> bool {
        self.exporters.have_ended()
    }

    /// Tells the exporters that the run is to end.
    pub(super) fn request_end_of_exporters(&self) {
        self.exporters.request_end();
    }

    /// Tells auxiliary receivers to stop if all others have ended.
    pub(super) fn stop_auxiliary_receivers(&self) {
        self.receivers.stop_auxiliary();
    }

    /// The running components that can be refreshed.
    pub(super) fn refreshers(&self) -> Vec<Refresher> {
        let parts = [
            self.receivers.refreshers(),
            self.pipelines.refreshers(),
            self.exporters.refreshers(),
        ];
        parts.into_iter().flatten().collect()
    }

    /// Applies a topology. Receivers start last, when the stages behind them are running. An
    /// exporter that has ended before its input did is started again.
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
        // Before anything starts, so that no request is sent to nowhere.
        self.requests.apply(&topology, &change);
        let mut work = Rewiring {
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
