//! An endpoint of the configuration: a URL, the path of a unix socket or, for gRPC, a host and a
//! port without a scheme.
//!
//! Neither `http::Uri` nor the `url` crate can validate it: `http::Uri` reports a port outside of 0
//! to 65535 as no port, and `url` accepts an empty port and rewrites hosts. Both would connect to
//! an address other than the configured one.

mod authority;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use hyper::http::uri::PathAndQuery;
use rustls_pki_types::ServerName;
use serde::Deserialize;
use tidegate_runtime::config::{Setting, Shape, Value, mask_url};

use super::protocol::Protocol;
use crate::otlp::signal::Signal;
use authority::{parse_port, split_authority};

/// The endpoint as configured. Credentials in it are masked in all output.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct EndpointUrl(pub(crate) String);

/// The settings that decide how an endpoint is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndpointUse {
    pub(crate) protocol: Protocol,
    /// Whether an endpoint without a scheme is plain text.
    pub(crate) is_insecure: bool,
    /// The signal that it is for; `None` if all signals have it in common.
    pub(crate) signal: Option<Signal>,
}

/// A checked endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// Where the backend listens.
    pub(crate) peer: Peer,
    /// Whether connections are encrypted.
    pub(crate) is_tls: bool,
    /// The path of the URL.
    path: String,
    /// The signal of an endpoint that is for one signal alone.
    signal: Option<Signal>,
}

/// Where a backend listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// A TCP port.
    Tcp {
        /// Host, without brackets.
        host: String,
        /// Port, by default the scheme's.
        port: u16,
    },
    /// A unix socket.
    Unix(PathBuf),
}

/// What is wrong with an endpoint: the rest of a sentence that begins with the endpoint.
type Problem = Cow<'static, str>;

impl Setting for EndpointUrl {
    fn shape() -> Shape {
        let pattern = Some(
            r"^([Hh][Tt][Tt][Pp][Ss]?://[^/?#@\s]+(/[^?#@\s]*)?|[^/?#@\s]+|unix:\S+|dns:///\S+)$",
        );
        Shape::Text { pattern }
    }

    fn to_toml(&self) -> Option<Value> {
        Some(Value::String(mask_url(&self.0).into_owned()))
    }
}

impl EndpointUrl {
    /// Checks the endpoint. The error is a sentence without secrets.
    pub(crate) fn parse(&self, how: EndpointUse) -> Result<Address, String> {
        let Self(text) = self;
        if text.is_empty() {
            return Err(format!(
                "the endpoint is empty; write scheme, host and port, as in \"{}\"",
                how.protocol.default_endpoint()
            ));
        }
        parse_endpoint(text, how).map_err(|problem| format!("`{}` {problem}", mask_url(text)))
    }
}

impl fmt::Debug for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", mask_url(&self.0))
    }
}

impl Address {
    /// The port that is connected to; none for a unix socket.
    pub(crate) fn port(&self) -> Option<u16> {
        match self.peer {
            Peer::Tcp { port, .. } => Some(port),
            Peer::Unix(_) => None,
        }
    }

    /// Whether the backend is on this host, as far as the address tells.
    pub(crate) fn is_loopback(&self) -> bool {
        match &self.peer {
            Peer::Tcp { host, .. } => is_loopback(host),
            Peer::Unix(_) => true,
        }
    }

    /// The name that the backend's certificate has to have.
    pub(super) fn host(&self) -> &str {
        match &self.peer {
            Peer::Tcp { host, .. } => host,
            Peer::Unix(_) => "localhost",
        }
    }

    /// The URL of requests of a signal over OTLP/HTTP: its path below a common endpoint, the
    /// endpoint's own otherwise.
    pub(super) fn http_url(&self, signal: Signal) -> String {
        match self.signal {
            Some(_) if self.path.is_empty() => format!("{}/", self.origin()),
            Some(_) => format!("{}{}", self.origin(), self.path),
            None => {
                let base = self.path.trim_end_matches('/');
                format!("{}{base}{}", self.origin(), signal.http_path())
            }
        }
    }

