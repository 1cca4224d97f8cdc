//! A topology: built components and the wiring between them.

use std::time::Duration;

use tidegate_model::record::Kinds;

use crate::exclusive::ExclusiveResource;
use crate::health::Health;
use crate::limits::Limits;
use crate::requests::Requests;
use crate::stage::{Exporter, Processor, Receiver};
use crate::stage_id::StageId;

/// Built components and their wiring. The creator guarantees that indices are within the lists.
pub struct Topology {
    /// Every receiver, once, also if it feeds several pipelines.
    pub receivers: Vec<ReceiverNode>,
    /// Every exporter, once.
    pub exporters: Vec<ExporterNode>,
    /// The pipelines.
    pub pipelines: Vec<PipelineNode>,
    /// How long stages may take to drain after the shutdown is requested.
    pub grace: Duration,
}

/// A receiver under its name.
pub struct ReceiverNode {
    /// The receiver's stage.
    pub stage: StageId,
    /// The fingerprint of its configuration: a reload replaces the component only if this differs.
    pub fingerprint: String,
    /// The component.
    pub receiver: Box<dyn Receiver>,
    /// The requests that it was built with.
    pub requests: Requests,
}

/// An exporter under its name.
pub struct ExporterNode {
    /// The exporter's stage.
    pub stage: StageId,
    /// The fingerprint of its configuration without its inbox: a reload replaces the component only
    /// if this or the inbox differs.
    pub fingerprint: String,
    /// The resources that no other component can use while it runs.
    pub exclusive: Vec<ExclusiveResource>,
    /// The health, where the runner enters that the component has ended before the others.
    pub health: Health,
    /// The component.
    pub exporter: Box<dyn Exporter>,
    /// The kinds of records that it takes; others are filtered in front of it.
    pub wants: Kinds,
    /// The limits of its inbox.
    pub queue: Limits,
}

/// One pipeline: fan-in at its front, a chain of processors, fan-out at its end.
pub struct PipelineNode {
    /// Its name.
    pub name: String,
    /// Indices into [`Topology::receivers`].
    pub receivers: Vec<usize>,
    /// The chain, each processor built for this pipeline alone.
    pub processors: Vec<ProcessorNode>,
    /// Indices into [`Topology::exporters`].
    pub exporters: Vec<usize>,
}

/// A processor under its name.
pub struct ProcessorNode {
    /// The processor's stage.
    pub stage: StageId,
    /// The fingerprint of its configuration without its inbox: while it is the same, a reload keeps
    /// the running processor, with its state.
    pub fingerprint: String,
    /// The component.
    pub processor: Box<dyn Processor>,
    /// The requests that it was built with.
    pub requests: Requests,
    /// The limits of its inbox, if it runs in another task than the processor before it. The first
    /// one always has an inbox.
    pub queue: Option<Limits>,
}

impl Topology {
    /// The first pipeline of an exporter.
    pub(super) fn first_pipeline_of(&self, exporter: usize) -> usize {
        self.pipelines
            .iter()
            .position(|pipeline| pipeline.exporters.contains(&exporter))
            .unwrap_or_default()
    }

    /// The pipelines of an exporter, as the ledger names them.
    pub(super) fn pipelines_of(&self, exporter: usize) -> String {
        let pipelines = self
            .pipelines
            .iter()
            .filter(|pipeline| pipeline.exporters.contains(&exporter));
        pipelines
            .map(|pipeline| pipeline.name.as_str())
            .collect::<Vec<_>>()
            .join(",")
    }
}
