//! An OTLP server that keeps nothing, and takes its time.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{
    LogsService, LogsServiceServer,
};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// How long it takes to answer; `None` is for ever.
type Delay = Option<Duration>;

#[derive(Clone, Copy)]
struct Backend(Delay);

impl Backend {
    async fn take<T: Default>(self) -> Result<Response<T>, Status> {
        match self.0 {
            Some(delay) => tokio::time::sleep(delay).await,
            None => std::future::pending().await,
        }
        Ok(Response::new(T::default()))
    }
}

#[tonic::async_trait]
impl LogsService for Backend {
    async fn export(
        &self,
        _: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        self.take().await
    }
}

#[tonic::async_trait]
impl MetricsService for Backend {
    async fn export(
        &self,
        _: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        self.take().await
    }
}

/// Starts the server on a thread that ends with the process.
pub(crate) fn start(delay: Delay) -> Result<SocketAddr, Box<dyn Error>> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || serve(delay, &tell));
    Ok(told.recv()?)
}

fn serve(delay: Delay, tell: &mpsc::Sender<SocketAddr>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be had");
    runtime.block_on(async {
        let loopback = "127.0.0.1:0".parse().expect("it is an address");
        let incoming = TcpIncoming::bind(loopback)
            .expect("a loopback port can be had")
            .with_nodelay(Some(true));
        let _ = tell.send(incoming.local_addr().expect("it is bound"));
        let (logs, metrics) = (
            LogsServiceServer::new(Backend(delay)),
            MetricsServiceServer::new(Backend(delay)),
        );
        let _ = Server::builder()
            .add_service(logs)
            .add_service(metrics)
            .serve_with_incoming(incoming)
            .await;
    });
}
