//! A backend that replies as scripted and records what it receives. It has a runtime of its own, so
//! that it can end abruptly with all its connections.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
    logs_service_server::{LogsService, LogsServiceServer},
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
    metrics_service_server::{MetricsService, MetricsServiceServer},
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
    trace_service_server::{TraceService, TraceServiceServer},
};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, watch};
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Server, ServerTlsConfig};
use tonic::{Request, Response, Status};

/// The reply to a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Accepts it.
    Accept,
    /// Accepts it except for this number of records or points.
    Reject(i64),
    /// Accepts it with a warning.
    Warn,
    /// Responds with this status.
    Fail(Status),
    /// Accepts it after a notification.
    AcceptWhenNotified(Arc<Notify>),
    /// Never responds.
    Hang,
}

/// A request as it was received.
#[derive(Clone, Debug)]
pub(crate) struct Received<T> {
    pub(crate) metadata: MetadataMap,
    pub(crate) message: T,
}

/// Decides about a request that has no scripted reply.
type Rule<T> = Option<Box<dyn Fn(&T) -> Reply + Send>>;

/// One service, with its script and the requests that it received.
pub(crate) struct MockService<T> {
    script: Mutex<VecDeque<Reply>>,
    rule: Mutex<Rule<T>>,
    received: Mutex<Vec<Received<T>>>,
    count: watch::Sender<usize>,
}

impl<T> Default for MockService<T> {
    fn default() -> Self {
        Self {
            script: Mutex::default(),
            rule: Mutex::default(),
            received: Mutex::default(),
            count: watch::Sender::new(0),
        }
    }
}

impl<T: Clone> MockService<T> {
    /// Scripts the replies to the next requests, in order. Later ones are accepted.
    pub(crate) fn reply_with(&self, replies: impl IntoIterator<Item = Reply>) {
        self.script.lock().unwrap().extend(replies);
    }

    /// Decides about the requests that have no scripted reply.
    pub(crate) fn reply_by(&self, rule: impl Fn(&T) -> Reply + Send + 'static) {
        *self.rule.lock().unwrap() = Some(Box::new(rule));
    }

    /// Returns all requests so far, including refused ones.
    pub(crate) fn received(&self) -> Vec<Received<T>> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until `n` requests were received.
    pub(crate) async fn wait_for_requests(&self, n: usize) {
        self.count
            .subscribe()
            .wait_for(|count| *count >= n)
            .await
            .unwrap();
    }

    /// Records a request. Returns the number of rejected records and the message of the response.
    async fn handle(&self, request: Request<T>) -> Result<(i64, String), Status> {
        let (metadata, _, message) = request.into_parts();
        let scripted = self.script.lock().unwrap().pop_front();
        let reply = scripted.unwrap_or_else(|| match &*self.rule.lock().unwrap() {
            Some(rule) => rule(&message),
            None => Reply::Accept,
        });
        self.received
            .lock()
            .unwrap()
            .push(Received { metadata, message });
        self.count.send_modify(|count| *count += 1);
        match reply {
            Reply::Accept => Ok((0, String::new())),
            Reply::Reject(n) => Ok((n, "no room".to_owned())),
            Reply::Warn => Ok((0, "deprecated".to_owned())),
            Reply::Fail(status) => Err(status),
            Reply::AcceptWhenNotified(notify) => {
                notify.notified().await;
                Ok((0, String::new()))
            }
            Reply::Hang => std::future::pending().await,
        }
    }
}

/// All services.
#[derive(Clone, Default)]
pub(crate) struct Services {
    pub(crate) logs: Arc<MockService<ExportLogsServiceRequest>>,
    pub(crate) metrics: Arc<MockService<ExportMetricsServiceRequest>>,
    pub(crate) traces: Arc<MockService<ExportTraceServiceRequest>>,
}

#[tonic::async_trait]
impl LogsService for Services {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let (rejected_log_records, error_message) = self.logs.handle(request).await?;
        let partial_success = Some(ExportLogsPartialSuccess {
            rejected_log_records,
            error_message,
        });
        Ok(Response::new(ExportLogsServiceResponse { partial_success }))
    }
}

#[tonic::async_trait]
impl MetricsService for Services {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let (rejected_data_points, error_message) = self.metrics.handle(request).await?;
        let partial_success = Some(ExportMetricsPartialSuccess {
            rejected_data_points,
            error_message,
        });
        Ok(Response::new(ExportMetricsServiceResponse {
            partial_success,
        }))
    }
}

#[tonic::async_trait]
impl TraceService for Services {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let (rejected_spans, error_message) = self.traces.handle(request).await?;
        let partial_success = Some(ExportTracePartialSuccess {
            rejected_spans,
            error_message,
        });
        Ok(Response::new(ExportTraceServiceResponse {
            partial_success,
        }))
    }
}

/// A running backend.
pub(crate) struct Backend {
    pub(crate) services: Services,
    pub(crate) address: SocketAddr,
    tls: Option<ServerTlsConfig>,
    /// The compressions that it accepts.
    accepted: Vec<CompressionEncoding>,
    runtime: Option<Runtime>,
}

impl Backend {
    pub(crate) fn start() -> Self {
        Self::start_accepting(&[CompressionEncoding::Gzip, CompressionEncoding::Zstd])
    }

    /// Accepts only these compressions.
    pub(crate) fn start_accepting(accepted: &[CompressionEncoding]) -> Self {
        Self::start_with(None, accepted)
    }

    pub(crate) fn start_with_tls(tls: ServerTlsConfig) -> Self {
        let accepted = [CompressionEncoding::Gzip, CompressionEncoding::Zstd];
        Self::start_with(Some(tls), &accepted)
    }

    fn start_with(tls: Option<ServerTlsConfig>, accepted: &[CompressionEncoding]) -> Self {
        let mut backend = Self {
            services: Services::default(),
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            tls,
            accepted: accepted.to_vec(),
            runtime: None,
        };
        backend.restart();
        backend
    }

    /// Ends at once and breaks all connections.
    pub(crate) fn shut_down(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// Starts again at the same address.
    pub(crate) fn restart(&mut self) {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        // The standard library sets `SO_REUSEADDR`, so an address can be used again at once.
        let socket = std::net::TcpListener::bind(self.address).unwrap();
        self.address = socket.local_addr().unwrap();
        let accepted = self.accepted.clone();
        runtime.spawn(serve(
            self.services.clone(),
            socket,
            self.tls.clone(),
            accepted,
        ));
        self.runtime = Some(runtime);
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.shut_down();
    }
}

async fn serve(
    services: Services,
    socket: std::net::TcpListener,
    tls: Option<ServerTlsConfig>,
    accepted: Vec<CompressionEncoding>,
) {
    socket.set_nonblocking(true).unwrap();
    let incoming =
        TcpIncoming::from(TcpListener::from_std(socket).unwrap()).with_nodelay(Some(true));
    let mut logs = LogsServiceServer::new(services.clone());
    let mut metrics = MetricsServiceServer::new(services.clone());
    let mut traces = TraceServiceServer::new(services);
    for encoding in accepted {
        logs = logs.accept_compressed(encoding);
        metrics = metrics.accept_compressed(encoding);
        traces = traces.accept_compressed(encoding);
    }
    let mut server = Server::builder();
    if let Some(tls) = tls {
        server = server.tls_config(tls).unwrap();
    }
    let router = server
        .add_service(logs)
        .add_service(metrics)
        .add_service(traces);
    router.serve_with_incoming(incoming).await.unwrap();
}
