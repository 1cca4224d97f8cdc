//! The backend: one attempt to have it take a request.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use prost::Message;
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use super::codec::RawCodec;
use super::connector::connect_lazy;
use super::framed_channel::FramedChannel;
use super::gather::Known;
use super::sent::Sent;

/// Which service of the backend a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// `LogsService`
    Logs,
    /// `MetricsService`
    Metrics,
}

impl Service {
    fn path(self) -> PathAndQuery {
        PathAndQuery::from_static(match self {
            Self::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
            Self::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        })
    }
}

/// That the backend took a request, and what it rejected of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Accepted {
    /// Records or data points that it rejected.
    pub(super) rejected: u64,
    /// What it says about it; a warning if it rejected nothing.
    pub(super) message: String,
}

/// A backend, connected when it is first needed, and again whenever the connection is lost.
#[derive(Debug)]
pub(super) struct Peer {
    endpoint: Endpoint,
    known: Known,
    line: Mutex<Line>,
    headers: MetadataMap,
    compression: Option<CompressionEncoding>,
    timeout: Duration,
}

/// The connection in use, and how many were given up before it.
#[derive(Clone, Debug)]
struct Line {
    channel: Channel,
    age: u64,
}

impl Peer {
    /// Has to be called within a runtime. Connects nothing yet.
    pub(super) fn new(
        endpoint: Endpoint,
        headers: MetadataMap,
        compression: Option<CompressionEncoding>,
        timeout: Duration,
    ) -> Self {
        let known = Known::default();
        let line = Mutex::new(Line { channel: connect_lazy(&endpoint, &known), age: 0 });
        Self { endpoint, known, line, headers, compression, timeout }
    }

    /// Sends a frame once, and says in `sent` whether the backend may have it.
    pub(super) async fn attempt(&self, service: Service, frame: Bytes, sent: &Sent) -> Result<Accepted, Status> {
        let _known = self.known.add(&frame);
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match tokio::time::timeout(self.timeout, self.call(line.channel, service, frame, sent)).await {
            Ok(answer) => answer,
            Err(_) => {
                self.redial(line.age);
                Err(Status::deadline_exceeded(format!("no answer within {:?}", self.timeout)))
            }
        }
    }

    async fn call(&self, channel: Channel, service: Service, frame: Bytes, sent: &Sent) -> Result<Accepted, Status> {
        let mut grpc = Grpc::new(FramedChannel { channel, frame, sent: sent.clone() })
            .accept_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Zstd);
        if let Some(encoding) = self.compression {
            grpc = grpc.send_compressed(encoding);
        }
        let mut request = Request::new(());
        *request.metadata_mut() = self.headers.clone();
        grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
        let response = grpc.unary(request, service.path(), RawCodec).await?;
        Ok(accepted(response.into_inner()))
    }

    /// Gives up a connection that does not answer: a peer that vanished without a word would otherwise
    /// be waited for until TCP gives up, a quarter of an hour later.
    fn redial(&self, age: u64) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if line.age == age {
            *line = Line { channel: connect_lazy(&self.endpoint, &self.known), age: age + 1 };
        }
    }
}

/// Reads the response, which has the same form for every signal. The records were taken, whatever its
/// body holds, so one that cannot be read is as good as an empty one.
fn accepted(body: Bytes) -> Accepted {
    let partial = ExportLogsServiceResponse::decode(body).unwrap_or_default().partial_success.unwrap_or_default();
    Accepted { rejected: u64::try_from(partial.rejected_log_records).unwrap_or(0), message: partial.error_message }
}
