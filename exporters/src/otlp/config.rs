//! The keys of the `otlp` exporter. They have the OpenTelemetry Collector's names where it has the
//! same setting.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use tidegate_model::{Kind, Kinds};
use tidegate_runtime::component::{BuildContext, BuildError};
use tidegate_runtime::config::{
    Defaulted, HumanDuration, NonZeroDuration, Signal as Kept, Signals,
};

use super::delivery::RetryConfig;
use super::logs::{BatchConfig, Body, Labels, LogFormat};
use super::metrics::Temporality;
use super::sealing::Compression;
use super::signal::Signal;
use super::signal_config::{SignalConfig, SignalKeys};
use super::spans::SpanFinder;
use super::transport::{
    BalancerName, BasicAuth, Credentials, EndpointUrl, Headers, Keepalive, Protocol, ProxyUrl,
    TlsConfig,
};

/// Limit of `batch.max_bytes`: many gRPC servers refuse messages above 4 MiB.
const MAX_BATCH_BYTES: usize = 4 << 20;

tidegate_runtime::config_table! {
    /// Sends flows and other events as OTLP logs, requests with their responses as spans, and metrics
    /// as OTLP metrics, over gRPC or HTTP. The variables of the OpenTelemetry specification, such as
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`, are defaults of the keys.
    #[derive(Debug)]
    pub(super) struct Config {
        /// Scheme, host and port of the OTLP backend, with a path for OTLP over HTTP, to which
        /// `/v1/logs` and the like are added. https means TLS. A unix socket is
        /// "unix:///run/otlp.sock". gRPC takes a host and a port without a scheme, too. Default:
        /// "http://127.0.0.1:4317" for gRPC, port 4318 for HTTP.
        #[sample = "\"https://otel.example.org:4317\""]
        pub(super) endpoint: Option<EndpointUrl> = None,
        /// Several endpoints in place of `endpoint`.
        pub(super) endpoints: Vec<EndpointUrl> = Vec::new(),
        /// Which of several endpoints gets a request.
        pub(super) balancer_name: BalancerName = BalancerName::PickFirst,
        /// How requests are sent.
        pub(super) protocol: Defaulted<Protocol> = Defaulted::new(Protocol::Grpc),
        /// What is sent.
        pub(super) signals: Signals = Signals::of(&[Kept::Flows, Kept::Lost, Kept::Metrics]),
        /// Headers of every request, such as an API key. Values are never logged.
        pub(super) headers: Headers = Headers::default(),
        /// Headers whose values are in files, by name. A file is read again when it has changed.
        pub(super) header_files: BTreeMap<String, PathBuf> = BTreeMap::new(),
        /// File of a bearer token, which every request has in the header `authorization`. It is read
        /// again when it has changed.
        #[sample = "\"/var/run/secrets/tokens/otlp\""]
        pub(super) token_file: Option<PathBuf> = None,
        /// User and password, which every request has in the header `authorization`.
        pub(super) basic_auth: Option<BasicAuth> = None,
        /// URL of an HTTP proxy. Default: that of the environment variables `HTTPS_PROXY`,
        /// `HTTP_PROXY` and `ALL_PROXY`, unless the host is in `NO_PROXY` or is this one.
        #[sample = "\"proxy.example.org:3128\""]
        pub(super) proxy_url: Option<ProxyUrl> = None,
        /// How connections that are gone are detected.
        pub(super) keepalive: Keepalive = Keepalive::default(),
        /// How often files of certificates, keys, tokens and passwords are looked at for changes.
        /// "0s" reads them at the start and at each SIGHUP only.
        pub(super) reload_interval: HumanDuration = HumanDuration::from_secs(10),
        /// How requests are compressed, on a thread of its own. What the backend refuses is replaced:
        /// zstd by gzip, and gzip by no compression.
        pub(super) compression: Defaulted<Compression> = Defaulted::new(Compression::Zstd),
        /// The timeout of one attempt, including the time to connect.
        pub(super) timeout: Defaulted<NonZeroDuration> =
            Defaulted::new(NonZeroDuration::from_millis(10_000)),
        /// When log records are sent: as soon as one of these limits is reached.
        pub(super) batch: BatchConfig = BatchConfig::default(),
        /// What happens after an attempt that failed for a temporary reason.
        pub(super) retry_on_failure: RetryConfig = RetryConfig::default(),
        /// The number of concurrent requests with log records. Raise it to hide the latency of a
        /// distant backend, at the cost of memory while it does not respond.
        pub(super) in_flight: NonZeroUsize = const { NonZeroUsize::new(4).expect("not zero") },
        /// How long delivery continues during shutdown. Records left then are dropped and counted
        /// as `drain_timeout`, unless they are on disk. "0s" drops them at once. Keep it below `service.grace_period`.
        pub(super) drain_timeout: HumanDuration = HumanDuration::from_secs(5),
        /// How often the current values of all series are sent.
        pub(super) metrics_interval: NonZeroDuration = NonZeroDuration::from_millis(10_000),
        /// What the values of counters and histograms cover.
        pub(super) temporality: Defaulted<Temporality> =
            Defaulted::new(Temporality::Cumulative),
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
        /// Certificates for an https endpoint. The files are read again when they have changed.
        pub(super) tls: TlsConfig = TlsConfig::default(),
        /// The endpoint of logs in place of `endpoint`. Over HTTP, it is the whole URL.
        #[sample = "\"https://logs.example.org:4317\""]
        pub(super) logs_endpoint: Option<EndpointUrl> = None,
        /// The endpoint of metrics in place of `endpoint`. Over HTTP, it is the whole URL.
        #[sample = "\"https://metrics.example.org:4317\""]
        pub(super) metrics_endpoint: Option<EndpointUrl> = None,
        /// The endpoint of traces in place of `endpoint`. Over HTTP, it is the whole URL.
        #[sample = "\"https://traces.example.org:4317\""]
        pub(super) traces_endpoint: Option<EndpointUrl> = None,
        /// Other settings of logs in place of those for all signals: `protocol`, `headers`,
        /// `compression`, `timeout` and `tls`.
        pub(super) logs: SignalConfig = SignalConfig::default(),
        /// Other settings of metrics, as those in `logs`.
        pub(super) metrics: SignalConfig = SignalConfig::default(),
        /// Other settings of traces, as those in `logs`.
        pub(super) traces: SignalConfig = SignalConfig::default(),
    }
}

impl Config {
    /// The kinds of records that log records are made of. Spans are made of flows, which need not
    /// be sent themselves.
    pub(super) fn log_kinds(&self) -> Kinds {
        let kinds = self.signals.kinds();
        if self.signals.contains(Kept::Flows) {
            kinds
        } else {
            kinds.without(Kinds::of(&[Kind::Flow]))
        }
    }

    /// Makes spans, if they are sent.
    pub(super) fn span_finder(&self, context: &BuildContext) -> Option<SpanFinder> {
        let makes_spans = self.sends(Signal::Traces);
        makes_spans.then(|| SpanFinder::new(&context.node_name, self.unsampled_spans))
    }

    /// The form of log records.
    pub(super) fn log_format(&self) -> LogFormat {
        LogFormat {
            http_headers: self.http_headers.clone(),
            body: self.body,
            labels: self.labels,
        }
    }

    /// Checks what deserialization cannot.
    pub(super) fn check(&self) -> Result<(), BuildError> {
        let checks = [
            (
                "signals",
                !self.signals.kinds().is_empty(),
                "at least one signal is needed",
            ),
            (
                "batch.max_bytes",
                self.batch.max_bytes.get() <= MAX_BATCH_BYTES,
                "`max_bytes` must not be above 4MiB",
            ),
            (
                "endpoints",
                self.endpoint.is_none() || self.endpoints.is_empty(),
                "`endpoint` is given, too; move it into `endpoints`",
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

    /// Whether records of a signal are sent.
    pub(super) fn sends(&self, signal: Signal) -> bool {
        match signal {
            Signal::Logs => !self
                .log_kinds()
                .without(Kinds::of(&[Kind::Metric]))
                .is_empty(),
            Signal::Metrics => self.signals.contains(Kept::Metrics),
            Signal::Traces => self.signals.contains(Kept::Traces),
        }
    }

    /// The endpoint of a signal alone.
    pub(super) fn endpoint_of(&self, signal: Signal) -> Option<&EndpointUrl> {
        match signal {
            Signal::Logs => self.logs_endpoint.as_ref(),
            Signal::Metrics => self.metrics_endpoint.as_ref(),
            Signal::Traces => self.traces_endpoint.as_ref(),
        }
    }

    /// As [`Self::endpoint_of`], to set it.
    pub(super) fn endpoint_of_mut(&mut self, signal: Signal) -> &mut Option<EndpointUrl> {
        match signal {
            Signal::Logs => &mut self.logs_endpoint,
            Signal::Metrics => &mut self.metrics_endpoint,
            Signal::Traces => &mut self.traces_endpoint,
        }
    }

    /// The other settings of a signal alone.
    pub(super) fn settings_of(&self, signal: Signal) -> &SignalKeys {
        match signal {
            Signal::Logs => &self.logs.0,
            Signal::Metrics => &self.metrics.0,
            Signal::Traces => &self.traces.0,
        }
    }

    /// As [`Self::settings_of`], to set them.
    pub(super) fn settings_of_mut(&mut self, signal: Signal) -> &mut SignalKeys {
        match signal {
            Signal::Logs => &mut self.logs.0,
            Signal::Metrics => &mut self.metrics.0,
            Signal::Traces => &mut self.traces.0,
        }
    }

    /// How requests of a signal are sent.
    pub(super) fn protocol_of(&self, signal: Signal) -> Protocol {
        let own = self.settings_of(signal).protocol;
        own.unwrap_or(*self.protocol.get())
    }

    /// How requests of a signal are compressed.
    pub(super) fn compression_of(&self, signal: Signal) -> Compression {
        let own = self.settings_of(signal).compression;
        own.unwrap_or(*self.compression.get())
    }

    /// The headers of all signals.
    pub(super) fn credentials(&self) -> Credentials {
        Credentials {
            headers: self.headers.clone(),
            header_files: self.header_files.clone(),
            token_file: self.token_file.clone(),
            basic_auth: self.basic_auth.clone(),
        }
    }
}
