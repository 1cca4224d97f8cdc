//! The `endpoint` of the configuration: scheme, host and port, and nothing else.
//!
//! Neither `http::Uri` nor the `url` crate can validate it: `http::Uri` reports a port outside of 0
//! to 65535 as no port, and `url` accepts an empty port and rewrites hosts. Both would connect to
//! an address other than the configured one.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustls_pki_types::ServerName;
use serde::Deserialize;
use tidegate_runtime::config::{Setting, Shape, Value, mask_url};
use tonic::transport::Uri;

/// The endpoint as configured. Credentials in it are masked in all output.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(crate) struct EndpointUrl(pub(crate) String);

/// A checked endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// The URI to connect to.
    pub(super) uri: Uri,
    /// Whether the scheme is `https`.
    pub(crate) is_tls: bool,
    /// Host, without brackets.
    host: String,
    /// Port, by default the scheme's.
    port: u16,
}

/// What is wrong with an endpoint: the rest of a sentence that begins with the endpoint.
type Problem = Cow<'static, str>;

impl Setting for EndpointUrl {
    fn shape() -> Shape {
        let pattern = Some(r"^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@\s]+/?$");
        Shape::Text { pattern }
    }

    fn to_toml(&self) -> Option<Value> {
        Some(Value::String(mask_url(&self.0).into_owned()))
    }
}

impl EndpointUrl {
    /// Checks the endpoint. The error is a sentence without secrets.
    pub(crate) fn parse(&self) -> Result<Address, String> {
        let Self(text) = self;
        if text.is_empty() {
            return Err("the endpoint is empty; write scheme, host and port, \
                 as in \"http://127.0.0.1:4317\""
                .to_owned());
        }
        parse_url(text).map_err(|problem| format!("`{}` {problem}", mask_url(text)))
    }
}

impl fmt::Debug for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", mask_url(&self.0))
    }
}

impl Address {
    /// The port that is connected to.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Whether the backend is on this host, as far as the address tells.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.host.trim_end_matches('.').to_ascii_lowercase();
        let is_name = host == "localhost" || host.ends_with(".localhost");
        let address = host.parse::<IpAddr>();
        is_name || address.is_ok_and(|address| address.to_canonical().is_loopback())
    }
}

/// Shows the port that is connected to, also if the configuration leaves it to the scheme.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            is_tls, host, port, ..
        } = self;
        let scheme = if *is_tls { "https" } else { "http" };
        if host.contains(':') {
            write!(f, "{scheme}://[{host}]:{port}")
        } else {
            write!(f, "{scheme}://{host}:{port}")
        }
    }
}

fn parse_url(text: &str) -> Result<Address, Problem> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("contains whitespace or a control character".into());
    }
    let (is_tls, rest) = split_scheme(text)?;
    if rest.contains('@') {
        return Err(
            "contains a user or a password, which are not sent from there; \
                    remove them and use `headers`, \
                    as in headers = { authorization = \"Basic ...\" }"
                .into(),
        );
    }
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
    if !matches!(tail, "" | "/") {
        return Err(
            "must end after the port: OTLP over gRPC has no paths, queries or fragments".into(),
        );
    }
    let (host, port) = split_authority(authority)?;
    let default_port = if is_tls { 443 } else { 80 };
    let port = port.map_or(Ok(default_port), parse_port)?;
    if ServerName::try_from(host).is_err() {
        return Err("has an invalid host; a host is a name, an IPv4 address, \
                    or an IPv6 address in brackets"
            .into());
    }
    let uri = Uri::builder()
        .scheme(if is_tls { "https" } else { "http" })
        .authority(authority)
        .path_and_query("/")
        .build()
        .map_err(|source| format!("is not a URL: {source}"))?;
    Ok(Address {
        uri,
        is_tls,
        host: host.to_owned(),
        port,
    })
}

/// Returns whether the scheme is `https`, and the rest of the URL.
fn split_scheme(text: &str) -> Result<(bool, &str), Problem> {
    match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => Ok((true, rest)),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => Ok((false, rest)),
        _ => Err("must begin with http:// or https://".into()),
    }
}

