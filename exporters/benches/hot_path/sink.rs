//! An OTLP server on a thread, which accepts and discards every request.

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

/// Starts the server, and returns its address.
pub(crate) fn start() -> String {
    let (address_sender, address) = mpsc::channel();
    thread::spawn(move || {
        Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(serve(&address_sender))
    });
    address.recv().unwrap()
}

async fn serve(address_sender: &mpsc::Sender<String>) {
    let incoming = TcpIncoming::bind((Ipv4Addr::LOCALHOST, 0).into())
        .unwrap()
        .with_nodelay(Some(true));
    address_sender
        .send(incoming.local_addr().unwrap().to_string())
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
