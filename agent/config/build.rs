//! Builds the components of a parsed configuration.

use std::net::SocketAddr;

use tidegate_model::Kinds;
use tidegate_runtime::component::{
    BuildContext, BuildError, ExporterConfig, ProcessorConfig, ReceiverConfig,
};
use tidegate_runtime::config::ExporterPolicy;
use tidegate_runtime::limits::{Limits, WhenFull};
use tidegate_runtime::pipeline::{
    ExporterNode, PipelineNode, ProcessorNode, ReceiverNode, Topology,
};
use tidegate_runtime::requests::Requests;
use tidegate_runtime::telemetry::Telemetry;

use super::component::Component;
use super::flow::demanded;
use super::{
    ComponentRef, Config, Directives, LogFormat, OwnTelemetry, Pipeline, Problem, Problems,
    TelemetrySettings,
};

/// The components of a configuration and the settings of the agent.
pub(crate) struct Assembly {
    pub(crate) topology: Topology,
    /// The instruments of the components.
    pub(crate) telemetry: Telemetry,
    /// The agent's own listeners.
    pub(crate) pages: TelemetrySettings,
    /// How the agent's own telemetry is sent, if it is.
    pub(crate) own_telemetry: Option<OwnTelemetry>,
    /// The addresses that components listen on.
    pub(crate) listens: Vec<SocketAddr>,
    /// `<cluster>/<node>`.
    pub(crate) node_name: String,
    /// What is logged.
    pub(crate) log: Directives,
    /// The format of the log.
    pub(crate) log_format: LogFormat,
}

impl Config {
    /// Builds every component; `None` if one could not be read or built. Instruments that exist in
    /// `telemetry` are reused.
    pub(crate) fn build(&self, telemetry: Telemetry, problems: &mut Problems) -> Option<Assembly> {
        let mut builder = Builder {
            node_name: &self.service.node_name,
            telemetry,
            problems,
        };
        let receivers: Vec<_> = self
            .receivers
            .iter()
            .map(|component| builder.receiver(component))
            .collect();
        let exporter = |at| builder.exporter(&self.exporters[at], self.when_full(at).when_full());
        let exporters: Vec<_> = (0..self.exporters.len()).map(exporter).collect();
        let pipelines: Vec<_> = self
            .pipelines
            .iter()
            .map(|pipeline| builder.pipeline(pipeline, self))
            .collect();
        let topology = Topology {
            receivers: receivers.into_iter().collect::<Option<_>>()?,
            exporters: exporters.into_iter().collect::<Option<_>>()?,
            pipelines: pipelines.into_iter().collect::<Option<_>>()?,
            grace: self.service.grace,
        };
        let Builder { telemetry, .. } = builder;
        let service = self.service.clone();
        Some(Assembly {
            topology,
            telemetry,
            pages: service.telemetry,
            own_telemetry: service.own_telemetry,
            listens: self.listens(),
            node_name: service.node_name,
            log: service.log,
            log_format: service.log_format,
        })
    }

    /// Builds the components that no pipeline uses, for their errors.
    pub(super) fn build_unused(&self, telemetry: &Telemetry, problems: &mut Problems) {
        let mut builder = Builder {
            node_name: &self.service.node_name,
            telemetry: telemetry.clone(),
            problems,
        };
        for component in self.receivers.iter().filter(|one| !one.is_used) {
            builder.receiver(component);
        }
        for component in self.processors.iter().filter(|one| !one.is_used) {
            builder.processor(component, Kinds::NONE);
        }
        for component in self.exporters.iter().filter(|one| !one.is_used) {
            builder.exporter(component, WhenFull::Block);
        }
    }

    fn listens(&self) -> Vec<SocketAddr> {
        let receivers = self
            .receivers
            .iter()
            .filter_map(|component| component.config.as_ref());
        let exporters = self
            .exporters
            .iter()
            .filter_map(|component| component.config.as_ref());
        receivers
            .flat_map(|config| config.listens())
            .chain(exporters.flat_map(|config| config.listens()))
            .collect()
    }
}

