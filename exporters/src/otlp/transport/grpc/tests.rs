//! Responses of every kind, and how they are classified.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body::Frame;
use tonic::body::Body;

use super::{
    Bytes, CallError, HeaderMap, HeaderName, HeaderValue, Response, StatusCode, read_response,
};

/// A body of these frames.
struct Frames(Vec<Frame<Bytes>>);

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(if self.0.is_empty() {
            None
        } else {
            Some(Ok(self.0.remove(0)))
        })
    }
}

/// A body that never ends.
struct Endless;

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'<'; 16 << 10])))))
    }
}

fn map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
    let header = |(name, value): &(&'static str, &'static str)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    };
    headers.iter().map(header).collect()
}

fn response(status: u16, headers: &[(&'static str, &'static str)], body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    *response.headers_mut() = map(headers);
    response
}

/// The message in a response, or the text of the error.
async fn result_of(response: Response<Body>) -> Result<Vec<u8>, String> {
    read_response(response)
        .await
        .map(|message| message.to_vec())
        .map_err(|error| error.to_string())
}

const GRPC: (&str, &str) = ("content-type", "application/grpc");
const HTML: (&str, &str) = ("content-type", "text/html");

fn data(bytes: &'static [u8]) -> Frame<Bytes> {
    Frame::data(Bytes::from_static(bytes))
}

fn trailers(headers: &[(&'static str, &'static str)]) -> Frame<Bytes> {
    Frame::trailers(map(headers))
}

/// Reads each response and compares the message, or the text of the error.
async fn check(cases: impl IntoIterator<Item = (Response<Body>, Result<&[u8], &str>)>) {
    for (response, expected) in cases {
        let shown = format!("{response:?}");
        let expected = expected.map(<[u8]>::to_vec).map_err(str::to_owned);
        assert_eq!(result_of(response).await, expected, "{shown}");
    }
}

fn grpc(frames: Vec<Frame<Bytes>>) -> Response<Body> {
    response(200, &[GRPC], Body::new(Frames(frames)))
}

fn page() -> Body {
    Body::new(Frames(vec![data(b"<html>503 Service Unavailable</html>")]))
}

#[tokio::test]
async fn the_message_of_a_successful_grpc_response_is_returned() {
    let ok = || trailers(&[("grpc-status", "0")]);
    let chunks = vec![data(b"\0\0\0"), data(b"\0\x02a"), data(b"b"), ok()];
    let nothing: &[u8] = b"";
    check([
        (grpc(vec![data(b"\0\0\0\0\x02ab"), ok()]), Ok(&b"ab"[..])),
        (grpc(chunks), Ok(b"ab")),
        // Compressed, and incomplete.
        (grpc(vec![data(b"\x01\0\0\0\x02ab"), ok()]), Ok(nothing)),
        (grpc(vec![data(b"\0\0\0\0\x09ab"), ok()]), Ok(nothing)),
        (grpc(vec![ok()]), Ok(nothing)),
    ])
    .await;
}

#[tokio::test]
async fn a_failed_grpc_response_is_classified_by_its_grpc_status() {
    const NO_STATUS: &str = "the response ended without a gRPC status";
    const NO_TRAILERS: &str =
        "a response without a gRPC status, as from a proxy that removes trailers";
    let unavailable = trailers(&[("grpc-status", "14"), ("grpc-message", "a%20b")]);
    let not_a_number = trailers(&[("grpc-status", "what")]);
    let details = trailers(&[("grpc-status", "3"), ("grpc-status-details-bin", "!")]);
    check([
        (grpc(vec![unavailable]), Err("gRPC status Unavailable: a b")),
        (grpc(vec![not_a_number]), Err("gRPC status Unknown")),
        (grpc(vec![details]), Err("gRPC status InvalidArgument")),
        (grpc(vec![data(b"\0\0\0\0\0")]), Err(NO_TRAILERS)),
        (grpc(vec![data(b"\0\0")]), Err(NO_STATUS)),
        (grpc(vec![]), Err(NO_STATUS)),
    ])
    .await;
}

#[tokio::test]
async fn a_response_that_is_not_grpc_is_classified_by_its_http_status() {
    const UNAVAILABLE: &str = "HTTP status 503 Service Unavailable without a gRPC status";
    const UNAUTHORIZED: &str = "HTTP status 401 Unauthorized without a gRPC status";
    const OK: &str = "HTTP status 200 OK without a gRPC status";
    const GRPC_WEB: (&str, &str) = ("content-type", "application/grpc-web");
    const TEXT: (&str, &str) = ("content-type", "text/plain");
    check([
        (response(503, &[HTML], page()), Err(UNAVAILABLE)),
        (response(503, &[HTML], Body::new(Endless)), Err(UNAVAILABLE)),
        (response(503, &[], Body::empty()), Err(UNAVAILABLE)),
        (response(503, &[GRPC], Body::empty()), Err(UNAVAILABLE)),
        (response(503, &[GRPC], Body::new(Endless)), Err(UNAVAILABLE)),
        (response(401, &[TEXT], page()), Err(UNAUTHORIZED)),
        (response(200, &[HTML], page()), Err(OK)),
        (response(200, &[], page()), Err(OK)),
        (response(200, &[GRPC_WEB], page()), Err(OK)),
    ])
    .await;
}

#[tokio::test]
async fn every_content_type_of_grpc_is_recognized() {
    const NO_STATUS: &str = "the response ended without a gRPC status";
    for content_type in [
        "application/grpc",
        "application/grpc+proto",
        "Application/gRPC;a=b",
    ] {
        let response = response(200, &[("content-type", content_type)], Body::empty());
        check([(response, Err(NO_STATUS))]).await;
    }
}

#[tokio::test]
async fn a_response_above_the_limit_is_not_read_to_its_end() {
    let endless = response(200, &[GRPC], Body::new(Endless));
    check([(endless, Err("a response of more than 4 MiB"))]).await;
}

#[tokio::test]
async fn a_grpc_status_takes_precedence_over_the_http_status() {
    const UNAVAILABLE: &str = "HTTP status 503 Service Unavailable without a gRPC status";
    let status = |number| ("grpc-status", number);
    let exhausted = Body::new(Frames(vec![trailers(&[status("8")])]));
    let endless = Body::new(Endless);
    check([
        // With a status in the headers there is no body.
        (
            response(200, &[GRPC, status("14")], endless),
            Err("gRPC status Unavailable"),
        ),
        (
            response(503, &[HTML, status("13")], page()),
            Err("gRPC status Internal"),
        ),
        (
            response(204, &[GRPC, status("14")], Body::empty()),
            Err("gRPC status Unavailable"),
        ),
        (
            response(502, &[GRPC], exhausted),
            Err("gRPC status ResourceExhausted"),
        ),
        (response(200, &[status("0")], Body::empty()), Ok(&b""[..])),
        // A success with a failed HTTP status is not a success.
        (
            response(503, &[status("0")], Body::empty()),
            Err(UNAVAILABLE),
        ),
    ])
    .await;
}

#[tokio::test]
async fn retry_after_of_a_response_is_reported() {
    let response = response(429, &[HTML, ("retry-after", "7")], Body::empty());
    let error = read_response(response).await.expect_err("a refusal");
    let CallError::Http { retry_after, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!(retry_after, Some(Duration::from_secs(7)));
}
