//! An OTLP server: decodes what it is sent with `opentelemetry-proto`, keeps it, and answers as it
//! is told.

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
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use tokio::runtime::{self, Runtime};
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
    /// Takes all of it after so many milliseconds.
    After(u64),
    /// Never.
    Hang,
    /// Breaks all connections, and takes new ones a moment later.
    Vanish,
}

/// A running server.
pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    kept: Arc<Kept>,
    keeper: Option<JoinHandle<()>>,
}

/// What the server has to say to the thread that keeps it running.
#[derive(Clone, Copy, Debug)]
enum Word {
    Again,
    Enough,
}

struct Kept {
    logs: Mutex<Vec<LogRecord>>,
    metrics: Mutex<Vec<Metric>>,
    /// Of the last request with metrics.
    last_metrics: Mutex<Vec<Metric>>,
    /// Whether no request is answered.
    stalled: AtomicBool,
    answers: Mutex<VecDeque<Answer>>,
    then: Answer,
    words: Sender<Word>,
}

impl Collector {
    /// Gives `first` as the first answers, then `then` for ever.
    pub(crate) fn answering(first: &[Answer], then: Answer) -> Self {
        let (words, heard) = channel();
        let answers = Mutex::new(first.iter().copied().collect());
        let (logs, metrics, last_metrics) = (Mutex::default(), Mutex::default(), Mutex::default());
        let stalled = AtomicBool::new(false);
        let kept = Arc::new(Kept {
            logs,
            metrics,
            last_metrics,
            stalled,
            answers,
            then,
            words,
        });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let again = Arc::clone(&kept);
        let keeper = thread::spawn(move || {
            let mut runtime = serve(&again, &listener);
            while matches!(heard.recv(), Ok(Word::Again)) {
                drop(runtime);
                runtime = serve(&again, &listener);
            }
        });
        Self {
            address,
            kept,
            keeper: Some(keeper),
        }
    }

    /// The log records that were taken.
    pub(crate) fn logs(&self) -> Vec<LogRecord> {
        self.kept.logs.lock().unwrap().clone()
    }

    /// The metrics that were taken, in order of arrival.
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        self.kept.metrics.lock().unwrap().clone()
    }

    /// The metrics of the last request that was taken.
    pub(crate) fn last_metrics(&self) -> Vec<Metric> {
        self.kept.last_metrics.lock().unwrap().clone()
    }

    /// Answers no request of any kind from now on, or answers again those that come from now on.
    pub(crate) fn stall(&self, stalled: bool) {
        self.kept.stalled.store(stalled, Ordering::Relaxed);
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // The keeper ends with this word, or has ended in a panic of its own.
        let _ = self.kept.words.send(Word::Enough);
        let _ = self.keeper.take().map(JoinHandle::join);
    }
}

/// Serves until the runtime is dropped.
fn serve(kept: &Arc<Kept>, listener: &TcpListener) -> Runtime {
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let entered = runtime.enter();
    let listener = tokio::net::TcpListener::from_std(listener.try_clone().unwrap()).unwrap();
    let server = Server::builder()
        .add_service(LogsServiceServer::from_arc(Arc::clone(kept)))
        .add_service(MetricsServiceServer::from_arc(Arc::clone(kept)));
    runtime.spawn(server.serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true))));
    drop(entered);
    runtime
}

impl Kept {
    /// Never ends for a request that comes while the server has stalled.
    async fn stand_still(&self) {
        if self.stalled.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }
}

#[tonic::async_trait]
impl LogsService for Kept {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        self.stand_still().await;
        let scopes = request
            .into_inner()
            .resource_logs
            .into_iter()
            .flat_map(|resource| resource.scope_logs);
        let mut records: Vec<LogRecord> = scopes.flat_map(|scope| scope.log_records).collect();
        let answer = self
            .answers
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or(self.then);
        let mut response = ExportLogsServiceResponse::default();
        match answer {
            Answer::Accept => {}
            Answer::After(milliseconds) => {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await
            }
            Answer::Hang => std::future::pending().await,
            Answer::Vanish => {
                self.words.send(Word::Again).unwrap();
                std::future::pending().await
            }
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
        self.stand_still().await;
        let scopes = request
            .into_inner()
            .resource_metrics
            .into_iter()
            .flat_map(|resource| resource.scope_metrics);
        let metrics: Vec<_> = scopes.flat_map(|scope| scope.metrics).collect();
        self.metrics.lock().unwrap().extend_from_slice(&metrics);
        *self.last_metrics.lock().unwrap() = metrics;
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}
