//! The environment variables of the OpenTelemetry specification (1.60, "OpenTelemetry Protocol
//! Exporter" and "General SDK Configuration") and those of proxies, as defaults of keys.
//!
//! What the file says counts; where it says nothing, the variable of the signal, then that of all
//! signals. `OTEL_SDK_DISABLED` concerns the agent's own telemetry alone, and
//! `OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION` is a default of the processor that
//! makes histograms.

mod pairs;
mod tls;

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use tidegate_runtime::component::{Environment, Finding, Variables};
use tidegate_runtime::config::NonZeroDuration;

use super::backends::endpoint_key;
use super::config::Config;
use super::metrics::Temporality;
use super::sealing::Compression;
use super::signal::Signal;
use super::transport::{EndpointUrl, Headers, Protocol, ProxyConfig, is_http_proxy};

/// The longest time-out that the specification suggests for "no limit", in milliseconds.
const NO_LIMIT: u64 = u32::MAX as u64;

/// What variables set besides keys.
pub(super) struct Applied {
    pub(super) proxy: ProxyConfig,
    /// Variables that are ignored, and why.
    pub(super) findings: Vec<Finding>,
    /// The variables that keys have their values from.
    pub(super) sources: Vec<(&'static str, String)>,
}

/// Reads variables.
struct Reader<'e> {
    variables: Variables<'e>,
    sources: Vec<(&'static str, String)>,
}

/// Replaces the defaults of keys that the file does not give.
pub(super) fn apply(keys: &mut Config, environment: Environment<'_>) -> Applied {
    let mut reader = Reader {
        variables: Variables::new(environment),
        sources: Vec::new(),
    };
    reader.set_endpoints(keys);
    reader.set_protocols(keys);
    reader.set_headers(keys);
    reader.set_compressions(keys);
    reader.set_timeouts(keys);
    reader.set_temporality(keys);
    reader.set_tls(keys);
    reader.set_resource(keys);
    Applied {
        proxy: reader.proxies(),
        findings: reader.variables.into_ignored(),
        sources: reader.sources,
    }
}

/// The variable of a setting: that of a signal, or that of all signals.
pub(super) fn name(signal: Option<Signal>, setting: &str) -> String {
    let signal = match signal {
        Some(Signal::Logs) => "LOGS_",
        Some(Signal::Metrics) => "METRICS_",
        Some(Signal::Traces) => "TRACES_",
        None => "",
    };
    format!("OTEL_EXPORTER_OTLP_{signal}{setting}")
}

impl Reader<'_> {
    fn set_endpoints(&mut self, keys: &mut Config) {
        if keys.endpoint.is_some() || !keys.endpoints.is_empty() {
            return;
        }
        keys.endpoint = self.endpoint("endpoint", None);
        for signal in Signal::ALL {
            if keys.endpoint_of(signal).is_none() {
                let url = self.endpoint(endpoint_key(signal), Some(signal));
                *keys.endpoint_of_mut(signal) = url;
            }
        }
    }

    fn endpoint(&mut self, key: &'static str, signal: Option<Signal>) -> Option<EndpointUrl> {
        let name = name(signal, "ENDPOINT");
        let url = self.variables.text(&name)?;
        self.sources.push((key, name));
        Some(EndpointUrl(url))
    }

    fn set_protocols(&mut self, keys: &mut Config) {
        const CHOICES: [(&str, Protocol); 3] = [
            (Protocol::Grpc.name(), Protocol::Grpc),
            (Protocol::HttpProtobuf.name(), Protocol::HttpProtobuf),
            (Protocol::HttpJson.name(), Protocol::HttpJson),
        ];
        if keys.protocol.is_given() {
            return;
        }
        let mut read = |signal| self.variables.choice(&name(signal, "PROTOCOL"), &CHOICES);
        if let Some(protocol) = read(None) {
            keys.protocol.set_default(protocol);
        }
        for signal in Signal::ALL {
            let protocol = read(Some(signal));
            let key = &mut keys.settings_of_mut(signal).protocol;
            *key = key.or(protocol);
        }
    }

    fn set_compressions(&mut self, keys: &mut Config) {
        const CHOICES: [(&str, Compression); 3] = [
            (Compression::None.name(), Compression::None),
            (Compression::Gzip.name(), Compression::Gzip),
            (Compression::Zstd.name(), Compression::Zstd),
        ];
        if keys.compression.is_given() {
            return;
        }
        let mut read = |signal| {
            let name = name(signal, "COMPRESSION");
            self.variables.choice(&name, &CHOICES)
        };
        if let Some(compression) = read(None) {
            keys.compression.set_default(compression);
        }
        for signal in Signal::ALL {
            let compression = read(Some(signal));
            let key = &mut keys.settings_of_mut(signal).compression;
            *key = key.or(compression);
        }
    }

