//! The processors of the shipped configuration, without those that make metrics.

use tidegate_model::{Kind, Kinds};
use tidegate_runtime::component::BuildContext;
use tidegate_runtime::pipeline::ProcessorNode;
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;

use crate::config::{Config, Environment, Problems, Registry, Source, process_environment};
use crate::error::Error;
use crate::verbs::common::shipped::PIPELINE;

/// The chain of processors, and what its source is built with.
pub(super) struct Shipped {
    pub(super) pipeline: String,
    pub(super) processors: Vec<ProcessorNode>,
    /// `<cluster>/<node>`.
    pub(super) node_name: String,
    pub(super) telemetry: Telemetry,
}

impl Shipped {
    /// Builds the chain with the environment of this process.
    pub(super) fn build() -> Result<Self, Error> {
        let source = Source {
            name: "pipeline.toml".to_owned(),
            text: PIPELINE.to_owned(),
        };
        let environment: Environment<'_> = &process_environment;
        let mut problems = Problems::default();
        let failed = |problems: Problems| Error::Configuration(problems.render(&source, false));
        let Some(mut config) =
            Config::parse(&source, &Registry::BUILT_IN, environment, &mut problems)
        else {
            return Err(failed(problems));
        };
        keep_processors_of_records(&mut config);
        let telemetry = Telemetry::default();
        match config.build(telemetry, &mut problems) {
            Some(mut assembly) if !assembly.topology.pipelines.is_empty() => {
                let pipeline = assembly.topology.pipelines.swap_remove(0);
                Ok(Self {
                    pipeline: pipeline.name,
                    processors: pipeline.processors,
                    node_name: assembly.node_name,
                    telemetry: assembly.telemetry,
                })
            }
            _ => Err(failed(problems)),
        }
    }

    /// What a receiver is built with.
    pub(super) fn context(&self) -> BuildContext {
        let stage = StageId::receiver("observed");
        BuildContext {
            health: self.telemetry.health().stage(&stage),
            stage,
            node_name: self.node_name.clone(),
            telemetry: self.telemetry.clone(),
            requests: Default::default(),
        }
    }
}

/// Removes receivers, exporters, and processors that make metrics.
fn keep_processors_of_records(config: &mut Config) {
    config.receivers.clear();
    config.exporters.clear();
    let makes_metrics = |at: usize| {
        let processor = config.processors[at].config.as_deref();
        processor.is_some_and(|processor| processor.produces(Kinds::NONE).contains(Kind::Metric))
    };
    for pipeline in &mut config.pipelines {
        pipeline.receivers.clear();
        pipeline.exporters.clear();
        pipeline.processors.retain(|one| !makes_metrics(one.index));
    }
}
