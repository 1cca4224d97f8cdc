//! Turns a configuration file into a topology in three steps: parse, check, build. Each step collects
//! problems and continues, so that all errors of a file are shown at once. Nothing is opened or bound:
//! `validate` and `run` use the same code.

mod build;
mod check;
mod component;
mod directives;
mod environment;
mod explain;
mod fingerprint;
mod flow;
mod input;
mod kind;
mod layout;
mod listen;
mod listeners;
mod own_telemetry;
mod pipeline;
mod problem;
mod reference;
mod registry;
mod renamed;
mod request_queue;
mod secret;
mod secrets;
mod section;
mod service;
mod source;
mod suggest;
mod syntax;
mod table;
mod telemetry;
#[cfg(test)]
mod tests;
mod when_full;

pub(crate) use build::Assembly;
pub(crate) use component::Component;
pub(crate) use directives::{BadDirective, Directives};
pub(crate) use environment::{Environment, process_environment};
pub(crate) use flow::arrivals;
pub(crate) use input::ConfigInput;
pub(crate) use listen::{Listen, unix_path};
pub(crate) use own_telemetry::{OwnLevel, OwnSignal, OwnTelemetry, TABLE as OWN_TELEMETRY};
pub(crate) use pipeline::{Pipeline, PipelineTable};
pub(crate) use problem::{Problem, Problems, plural};
pub(crate) use reference::ComponentRef;
pub(crate) use registry::{Registry, find};
pub(crate) use renamed::end as old_name_ends;
pub(crate) use secret::Secret;
pub(crate) use section::QUEUE;
pub(crate) use service::{HOSTNAME, LogFormat, PIPELINES, Service, ServiceTable};
pub(crate) use source::Source;
pub(crate) use suggest::did_you_mean;
pub(crate) use telemetry::{Admin, Telemetry as TelemetrySettings, Tls};

use tidegate_runtime::component::{ExporterConfig, ProcessorConfig, ReceiverConfig};
use tidegate_runtime::telemetry::Telemetry;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use pipeline::{PipelineReader, no_pipelines};
use table::table;

/// A parsed configuration. It can be changed before it is built.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) receivers: Vec<Component<dyn ReceiverConfig>>,
    pub(crate) processors: Vec<Component<dyn ProcessorConfig>>,
    pub(crate) exporters: Vec<Component<dyn ExporterConfig>>,
    pub(crate) pipelines: Vec<Pipeline>,
    pub(crate) service: Service,
}

/// Parses, checks and builds a configuration; `None` if `problems` has errors. Instruments that exist
/// in `telemetry` are reused. `parsed` is called before anything is built.
pub(crate) fn load(
    source: &Source,
    registry: &Registry,
    environment: Environment<'_>,
    telemetry: Telemetry,
    problems: &mut Problems,
    parsed: impl FnOnce(&Service),
) -> Option<(Config, Assembly)> {
    let mut config = Config::parse(source, registry, environment, problems)?;
    parsed(&config.service);
    config.check(source, registry, problems);
    let assembly = config.build(telemetry, problems)?;
    (problems.errors() == 0).then_some((config, assembly))
}

impl Config {
    /// Reads the text; `None` if it is not TOML.
    pub(crate) fn parse(
        source: &Source,
        registry: &Registry,
        environment: Environment<'_>,
        problems: &mut Problems,
    ) -> Option<Self> {
        let mut root = syntax::parse(source, problems)?;
        environment::substitute(&mut root, source, environment, problems);
        let end = source.text.len();
        let mut root = table(root, "the file", problems)?;
        layout::correct(&mut root, registry, problems);
        let mut receivers = registry.receiver_section().read(&mut root, problems);
        let mut processors = registry.processor_section().read(&mut root, problems);
        let mut exporters = registry.exporter_section().read(&mut root, problems);
        let of_processors = processors.list.iter_mut();
        let of_processors = of_processors.filter_map(|processor| processor.config.as_mut());
        of_processors.for_each(|config| config.use_environment(environment));
        let of_exporters = exporters.list.iter_mut();
        let of_exporters = of_exporters.filter_map(|exporter| exporter.config.as_mut());
        of_exporters.for_each(|config| config.use_environment(environment));
        let service = root
            .remove("service")
            .unwrap_or_else(|| Spanned::new(end..end, DeValue::Table(DeTable::new())));
        let service_span = service.span();
        let service = table(service, "service", problems);
        let has_none = |service: &DeTable<'_>| !service.contains_key(PIPELINES);
        if service.as_ref().is_some_and(has_none) {
            problems.push(no_pipelines(service_span.clone()));
        }
        let mut service = service.unwrap_or_default();
        let mut reader = PipelineReader {
            registry,
            receivers: &mut receivers,
            processors: &mut processors,
            exporters: &mut exporters,
        };
        let pipelines = service.remove(PIPELINES);
        let pipelines = pipelines.map_or_else(Vec::new, |table| reader.read(table, problems));
        let service = Service::read(service, service_span, environment, problems);
        Some(Self {
            receivers: receivers.list,
            processors: processors.list,
            exporters: exporters.list,
            pipelines,
            service,
        })
    }
}
