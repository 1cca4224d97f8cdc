//! The table `[service.telemetry.otlp]`: the agent's own telemetry, sent through the OpenTelemetry
//! SDK.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::ops::Range;
use std::time::Duration;

use tidegate_exporters::otlp::{
    ClientCompression, ClientKeys, ClientSettings, Clients, EndpointUrl, Headers, TlsConfig,
};
use tidegate_runtime::component::{FileUse, Finding, Lint, Place, Variables};
use tidegate_runtime::config::NonZeroDuration;

use super::environment::Environment;
use super::{Problem, Problems, Service};

/// The table's path below `service`.
pub(crate) const TABLE: &str = "telemetry.otlp";

/// The interval of metrics without key and variable, as in the OpenTelemetry specification.
const INTERVAL: Duration = Duration::from_secs(60);

tidegate_runtime::config_choice! {
    /// A signal of the agent's own telemetry.
    pub(crate) enum OwnSignal {
        /// The metrics of `/metrics`.
        Metrics = "metrics",
        /// The log of the agent, from `level` up.
        Logs = "logs",
        /// Spans of the start, reloads, attempts to connect, and the drain at the end.
        Traces = "traces",
    }
}

tidegate_runtime::config_choice! {
    /// The lowest level of log records that are sent.
    pub(crate) enum OwnLevel = Warn {
        /// Errors.
        Error = "error",
        /// Errors and warnings.
        Warn = "warn",
        /// All but debug output.
        Info = "info",
    }
}

tidegate_runtime::config_table! {
    /// Sends the agent's own metrics, log and spans as OTLP over gRPC.
    #[derive(Debug)]
    pub(super) struct OwnTelemetryTable {
        /// Scheme, host and port of the OTLP backend, as for the exporter `otlp`. Default:
        /// "http://127.0.0.1:4317".
        #[sample = "\"https://otel.example.org:4317\""]
        endpoint: Option<EndpointUrl> = None,
        /// What is sent.
        signals: Vec<OwnSignal> =
            vec![OwnSignal::Metrics, OwnSignal::Logs, OwnSignal::Traces],
        /// The lowest level of log records that are sent. `service.log` does not matter to it.
        level: OwnLevel = OwnLevel::Warn,
        /// How often metrics are sent. Default: "60s".
        #[sample = "\"30s\""]
        interval: Option<NonZeroDuration> = None,
        /// The timeout of one attempt, including the time to connect. Default: "10s".
        #[sample = "\"5s\""]
        timeout: Option<NonZeroDuration> = None,
        /// How requests are compressed. Default: "gzip".
        #[sample = "\"none\""]
        compression: Option<ClientCompression> = None,
        /// Headers of every request, such as an API key. Values are never logged.
        headers: Headers = Headers::default(),
        /// Certificates for an https endpoint. The files are read at the start and at each reload.
        tls: TlsConfig = TlsConfig::default(),
        /// Resource attributes to add or replace.
        resource: BTreeMap<String, String> = BTreeMap::new(),
    }
}

/// The settings of the agent's own telemetry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OwnTelemetry {
    signals: Vec<OwnSignal>,
    /// `<cluster>/<node>`.
    pub(crate) node_name: String,
    /// Whether that is the name of the host, because no other is given.
    pub(crate) is_named_by_host: bool,
    /// The lowest level of log records.
    pub(crate) level: OwnLevel,
    /// How often metrics are sent.
    pub(crate) interval: Duration,
    pub(crate) logs: ClientSettings,
    pub(crate) metrics: ClientSettings,
    pub(crate) traces: ClientSettings,
    /// Resource attributes to add or replace.
    pub(crate) resource: BTreeMap<String, String>,
    /// Certificates and keys.
    pub(crate) files: Vec<FileUse>,
}

impl OwnTelemetry {
    /// Whether a signal is sent.
    pub(crate) fn sends(&self, signal: OwnSignal) -> bool {
        self.signals.contains(&signal)
    }

    /// Whether it uses files, whose content may have changed at a reload.
    pub(crate) fn has_files(&self) -> bool {
        let clients = [&self.logs, &self.metrics, &self.traces];
        clients.into_iter().any(ClientSettings::has_files)
    }
}

