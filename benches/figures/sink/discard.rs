//! A logs service that reads requests to their end without decoding them, and accepts all records.

use std::convert::Infallible;

use http_body_util::{BodyExt as _, Full};
use tonic::body::Body;
use tonic::codegen::http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use tonic::codegen::{BoxFuture, Bytes, Context, Poll, Service};
use tonic::server::NamedService;

/// An empty `ExportLogsServiceResponse` with its gRPC prefix.
const EMPTY_RESPONSE: Bytes = Bytes::from_static(&[0; 5]);

/// The service.
#[derive(Clone, Copy)]
pub(super) struct DiscardLogs;

impl NamedService for DiscardLogs {
    const NAME: &'static str = "opentelemetry.proto.collector.logs.v1.LogsService";
}

impl Service<Request<Body>> for DiscardLogs {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(async {
            let mut body = request.into_body();
            while let Some(Ok(_)) = body.frame().await {}
            Ok(response())
        })
    }
}

fn response() -> Response<Body> {
    let status = HeaderMap::from_iter([(
        HeaderName::from_static("grpc-status"),
        HeaderValue::from_static("0"),
    )]);
    let body = Full::new(EMPTY_RESPONSE).with_trailers(async { Some(Ok(status)) });
    let mut response = Response::new(Body::new(body));
    response
        .headers_mut()
        .insert("content-type", HeaderValue::from_static("application/grpc"));
    response
}
