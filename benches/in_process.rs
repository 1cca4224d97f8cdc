//! A pipeline in this process, which allows counting allocations and choosing batch sizes. It has the
//! stages, edges and ledger of the agent.

use std::error::Error;
use std::time::Duration;

use tidegate_model::Kinds;
use tidegate_runtime::component::{BuildContext, ComponentKind};
use tidegate_runtime::ledger::Ledger;
use tidegate_runtime::limits::Limits;
use tidegate_runtime::pipeline::{
    ExporterNode, PipelineNode, ProcessorNode, ReceiverNode, RunningTopology, Topology,
};
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Processor, Receiver};
use tidegate_runtime::stage_id::StageId;
use tokio::runtime::{Builder, Handle, Runtime};
use toml::de::ValueDeserializer;

use crate::agent::plan::Component;

/// A pipeline that is built and not started.
pub(crate) struct Pipeline {
    topology: Topology,
    runtime: Runtime,
}

impl Pipeline {
    /// Connects a receiver through processors to the `nop` exporter.
    pub(crate) fn new(
        receiver: Box<dyn Receiver>,
        processors: &[Component<'_>],
    ) -> Result<Self, Box<dyn Error>> {
        let processors: Result<Vec<_>, _> = processors
            .iter()
            .map(|component| processor(component))
            .collect();
        let exporter = configuration(tidegate_exporters::KINDS, &("nop", ""))?
            .build(&context(&StageId::exporter("nop")))?;
        let topology = Topology {
            receivers: vec![ReceiverNode {
                stage: StageId::receiver("input"),
                fingerprint: String::new(),
                receiver,
                requests: Default::default(),
            }],
            exporters: vec![ExporterNode {
                fingerprint: String::new(),
                exclusive: Vec::new(),
                stage: StageId::exporter("nop"),
                health: Default::default(),
                exporter,
                wants: Kinds::ALL,
                queue: Limits::DEFAULT,
            }],
            pipelines: vec![PipelineNode {
                name: "main".to_owned(),
                receivers: vec![0],
                processors: processors?,
                exporters: vec![0],
            }],
            grace: Duration::ZERO,
        };
        // The agent's number of threads.
        Ok(Self {
            topology,
            runtime: Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()?,
        })
    }

    /// Runs until the receiver has ended and everything is drained.
    pub(crate) fn run(self) -> Result<(), Box<dyn Error>> {
        let ledger = Ledger::default();
        self.runtime.block_on(async {
            RunningTopology::start(self.topology, &Handle::current(), &ledger, Shutdown::new())
                .ended()
                .await
        })?;
        if ledger.report().balanced {
            Ok(())
        } else {
            Err("the ledger does not balance".into())
        }
    }
}

fn processor(component: &Component<'_>) -> Result<ProcessorNode, Box<dyn Error>> {
    let stage = StageId::processor(component.0);
    let processor: Box<dyn Processor> =
        configuration(tidegate_processors::KINDS, component)?.build(&context(&stage))?;
    Ok(ProcessorNode {
        stage,
        fingerprint: String::new(),
        processor,
        queue: None,
        requests: Default::default(),
    })
}

/// Parses a component's configuration.
pub(crate) fn configuration<C: ?Sized>(
    kinds: &[ComponentKind<C>],
    (id, settings): &Component<'_>,
) -> Result<Box<C>, Box<dyn Error>> {
    let kind = kinds
        .iter()
        .find(|kind| kind.name == *id)
        .ok_or("no such kind")?;
    let table = format!("{{ {settings} }}");
    Ok((kind.parse)(ValueDeserializer::parse(&table)?)?)
}

/// A context for building components, with default names and telemetry.
pub(crate) fn context(stage: &StageId) -> BuildContext {
    BuildContext {
        stage: stage.clone(),
        node_name: "default/node".to_owned(),
        telemetry: tidegate_runtime::telemetry::Telemetry::default(),
        health: Default::default(),
        requests: Default::default(),
    }
}
