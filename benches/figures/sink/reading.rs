//! A server for all signals, over gRPC and OTLP/HTTP, that reads requests to their end without
//! decoding them and accepts everything.

use std::convert::Infallible;
use std::net;
use std::sync::Arc;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;

use super::Received;

/// An empty response with its gRPC prefix.
const EMPTY_MESSAGE: Bytes = Bytes::from_static(&[0; 5]);

type Answer = Response<BoxBody<Bytes, Infallible>>;

pub(super) async fn serve(listener: net::TcpListener, received: Arc<Received>) {
    let listener = TcpListener::from_std(listener).expect("a runtime is entered");
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        stream.set_nodelay(true).ok();
        let received = Arc::clone(&received);
        tokio::spawn(async move {
            let answer = service_fn(move |request| answer(request, Arc::clone(&received)));
            let _ = auto::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), answer)
                .await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    received: Arc<Received>,
) -> Result<Answer, hyper::Error> {
    let (head, mut body) = request.into_parts();
    while let Some(frame) = body.frame().await {
        if let Some(data) = frame?.data_ref() {
            received.bytes.add(data.len());
        }
    }
    let content_type = head.headers.get(CONTENT_TYPE).cloned();
    let content_type = content_type.unwrap_or(HeaderValue::from_static("application/x-protobuf"));
    let mut response = Response::new(match content_type.as_bytes() {
        b"application/grpc" => grpc_message().boxed(),
        b"application/json" => Full::from("{}").boxed(),
        _ => Empty::new().boxed(),
    });
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    Ok(response)
}

/// An empty message, and the status OK.
fn grpc_message() -> impl hyper::body::Body<Data = Bytes, Error = Infallible> {
    let status = (
        HeaderName::from_static("grpc-status"),
        HeaderValue::from_static("0"),
    );
    let trailers = HeaderMap::from_iter([status]);
    Full::new(EMPTY_MESSAGE).with_trailers(async { Some(Ok(trailers)) })
}
