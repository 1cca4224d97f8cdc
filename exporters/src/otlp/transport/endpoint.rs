//! One endpoint: its connections, and one attempt to have it accept a request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::Request;
use hyper::header::HeaderMap;
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::Instant;
use tokio_rustls::rustls::ClientConfig;

use super::accepted::Accepted;
use super::body::RequestBody;
use super::coalesce::RequestBuffers;
use super::connect::{Connector, Route};
use super::first_bytes::FirstBytes;
use super::protocol::Protocol;
use super::sent::SentFlag;
use super::target::EndpointTarget;
use super::{grpc, http};
use crate::otlp::failure::CallError;
use crate::otlp::sealing::SealedFrame;
use crate::otlp::signal::Signal;

/// An endpoint. It connects on first use, and again after the connection is lost.
pub(super) struct Endpoint {
    target: EndpointTarget,
    requests: RequestBuffers,
    pub(super) first_bytes: FirstBytes,
    connection: Mutex<Connection>,
    /// How long an attempt may take, including the time to connect.
    timeout: Duration,
}

/// The connections in use.
struct Connection {
    client: HttpClient<Connector, RequestBody>,
    /// How many clients were abandoned before this one.
    generation: u64,
    tls: Option<Arc<ClientConfig>>,
}

impl Endpoint {
    /// Does not connect yet. `timeout` limits each attempt.
    pub(super) fn new(
        target: EndpointTarget,
        tls: Option<Arc<ClientConfig>>,
        timeout: Duration,
    ) -> Self {
        let requests = RequestBuffers::default();
        let first_bytes = FirstBytes::default();
        let route = target.route(tls.clone(), timeout);
        let client = http_client(route, &target, &requests, &first_bytes);
        Self {
            target,
            requests,
            first_bytes,
            connection: Mutex::new(Connection {
                client,
                generation: 0,
                tls,
            }),
            timeout,
        }
    }

    pub(super) fn target(&self) -> &EndpointTarget {
        &self.target
    }

    /// Uses other certificates for new connections. Requests in flight end on the old one.
    pub(super) fn use_tls(&self, tls: Option<Arc<ClientConfig>>) {
        let mut connection = self.connection();
        connection.tls = tls;
        self.replace_client(&mut connection);
    }

    /// Sends a frame once. Sets `sent` when the backend may have received it.
    pub(super) async fn send(
        &self,
        signal: Signal,
        headers: HeaderMap,
        frame: &SealedFrame,
        sent: &SentFlag,
    ) -> Result<Accepted, CallError> {
        let request = self.request(signal, headers, frame, sent)?;
        let _registered = self.requests.register(frame.grpc_message());
        let (client, generation) = {
            let connection = self.connection();
            (connection.client.clone(), connection.generation)
        };
        let start = Instant::now();
        let call = async {
            let response = client.request(request).await;
            let response = response.map_err(|error| CallError::Transport(error.into()))?;
            match self.target.protocol {
                Protocol::Grpc => grpc::accepted(response).await,
                Protocol::HttpProtobuf | Protocol::HttpJson => http::accepted(response).await,
            }
        };
        match tokio::time::timeout(self.timeout, call).await {
            Ok(response) => {
                let elapsed = start.elapsed();
                let accepted = response.is_ok();
                let bytes = frame.len();
                tracing::debug!(?signal, bytes, ?elapsed, accepted, "received a response");
                response
            }
            Err(_) => {
                self.reconnect(generation);
                Err(CallError::TimedOut(self.timeout))
            }
        }
    }

    fn request(
        &self,
        signal: Signal,
        mut headers: HeaderMap,
        frame: &SealedFrame,
        sent: &SentFlag,
    ) -> Result<Request<RequestBody>, CallError> {
        let protocol = self.target.protocol;
        let uri = self.target.uri(signal);
        if protocol == Protocol::Grpc {
            return Ok(grpc::request(uri, headers, frame, sent));
        }
        self.target.add_proxy_authorization(&mut headers);
        let body = http::body(signal, frame, protocol);
        let body = body.map_err(|error| CallError::Unsendable(error.into()))?;
        Ok(http::request(uri, headers, body, frame, protocol, sent))
    }

    /// Abandons a connection that does not respond. TCP would keep waiting for a peer that vanished
    /// for a quarter of an hour.
    fn reconnect(&self, generation: u64) {
        let mut connection = self.connection();
        if connection.generation == generation {
            tracing::debug!("abandoning the connection, which does not respond");
            self.replace_client(&mut connection);
        }
    }

    fn replace_client(&self, connection: &mut Connection) {
        let route = self.target.route(connection.tls.clone(), self.timeout);
        connection.client = http_client(route, &self.target, &self.requests, &self.first_bytes);
        connection.generation += 1;
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Builds a client, whose connections run in the runtime of the request that opens them.
fn http_client(
    route: Route,
    target: &EndpointTarget,
    requests: &RequestBuffers,
    first_bytes: &FirstBytes,
) -> HttpClient<Connector, RequestBody> {
    let mut builder = HttpClient::builder(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new());
    if target.protocol == Protocol::Grpc {
        builder.http2_only(true).pool_idle_timeout(None);
    }
    target.keepalive.apply(&mut builder);
    builder.build(Connector::new(route, requests.clone(), first_bytes.clone()))
}
