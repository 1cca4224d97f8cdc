//! OTLP servers that accept and discard everything. They run in this process, so that their cost is
//! not counted as the agent's.

mod discard;

use std::error::Error;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;

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
use tonic::codec::CompressionEncoding;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// How a server handles log records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SinkMode {
    /// Reads requests without decoding them, so that the sink does not slow the agent.
    Discard,
    /// Decodes requests, which takes longer than encoding: the agent mostly waits, and shares the
    /// CPU caches with the sink.
    Decode,
}

#[derive(Clone, Copy)]
struct Sink;

#[tonic::async_trait]
impl LogsService for Sink {
    async fn export(
        &self,
        _: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        Ok(Response::new(Default::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Sink {
    async fn export(
        &self,
        _: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        Ok(Response::new(Default::default()))
    }
}

/// Starts a server on a thread that ends with the process.
pub(crate) fn start(mode: SinkMode) -> Result<SocketAddr, Box<dyn Error>> {
    let (address_sender, address) = mpsc::channel();
    thread::spawn(move || serve(mode, &address_sender));
    Ok(address.recv()?)
}

fn serve(mode: SinkMode, address: &mpsc::Sender<SocketAddr>) {
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
        let metrics = MetricsServiceServer::new(Sink).accept_compressed(CompressionEncoding::Zstd);
        let server = Server::builder().add_service(metrics);
        let server = match mode {
            SinkMode::Discard => server.add_service(discard::DiscardLogs),
            SinkMode::Decode => server.add_service(
                LogsServiceServer::new(Sink).accept_compressed(CompressionEncoding::Zstd),
            ),
        };
        let _ = server.serve_with_incoming(incoming).await;
    });
}
