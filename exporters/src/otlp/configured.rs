//! The configuration with what environment variables add to it, and how the exporter is built.

use std::sync::{Arc, OnceLock};

use serde::Deserialize as _;
use tidegate_model::Kinds;
use tidegate_runtime::component::{
    BuildContext, BuildError, Environment, ExporterConfig, FileUse, Finding,
};
use tidegate_runtime::config::{ByteSize, DiskQueue, RequestQueue};
use tidegate_runtime::disk_log::Settings;
use tidegate_runtime::exclusive::ExclusiveResource;
use tidegate_runtime::stage::Exporter;
use toml::de::ValueDeserializer;

use super::backends;
use super::config::Config;
use super::exporter::OtlpExporter;
use super::inspection;
use super::logs::{Encoder, LogRequestBuilder, NodeResource};
use super::metrics::{MetricsConfig, MetricsExport};
use super::queue::QueueConfig;
use super::refresh::Backends;
use super::resource::ResourceAttributes;
use super::signal::Signal;
use super::status::BackendStatus;
use super::transport::{Protocol, ProxyConfig};
use super::variables;

/// The default of `queue.requests`.
const DEFAULT_REQUESTS: ByteSize = ByteSize::new(6 << 20);

/// The keys, after variables have replaced defaults.
#[derive(Debug)]
pub(super) struct Configured {
    keys: Config,
    queue: RequestQueue,
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
            queue: RequestQueue::default(),
            proxy: ProxyConfig::default(),
            findings: Vec::new(),
            sources: Vec::new(),
        })
    }

    /// An error in a value that is not in the file says where it comes from.
    fn with_source(&self, mut error: BuildError) -> BuildError {
        let sources = self.sources.iter().filter(|(key, _)| *key == error.key);
        let names: Vec<_> = sources.map(|(_, name)| format!("`{name}`")).collect();
        let source = match &names[..] {
            [] => return error,
            [name] => format!("; the value is that of the environment variable {name}"),
            names => format!(
                "; the values are those of the environment variables {}",
                names.join(", ")
            ),
        };
        error.message.push_str(&source);
        error
    }
}

impl ExporterConfig for Configured {
    fn consumes(&self) -> Kinds {
        self.keys.signals.kinds()
    }

    /// A queue on disk is used by one exporter at a time.
    fn exclusive_resources(&self) -> Vec<ExclusiveResource> {
        let disk = self.queue.disk.iter();
        disk.map(|disk| ExclusiveResource::File(disk.path.components().collect()))
            .collect()
    }

    fn keep_requests(&mut self, queue: RequestQueue) -> Option<ByteSize> {
        self.queue = queue;
        Some(DEFAULT_REQUESTS)
    }

    fn use_environment(&mut self, environment: Environment<'_>) {
        let applied = variables::apply(&mut self.keys, environment);
        self.proxy = applied.proxy;
        self.findings = applied.findings;
        self.sources = applied.sources;
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
        let disk = self.queue.disk.as_ref().map(disk_settings).transpose()?;
        let targets = backends::targets(keys, &self.proxy);
        let targets = targets.map_err(|error| self.with_source(error))?;
        let resource = ResourceAttributes::new(context, &keys.resource);
        let log_resource = NodeResource::new(resource.clone());
        let metrics = MetricsConfig {
            interval: keys.metrics_interval.get(),
            max_request_bytes: keys.batch.max_bytes.get(),
            temporality: *keys.temporality.get(),
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
            drain_timeout: keys.drain_timeout.0,
            retry: keys.retry_on_failure.clone(),
            queue: QueueConfig {
                max_bytes: self.queue.requests.unwrap_or(DEFAULT_REQUESTS).get(),
                in_flight: keys.in_flight.get(),
            },
            disk,
            has_json,
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

fn disk_settings(disk: &DiskQueue) -> Result<Settings, BuildError> {
    if disk.bytes.get() < DiskQueue::MIN_BYTES {
        return Err(BuildError {
            key: "queue.disk.bytes",
            message: "`bytes` must be 16MiB or more".to_owned(),
        });
    }
    Ok(Settings {
        path: disk.path.clone(),
        bytes: disk.bytes.get() as u64,
        fsync: disk.fsync,
    })
}
