//! The configuration of the `otlp` exporter. Names are the OpenTelemetry Collector's where it has
//! one.

use std::collections::BTreeMap;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use tidegate_core::component::{BuildContext, BuildError, ExporterConfig};
use tidegate_core::config::{ByteSize, HumanDuration, Signals};
use tidegate_core::edge::Limits;
use tidegate_core::stage::Exporter;
use tidegate_core::{Kind, Kinds};

use super::address::EndpointText;
use super::endpoint::{Headers, Target};
use super::exporter::Otlp;

/// What the exporter ships unless `signals` says otherwise.
const DEFAULT_SIGNALS: Kinds = Kinds::of(&[Kind::Flow, Kind::Lost, Kind::Metric]);

/// Many gRPC servers refuse messages above 4 MiB.
const MAX_BYTES: usize = 4 << 20;

/// The table of an `otlp` exporter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Config {
    /// Scheme, host and port of the backend, default `http://127.0.0.1:4317`; to be changed where
    /// no Collector runs on the node. `https` means TLS. Credentials belong into `headers`.
    pub(super) endpoint: EndpointText,
    /// What is shipped, default flows, lost reports and metrics. For whoever wants agent events or
    /// debug events in the backend, too.
    pub(super) signals: Option<Signals>,
    /// Metadata of every request, such as an API key; values never show in logs. Default none.
    pub(super) headers: Headers,
    /// Default none, because the default backend is on the same node, where compressing costs more
    /// than it saves. Across a network choose `zstd` if the backend takes it: a tenth of the work
    /// of `gzip`, and two thirds of its bytes.
    pub(super) compression: Compression,
    /// How long one attempt may take, connecting included; default 10 s, more than zero.
    pub(super) timeout: HumanDuration,
    /// When log records are sent.
    pub(super) batch: Batching,
    /// What happens after a failed attempt.
    pub(super) retry_on_failure: Retry,
    /// Requests with log records under way at once, default 4. More of them hide the latency of a
    /// far backend and cost memory while it does not answer.
    pub(super) in_flight: NonZeroUsize,
    /// How long delivery goes on after the last stage before this one has ended, default 5 s; 0
    /// gives up at once. What is left is dropped with the reason `drain_timeout`. Keep it below the
    /// agent's grace period, which otherwise ends the exporter first.
    pub(super) drain_timeout: HumanDuration,
    /// How often the current values of all series are sent, default 10 s, more than zero.
    pub(super) metrics_interval: HumanDuration,
    /// Names of HTTP headers that are recorded as attributes, default none, since headers hold
    /// credentials; `*` records all.
    pub(super) http_headers: Vec<String>,
    /// Resource attributes beside `service.*`, `host.name` and `k8s.*`, or in their place.
    pub(super) resource: BTreeMap<String, String>,
    /// Certificates for an `https` endpoint.
    pub(super) tls: Tls,
}

/// When log records are sent: as soon as any of these is reached.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Batching {
    /// Records in one request at most, default 2048.
    pub(super) max_records: NonZeroU64,
    /// Bytes of one request at most, before compression, default 1 MiB and never above the 4 MiB
    /// that many servers take. `in_flight` and two more of them are in memory while the backend
    /// does not answer.
    pub(super) max_bytes: ByteSize,
    /// How long a record waits for others, default 1 s; 0 sends what came together at once.
    pub(super) timeout: HumanDuration,
}

/// What happens after an attempt that may be repeated.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Retry {
    /// Whether it is repeated, default true.
    pub(super) enabled: bool,
    /// The first delay, default 1 s.
    pub(super) initial_interval: HumanDuration,
    /// The longest delay, default 30 s. A backend that asks for a longer one gets it.
    pub(super) max_interval: HumanDuration,
    /// How delays grow, default 1.5, at least 1.
    pub(super) multiplier: f64,
    /// How far a delay is spread by chance, default 0.5: half of it up and down; from 0 to 1.
    pub(super) randomization_factor: f64,
    /// After this time a request is given up, default 5 min; 0 retries for ever.
    pub(super) max_elapsed_time: HumanDuration,
}

