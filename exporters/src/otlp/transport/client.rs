//! The client: one attempt to have the backend accept a request.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tonic::codegen::http::HeaderMap;
use tonic::transport::{Channel, Endpoint};

use super::call::{call, request_headers};
use super::coalesce::RequestBuffers;
use super::connector::connect_lazy;
use super::first_bytes::FirstBytes;
use super::sent::SentFlag;
use super::target::ConnectionSettings;
use super::tls::TlsFiles;
use crate::otlp::failure::CallError;
use crate::otlp::messages::ExportResponse;
use crate::otlp::sealing::SealedFrame;
use crate::otlp::signal::Signal;

/// A positive response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// Number of log records or data points that the backend rejected.
    pub(crate) rejected: u64,
    /// The backend's error message; a warning if it rejected nothing.
    pub(crate) message: String,
}

/// A client that connects on first use, and again after the connection is lost.
pub(crate) struct Client {
    requests: RequestBuffers,
    first_bytes: FirstBytes,
    connection: Mutex<Connection>,
    timeout: Duration,
    /// The runtime of the exporter, in which connections run.
    runtime: Handle,
}

/// The connection in use, and the settings of the next one.
struct Connection {
    channel: Channel,
    /// How many connections were abandoned before this one.
    generation: u64,
    endpoint: Endpoint,
    /// What the TLS files of the endpoint had.
    files: TlsFiles,
    headers: HeaderMap,
}

impl Client {
    /// Must be called within a runtime. Does not connect yet. `timeout` limits each attempt; what
    /// the backend sends first goes to `first_bytes`.
    pub(crate) fn new(
        settings: ConnectionSettings,
        timeout: Duration,
        first_bytes: FirstBytes,
    ) -> Self {
        let requests = RequestBuffers::default();
        let ConnectionSettings {
            endpoint,
            headers,
            files,
        } = settings;
        let connection = Mutex::new(Connection {
            channel: connect_lazy(&endpoint, &requests, &first_bytes),
            generation: 0,
            endpoint,
            files,
            headers: request_headers(headers),
        });
        Self {
            requests,
            first_bytes,
            connection,
            timeout,
            runtime: Handle::current(),
        }
    }

    /// Uses other settings from the next request on. If the content of the TLS files has changed,
    /// that makes a new connection; requests in flight end on the old one.
    pub(crate) fn use_settings(&self, settings: ConnectionSettings) {
        let mut connection = self.connection();
        connection.headers = request_headers(settings.headers);
        if connection.files != settings.files {
            connection.endpoint = settings.endpoint;
            connection.files = settings.files;
            self.replace_channel(&mut connection);
        }
    }

    /// Sends a frame once. Sets `sent` when the backend may have received it.
    pub(crate) async fn send(
        &self,
        signal: Signal,
        frame: &SealedFrame,
        sent: &SentFlag,
    ) -> Result<Accepted, CallError> {
        let _registered = self.requests.register(frame.grpc_message());
        let (channel, headers, generation) = self.current();
        let start = Instant::now();
        let bytes = frame.len();
        let call = call(channel, signal.grpc_path(), headers, frame, sent);
        match tokio::time::timeout(self.timeout, call).await {
            Ok(response) => {
                let elapsed = start.elapsed();
                let accepted = response.is_ok();
                tracing::debug!(?signal, bytes, ?elapsed, accepted, "received a response");
                response.map(decode_response)
            }
            Err(_) => {
                self.reconnect(generation);
                Err(CallError::TimedOut(self.timeout))
            }
        }
    }

    /// Abandons a connection that does not respond. TCP would keep waiting for a peer that vanished
    /// for a quarter of an hour.
    fn reconnect(&self, generation: u64) {
        let mut connection = self.connection();
        if connection.generation == generation {
            tracing::debug!("abandoning the connection, which does not respond");
            self.replace_channel(&mut connection);
        }
    }

    fn replace_channel(&self, connection: &mut Connection) {
        // The tasks of the connection belong to the exporter's thread, whoever replaces it.
        let _context = self.runtime.enter();
        let endpoint = &connection.endpoint;
        connection.channel = connect_lazy(endpoint, &self.requests, &self.first_bytes);
        connection.generation += 1;
    }

    fn current(&self) -> (Channel, HeaderMap, u64) {
        let connection = self.connection();
        let channel = connection.channel.clone();
        (channel, connection.headers.clone(), connection.generation)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Decodes a response, which has the same fields for every signal. The status said that the request
/// was accepted, so a malformed body counts as an empty one.
fn decode_response(body: Bytes) -> Accepted {
    let partial = ExportResponse::decode(body)
        .unwrap_or_default()
        .partial_success
        .unwrap_or_default();
    Accepted {
        rejected: u64::try_from(partial.rejected).unwrap_or(0),
        message: partial.error_message,
    }
}
