//! What is to run, as built components and the wiring between them.

use std::time::Duration;

use tidegate_model::record::Kinds;

use crate::exclusive::ExclusiveResource;
use crate::health::Health;
use crate::limits::Limits;
use crate::stage::{Exporter, Processor, Receiver};
use crate::stage_id::StageId;

/// Built components and how they are wired. Checked by whoever makes it: indices point into the
/// lists.
pub struct Topology {
    /// Every receiver, once, whatever the number of pipelines that it feeds.
    pub receivers: Vec<ReceiverNode>,
    /// Every exporter, once.
    pub exporters: Vec<ExporterNode>,
    /// The pipelines.
    pub pipelines: Vec<PipelineNode>,
    /// How long stages may take to drain after a stop is requested.
    pub grace: Duration,
}

/// A receiver under its name.
pub struct ReceiverNode {
    /// Name in the books, such as `receivers.monitor1_2`.
    pub stage: StageId,
    /// What its configuration is: a reload starts the component only if this differs.
    pub fingerprint: String,
    /// The component.
    pub receiver: Box<dyn Receiver>,
}

/// An exporter under its name.
pub struct ExporterNode {
    /// Name in the books, such as `exporters.stdout`.
    pub stage: StageId,
    /// What its configuration is, but for its inbox: a reload starts the component only if this or
    /// the inbox differs.
    pub fingerprint: String,
    /// What nobody else can hold while it runs.
    pub exclusive: Vec<ExclusiveResource>,
    /// Where the runner enters that the component has ended before the others.
    pub health: Health,
    /// The component.
    pub exporter: Box<dyn Exporter>,
    /// The kinds of records that it gets; others are filtered in front of it.
    pub wants: Kinds,
    /// Its inbox.
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
    /// Name in the books, such as `processors.l34_flow`.
    pub stage: StageId,
    /// What its configuration is, but for its inbox: while it is the same, a reload keeps the
    /// running one, with its state.
    pub fingerprint: String,
    /// The component.
    pub processor: Box<dyn Processor>,
    /// Its inbox, if it is to run apart from the processor before it. The first one always has one.
    pub queue: Option<Limits>,
}

impl Topology {
    /// The first pipeline that an exporter ends.
    pub(super) fn first_pipeline_of(&self, exporter: usize) -> usize {
        self.pipelines
            .iter()
            .position(|pipeline| pipeline.exporters.contains(&exporter))
            .unwrap_or_default()
    }

    /// The pipelines that an exporter ends, as a queue's row in the ledger names them.
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
