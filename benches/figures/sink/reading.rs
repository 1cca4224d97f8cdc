//! A logs service that reads requests to their end, looks at nothing, and takes all.

use std::convert::Infallible;

use http_body_util::{BodyExt as _, Full};
use tonic::body::Body;
use tonic::codegen::http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use tonic::codegen::{BoxFuture, Bytes, Context, Poll, Service};
use tonic::server::NamedService;

/// An `ExportLogsServiceResponse` that says nothing, behind the prefix of gRPC.
const EVERYTHING_TAKEN: Bytes = Bytes::from_static(&[0; 5]);

/// The service.
#[derive(Clone, Copy)]
pub(super) struct Reading;

impl NamedService for Reading {
    const NAME: &'static str = "opentelemetry.proto.collector.logs.v1.LogsService";
}

impl Service<Request<Body>> for Reading {
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
            Ok(answer())
        })
    }
}

fn answer() -> Response<Body> {
    let status = HeaderMap::from_iter([(
        HeaderName::from_static("grpc-status"),
        HeaderValue::from_static("0"),
    )]);
    let body = Full::new(EVERYTHING_TAKEN).with_trailers(async { Some(Ok(status)) });
    let mut response = Response::new(Body::new(body));
    response
        .headers_mut()
        .insert("content-type", HeaderValue::from_static("application/grpc"));
    response
}
