//! HTTP proxies: which one a backend is reached through, and the tunnel that it opens (RFC 9110,
//! 9.3.6).

use std::fmt;
use std::io::{self, ErrorKind};

use hyper::header::HeaderValue;
use hyper::{StatusCode, Uri};
use hyper_util::client::proxy::matcher::Matcher;
use serde::Deserialize;
use tidegate_runtime::component::BuildError;
use tidegate_runtime::config::{Setting, Shape, Value, mask_url};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::error::ConnectError;
use super::no_proxy;
use super::socket::Socket;
use crate::otlp::transport::address::{Address, Peer, is_loopback};
use crate::otlp::transport::protocol::Protocol;

/// Bytes of a proxy's response at most.
const MAX_RESPONSE: usize = 8 << 10;

/// The proxies of the environment, or the one of the configuration.
#[derive(Clone, Default)]
pub(in crate::otlp) struct ProxyConfig {
    /// The proxy of the configuration, which comes before the environment's.
    pub(in crate::otlp) url: Option<ProxyUrl>,
    /// `HTTP_PROXY`
    pub(in crate::otlp) http: String,
    /// `HTTPS_PROXY`
    pub(in crate::otlp) https: String,
    /// `ALL_PROXY`
    pub(in crate::otlp) all: String,
    /// `NO_PROXY`
    pub(in crate::otlp) no: String,
}

/// The URL of a proxy as configured. Credentials in it are masked in all output.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(in crate::otlp) struct ProxyUrl(String);

/// An HTTP proxy.
#[derive(Clone)]
pub(in crate::otlp::transport) struct Proxy {
    pub(super) uri: Uri,
    authorization: Option<HeaderValue>,
}

impl Setting for ProxyUrl {
    fn shape() -> Shape {
        String::shape()
    }

    fn to_toml(&self) -> Option<Value> {
        Some(Value::String(mask_url(&self.0).into_owned()))
    }
}

impl ProxyConfig {
    /// Checks the proxy of the configuration.
    pub(in crate::otlp) fn check(&self) -> Result<(), BuildError> {
        match &self.url {
            Some(ProxyUrl(url)) if !is_http_proxy(url) => Err(BuildError {
                key: "proxy_url",
                message: format!(
                    "`{}` is not the URL of an HTTP proxy, as in \"http://proxy:3128\"",
                    mask_url(url)
                ),
            }),
            _ => Ok(()),
        }
    }

    /// Returns the proxy for a backend. Backends on this host need none. gRPC takes that of https
    /// in any case, as gRPC's own clients do, since a proxy cannot forward its plain text.
    pub(in crate::otlp::transport) fn proxy(
        &self,
        address: &Address,
        protocol: Protocol,
    ) -> Option<Proxy> {
        let Peer::Tcp { host, port } = &address.peer else {
            return None;
        };
        let builder = match &self.url {
            Some(ProxyUrl(url)) => Matcher::builder().all(url.clone()),
            None if is_loopback(host) || no_proxy::is_listed(&self.no, host, *port) => return None,
            None => Matcher::builder()
                .http(self.http.clone())
                .https(self.https.clone())
                .all(self.all.clone()),
        };
        let origin = address.origin();
        let origin = match protocol {
            Protocol::Grpc => origin.replacen("http://", "https://", 1),
            _ => origin,
        };
        let intercept = builder.build().intercept(&origin.parse().ok()?)?;
        let is_http = intercept.uri().scheme_str() == Some("http");
        is_http.then(|| Proxy {
            uri: intercept.uri().clone(),
            authorization: intercept.basic_auth().cloned(),
        })
    }
}

/// Whether a text is the URL of an HTTP proxy, with or without a scheme.
pub(in crate::otlp) fn is_http_proxy(url: &str) -> bool {
    let destination = Uri::from_static("http://host");
    let intercept = Matcher::builder()
        .all(url.to_owned())
        .build()
        .intercept(&destination);
    intercept.is_some_and(|proxy| proxy.uri().scheme_str() == Some("http"))
}

impl Proxy {
    /// The credentials of requests that the proxy forwards.
    pub(in crate::otlp::transport) fn authorization(&self) -> Option<HeaderValue> {
        self.authorization.clone()
    }

    /// Asks the proxy for a tunnel to a host and a port.
    pub(super) async fn tunnel(
        &self,
        socket: &mut Box<dyn Socket>,
        target: &str,
    ) -> Result<(), ConnectError> {
        let not_a_proxy = |source| ConnectError::NotAProxy {
            proxy: self.to_string(),
            source,
        };
        let status = self.connect(socket, target).await.map_err(not_a_proxy)?;
        if status.is_success() {
            return Ok(());
        }
        Err(ConnectError::Proxy {
            proxy: self.to_string(),
            status,
        })
    }

    async fn connect(&self, socket: &mut Box<dyn Socket>, target: &str) -> io::Result<StatusCode> {
        let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").into_bytes();
        if let Some(authorization) = &self.authorization {
            request.extend_from_slice(b"Proxy-Authorization: ");
            request.extend_from_slice(authorization.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        socket.write_all(&request).await?;
        socket.flush().await?;
        let mut head = Vec::new();
        // One byte at a time: what follows the head belongs to the tunnel.
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() == MAX_RESPONSE {
                return Err(io::Error::new(
                    ErrorKind::InvalidData,
                    "a response without an end",
                ));
            }
            head.push(socket.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head);
        let mut words = head.split(' ');
        let is_http = words.next().is_some_and(|word| word.starts_with("HTTP/1."));
        let status = words.next().and_then(|word| word.trim_end().parse().ok());
        status
            .filter(|_| is_http)
            .ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "not a response of HTTP/1"))
    }
}

/// Shows the address without credentials.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self
            .uri
            .authority()
            .map_or("", |authority| authority.as_str());
        write!(f, "http://{authority}")
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", mask_url(&self.0))
    }
}

impl fmt::Debug for ProxyConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxyConfig(..)")
    }
}
