//! An OTLP server: decodes what it is sent with `opentelemetry-proto`, keeps it, and answers as it is told.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{LogsService, LogsServiceServer};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status};

/// What the server does with a request for logs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// Takes all of it.
    Accept,
    /// Refuses it with a status.
    Refuse(Code),
    /// Takes it but for so many records.
    Reject(i64),
}

/// A running server. It ends with its runtime.
pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    kept: Arc<Kept>,
    _runtime: tokio::runtime::Runtime,
}

#[derive(Default)]
struct Kept {
    logs: Mutex<Vec<LogRecord>>,
    metrics: Mutex<Vec<Metric>>,
    answers: Mutex<VecDeque<Answer>>,
    then: Mutex<Option<Answer>>,
}

impl Collector {
    /// Gives `first` as the first answers, then `then` for ever.
    pub(crate) fn answering(first: &[Answer], then: Answer) -> Self {
        let kept = Arc::new(Kept { then: Mutex::new(Some(then)), ..Kept::default() });
        kept.answers.lock().unwrap().extend(first);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let entered = runtime.enter();
        let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap().with_nodelay(Some(true));
        let address = incoming.local_addr().unwrap();
        let server = Server::builder()
            .add_service(LogsServiceServer::from_arc(Arc::clone(&kept)))
            .add_service(MetricsServiceServer::from_arc(Arc::clone(&kept)));
        drop(entered);
        runtime.spawn(server.serve_with_incoming(incoming));
        Self { address, kept, _runtime: runtime }
    }

    /// The log records that were taken.
    pub(crate) fn logs(&self) -> Vec<LogRecord> {
        self.kept.logs.lock().unwrap().clone()
    }

    /// The metrics that were taken, in order of arrival.
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        self.kept.metrics.lock().unwrap().clone()
    }
}

#[tonic::async_trait]
impl LogsService for Kept {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let scopes = request.into_inner().resource_logs.into_iter().flat_map(|resource| resource.scope_logs);
        let mut records: Vec<LogRecord> = scopes.flat_map(|scope| scope.log_records).collect();
        let answer = self.answers.lock().unwrap().pop_front().or(*self.then.lock().unwrap());
        let mut response = ExportLogsServiceResponse::default();
        match answer.unwrap_or(Answer::Accept) {
            Answer::Accept => {}
            Answer::Refuse(code) => return Err(Status::new(code, "as told")),
            Answer::Reject(n) => {
                let left = records.len().saturating_sub(usize::try_from(n).unwrap());
                let rejected = records.len() - left;
                records.truncate(left);
                response.partial_success = Some(ExportLogsPartialSuccess {
                    rejected_log_records: i64::try_from(rejected).unwrap(),
                    error_message: "as told".to_owned(),
                });
            }
        }
        self.logs.lock().unwrap().extend(records);
        Ok(Response::new(response))
    }
}

#[tonic::async_trait]
impl MetricsService for Kept {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let scopes = request.into_inner().resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
        self.metrics.lock().unwrap().extend(scopes.flat_map(|scope| scope.metrics));
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}
