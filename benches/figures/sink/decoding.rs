//! A server that decodes requests over gRPC, and counts what is in them.

use std::net;
use std::sync::Arc;

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
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message as _;
use tokio::net::TcpListener;
use tonic::codec::CompressionEncoding;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use super::Received;

/// How many requests are kept for peers.
const KEPT: usize = 32;

#[derive(Clone)]
struct Sink(Arc<Received>);

#[tonic::async_trait]
impl LogsService for Sink {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let request = request.into_inner();
        let scopes = request.resource_logs.iter().flat_map(|one| &one.scope_logs);
        let records = scopes.map(|scope| scope.log_records.len()).sum();
        self.0.records.add(records);
        let mut first_requests = self.0.first_requests.lock().expect("no thread panics");
        if first_requests.len() < KEPT {
            first_requests.push(request.encode_length_delimited_to_vec());
        }
        Ok(Response::new(Default::default()))
    }
}

#[tonic::async_trait]
impl TraceService for Sink {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let request = request.into_inner();
        let scopes = request
            .resource_spans
            .iter()
            .flat_map(|one| &one.scope_spans);
        self.0
            .spans
            .add(scopes.map(|scope| scope.spans.len()).sum());
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

pub(super) async fn serve(listener: net::TcpListener, received: Arc<Received>) {
    let listener = TcpListener::from_std(listener).expect("a runtime is entered");
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let sink = Sink(received);
    let zstd = CompressionEncoding::Zstd;
    let _ = Server::builder()
        .add_service(LogsServiceServer::new(sink.clone()).accept_compressed(zstd))
        .add_service(TraceServiceServer::new(sink.clone()).accept_compressed(zstd))
        .add_service(MetricsServiceServer::new(sink).accept_compressed(zstd))
        .serve_with_incoming(incoming)
        .await;
}
