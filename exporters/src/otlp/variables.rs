//! The environment variables of the OpenTelemetry specification (1.60, "OpenTelemetry Protocol
//! Exporter" and "General SDK Configuration") and those of proxies, as defaults of keys.
//!
//! What the file says counts; where it says nothing, the variable of the signal, then that of all
//! signals. An empty variable counts as unset, and one that cannot be read is ignored with a
//! warning, as the specification demands.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::str::FromStr;

use tidegate_runtime::component::{Finding, Lint, Place};
use tidegate_runtime::config::NonZeroDuration;

use super::backends::endpoint_key;
use super::config::Config;
use super::sealing::Compression;
use super::signal::Signal;
use super::transport::{EndpointUrl, Headers, Protocol, ProxyConfig, TlsConfig, is_http_proxy};

/// What variables set besides keys.
pub(super) struct Variables {
    pub(super) proxy: ProxyConfig,
    /// Variables that are ignored, and why.
    pub(super) findings: Vec<Finding>,
    /// The variables that keys have their values from.
    pub(super) sources: Vec<(&'static str, String)>,
}

/// Reads variables.
struct Reader<'a> {
    environment: &'a dyn Fn(&str) -> Option<String>,
    findings: Vec<Finding>,
    sources: Vec<(&'static str, String)>,
}

/// Replaces the defaults of keys that the file does not give.
pub(super) fn apply(keys: &mut Config, environment: &dyn Fn(&str) -> Option<String>) -> Variables {
    let mut reader = Reader {
        environment,
        findings: Vec::new(),
        sources: Vec::new(),
    };
    reader.set_endpoints(keys);
    reader.set_protocols(keys);
    reader.set_headers(keys);
    reader.set_compressions(keys);
    reader.set_timeouts(keys);
    reader.set_tls(keys);
    reader.set_resource(keys);
    Variables {
        proxy: reader.proxies(),
        findings: reader.findings,
        sources: reader.sources,
    }
}

/// The variable of a setting: that of a signal, or that of all signals.
fn name(signal: Option<Signal>, setting: &str) -> String {
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
        let url = self.text(&name)?;
        self.sources.push((key, name));
        Some(EndpointUrl(url))
    }

    fn set_protocols(&mut self, keys: &mut Config) {
        let read = |text: &str| match text {
            "grpc" => Ok(Protocol::Grpc),
            "http/protobuf" => Ok(Protocol::HttpProtobuf),
            "http/json" => Ok(Protocol::HttpJson),
            _ => Err("it is not \"grpc\", \"http/protobuf\" or \"http/json\""),
        };
        if keys.protocol.is_given() {
            return;
        }
        if let Some(protocol) = self.read(&name(None, "PROTOCOL"), read) {
            keys.protocol.set_default(protocol);
        }
        for signal in Signal::ALL {
            let protocol = self.read(&name(Some(signal), "PROTOCOL"), read);
            let key = &mut keys.settings_of_mut(signal).protocol;
            *key = key.or(protocol);
        }
    }

    fn set_compressions(&mut self, keys: &mut Config) {
        let read = |text: &str| match text {
            "none" => Ok(Compression::None),
            "gzip" => Ok(Compression::Gzip),
            "zstd" => Ok(Compression::Zstd),
            _ => Err("it is not \"none\", \"gzip\" or \"zstd\""),
        };
        if keys.compression.is_given() {
            return;
        }
        if let Some(compression) = self.read(&name(None, "COMPRESSION"), read) {
            keys.compression.set_default(compression);
        }
        for signal in Signal::ALL {
            let compression = self.read(&name(Some(signal), "COMPRESSION"), read);
            let key = &mut keys.settings_of_mut(signal).compression;
            *key = key.or(compression);
        }
    }

