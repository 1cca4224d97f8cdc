//! An OTLP server that decodes requests with `opentelemetry-proto`, keeps them, and gives scripted
//! replies.

use std::collections::VecDeque;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{
    LogsService, LogsServiceServer,
};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::runtime::{self, Runtime};
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status};

/// What the server does with a logs request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reply {
    /// Accepts all records.
    Accept,
    /// Fails the request with a status.
    Fail(Code),
    /// Fails requests that have one of these records: one in so many, by their content.
    RefuseOneIn(usize),
    /// Fails requests with more records than this as too large.
    RefuseMoreThan(usize),
    /// Accepts all but this number of records.
    RejectRecords(i64),
    /// Accepts all records after this number of milliseconds.
    AcceptAfterMillis(u64),
    /// Does not reply.
    Never,
    /// Closes all connections, then accepts new ones.
    Restart,
    /// Takes all records and does not reply.
    AcceptSilently,
}

/// A running server.
pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    state: Arc<CollectorState>,
    server: Option<JoinHandle<()>>,
}

/// A command to the thread that runs the server.
#[derive(Clone, Copy, Debug)]
enum ServerCommand {
    Restart,
    Stop,
}

struct CollectorState {
    logs: Mutex<Vec<LogRecord>>,
    spans: Mutex<Vec<Span>>,
    metrics: Mutex<Vec<Metric>>,
    /// The metrics of the last request that had any.
    last_metrics: Mutex<Vec<Metric>>,
    /// The resource of the last request with metrics.
    resource: Mutex<Option<Resource>>,
    /// The headers of the last request with metrics.
    headers: Mutex<MetadataMap>,
    /// While set, no request gets a reply.
    is_stalled: AtomicBool,
    /// Replies to the next requests.
    replies: Mutex<VecDeque<Reply>>,
    /// The reply to every request after those.
    default_reply: Reply,
    commands: Sender<ServerCommand>,
}

impl Collector {
    /// Starts a server that gives each of `first` once, then `default_reply`.
    pub(crate) fn with_replies(first: &[Reply], default_reply: Reply) -> Self {
        let (commands, received) = channel();
        let state = Arc::new(CollectorState {
            logs: Mutex::default(),
            spans: Mutex::default(),
            metrics: Mutex::default(),
            last_metrics: Mutex::default(),
            resource: Mutex::default(),
            headers: Mutex::default(),
            is_stalled: AtomicBool::new(false),
            replies: Mutex::new(first.iter().copied().collect()),
            default_reply,
            commands,
        });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::clone(&state);
        let server = thread::spawn(move || {
            let mut runtime = serve(&shared, &listener);
            while matches!(received.recv(), Ok(ServerCommand::Restart)) {
                drop(runtime);
                runtime = serve(&shared, &listener);
            }
        });
        Self {
            address,
            state,
            server: Some(server),
        }
    }

    /// The accepted log records.
    pub(crate) fn logs(&self) -> Vec<LogRecord> {
        self.state.logs.lock().unwrap().clone()
    }

    /// The accepted spans.
    pub(crate) fn spans(&self) -> Vec<Span> {
        self.state.spans.lock().unwrap().clone()
    }

    /// The accepted metrics, in order of arrival.
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        self.state.metrics.lock().unwrap().clone()
    }

    /// The metrics of the last accepted request.
    pub(crate) fn last_metrics(&self) -> Vec<Metric> {
        self.state.last_metrics.lock().unwrap().clone()
    }

    /// The resource of the last request with metrics.
    pub(crate) fn resource(&self) -> Resource {
        self.state.resource.lock().unwrap().clone().unwrap()
    }

    /// The headers of the last request with metrics.
    pub(crate) fn headers(&self) -> MetadataMap {
        self.state.headers.lock().unwrap().clone()
    }

    /// The number of points of sums that were accepted.
    pub(crate) fn points(&self) -> usize {
        let metrics = self.state.metrics.lock().unwrap();
        let points = metrics.iter().map(|metric| match &metric.data {
            Some(Data::Sum(sum)) => sum.data_points.len(),
            _ => 0,
        });
        points.sum()
    }

    /// How many of the first replies are left.
    pub(crate) fn replies_left(&self) -> usize {
        self.state.replies.lock().unwrap().len()
    }

    /// Closes all connections, then accepts new ones.
    pub(crate) fn restart(&self) {
        self.state.commands.send(ServerCommand::Restart).unwrap();
    }

    /// Sets whether requests that arrive from now on are left without a reply.
    pub(crate) fn set_stalled(&self, is_stalled: bool) {
        self.state.is_stalled.store(is_stalled, Ordering::Relaxed);
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // Fails if the server thread has panicked.
        let _ = self.state.commands.send(ServerCommand::Stop);
        let _ = self.server.take().map(JoinHandle::join);
    }
}