/// Splits an authority without user information into host and port.
fn split_authority(authority: &str) -> Result<(&str, Option<&str>), Problem> {
    if let Some(rest) = authority.strip_prefix('[') {
        return split_bracketed(rest);
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    if port.is_some_and(|port| port.contains(':')) {
        return Err(
            "has too many colons; an IPv6 address needs brackets, as in http://[::1]:4317".into(),
        );
    }
    if host.is_empty() {
        return Err("has no host".into());
    }
    // Resolvers take a host of digits and dots as an address: 127.1 is 127.0.0.1 to them.
    let is_numeric = host
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_numeric && host.parse::<Ipv4Addr>().is_err() {
        return Err("has a numeric host that is not an IPv4 address".into());
    }
    Ok((host, port))
}

/// Splits what follows the opening bracket of an IPv6 address.
fn split_bracketed(rest: &str) -> Result<(&str, Option<&str>), Problem> {
    let Some((host, tail)) = rest.split_once(']') else {
        return Err("has a bracket that is not closed".into());
    };
    if host.parse::<Ipv6Addr>().is_err() {
        return Err("must have an IPv6 address in the brackets; \
                    zones such as %eth0 are not supported"
            .into());
    }
    match tail.strip_prefix(':') {
        Some(port) => Ok((host, Some(port))),
        None if tail.is_empty() => Ok((host, None)),
        None => Err("must have nothing but a port after the brackets".into()),
    }
}

/// Parses a port that can be connected to. `u16` alone would accept a sign.
fn parse_port(text: &str) -> Result<u16, Problem> {
    if text.is_empty() {
        return Err(
            "has a colon and no port after it; OTLP over gRPC usually has port 4317".into(),
        );
    }
    let is_numeric = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|port| is_numeric && *port != 0)
        .ok_or_else(|| format!("has the port `{text}`; a port is a number from 1 to 65535").into())
}

#[cfg(test)]
mod tests {
    use super::EndpointUrl;

    /// Invalid endpoints, and a part of the error.
    const INVALID: &[(&str, &str)] = &[
        ("", "the endpoint is empty"),
        ("127.0.0.1:4317", "begin with http:// or https://"),
        ("unix:///run/otlp.sock", "begin with http:// or https://"),
        ("grpc://host:4317", "begin with http:// or https://"),
        ("//host:4317", "begin with http:// or https://"),
        ("http://127.0.0.1:99999", "the port `99999`"),
        ("https://127.0.0.1:70000", "the port `70000`"),
        ("http://[::1]:65536", "the port `65536`"),
        ("http://host:0", "the port `0`"),
        ("http://host:+80", "the port `+80`"),
        ("http://host:-1", "the port `-1`"),
        ("http://host:http", "the port `http`"),
        ("http://host:80a", "the port `80a`"),
        ("http://host:", "no port after it"),
        ("http://[::1]:", "no port after it"),
        ("http://host:/", "no port after it"),
        ("http://", "no host"),
        ("http:///", "no host"),
        ("http://:4317", "no host"),
        ("http://::1:4317", "needs brackets"),
        ("http://[::1", "not closed"),
        ("http://[::1]4317", "after the brackets"),
        ("http://[fe80::1%25eth0]:4317", "zones"),
        ("http://[collector]:4317", "IPv6 address in the brackets"),
        ("http://127.1:4317", "not an IPv4 address"),
        ("http://256.0.0.1:4317", "not an IPv4 address"),
        ("http://a..b:4317", "a host is a name"),
        ("http://-a:4317", "a host is a name"),
        ("http://a%20b:4317", "a host is a name"),
        ("http://a b:4317", "whitespace"),
        ("http://host:4317\n", "whitespace"),
        ("http://h:4317/v1/logs", "must end after the port"),
        ("http://h:4317//", "must end after the port"),
        ("http://h:4317?x=1", "must end after the port"),
        ("http://h:4317/#x", "must end after the port"),
        ("http://h:4317\\x", "must end after the port"),
        ("http://alice@h:4317", "use `headers`"),
        ("http://@h:4317", "use `headers`"),
    ];

    fn parse(text: &str) -> Result<String, String> {
        EndpointUrl(text.to_owned())
            .parse()
            .map(|address| address.to_string())
    }

    #[test]
    fn an_endpoint_is_displayed_with_the_port_that_is_connected_to() {
        let cases = [
            ("http://127.0.0.1:4317", "http://127.0.0.1:4317"),
            ("http://127.0.0.1:4317/", "http://127.0.0.1:4317"),
            ("http://[::1]:65535", "http://[::1]:65535"),
            ("HTTPS://otlp.example.com", "https://otlp.example.com:443"),
            (
                "http://collector.observability.svc.cluster.local.:4317",
                "http://collector.observability.svc.cluster.local.:4317",
            ),
            ("http://otel_collector:1", "http://otel_collector:1"),
            ("http://[fd00::1]", "http://[fd00::1]:80"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn an_invalid_endpoint_is_refused_with_the_reason() {
        for (text, expected) in INVALID {
            let error = parse(text).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn no_error_and_no_debug_output_contains_a_secret() {
        for text in [
            "http://alice:s3cret@h:4317",
            "http://s3cret@h:99999/path",
            "ftp://alice:s3cret@h",
            "alice:s3cret@h:4317",
            "http://alice:x/s3cret@h",
            "http://alice:#s3cret@h",
            "http://alice:s3cret@[::1",
            "http://alice: s3cret@h",
            "http://h:4317/?token=s3cret",
        ] {
            let endpoint = EndpointUrl(text.to_owned());
            let error = endpoint.parse().expect_err(text);
            assert!(
                !error.contains("s3cret") && !format!("{endpoint:?}").contains("s3cret"),
                "{text}: {error}"
            );
        }
    }
}