    fn set_timeouts(&mut self, keys: &mut Config) {
        let read = |text: &str| match NonZeroU64::from_str(text) {
            Ok(milliseconds) => Ok(NonZeroDuration::from_millis(milliseconds.get())),
            Err(_) => Err("it is not a number of milliseconds from 1 up"),
        };
        if keys.timeout.is_given() {
            return;
        }
        if let Some(timeout) = self.read(&name(None, "TIMEOUT"), read) {
            keys.timeout.set_default(timeout);
        }
        for signal in Signal::ALL {
            let timeout = self.read(&name(Some(signal), "TIMEOUT"), read);
            let key = &mut keys.settings_of_mut(signal).timeout;
            *key = key.or(timeout);
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
        let headers = self.pairs(&name)?;
        self.sources.push(("headers", name));
        Some(headers)
    }

    /// Certificates are without effect on a plain-text endpoint, for which the keys would be an
    /// error.
    fn set_tls(&mut self, keys: &mut Config) {
        let of_file = keys.tls.clone();
        let of_all = self.tls(None);
        let has_tls = |url: Option<&EndpointUrl>| url.is_some_and(|url| !is_plain(url));
        let mut urls = keys.endpoint.iter().chain(&keys.endpoints);
        if urls.any(|url| has_tls(Some(url))) && !of_file.is_given() {
            keys.tls = of_file.or(&of_all);
        }
        keys.tls.insecure = of_file.insecure.or(of_all.insecure);
        for signal in Signal::ALL {
            let of_signal = self.tls(Some(signal));
            let has_own_tls = has_tls(keys.endpoint_of(signal));
            let url = keys.endpoint_of(signal).or(keys.endpoint.as_ref());
            let may_be_tls = has_tls(url) && !of_file.is_given();
            let own = &mut keys.settings_of_mut(signal).tls;
            if of_file.insecure.is_none() {
                own.insecure = own.insecure.or(of_signal.insecure);
            }
            let insecure = own.insecure;
            if may_be_tls {
                *own = own.or(&of_signal);
            }
            if may_be_tls && has_own_tls {
                *own = own.or(&of_all);
            }
            own.insecure = insecure;
        }
    }

    fn tls(&mut self, signal: Option<Signal>) -> TlsConfig {
        let read = |text: &str| match &*text.to_ascii_lowercase() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err("it is not \"true\" or \"false\""),
        };
        let insecure = self.read(&name(signal, "INSECURE"), read);
        let file = |setting| self.text(&name(signal, setting)).map(Into::into);
        TlsConfig {
            insecure,
            ca_file: file("CERTIFICATE"),
            cert_file: file("CLIENT_CERTIFICATE"),
            key_file: file("CLIENT_KEY"),
            server_name_override: None,
        }
    }

    fn set_resource(&mut self, keys: &mut Config) {
        let service = self.text("OTEL_SERVICE_NAME");
        let mut attributes = self.pairs("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
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
        self.read(name, read).unwrap_or_default()
    }

    /// The first of two variables that is set, and its value.
    fn first(&self, names: [&'static str; 2]) -> (&'static str, Option<String>) {
        let [first, second] = names;
        match self.text(first) {
            Some(text) => (first, Some(text)),
            None => (second, self.text(second)),
        }
    }

    /// The value of a variable that is set and not empty.
    fn text(&self, name: &str) -> Option<String> {
        let value = (self.environment)(name)?.trim().to_owned();
        (!value.is_empty()).then_some(value)
    }

    /// The value of a variable, or a warning with the reason.
    fn read<T>(&mut self, name: &str, read: impl Fn(&str) -> Result<T, &'static str>) -> Option<T> {
        match read(&self.text(name)?) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.ignore(name, reason);
                None
            }
        }
    }

    /// The pairs of `key1=value1,key2=value2` (W3C Baggage without properties). Values are
    /// percent-encoded. If one cannot be read, the whole variable is ignored.
    fn pairs(&mut self, name: &str) -> Option<BTreeMap<String, String>> {
        let read = |text: &str| {
            let pairs = text
                .split(',')
                .map(str::trim)
                .filter(|pair| !pair.is_empty());
            pairs.map(pair).collect::<Result<_, _>>()
        };
        self.read(name, read)
    }

    fn ignore(&mut self, name: &str, reason: &str) {
        let title = format!("the environment variable `{name}` is ignored: {reason}");
        let finding = Finding::warning(Lint::IgnoredVariable, Place::Key(""), title);
        self.findings
            .push(finding.label("whose defaults it would be"));
    }
}

fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text
        .split_once('=')
        .ok_or("it is not a list of pairs, as in \"a=1,b=2\"")?;
    let key = decode(key.trim())?;
    if key.is_empty() {
        return Err("a pair has no name");
    }
    Ok((key, decode(value.trim())?))
}

/// Decodes percent-encoded bytes.
fn decode(text: &str) -> Result<String, &'static str> {
    const ERROR: &str = "a percent sign is not followed by two hexadecimal digits of UTF-8";
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        match (digit(bytes.next()), digit(bytes.next())) {
            (Some(high), Some(low)) => decoded.push((high * 16 + low) as u8),
            _ => return Err(ERROR),
        }
    }
    String::from_utf8(decoded).map_err(|_| ERROR)
}

/// Whether an endpoint is plain text by its scheme.
fn is_plain(EndpointUrl(url): &EndpointUrl) -> bool {
    let url = url.to_ascii_lowercase();
    url.starts_with("http://") || url.starts_with("unix:")
}