impl OwnTelemetryTable {
    /// Applies variables and checks the keys; `None` if that has errors, or if a variable turns it
    /// off. `service` has the places of the keys.
    pub(super) fn resolve(
        mut self,
        service: &Service,
        environment: Environment<'_>,
        problems: &mut Problems,
    ) -> Option<OwnTelemetry> {
        if self.signals.is_empty() {
            problems.push(wrong(service, "signals", "at least one signal is needed"));
        }
        let variables = SdkVariables::read(environment, service, problems);
        let keys = self.take_client_keys();
        let clients = keys.resolve(environment).map_err(|error| {
            problems.push(wrong(service, error.key, &error.message));
        });
        let clients = clients.ok()?;
        for finding in &clients.findings {
            problems.push(warning(service, finding));
        }
        (!variables.is_disabled).then(|| self.with(clients, &variables, service))
    }

    fn take_client_keys(&mut self) -> ClientKeys {
        ClientKeys {
            endpoint: self.endpoint.take(),
            headers: std::mem::take(&mut self.headers),
            tls: std::mem::take(&mut self.tls),
            compression: self.compression,
            timeout: self.timeout,
            resource: std::mem::take(&mut self.resource),
        }
    }

    fn with(self, clients: Clients, variables: &SdkVariables, service: &Service) -> OwnTelemetry {
        let Clients {
            logs,
            mut metrics,
            traces,
            resource,
            files,
            ..
        } = clients;
        if let (None, Some(timeout)) = (self.timeout, variables.metric_timeout) {
            metrics.timeout = metrics.timeout.min(timeout);
        }
        let interval = self.interval.map(NonZeroDuration::get);
        OwnTelemetry {
            signals: self.signals,
            node_name: service.node_name.clone(),
            is_named_by_host: service.is_named_by_host,
            level: self.level,
            interval: interval.or(variables.metric_interval).unwrap_or(INTERVAL),
            logs,
            metrics,
            traces,
            resource,
            files,
        }
    }
}

/// The place of a key, or of the table if the value is not from the file.
fn span_of(service: &Service, key: &str) -> Range<usize> {
    match service.span_of(&format!("{TABLE}.{key}")) {
        span if span.is_empty() => service.span_of(TABLE),
        span => span,
    }
}

fn wrong(service: &Service, key: &str, label: &str) -> Problem {
    let title = format!("wrong value in `service.{TABLE}.{key}`");
    Problem::new(title, span_of(service, key)).label(label)
}

fn warning(service: &Service, finding: &Finding) -> Problem {
    let place = match &finding.place {
        Place::Key(key) => span_of(service, key),
        _ => span_of(service, ""),
    };
    let lint = finding.lint.unwrap_or(Lint::IgnoredVariable);
    Problem::warning(lint, finding.title.clone(), place)
        .label(finding.label.clone())
        .maybe_help(finding.help.clone())
}

/// The variables that concern the SDK and have no key of the exporter.
struct SdkVariables {
    is_disabled: bool,
    metric_interval: Option<Duration>,
    metric_timeout: Option<Duration>,
}

impl SdkVariables {
    /// Reads them. Those that cannot be read are warnings, and ignored.
    fn read(environment: Environment<'_>, service: &Service, problems: &mut Problems) -> Self {
        let mut variables = Variables::new(environment);
        let choices = [("true", true), ("false", false)];
        let is_disabled = variables.choice("OTEL_SDK_DISABLED", &choices);
        let mut milliseconds = |name| {
            let milliseconds = variables.read(name, |text| {
                let number = text.parse::<NonZeroU64>();
                number.map_err(|_| "it is not a number of milliseconds from 1 up")
            });
            milliseconds.map(|number| Duration::from_millis(number.get()))
        };
        let read = Self {
            metric_interval: milliseconds("OTEL_METRIC_EXPORT_INTERVAL"),
            metric_timeout: milliseconds("OTEL_METRIC_EXPORT_TIMEOUT"),
            is_disabled: is_disabled.unwrap_or(false),
        };
        for finding in variables.into_ignored() {
            problems.push(warning(service, &finding));
        }
        read
    }
}
