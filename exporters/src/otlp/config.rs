//! The configuration of the `otlp` exporter, and how the exporter is built from it. Keys have the
//! OpenTelemetry Collector's names where it has the same setting.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use tidegate_model::{Kind, Kinds};
use tidegate_runtime::component::{BuildContext, BuildError, ExporterConfig, FileUse, Finding};
use tidegate_runtime::config::{HumanDuration, NonZeroDuration, Signal, Signals};
use tidegate_runtime::limits::Limits;
use tidegate_runtime::stage::Exporter;

use super::delivery::RetryConfig;
use super::exporter::OtlpExporter;
use super::inspection;
use super::logs::{BatchConfig, Body, Encoder, Labels, LogFormat, LogRequestBuilder, NodeResource};
use super::metrics::{MetricsConfig, MetricsExport, Temporality};
use super::refresh::Backend;
use super::resource::ResourceAttributes;
use super::sealing::Compression;
use super::spans::SpanFinder;
use super::status::BackendStatus;
use super::transport::{BackendConfig, BackendTarget, EndpointUrl, Headers, TlsConfig};

/// Limit of `batch.max_bytes`: many gRPC servers refuse messages above 4 MiB.
const MAX_BATCH_BYTES: usize = 4 << 20;

tidegate_runtime::config_table! {
    /// Sends flows and other events as OTLP logs, requests with their responses as spans, and metrics
    /// as OTLP metrics, over gRPC.
    #[derive(Debug)]
    pub(super) struct Config {
        /// Scheme, host and port of the OTLP/gRPC backend. https means TLS. Put credentials into
        /// `headers`.
        pub(super) endpoint: EndpointUrl = EndpointUrl("http://127.0.0.1:4317".to_owned()),
        /// What is sent.
        pub(super) signals: Signals = Signals::of(&[Signal::Flows, Signal::Lost, Signal::Metrics]),
        /// Metadata of every request, such as an API key. Values are never logged.
        pub(super) headers: Headers = Headers::default(),
        /// File of a bearer token, which every request has in the header `authorization`. It is read
        /// at the start and at each SIGHUP.
        #[sample = "\"/var/run/secrets/tokens/otlp\""]
        pub(super) token_file: Option<PathBuf> = None,
        /// How requests are compressed. Worth its CPU time when the backend is on another host.
        pub(super) compression: Compression = Compression::None,
        /// The timeout of one attempt, including the time to connect.
        pub(super) timeout: NonZeroDuration = NonZeroDuration::from_millis(10_000),
        /// When log records are sent: as soon as one of these limits is reached.
        pub(super) batch: BatchConfig = BatchConfig::default(),
        /// What happens after an attempt that failed for a temporary reason.
        pub(super) retry_on_failure: RetryConfig = RetryConfig::default(),
        /// The number of concurrent requests with log records. Raise it to hide the latency of a
        /// distant backend, at the cost of memory while it does not respond.
        pub(super) in_flight: NonZeroUsize = const { NonZeroUsize::new(4).expect("not zero") },
        /// How long delivery continues during shutdown. Records left then are dropped and counted
        /// as `drain_timeout`. "0s" drops them at once. Keep it below `service.grace_period`.
        pub(super) drain_timeout: HumanDuration = HumanDuration::from_secs(5),
        /// How often the current values of all series are sent.
        pub(super) metrics_interval: NonZeroDuration = NonZeroDuration::from_millis(10_000),
        /// What the values of counters and histograms cover.
        pub(super) temporality: Temporality = Temporality::Cumulative,
        /// HTTP headers that are recorded as attributes. ["*"] records all, including credentials.
        pub(super) http_headers: Vec<String> = Vec::new(),
        /// The body of log records.
        pub(super) body: Body = Body::Line,
        /// The form of security labels in attributes.
        pub(super) labels: Labels = Labels::List,
        /// Makes spans also of requests whose `traceparent` states that they are not sampled.
        pub(super) unsampled_spans: bool = false,
        /// Resource attributes to add or replace.
        pub(super) resource: BTreeMap<String, String> = BTreeMap::new(),
        /// Certificates for an https endpoint. The files are read at the start and at each SIGHUP.
        pub(super) tls: TlsConfig = TlsConfig::default(),
    }
}

impl ExporterConfig for Config {
    fn consumes(&self) -> Kinds {
        self.signals.kinds()
    }

    /// Holds twice the bytes of other inboxes, since backends are away for longer than a pipe is
    /// full.
    fn default_queue(&self) -> Limits {
        Limits {
            bytes: 2 * Limits::DEFAULT.bytes,
            ..Limits::DEFAULT
        }
    }

    fn inspect(&self) -> Vec<Finding> {
        inspection::findings(&self.endpoint, &self.headers, self.token_file.is_some())
    }

    fn files(&self) -> Vec<FileUse> {
        inspection::files(&self.tls, self.token_file.as_deref())
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Exporter>, BuildError> {
        self.check()?;
        let target = BackendTarget::new(&BackendConfig {
            endpoint: &self.endpoint,
            tls: &self.tls,
            headers: &self.headers,
            token_file: self.token_file.as_deref(),
            connect_timeout: self.timeout.get(),
        })?;
        let resource = ResourceAttributes::new(context, &self.resource);
        let log_resource = NodeResource::new(resource.clone());
        let metrics = MetricsConfig {
            interval: self.metrics_interval.get(),
            max_request_bytes: self.batch.max_bytes.get(),
            temporality: self.temporality,
        };
        BackendStatus::declare_counters(context);
        Ok(Box::new(OtlpExporter {
            context: context.clone(),
            backend: Arc::new(Backend {
                target,
                client: OnceLock::new(),
            }),
            compression: self.compression,
            timeout: self.timeout.get(),
            drain_timeout: self.drain_timeout.0,
            retry: self.retry_on_failure.clone(),
            in_flight: self.in_flight.get(),
            log_requests: LogRequestBuilder::new(self.batch.clone(), log_resource.envelope()),
            span_requests: LogRequestBuilder::new(self.batch.clone(), log_resource.envelope()),
            log_resource,
            log_kinds: self.log_kinds(),
            span_finder: self.span_finder(context),
            encoder: Encoder::new(context, &self.log_format()),
            metrics: MetricsExport::new(resource, metrics, context),
        }))
    }
}

impl Config {
    /// Spans are made of flows, which need not be sent themselves.
    fn log_kinds(&self) -> Kinds {
        if self.signals.contains(Signal::Flows) {
            self.consumes()
        } else {
            self.consumes().without(Kinds::of(&[Kind::Flow]))
        }
    }

    fn span_finder(&self, context: &BuildContext) -> Option<SpanFinder> {
        let makes_spans = self.signals.contains(Signal::Traces);
        makes_spans.then(|| SpanFinder::new(&context.node_name, self.unsampled_spans))
    }

    fn log_format(&self) -> LogFormat {
        LogFormat {
            http_headers: self.http_headers.clone(),
            body: self.body,
            labels: self.labels,
        }
    }

    /// Checks what deserialization cannot.
    fn check(&self) -> Result<(), BuildError> {
        let checks = [
            (
                "signals",
                !self.consumes().is_empty(),
                "at least one signal is needed",
            ),
            (
                "batch.max_bytes",
                self.batch.max_bytes.get() <= MAX_BATCH_BYTES,
                "`max_bytes` must not be above 4MiB",
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
