//! The configuration with what environment variables add to it, and how the exporter is built.

use std::sync::{Arc, OnceLock};

use serde::Deserialize as _;
use tidegate_model::Kinds;
use tidegate_runtime::component::{BuildContext, BuildError, ExporterConfig, FileUse, Finding};
use tidegate_runtime::limits::Limits;
use tidegate_runtime::stage::Exporter;
use toml::de::ValueDeserializer;

use super::backends;
use super::config::Config;
use super::exporter::OtlpExporter;
use super::inspection;
use super::logs::{Encoder, LogRequestBuilder, NodeResource};
use super::metrics::{MetricsConfig, MetricsExport};
use super::refresh::Backends;
use super::resource::ResourceAttributes;
use super::signal::Signal;
use super::status::BackendStatus;
use super::transport::{Protocol, ProxyConfig};
use super::variables;

/// The keys, after variables have replaced defaults.
#[derive(Debug)]
pub(super) struct Configured {
    keys: Config,
    /// The proxies of the environment.
    proxy: ProxyConfig,
    /// What is wrong with variables.
    findings: Vec<Finding>,
    /// The variables that keys have their values from.
    sources: Vec<(&'static str, String)>,
}

impl Configured {
    /// Parses the table.
    pub(super) fn parse(table: ValueDeserializer<'_>) -> Result<Self, toml::de::Error> {
        Ok(Self {
            keys: Config::deserialize(table)?,
            proxy: ProxyConfig::default(),
            findings: Vec::new(),
            sources: Vec::new(),
        })
    }

    /// An error in a value that is not in the file says where it comes from.
    fn with_source(&self, mut error: BuildError) -> BuildError {
        let mut sources = self.sources.iter().filter(|(key, _)| *key == error.key);
        if let Some((_, name)) = sources.next() {
            let source = format!("; the value is that of the environment variable `{name}`");
            error.message.push_str(&source);
        }
        error
    }
}

impl ExporterConfig for Configured {
    fn consumes(&self) -> Kinds {
        self.keys.signals.kinds()
    }

    /// Holds twice the bytes of other inboxes, since backends are away for longer than a pipe is
    /// full.
    fn default_queue(&self) -> Limits {
        Limits {
            bytes: 2 * Limits::DEFAULT.bytes,
            ..Limits::DEFAULT
        }
    }

    fn use_environment(&mut self, environment: &dyn Fn(&str) -> Option<String>) {
        let variables = variables::apply(&mut self.keys, environment);
        self.proxy = variables.proxy;
        self.findings = variables.findings;
        self.sources = variables.sources;
    }

    fn inspect(&self) -> Vec<Finding> {
        let mut findings = self.findings.clone();
        findings.extend(inspection::findings(&self.keys));
        findings
    }

    fn files(&self) -> Vec<FileUse> {
        inspection::files(&self.keys)
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Exporter>, BuildError> {
        let keys = &self.keys;
        keys.check()?;
        let targets = backends::targets(keys, &self.proxy);
        let targets = targets.map_err(|error| self.with_source(error))?;
        let resource = ResourceAttributes::new(context, &keys.resource);
        let log_resource = NodeResource::new(resource.clone());
        let metrics = MetricsConfig {
            interval: keys.metrics_interval.get(),
            max_request_bytes: keys.batch.max_bytes.get(),
            temporality: keys.temporality,
        };
        BackendStatus::declare_counters(context);
        let has_json = Signal::ALL
            .into_iter()
            .any(|signal| keys.protocol_of(signal) == Protocol::HttpJson);
        Ok(Box::new(OtlpExporter {
            context: context.clone(),
            backends: Arc::new(Backends {
                targets,
                client: OnceLock::new(),
            }),
            compression: Signal::ALL.map(|signal| keys.compression_of(signal)),
            has_json,
            drain_timeout: keys.drain_timeout.0,
            retry: keys.retry_on_failure.clone(),
            in_flight: keys.in_flight.get(),
            log_requests: LogRequestBuilder::new(keys.batch.clone(), log_resource.envelope()),
            span_requests: LogRequestBuilder::new(keys.batch.clone(), log_resource.envelope()),
            log_resource,
            log_kinds: keys.log_kinds(),
            span_finder: keys.span_finder(context),
            encoder: Encoder::new(context, &keys.log_format()),
            metrics: MetricsExport::new(resource, metrics, context),
        }))
    }
}
