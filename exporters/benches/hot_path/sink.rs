//! An OTLP server in a thread of its own: it takes every request and looks at none.

use std::net::Ipv4Addr;
use std::sync::mpsc;
use std::thread;

use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{
    LogsService, LogsServiceServer,
};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use tokio::runtime::Builder;
use tonic::codec::CompressionEncoding;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

struct Sink;

#[tonic::async_trait]
impl LogsService for Sink {
    async fn export(
        &self,
        _: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        Ok(Response::new(ExportLogsServiceResponse::default()))
    }
}

/// Starts it; yields its address.
pub(crate) fn start() -> String {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(serve(&tell))
    });
    told.recv().unwrap()
}

async fn serve(tell: &mpsc::Sender<String>) {
    let incoming = TcpIncoming::bind((Ipv4Addr::LOCALHOST, 0).into())
        .unwrap()
        .with_nodelay(Some(true));
    tell.send(incoming.local_addr().unwrap().to_string())
        .unwrap();
    let service = LogsServiceServer::new(Sink)
        .accept_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Zstd);
    Server::builder()
        .add_service(service)
        .serve_with_incoming(incoming)
        .await
        .unwrap();
}
