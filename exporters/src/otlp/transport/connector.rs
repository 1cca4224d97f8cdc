//! Opens connections as tonic does, with writes that are coalesced.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tonic::codegen::Service;
use tonic::codegen::http::Uri;
use tonic::transport::{Channel, Endpoint};

use super::coalesce::{CoalescingIo, RequestBuffers};
use super::first_bytes::FirstBytes;

struct Connector {
    http: HttpConnector,
    requests: RequestBuffers,
    first_bytes: FirstBytes,
}

/// Returns a channel that connects on first use and writes the bytes of `requests` without copying
/// them. What the backend sends first goes to `first_bytes`. Proxies named in the environment are
/// not used.
pub(super) fn connect_lazy(
    endpoint: &Endpoint,
    requests: &RequestBuffers,
    first_bytes: &FirstBytes,
) -> Channel {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(endpoint.get_tcp_nodelay());
    http.set_keepalive(endpoint.get_tcp_keepalive());
    http.set_connect_timeout(endpoint.get_connect_timeout());
    endpoint.connect_with_connector_lazy(Connector {
        http,
        requests: requests.clone(),
        first_bytes: first_bytes.clone(),
    })
}

impl Service<Uri> for Connector {
    type Response = CoalescingIo<TokioIo<TcpStream>>;
    type Error = <HttpConnector as Service<Uri>>::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.http.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        tracing::debug!(
            host = uri.host(),
            port = uri.port_u16(),
            "connecting to the OTLP backend"
        );
        self.first_bytes.set(&[]);
        let connecting = self.http.call(uri);
        let requests = self.requests.clone();
        let first_bytes = self.first_bytes.clone();
        Box::pin(async {
            let io = connecting.await?;
            let address = io.inner().peer_addr().ok();
            tracing::debug!(?address, "connected to the OTLP backend");
            Ok(CoalescingIo::new(io, requests, first_bytes))
        })
    }
}
