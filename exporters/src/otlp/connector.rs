//! Connects to the backend as tonic does, to write in larger pieces than it does.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tonic::codegen::Service;
use tonic::codegen::http::Uri;
use tonic::transport::{Channel, Endpoint};

use super::gather::{Gather, Known};
use super::remedy::FirstBytes;

/// Makes connections.
struct Connector {
    http: HttpConnector,
    known: Known,
    first: FirstBytes,
}

/// A channel that connects when it is first needed, and writes the requests that are known without
/// a copy. `first` gets what the backend sends first. It goes straight to the endpoint: proxies
/// named in the environment are not used.
pub(super) fn connect_lazy(endpoint: &Endpoint, known: &Known, first: &FirstBytes) -> Channel {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(endpoint.get_tcp_nodelay());
    http.set_keepalive(endpoint.get_tcp_keepalive());
    http.set_connect_timeout(endpoint.get_connect_timeout());
    endpoint.connect_with_connector_lazy(Connector {
        http,
        known: known.clone(),
        first: first.clone(),
    })
}

impl Service<Uri> for Connector {
    type Response = Gather<TokioIo<TcpStream>>;
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
        self.first.set(&[]);
        let connecting = self.http.call(uri);
        let known = self.known.clone();
        let first = self.first.clone();
        Box::pin(async {
            let io = connecting.await?;
            tracing::debug!(address = ?io.inner().peer_addr().ok(), "connected to the OTLP backend");
            Ok(Gather::new(io, known, first))
        })
    }
}
