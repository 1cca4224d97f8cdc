//! The `endpoint` of the configuration: scheme, host and port, and nothing else.
//!
//! Neither `http::Uri` nor the `url` crate can check it: the former takes a port that is no number
//! from 0 to 65535 for no port at all, the latter drops an empty port and rewrites hosts. Both then
//! lead to another place than the file says.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use rustls_pki_types::ServerName;
use serde::Deserialize;
use tidegate_core::config::mask_url;
use tonic::transport::Uri;

/// The text as it was written. What may be a password in it shows in no output.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct EndpointText(pub(super) String);

/// A checked endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// For connecting.
    pub(super) uri: Uri,
    /// Whether the scheme asks for TLS.
    pub(super) is_tls: bool,
    /// Host, without brackets.
    host: String,
    /// Port, which may be the scheme's.
    pub(super) port: u16,
}

/// What a host can be.
const HOST: &str = "a host is a name, an IPv4 address, or an IPv6 address in brackets";

impl EndpointText {
    /// Checks the endpoint. The error is a sentence without secrets.
    pub(super) fn parse(&self) -> Result<Address, String> {
        let Self(text) = self;
        let error = |what: &str| Err(format!("`{}` {what}", mask_url(text)));
        if text.is_empty() {
            return Err(
                "the endpoint is empty; write scheme, host and port, as in \"http://127.0.0.1:4317\"".to_owned()
            );
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return error("has a blank or a control character in it");
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return error("has to begin with http:// or https://");
        };
        let is_tls = scheme.eq_ignore_ascii_case("https");
        if !is_tls && !scheme.eq_ignore_ascii_case("http") {
            return error("has to begin with http:// or https://");
        }
        if rest.contains('@') {
            return error(
                "has a user or a password in it, which are not sent from there; remove them and use `headers`, \
                 as in headers = { authorization = \"Basic ...\" }",
            );
        }
        let (authority, tail) =
            rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
        if !matches!(tail, "" | "/") {
            return error(
                "must end after the port: OTLP over gRPC has no paths, queries or fragments",
            );
        }
        let (host, port) = match split(authority) {
            Ok(parts) => parts,
            Err(what) => return error(what),
        };
        let port = match port {
            None => {
                if is_tls {
                    443
                } else {
                    80
                }
            }
            Some("") => {
                return error(
                    "has a colon and no port after it; OTLP over gRPC usually has port 4317",
                );
            }
            Some(port) => match port_number(port) {
                Some(port) => port,
                None => {
                    return error(&format!(
                        "has the port `{port}`; a port is a number from 1 to 65535"
                    ));
                }
            },
        };
        if ServerName::try_from(host).is_err() {
            return error(HOST);
        }
        let scheme = if is_tls { "https" } else { "http" };
        let uri = Uri::builder()
            .scheme(scheme)
            .authority(authority)
            .path_and_query("/")
            .build();
        match uri {
            Ok(uri) => Ok(Address {
                uri,
                is_tls,
                host: host.to_owned(),
                port,
            }),
            Err(source) => error(&format!("is not a URL: {source}")),
        }
    }
}

/// Host and port of an authority without user information.
fn split(authority: &str) -> Result<(&str, Option<&str>), &'static str> {
    if let Some(rest) = authority.strip_prefix('[') {
        let Some((host, behind)) = rest.split_once(']') else {
            return Err("has a bracket that is not closed");
        };
        if host.parse::<Ipv6Addr>().is_err() {
            return Err(
                "has something else than an IPv6 address in brackets; zones such as %eth0 are not supported",
            );
        }
        return match behind.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if behind.is_empty() => Ok((host, None)),
            None => Err("has something else than a port after the brackets"),
        };
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    if port.is_some_and(|port| port.contains(':')) {
        return Err("has too many colons; an IPv6 address needs brackets, as in http://[::1]:4317");
    }
    if host.is_empty() {
        return Err("has no host");
    }
    // What only digits and dots are made of is an address to every resolver, and 127.1 is not the
    // name of a host.
    let is_number = host
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_number && host.parse::<Ipv4Addr>().is_err() {
        return Err("has a host that is not an IPv4 address, and no name either");
    }
    Ok((host, port))
}

/// A port that can be connected to. `u16` would take a sign.
fn port_number(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| is_number && *port != 0)
}

/// With the port that is connected to, even if the configuration leaves it to the scheme.
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

impl fmt::Debug for EndpointText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", mask_url(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::EndpointText;

    fn parse(text: &str) -> Result<String, String> {
        EndpointText(text.to_owned())
            .parse()
            .map(|address| address.to_string())
    }

    #[test]
    fn an_endpoint_is_shown_with_the_port_that_is_connected_to() {
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
    fn what_cannot_be_meant_is_refused_with_a_sentence() {
        let cases = [
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
            ("http://[collector]:4317", "IPv6 address in brackets"),
            ("http://127.1:4317", "not an IPv4 address"),
            ("http://256.0.0.1:4317", "not an IPv4 address"),
            ("http://a..b:4317", "a host is a name"),
            ("http://-a:4317", "a host is a name"),
            ("http://a%20b:4317", "a host is a name"),
            ("http://a b:4317", "blank"),
            ("http://host:4317\n", "blank"),
            ("http://h:4317/v1/logs", "must end after the port"),
            ("http://h:4317//", "must end after the port"),
            ("http://h:4317?x=1", "must end after the port"),
            ("http://h:4317/#x", "must end after the port"),
            ("http://h:4317\\x", "must end after the port"),
            ("http://alice@h:4317", "use `headers`"),
            ("http://@h:4317", "use `headers`"),
        ];
        for (text, expected) in cases {
            let said = parse(text).expect_err(text);
            assert!(said.contains(expected), "{text}: {said}");
        }
    }

    #[test]
    fn no_sentence_and_no_debug_output_shows_a_secret() {
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
            let endpoint = EndpointText(text.to_owned());
            let said = endpoint.parse().expect_err(text);
            assert!(
                !said.contains("s3cret") && !format!("{endpoint:?}").contains("s3cret"),
                "{text}: {said}"
            );
        }
    }
}
