//! The settings of a client of OTLP over gRPC that is not an exporter: some of the exporter's keys,
//! with the same variables as defaults, the same checks and the same warnings.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::header::HeaderMap;
use tidegate_runtime::component::{BuildError, Environment, FileUse, Finding, Lint, Place};
use tidegate_runtime::config::{Defaulted, NonZeroDuration, Signal as Kept, Signals};

use super::backends;
use super::config::Config;
use super::inspection;
use super::sealing::Compression;
use super::signal::Signal;
use super::transport::{EndpointUrl, Headers, Peer, Protocol, ProxyConfig, TlsConfig};
use super::variables::{self, Applied};

tidegate_runtime::config_choice! {
    /// How requests are compressed.
    pub enum ClientCompression = Gzip {
        /// No compression.
        None = "none",
        /// Supported by every backend.
        Gzip = "gzip",
    }
}

/// The keys of a client. Variables replace those that the file does not give.
#[derive(Debug, Default)]
pub struct ClientKeys {
    /// Where requests are sent.
    pub endpoint: Option<EndpointUrl>,
    /// Headers of every request.
    pub headers: Headers,
    /// Certificates.
    pub tls: TlsConfig,
    /// How requests are compressed.
    pub compression: Option<ClientCompression>,
    /// The timeout of one attempt.
    pub timeout: Option<NonZeroDuration>,
    /// Resource attributes.
    pub resource: BTreeMap<String, String>,
}

/// The checked settings of the clients of all signals.
#[derive(Debug)]
pub struct Clients {
    /// The client of log records.
    pub logs: ClientSettings,
    /// The client of metrics.
    pub metrics: ClientSettings,
    /// The client of spans.
    pub traces: ClientSettings,
    /// Resource attributes of the file and of variables.
    pub resource: BTreeMap<String, String>,
    /// Warnings about keys and variables.
    pub findings: Vec<Finding>,
    /// The certificates and keys.
    pub files: Vec<FileUse>,
}

/// The checked settings of the client of a signal.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientSettings {
    /// The endpoint as a URI: `http://host:port`, `https://host:port` or `unix:///path`.
    pub uri: String,
    /// Whether connections are encrypted.
    pub is_tls: bool,
    /// Certificates, if connections are encrypted.
    pub tls: TlsConfig,
    /// How requests are compressed.
    pub compression: ClientCompression,
    /// The timeout of one attempt.
    pub timeout: Duration,
    headers: Headers,
}

impl ClientSettings {
    /// The headers of every request. Values are marked as sensitive.
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        // They have been checked.
        self.headers.to_map().unwrap_or_default()
    }

    /// Whether it names files, whose content may change.
    #[must_use]
    pub fn has_files(&self) -> bool {
        self.is_tls && (self.tls.ca_file.is_some() || self.tls.cert_file.is_some())
    }
}

impl ClientKeys {
    /// Applies variables and checks the result. Opens and reads no file.
    ///
    /// # Errors
    ///
    /// Fails for the values that the exporter refuses, with the same messages.
    pub fn resolve(self, environment: Environment<'_>) -> Result<Clients, BuildError> {
        let mut keys = self.into_config();
        let Applied {
            mut findings,
            sources,
            ..
        } = variables::apply(&mut keys, environment);
        let targets = backends::targets(&keys, &ProxyConfig::default())
            .map_err(|error| with_source(error, &sources))?;
        findings.extend(other_protocols(environment));
        findings.extend(inspection::findings(&keys).into_iter().map(about_grpc));
        let mut clients = Signal::ALL.map(|signal| {
            let target = &targets.of_signals[signal as usize];
            // A client has one endpoint.
            let address = target.addresses().next();
            let uri = address.map(|address| match &address.peer {
                Peer::Tcp { .. } => address.origin(),
                Peer::Unix(path) => format!("unix://{}", path.display()),
            });
            let own = keys.settings_of(signal);
            ClientSettings {
                uri: uri.unwrap_or_default(),
                is_tls: address.is_some_and(|address| address.is_tls),
                tls: own.tls.or(&keys.tls),
                compression: compression(&keys, signal, &mut findings),
                timeout: own.timeout.unwrap_or(*keys.timeout.get()).get(),
                headers: own.headers.clone().unwrap_or_else(|| keys.headers.clone()),
            }
        });
        let [logs, metrics, traces] = &mut clients;
        Ok(Clients {
            files: inspection::files(&keys),
            logs: logs.clone(),
            metrics: metrics.clone(),
            traces: traces.clone(),
            resource: keys.resource,
            findings,
        })
    }

    fn into_config(self) -> Config {
        let mut keys = Config {
            endpoint: self.endpoint,
            headers: self.headers,
            tls: self.tls,
            resource: self.resource,
            protocol: Defaulted::given(Protocol::Grpc),
            signals: Signals::of(&[Kept::Flows, Kept::Metrics, Kept::Traces]),
            ..Config::default()
        };
        keys.compression.set_default(Compression::Gzip);
        if let Some(compression) = self.compression {
            keys.compression = Defaulted::given(match compression {
                ClientCompression::None => Compression::None,
                ClientCompression::Gzip => Compression::Gzip,
            });
        }
        if let Some(timeout) = self.timeout {
            keys.timeout = Defaulted::given(timeout);
        }
        keys
    }
}

/// The compression of a signal. Only a variable can ask for one that the client has not.
fn compression(keys: &Config, signal: Signal, findings: &mut Vec<Finding>) -> ClientCompression {
    match keys.compression_of(signal) {
        Compression::None => ClientCompression::None,
        Compression::Gzip => ClientCompression::Gzip,
        Compression::Zstd => {
            let name = variables::name(None, "COMPRESSION");
            let finding = ignored(&name, "the agent's own telemetry has \"gzip\" and \"none\"");
            if !findings.contains(&finding) {
                findings.push(finding);
            }
            ClientCompression::Gzip
        }
    }
}

/// Warnings about variables that ask for another protocol than gRPC.
fn other_protocols(environment: Environment<'_>) -> Vec<Finding> {
    let signals = Signal::ALL.into_iter().map(Some);
    let names = std::iter::once(None).chain(signals);
    names
        .map(|signal| variables::name(signal, "PROTOCOL"))
        .filter(|name| environment(name).is_some_and(|text| !["", "grpc"].contains(&text.trim())))
        .map(|name| ignored(&name, "the agent's own telemetry is sent over gRPC"))
        .collect()
}

/// A warning about the port, without the advice to change the protocol.
fn about_grpc(mut finding: Finding) -> Finding {
    if finding.lint == Some(Lint::PortOfOtherProtocol) {
        finding = finding
            .label("the agent's own telemetry is sent over gRPC")
            .help("use the port of OTLP over gRPC, usually 4317");
    }
    finding
}

fn ignored(name: &str, reason: &str) -> Finding {
    let title = format!("the environment variable `{name}` is ignored: {reason}");
    Finding::warning(Lint::IgnoredVariable, Place::Key(""), title)
        .label("whose defaults it would be")
}

/// An error in a value that is not in the file says where it comes from.
fn with_source(mut error: BuildError, sources: &[(&'static str, String)]) -> BuildError {
    if let Some((_, name)) = sources.iter().find(|(key, _)| *key == error.key) {
        let source = format!("; the value is that of the environment variable `{name}`");
        error.message.push_str(&source);
    }
    error
}
