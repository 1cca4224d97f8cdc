//! Opens a connection.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tidegate_runtime::spans;
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tonic::codegen::Service;

use super::error::ConnectError;
use super::proxy::Proxy;
use super::socket::{Plain, Socket};
use super::stream::{Stream, StreamIo, is_http2};
use super::tls_io::TlsIo;
use crate::otlp::transport::address::{Address, Peer};
use crate::otlp::transport::coalesce::{CoalescingIo, RequestBuffers};
use crate::otlp::transport::first_bytes::FirstBytes;

/// How a backend is reached.
#[derive(Clone)]
pub(in crate::otlp::transport) struct Route {
    pub(in crate::otlp::transport) address: Address,
    pub(in crate::otlp::transport) proxy: Option<Proxy>,
    pub(in crate::otlp::transport) tls: Option<TlsRoute>,
    /// Whether HTTP/2 must be negotiated.
    pub(in crate::otlp::transport) needs_http2: bool,
    pub(in crate::otlp::transport) connect_timeout: Duration,
    /// The interval of TCP's keepalive probes.
    pub(in crate::otlp::transport) tcp_keepalive: Option<Duration>,
}

/// TLS of a connection.
#[derive(Clone)]
pub(in crate::otlp::transport) struct TlsRoute {
    pub(in crate::otlp::transport) config: Arc<ClientConfig>,
    /// The name that the certificate must have.
    pub(in crate::otlp::transport) server_name: ServerName<'static>,
}

/// Opens connections of one route, whatever the URL of the request.
#[derive(Clone)]
pub(in crate::otlp::transport) struct Connector(Arc<Shared>);

struct Shared {
    route: Route,
    http: HttpConnector,
    requests: RequestBuffers,
    first_bytes: FirstBytes,
}

impl Connector {
    /// Connections write the bytes of `requests` without copying them. What the backend sends first
    /// goes to `first_bytes`.
    pub(in crate::otlp::transport) fn new(
        route: Route,
        requests: RequestBuffers,
        first_bytes: FirstBytes,
    ) -> Self {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_keepalive(route.tcp_keepalive);
        http.set_connect_timeout(Some(route.connect_timeout));
        Self(Arc::new(Shared {
            route,
            http,
            requests,
            first_bytes,
        }))
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let shared = Arc::clone(&self.0);
        Box::pin(async move {
            let span = spans::connect(None, &shared.route.address);
            spans::within(span, shared.connect()).await
        })
    }
}

impl Shared {
    async fn connect(&self) -> Result<Stream, ConnectError> {
        let route = &self.route;
        tracing::debug!(address = %route.address, proxy = ?route.proxy, "connecting to the OTLP backend");
        self.first_bytes.reset();
        let mut socket = self.dial().await?;
        // A proxy forwards HTTP/1 in plain text by itself.
        let is_forwarded = route.tls.is_none() && !route.needs_http2;
        if let (Some(proxy), Peer::Tcp { .. }) = (&route.proxy, &route.address.peer)
            && !is_forwarded
        {
            let origin = route.address.origin();
            let target = origin
                .split_once("://")
                .map_or(&*origin, |(_, target)| target);
            proxy.tunnel(&mut socket, target).await?;
        }
        let plain = CoalescingIo::new(
            TokioIo::new(socket),
            self.requests.clone(),
            self.first_bytes.clone(),
        );
        let io = match &route.tls {
            Some(tls) => self.handshake(tls, plain).await?,
            None => StreamIo::Plain(plain),
        };
        tracing::debug!(address = %route.address, "connected to the OTLP backend");
        Ok(Stream {
            io,
            is_proxied: is_forwarded && route.proxy.is_some(),
        })
    }

    async fn dial(&self) -> Result<Box<dyn Socket>, ConnectError> {
        let route = &self.route;
        let to = match &route.proxy {
            Some(proxy) => format!("the proxy {proxy}"),
            None => route.address.to_string(),
        };
        let error = |source| ConnectError::Dial { to, source };
        let uri = match (&route.address.peer, &route.proxy) {
            (Peer::Unix(path), _) => {
                let socket = UnixStream::connect(path).await;
                return match socket {
                    Ok(socket) => Ok(Box::new(socket)),
                    Err(source) => Err(error(source.into())),
                };
            }
            (_, Some(proxy)) => Ok(proxy.uri.clone()),
            (_, None) => route.address.origin().parse::<Uri>(),
        };
        let uri = match uri {
            Ok(uri) => uri,
            Err(source) => return Err(error(source.into())),
        };
        match self.http.clone().call(uri).await {
            Ok(socket) => Ok(Box::new(socket.into_inner())),
            Err(source) => Err(error(source.into())),
        }
    }

    async fn handshake(&self, tls: &TlsRoute, plain: Plain) -> Result<StreamIo, ConnectError> {
        let connector = TlsConnector::from(Arc::clone(&tls.config));
        let stream = connector
            .connect(tls.server_name.clone(), TokioIo::new(plain))
            .await
            .map_err(ConnectError::Tls)?;
        if self.route.needs_http2 && !is_http2(&stream) {
            return Err(ConnectError::NoHttp2);
        }
        let signs = self.first_bytes.clone();
        Ok(StreamIo::Tls(Box::new(TlsIo::new(stream, signs))))
    }
}
