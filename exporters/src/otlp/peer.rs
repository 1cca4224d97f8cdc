//! The backend: one attempt to have it take a request.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use prost::Message;
use tokio::time::Instant;
use tonic::codegen::http::HeaderMap;
use tonic::transport::{Channel, Endpoint};

use super::call::call;
use super::connector::connect_lazy;
use super::failure::Failure;
use super::gather::Known;
use super::remedy::FirstBytes;
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
    fn path(self) -> &'static str {
        match self {
            Self::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
            Self::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        }
    }

    /// What it takes.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Logs => "logs",
            Self::Metrics => "metrics",
        }
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
    first: FirstBytes,
    line: Mutex<Line>,
    headers: HeaderMap,
    timeout: Duration,
}

/// The connection in use, and how many were given up before it.
#[derive(Clone, Debug)]
struct Line {
    channel: Channel,
    age: u64,
}

impl Peer {
    /// Has to be called within a runtime. Connects nothing yet. `first` gets what the backend sends
    /// first.
    pub(super) fn new(
        endpoint: Endpoint,
        headers: HeaderMap,
        timeout: Duration,
        first: FirstBytes,
    ) -> Self {
        let known = Known::default();
        let line = Mutex::new(Line {
            channel: connect_lazy(&endpoint, &known, &first),
            age: 0,
        });
        Self {
            endpoint,
            known,
            first,
            line,
            headers,
            timeout,
        }
    }

    /// Sends a frame once, and says in `sent` whether the backend may have it.
    pub(super) async fn attempt(
        &self,
        service: Service,
        frame: Bytes,
        sent: &Sent,
    ) -> Result<Accepted, Failure> {
        let _known = self.known.add(&frame);
        let Line { channel, age } = self
            .line
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let since = Instant::now();
        let bytes = frame.len();
        let call = call(channel, service.path(), self.headers.clone(), frame, sent);
        match tokio::time::timeout(self.timeout, call).await {
            Ok(answer) => {
                tracing::debug!(?service, bytes, took = ?since.elapsed(), taken = answer.is_ok(), "a request was answered");
                answer.map(accepted)
            }
            Err(_) => {
                self.redial(age);
                Err(Failure::TimedOut(self.timeout))
            }
        }
    }

    /// Gives up a connection that does not answer: a peer that vanished without a word would
    /// otherwise be waited for until TCP gives up, a quarter of an hour later.
    fn redial(&self, age: u64) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if line.age == age {
            tracing::debug!("the connection does not answer and is given up");
            *line = Line {
                channel: connect_lazy(&self.endpoint, &self.known, &self.first),
                age: age + 1,
            };
        }
    }
}

/// Reads the response, which has the same form for every signal. The records were taken, whatever
/// its body holds, so one that cannot be read is as good as an empty one.
fn accepted(body: Bytes) -> Accepted {
    let partial = ExportLogsServiceResponse::decode(body)
        .unwrap_or_default()
        .partial_success
        .unwrap_or_default();
    Accepted {
        rejected: u64::try_from(partial.rejected_log_records).unwrap_or(0),
        message: partial.error_message,
    }
}
