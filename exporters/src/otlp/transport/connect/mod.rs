//! Opens connections to a backend: to a TCP port or a unix socket, through a proxy if one is
//! configured, with TLS if the endpoint asks for it.
//!
//! [`connector`] does these steps, [`proxy`] asks an HTTP proxy for a tunnel, unless [`no_proxy`]
//! lists the host. A [`socket`], possibly with TLS ([`tls_io`]), is a [`stream`] to the HTTP client,
//! and [`error`] says what failed.

mod connector;
mod error;
mod no_proxy;
mod proxy;
mod socket;
mod stream;
mod tls_io;

pub(super) use connector::{Connector, Route, TlsRoute};
pub(crate) use error::ConnectError;
pub(super) use proxy::Proxy;
pub(in crate::otlp) use proxy::{ProxyConfig, ProxyUrl, is_http_proxy};