    fn set_timeouts(&mut self, keys: &mut Config) {
        let mut read = |signal| self.variables.read(&name(signal, "TIMEOUT"), milliseconds);
        if keys.timeout.is_given() {
            return;
        }
        if let Some(timeout) = read(None) {
            keys.timeout.set_default(timeout);
        }
        for signal in Signal::ALL {
            let timeout = read(Some(signal));
            let key = &mut keys.settings_of_mut(signal).timeout;
            *key = key.or(timeout);
        }
    }

    /// All counters here are what OpenTelemetry calls synchronous, so `lowmemory` is `delta`.
    fn set_temporality(&mut self, keys: &mut Config) {
        const CHOICES: [(&str, Temporality); 3] = [
            (Temporality::Cumulative.name(), Temporality::Cumulative),
            (Temporality::Delta.name(), Temporality::Delta),
            ("lowmemory", Temporality::Delta),
        ];
        let name = name(Some(Signal::Metrics), "TEMPORALITY_PREFERENCE");
        if let Some(temporality) = self.variables.choice(&name, &CHOICES) {
            keys.temporality.set_default(temporality);
        }
    }

    /// Headers of the file are kept beside those of variables, and count for the same name.
    fn set_headers(&mut self, keys: &mut Config) {
        let of_file = keys.headers.0.clone();
        let has_authorization = keys.token_file.is_some() || keys.basic_auth.is_some();
        let in_files: Vec<_> = keys.header_files.keys().cloned().collect();
        let with_file = |mut headers: BTreeMap<String, String>| {
            let is_taken = |name: &str| {
                let mut names = of_file.keys().chain(&in_files);
                names.any(|known| known.eq_ignore_ascii_case(name))
                    || has_authorization && name.eq_ignore_ascii_case("authorization")
            };
            headers.retain(|name, _| !is_taken(name));
            headers.extend(of_file.clone());
            Headers(headers)
        };
        if let Some(headers) = self.headers(None) {
            keys.headers = with_file(headers);
        }
        for signal in Signal::ALL {
            let headers = self.headers(Some(signal));
            let key = &mut keys.settings_of_mut(signal).headers;
            *key = key.take().or(headers.map(with_file));
        }
    }

    fn headers(&mut self, signal: Option<Signal>) -> Option<BTreeMap<String, String>> {
        let name = name(signal, "HEADERS");
        let headers = self.variables.read(&name, pairs::read)?;
        self.sources.push(("headers", name));
        Some(headers)
    }

    fn set_resource(&mut self, keys: &mut Config) {
        let service = self.variables.text("OTEL_SERVICE_NAME");
        let attributes = self.variables.read("OTEL_RESOURCE_ATTRIBUTES", pairs::read);
        let mut attributes = attributes.unwrap_or_default();
        attributes.extend(service.map(|name| ("service.name".to_owned(), name)));
        attributes.extend(std::mem::take(&mut keys.resource));
        keys.resource = attributes;
    }

    fn proxies(&mut self) -> ProxyConfig {
        ProxyConfig {
            url: None,
            http: self.proxy(["HTTP_PROXY", "http_proxy"]),
            https: self.proxy(["HTTPS_PROXY", "https_proxy"]),
            all: self.proxy(["ALL_PROXY", "all_proxy"]),
            no: self.first(["NO_PROXY", "no_proxy"]).1.unwrap_or_default(),
        }
    }

    /// The URL of a proxy; empty if there is none.
    fn proxy(&mut self, names: [&'static str; 2]) -> String {
        let (name, _) = self.first(names);
        let read = |text: &str| match is_http_proxy(text) {
            true => Ok(text.to_owned()),
            false => Err("it is not the URL of an HTTP proxy, as in \"http://proxy:3128\""),
        };
        self.variables.read(name, read).unwrap_or_default()
    }

    /// The first of two variables that is set, and its value.
    fn first(&self, names: [&'static str; 2]) -> (&'static str, Option<String>) {
        let [first, second] = names;
        match self.variables.text(first) {
            Some(text) => (first, Some(text)),
            None => (second, self.variables.text(second)),
        }
    }
}

/// A time-out; 0 is none.
fn milliseconds(text: &str) -> Result<NonZeroDuration, &'static str> {
    let milliseconds: u64 = text
        .parse()
        .map_err(|_| "it is not a number of milliseconds")?;
    let milliseconds = NonZeroU64::new(milliseconds).map_or(NO_LIMIT, NonZeroU64::get);
    Ok(NonZeroDuration::from_millis(milliseconds.min(NO_LIMIT)))
}