/// Certificates. PEM files, read when the exporter starts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Tls {
    /// Who signs the backend's certificate, default the system's roots.
    pub(super) ca_file: Option<PathBuf>,
    /// The certificate that the exporter shows, default none. Needs `key_file`.
    pub(super) cert_file: Option<PathBuf>,
    /// Its private key.
    pub(super) key_file: Option<PathBuf>,
    /// The name that the backend's certificate has to have, default the endpoint's host.
    pub(super) server_name_override: Option<String>,
}

/// How requests are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Compression {
    /// Not.
    #[default]
    None,
    /// With gzip, which every backend takes.
    Gzip,
    /// With zstd at level 1, which the specification does not name and the Collector takes.
    Zstd,
}

impl Compression {
    /// The value of `grpc-encoding`.
    pub(super) fn encoding(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            endpoint: EndpointText("http://127.0.0.1:4317".to_owned()),
            signals: None,
            headers: Headers::default(),
            compression: Compression::default(),
            timeout: seconds(10),
            batch: Batching::default(),
            retry_on_failure: Retry::default(),
            in_flight: const { NonZeroUsize::new(4).expect("not zero") },
            drain_timeout: seconds(5),
            metrics_interval: seconds(10),
            http_headers: Vec::new(),
            resource: BTreeMap::new(),
            tls: Tls::default(),
        }
    }
}

impl Default for Batching {
    fn default() -> Self {
        Self {
            max_records: const { NonZeroU64::new(2048).expect("not zero") },
            max_bytes: ByteSize::new(1 << 20),
            timeout: seconds(1),
        }
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            enabled: true,
            initial_interval: seconds(1),
            max_interval: seconds(30),
            multiplier: 1.5,
            randomization_factor: 0.5,
            max_elapsed_time: seconds(300),
        }
    }
}

fn seconds(seconds: u64) -> HumanDuration {
    HumanDuration(Duration::from_secs(seconds))
}

impl ExporterConfig for Config {
    fn consumes(&self) -> Kinds {
        self.signals
            .as_ref()
            .map_or(DEFAULT_SIGNALS, Signals::kinds)
    }

    /// Drops what does not fit: a backend that is down must not stop the exporters beside this one.
    /// Holds twice what others do, since backends are away for longer than a pipe is full.
    fn default_queue(&self) -> Limits {
        Limits {
            bytes: 2 * Limits::DEFAULT.bytes,
            ..Limits::DEFAULT
        }
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Exporter>, BuildError> {
        self.check()?;
        let target = Target::new(self)?;
        Ok(Box::new(Otlp::new(self, target, context)))
    }
}

impl Config {
    /// What the types cannot check.
    fn check(&self) -> Result<(), BuildError> {
        let retry = &self.retry_on_failure;
        let checks = [
            (
                "signals",
                !self.consumes().is_empty(),
                "at least one signal is needed".to_owned(),
            ),
            (
                "timeout",
                !self.timeout.0.is_zero(),
                "must be more than zero".to_owned(),
            ),
            (
                "metrics_interval",
                !self.metrics_interval.0.is_zero(),
                "must be more than zero".to_owned(),
            ),
            (
                "batch",
                self.batch.max_bytes.get() <= MAX_BYTES,
                "`max_bytes` must not be above 4MiB".to_owned(),
            ),
            (
                "retry_on_failure",
                retry.multiplier >= 1.0,
                "`multiplier` must be at least 1".to_owned(),
            ),
            (
                "retry_on_failure",
                (0.0..=1.0).contains(&retry.randomization_factor),
                "`randomization_factor` must be from 0 to 1".to_owned(),
            ),
            (
                "retry_on_failure",
                !retry.initial_interval.0.is_zero(),
                "`initial_interval` must be more than zero".to_owned(),
            ),
        ];
        match checks.into_iter().find(|(_, holds, _)| !holds) {
            Some((key, _, message)) => Err(BuildError { key, message }),
            None => Ok(()),
        }
    }
}