/// Selects one in `n` records.
fn is_one_in(n: usize, record: &LogRecord) -> bool {
    let sum: usize = record.encode_to_vec().into_iter().map(usize::from).sum();
    sum.is_multiple_of(n)
}

/// Serves until the runtime is dropped.
fn serve(state: &Arc<CollectorState>, listener: &TcpListener) -> Runtime {
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let entered = runtime.enter();
    let listener = tokio::net::TcpListener::from_std(listener.try_clone().unwrap()).unwrap();
    let server = Server::builder()
        .add_service(
            LogsServiceServer::from_arc(Arc::clone(state))
                .accept_compressed(CompressionEncoding::Gzip)
                .accept_compressed(CompressionEncoding::Zstd),
        )
        .add_service(
            MetricsServiceServer::from_arc(Arc::clone(state))
                .accept_compressed(CompressionEncoding::Gzip)
                .accept_compressed(CompressionEncoding::Zstd),
        )
        .add_service(
            TraceServiceServer::from_arc(Arc::clone(state))
                .accept_compressed(CompressionEncoding::Gzip)
                .accept_compressed(CompressionEncoding::Zstd),
        );
    runtime.spawn(server.serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true))));
    drop(entered);
    runtime
}

impl CollectorState {
    /// Never returns for a request that arrives while the server is stalled.
    async fn wait_if_stalled(&self) {
        if self.is_stalled.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }
}

/// Refuses records if the reply does.
fn refuse(reply: Reply, records: &[LogRecord]) -> Result<(), Status> {
    match reply {
        Reply::Fail(code) => Err(Status::new(code, "scripted")),
        Reply::RefuseOneIn(n) if records.iter().any(|record| is_one_in(n, record)) => {
            Err(Status::invalid_argument("scripted"))
        }
        Reply::RefuseMoreThan(n) if records.len() > n => {
            let message = "grpc: received message larger than max (2 vs. 1)";
            Err(Status::resource_exhausted(message))
        }
        _ => Ok(()),
    }
}

#[tonic::async_trait]
impl LogsService for CollectorState {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        self.wait_if_stalled().await;
        let scopes = request
            .into_inner()
            .resource_logs
            .into_iter()
            .flat_map(|resource| resource.scope_logs);
        let mut records: Vec<LogRecord> = scopes.flat_map(|scope| scope.log_records).collect();
        let next = self.replies.lock().unwrap().pop_front();
        let mut response = ExportLogsServiceResponse::default();
        match next.unwrap_or(self.default_reply) {
            Reply::Accept => {}
            Reply::AcceptAfterMillis(milliseconds) => {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await
            }
            Reply::Never => std::future::pending().await,
            Reply::AcceptSilently => {
                self.logs.lock().unwrap().extend(records);
                return std::future::pending().await;
            }
            Reply::Restart => {
                self.commands.send(ServerCommand::Restart).unwrap();
                std::future::pending().await
            }
            refusal @ (Reply::Fail(_) | Reply::RefuseOneIn(_) | Reply::RefuseMoreThan(_)) => {
                refuse(refusal, &records)?;
            }
            Reply::RejectRecords(n) => {
                let accepted = records.len().saturating_sub(usize::try_from(n).unwrap());
                let rejected = records.len() - accepted;
                records.truncate(accepted);
                response.partial_success = Some(ExportLogsPartialSuccess {
                    rejected_log_records: i64::try_from(rejected).unwrap(),
                    error_message: "scripted".to_owned(),
                });
            }
        }
        self.logs.lock().unwrap().extend(records);
        Ok(Response::new(response))
    }
}

#[tonic::async_trait]
impl MetricsService for CollectorState {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        self.wait_if_stalled().await;
        *self.headers.lock().unwrap() = request.metadata().clone();
        let resources = request.into_inner().resource_metrics;
        let resource = resources.first().and_then(|first| first.resource.clone());
        *self.resource.lock().unwrap() = resource;
        let scopes = resources
            .into_iter()
            .flat_map(|resource| resource.scope_metrics);
        let metrics: Vec<_> = scopes.flat_map(|scope| scope.metrics).collect();
        self.metrics.lock().unwrap().extend_from_slice(&metrics);
        *self.last_metrics.lock().unwrap() = metrics;
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl TraceService for CollectorState {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.wait_if_stalled().await;
        let scopes = request
            .into_inner()
            .resource_spans
            .into_iter()
            .flat_map(|resource| resource.scope_spans);
        let spans = scopes.flat_map(|scope| scope.spans);
        self.spans.lock().unwrap().extend(spans);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}
