//! OTLP servers that take everything and keep nothing, in this process, so that their cost is not
//! the agent's.

mod reading;

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

/// What a server does with log records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    /// Reads what it is sent, as fast as it comes: what the agent costs is its own doing then.
    Read,
    /// Decodes it, which takes longer than to encode it. So the agent mostly waits, and shares the
    /// processors' caches.
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
pub(crate) fn start(does: Does) -> Result<SocketAddr, Box<dyn Error>> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || serve(does, &tell));
    Ok(told.recv()?)
}

fn serve(does: Does, tell: &mpsc::Sender<SocketAddr>) {
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
        let metrics = MetricsServiceServer::new(Sink).accept_compressed(CompressionEncoding::Zstd);
        let server = Server::builder().add_service(metrics);
        let server = match does {
            Does::Read => server.add_service(reading::Reading),
            Does::Decode => server.add_service(
                LogsServiceServer::new(Sink).accept_compressed(CompressionEncoding::Zstd),
            ),
        };
        let _ = server.serve_with_incoming(incoming).await;
    });
}
