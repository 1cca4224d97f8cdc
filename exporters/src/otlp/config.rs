//! The configuration of the `otlp` exporter, and how the exporter is built from it. Keys have the
//! OpenTelemetry Collector's names where it has the same setting.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use serde::Deserialize;
use tidegate_model::{Kind, Kinds};
use tidegate_runtime::component::{BuildContext, BuildError, ExporterConfig};
use tidegate_runtime::config::{HumanDuration, Signals};
use tidegate_runtime::limits::Limits;
use tidegate_runtime::stage::Exporter;

use super::delivery::RetryConfig;
use super::exporter::OtlpExporter;
use super::logs::{BatchConfig, Encoder, Envelope, LogRequestBuilder};
use super::metrics::{MetricsConfig, MetricsExport};
use super::resource::ResourceAttributes;
use super::transport::{BackendTarget, Compression, EndpointUrl, Headers, TlsConfig};

/// What is exported unless `signals` is set.
const DEFAULT_SIGNALS: Kinds = Kinds::of(&[Kind::Flow, Kind::Lost, Kind::Metric]);

/// Limit of `batch.max_bytes`: many gRPC servers refuse messages above 4 MiB.
const MAX_BATCH_BYTES: usize = 4 << 20;

/// The table of an `otlp` exporter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Config {
    /// Scheme, host and port of the backend, default `http://127.0.0.1:4317`, a Collector on the
    /// node. `https` means TLS. Credentials belong in `headers`.
    pub(super) endpoint: EndpointUrl,
    /// The signals to export, default flows, lost reports and metrics. Add agent events or debug
    /// events to have them in the backend.
    pub(super) signals: Option<Signals>,
    /// Metadata of every request, such as an API key; values never appear in logs. Default none.
    pub(super) headers: Headers,
    /// Default none, because the default backend is on the same node, where compression costs more
    /// than it saves. Across a network choose `zstd` if the backend supports it: a tenth of the
    /// work of `gzip`, and two thirds of its bytes.
    pub(super) compression: Compression,
    /// Limit of one attempt, including the connection; default 10 s, more than zero.
    pub(super) timeout: HumanDuration,
    /// When log records are sent.
    pub(super) batch: BatchConfig,
    /// What happens after a failed attempt.
    pub(super) retry_on_failure: RetryConfig,
    /// Log requests in flight at once, default 4. More of them hide the latency of a distant
    /// backend and use more memory while it does not respond.
    pub(super) in_flight: NonZeroUsize,
    /// How long delivery continues after the previous stage has ended, default 5 s; 0 gives up at
    /// once. Remaining records are dropped with the reason `drain_timeout`. Keep it below the
    /// agent's grace period, which otherwise ends the exporter first.
    pub(super) drain_timeout: HumanDuration,
    /// Interval at which the current values of all series are sent, default 10 s, more than zero.
    pub(super) metrics_interval: HumanDuration,
    /// Names of HTTP headers to record as attributes, default none, since headers hold
    /// credentials; `*` records all.
    pub(super) http_headers: Vec<String>,
    /// Resource attributes to add to `service.*`, `host.name` and `k8s.*`, or to replace them.
    pub(super) resource: BTreeMap<String, String>,
    /// Certificates for an `https` endpoint.
    pub(super) tls: TlsConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            endpoint: EndpointUrl("http://127.0.0.1:4317".to_owned()),
            signals: None,
            headers: Headers::default(),
            compression: Compression::default(),
            timeout: HumanDuration(Duration::from_secs(10)),
            batch: BatchConfig::default(),
            retry_on_failure: RetryConfig::default(),
            in_flight: const { NonZeroUsize::new(4).expect("not zero") },
            drain_timeout: HumanDuration(Duration::from_secs(5)),
            metrics_interval: HumanDuration(Duration::from_secs(10)),
            http_headers: Vec::new(),
            resource: BTreeMap::new(),
            tls: TlsConfig::default(),
        }
    }
}

impl ExporterConfig for Config {
    fn consumes(&self) -> Kinds {
        self.signals
            .as_ref()
            .map_or(DEFAULT_SIGNALS, Signals::kinds)
    }

    /// Holds twice the bytes of other inboxes, since backends are away for longer than a pipe is
    /// full.
    fn default_queue(&self) -> Limits {
        Limits {
            bytes: 2 * Limits::DEFAULT.bytes,
            ..Limits::DEFAULT
        }
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Exporter>, BuildError> {
        self.check()?;
        let target = BackendTarget::new(&self.endpoint, &self.tls, &self.headers, self.timeout.0)?;
        let resource = ResourceAttributes::new(context, &self.resource);
        let envelope = Envelope::new(&resource);
        let metrics = MetricsConfig {
            interval: self.metrics_interval.0,
            max_request_bytes: self.batch.max_bytes.get(),
        };
        Ok(Box::new(OtlpExporter {
            context: context.clone(),
            target,
            compression: self.compression,
            timeout: self.timeout.0,
            drain_timeout: self.drain_timeout.0,
            retry: self.retry_on_failure.clone(),
            in_flight: self.in_flight.get(),
            log_requests: LogRequestBuilder::new(self.batch.clone(), envelope),
            encoder: Encoder::new(context, &self.http_headers),
            metrics: MetricsExport::new(resource, metrics, context),
        }))
    }
}

impl Config {
    /// Checks what deserialization cannot.
    fn check(&self) -> Result<(), BuildError> {
        let retry = &self.retry_on_failure;
        let checks = [
            (
                "signals",
                !self.consumes().is_empty(),
                "at least one signal is needed",
            ),
            (
                "timeout",
                !self.timeout.0.is_zero(),
                "must be more than zero",
            ),
            (
                "metrics_interval",
                !self.metrics_interval.0.is_zero(),
                "must be more than zero",
            ),
            (
                "batch",
                self.batch.max_bytes.get() <= MAX_BATCH_BYTES,
                "`max_bytes` must not be above 4MiB",
            ),
            (
                "retry_on_failure",
                retry.multiplier >= 1.0,
                "`multiplier` must be at least 1",
            ),
            (
                "retry_on_failure",
                (0.0..=1.0).contains(&retry.randomization_factor),
                "`randomization_factor` must be from 0 to 1",
            ),
            (
                "retry_on_failure",
                !retry.initial_interval.0.is_zero(),
                "`initial_interval` must be more than zero",
            ),
        ];
        match checks.into_iter().find(|(_, is_valid, _)| !is_valid) {
            Some((key, _, message)) => Err(BuildError {
                key,
                message: message.to_owned(),
            }),
            None => Ok(()),
        }
    }
}