struct Builder<'a> {
    node_name: &'a str,
    telemetry: Telemetry,
    problems: &'a mut Problems,
}

impl Builder<'_> {
    fn receiver(&mut self, component: &Component<dyn ReceiverConfig>) -> Option<ReceiverNode> {
        let config = component.buildable()?;
        let context = BuildContext {
            requests: Requests::new(
                &component.stage,
                config.sends_requests(),
                config.takes_requests(),
                &self.telemetry,
            ),
            ..self.context(component)
        };
        let receiver = self.built(component, config.build(&context))?;
        Some(ReceiverNode {
            stage: component.stage.clone(),
            fingerprint: self.fingerprint(component),
            receiver,
            requests: context.requests,
        })
    }

    fn exporter(
        &mut self,
        component: &Component<dyn ExporterConfig>,
        when_full: WhenFull,
    ) -> Option<ExporterNode> {
        let config = component.buildable()?;
        let context = self.context(component);
        let exporter = self.built(component, config.build(&context))?;
        let default = Limits {
            when_full,
            ..config.default_queue()
        };
        let queue = component
            .queue
            .unwrap_or_default()
            .limits(default, ExporterPolicy::fixed);
        Some(ExporterNode {
            stage: component.stage.clone(),
            fingerprint: self.fingerprint(component),
            exclusive: config.exclusive_resources(),
            health: context.health,
            exporter,
            wants: config.consumes(),
            queue,
        })
    }

    /// Builds a processor, behind which the kinds `demanded` are absorbed.
    fn processor(
        &mut self,
        component: &Component<dyn ProcessorConfig>,
        demanded: Kinds,
    ) -> Option<ProcessorNode> {
        let config = component.buildable()?;
        let context = BuildContext {
            requests: Requests::new(
                &component.stage,
                config.sends_requests(),
                &[],
                &self.telemetry,
            ),
            ..self.context(component)
        };
        let processor = self.built(component, config.build_for(demanded, &context))?;
        let queue = component
            .queue
            .map(|queue| queue.limits(Limits::DEFAULT, ExporterPolicy::fixed));
        Some(ProcessorNode {
            stage: component.stage.clone(),
            fingerprint: format!("{} {demanded}", self.fingerprint(component)),
            processor,
            queue,
            requests: context.requests,
        })
    }

    /// Builds a pipeline with its own instances of the processors.
    fn pipeline(&mut self, pipeline: &Pipeline, config: &Config) -> Option<PipelineNode> {
        let processors: Vec<_> = pipeline
            .processors
            .iter()
            .enumerate()
            .map(|(at, one)| {
                let demanded = demanded(config, pipeline, at);
                self.processor(&config.processors[one.index], demanded)
            })
            .collect();
        let indices =
            |references: &[ComponentRef]| references.iter().map(|one| one.index).collect();
        Some(PipelineNode {
            name: pipeline.name.clone(),
            receivers: indices(&pipeline.receivers),
            processors: processors.into_iter().collect::<Option<_>>()?,
            exporters: indices(&pipeline.exporters),
        })
    }

    /// A digest of everything that the component is built from.
    fn fingerprint<C: ?Sized>(&self, component: &Component<C>) -> String {
        format!("{:?} {}", self.node_name, component.fingerprint)
    }

    fn context<C: ?Sized>(&self, component: &Component<C>) -> BuildContext {
        BuildContext {
            stage: component.stage.clone(),
            node_name: self.node_name.to_owned(),
            telemetry: self.telemetry.clone(),
            health: self.telemetry.health().stage(&component.stage),
            requests: Requests::default(),
        }
    }

    fn built<C: ?Sized, T>(
        &mut self,
        component: &Component<C>,
        result: Result<T, BuildError>,
    ) -> Option<T> {
        let refused = |error: BuildError| {
            let title = format!("wrong value in `{}.{}`", component.stage, error.key);
            Problem::new(title, component.span_of(error.key)).label(error.message)
        };
        result
            .map_err(|error| self.problems.push(refused(error)))
            .ok()
    }
}