    /// Scheme, host and port. A unix socket has gRPC's name of a local host.
    pub(crate) fn origin(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        match &self.peer {
            Peer::Tcp { host, port } if host.contains(':') => format!("{scheme}://[{host}]:{port}"),
            Peer::Tcp { host, port } => format!("{scheme}://{host}:{port}"),
            Peer::Unix(_) => format!("{scheme}://localhost"),
        }
    }
}

/// Whether a host is this one, as far as its name tells.
pub(super) fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']).trim_end_matches('.');
    let host = host.to_ascii_lowercase();
    let is_name = host == "localhost" || host.ends_with(".localhost");
    let address = host.parse::<IpAddr>();
    is_name || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

/// Shows the port that is connected to, also if the configuration leaves it to the scheme.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.peer {
            Peer::Tcp { .. } if self.path == "/" => f.write_str(&self.origin()),
            Peer::Tcp { .. } => write!(f, "{}{}", self.origin(), self.path),
            Peer::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

fn parse_endpoint(text: &str, how: EndpointUse) -> Result<Address, Problem> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("contains whitespace or a control character".into());
    }
    if let Some(path) = text.strip_prefix("unix:") {
        return parse_unix(path, how);
    }
    let (is_tls, rest) = split_scheme(text, how)?;
    if rest.contains('@') {
        return Err(
            "contains a user or a password, which are not sent from there; \
                    remove them and use `basic_auth` or `headers`"
                .into(),
        );
    }
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
    let path = parse_path(tail, how.protocol)?;
    let (host, port) = split_authority(authority)?;
    let default_port = if is_tls { 443 } else { 80 };
    let port = port.map_or(Ok(default_port), parse_port)?;
    if ServerName::try_from(host).is_err() {
        return Err("has an invalid host; a host is a name, an IPv4 address, \
                    or an IPv6 address in brackets"
            .into());
    }
    Ok(Address {
        peer: Peer::Tcp {
            host: host.to_owned(),
            port,
        },
        is_tls,
        path,
        signal: how.signal,
    })
}

/// Parses what follows `unix:`, as gRPC names sockets: `unix:///absolute` or `unix:path`.
fn parse_unix(text: &str, how: EndpointUse) -> Result<Address, Problem> {
    let path = match text.strip_prefix("//") {
        Some(path) if !path.starts_with('/') => {
            return Err(
                "must have an absolute path after unix://, as in \"unix:///run/otlp.sock\"".into(),
            );
        }
        Some(path) => path,
        None => text,
    };
    if path.is_empty() || path.ends_with('/') {
        return Err("has no path of a unix socket".into());
    }
    // A URL of one signal would name a path as well, which this form cannot have.
    let path_of_signal = how.signal.map(|signal| signal.http_path().to_owned());
    Ok(Address {
        peer: Peer::Unix(Path::new(path).to_owned()),
        is_tls: false,
        path: path_of_signal.unwrap_or_default(),
        signal: how.signal,
    })
}

/// Returns whether connections are encrypted, and the rest of the URL.
fn split_scheme(text: &str, how: EndpointUse) -> Result<(bool, &str), Problem> {
    let is_grpc = how.protocol == Protocol::Grpc;
    match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => Ok((true, rest)),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => Ok((false, rest)),
        // gRPC's name of an address that its own resolver looks up.
        Some(("dns", rest)) if is_grpc && rest.starts_with('/') => {
            Ok((!how.is_insecure, &rest[1..]))
        }
        None if is_grpc && !text.starts_with('/') => Ok((!how.is_insecure, text)),
        _ if is_grpc => Err("must begin with http://, https:// or unix://, \
                             or be a host and a port"
            .into()),
        _ => Err("must begin with http://, https:// or unix://".into()),
    }
}

/// Checks the path of a URL.
fn parse_path(tail: &str, protocol: Protocol) -> Result<String, Problem> {
    if protocol == Protocol::Grpc {
        return match tail {
            "" | "/" => Ok(String::new()),
            _ => Err(
                "must end after the port: OTLP over gRPC has no paths, queries or fragments".into(),
            ),
        };
    }
    if tail.contains(['?', '#', '\\']) {
        return Err("must end after the path: queries and fragments are not sent".into());
    }
    if !tail.is_empty() && tail.parse::<PathAndQuery>().is_err() {
        return Err("has a path with a character that a URL cannot have".into());
    }
    Ok(tail.to_owned())
}
