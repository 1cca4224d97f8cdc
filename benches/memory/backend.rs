//! An OTLP server that discards requests and replies after a delay.

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

/// The time to a reply; `None` means that there is none.
type Delay = Option<Duration>;

#[derive(Clone, Copy)]
struct Backend(Delay);

impl Backend {
    async fn reply<T: Default>(self) -> Result<Response<T>, Status> {
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
        self.reply().await
    }
}

#[tonic::async_trait]
impl MetricsService for Backend {
    async fn export(
        &self,
        _: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        self.reply().await
    }
}

/// Starts the server on a thread that ends with the process.
pub(crate) fn start(delay: Delay) -> Result<SocketAddr, Box<dyn Error>> {
    let (address_sender, address) = mpsc::channel();
    thread::spawn(move || serve(delay, &address_sender));
    Ok(address.recv()?)
}

fn serve(delay: Delay, address: &mpsc::Sender<SocketAddr>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    runtime.block_on(async {
        let loopback = "127.0.0.1:0".parse().expect("a valid address");
        let incoming = TcpIncoming::bind(loopback)
            .expect("a loopback port is free")
            .with_nodelay(Some(true));
        let _ = address.send(incoming.local_addr().expect("the listener is bound"));
        let logs = LogsServiceServer::new(Backend(delay));
        let metrics = MetricsServiceServer::new(Backend(delay));
        let _ = Server::builder()
            .add_service(logs)
            .add_service(metrics)
            .serve_with_incoming(incoming)
            .await;
    });
}
