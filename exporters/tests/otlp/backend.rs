//! A backend that does as it is told, and keeps what it got. It runs in a runtime of its own, so
//! that it can vanish with all its connections.

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
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, watch};
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Server, ServerTlsConfig};
use tonic::{Request, Response, Status};

/// What the backend does with a request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// Takes it.
    Ok,
    /// Takes it but for this many records or points.
    Rejects(i64),
    /// Takes it with a remark.
    Warns,
    /// Refuses it.
    Fails(Status),
    /// Takes it when it is notified.
    Waits(Arc<Notify>),
    /// Never answers.
    Hangs,
}

/// A request as it came.
#[derive(Clone)]
pub(crate) struct Received<T> {
    pub(crate) metadata: MetadataMap,
    pub(crate) message: T,
}

/// What one service was told and what it got.
pub(crate) struct Service<T> {
    script: Mutex<VecDeque<Reply>>,
    received: Mutex<Vec<Received<T>>>,
    count: watch::Sender<usize>,
}

impl<T> Default for Service<T> {
    fn default() -> Self {
        Self {
            script: Mutex::default(),
            received: Mutex::default(),
            count: watch::Sender::new(0),
        }
    }
}

impl<T: Clone> Service<T> {
    /// Does these things with the next requests, in order, and takes all later ones.
    pub(crate) fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.script.lock().unwrap().extend(replies);
    }

    /// Every request so far, those that were refused included.
    pub(crate) fn received(&self) -> Vec<Received<T>> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until there were `n` requests.
    pub(crate) async fn has_received(&self, n: usize) {
        self.count
            .subscribe()
            .wait_for(|count| *count >= n)
            .await
            .unwrap();
    }

    /// Keeps a request, and yields rejected records and remark of the answer.
    async fn answer(&self, request: Request<T>) -> Result<(i64, String), Status> {
        let reply = self.script.lock().unwrap().pop_front().unwrap_or(Reply::Ok);
        let (metadata, _, message) = request.into_parts();
        self.received
            .lock()
            .unwrap()
            .push(Received { metadata, message });
        self.count.send_modify(|count| *count += 1);
        match reply {
            Reply::Ok => Ok((0, String::new())),
            Reply::Rejects(n) => Ok((n, "no room".to_owned())),
            Reply::Warns => Ok((0, "deprecated".to_owned())),
            Reply::Fails(status) => Err(status),
            Reply::Waits(go) => {
                go.notified().await;
                Ok((0, String::new()))
            }
            Reply::Hangs => std::future::pending().await,
        }
    }
}

/// Both services.
#[derive(Clone, Default)]
pub(crate) struct Services {
    pub(crate) logs: Arc<Service<ExportLogsServiceRequest>>,
    pub(crate) metrics: Arc<Service<ExportMetricsServiceRequest>>,
}

#[tonic::async_trait]
impl LogsService for Services {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let (rejected_log_records, error_message) = self.logs.answer(request).await?;
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
        let (rejected_data_points, error_message) = self.metrics.answer(request).await?;
        let partial_success = Some(ExportMetricsPartialSuccess {
            rejected_data_points,
            error_message,
        });
        Ok(Response::new(ExportMetricsServiceResponse {
            partial_success,
        }))
    }
}

/// A running backend.
pub(crate) struct Backend {
    pub(crate) services: Services,
    pub(crate) address: SocketAddr,
    tls: Option<ServerTlsConfig>,
    runtime: Option<Runtime>,
}

impl Backend {
    pub(crate) fn start() -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), None)
    }

    pub(crate) fn start_with_tls(tls: ServerTlsConfig) -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), Some(tls))
    }

    fn start_at(address: SocketAddr, tls: Option<ServerTlsConfig>) -> Self {
        let mut backend = Self {
            services: Services::default(),
            address,
            tls,
            runtime: None,
        };
        backend.return_to_life();
        backend
    }

    /// Ends at once, and breaks every connection.
    pub(crate) fn die(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// Comes back at the same address.
    pub(crate) fn return_to_life(&mut self) {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        // The standard library sets `SO_REUSEADDR`, so an address can be used again at once.
        let socket = std::net::TcpListener::bind(self.address).unwrap();
        self.address = socket.local_addr().unwrap();
        runtime.spawn(serve(self.services.clone(), socket, self.tls.clone()));
        self.runtime = Some(runtime);
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.die();
    }
}

async fn serve(services: Services, socket: std::net::TcpListener, tls: Option<ServerTlsConfig>) {
    socket.set_nonblocking(true).unwrap();
    let incoming =
        TcpIncoming::from(TcpListener::from_std(socket).unwrap()).with_nodelay(Some(true));
    let logs = LogsServiceServer::new(services.clone())
        .accept_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Zstd);
    let mut server = Server::builder();
    if let Some(tls) = tls {
        server = server.tls_config(tls).unwrap();
    }
    let router = server
        .add_service(logs)
        .add_service(MetricsServiceServer::new(services));
    router.serve_with_incoming(incoming).await.unwrap();
}
