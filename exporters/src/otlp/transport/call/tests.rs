//! Responses of every kind, and how they are classified.

use std::time::{Duration, SystemTime};

use super::*;

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

#[tokio::test]
async fn a_grpc_response_is_classified_by_its_grpc_status() {
    let ok = || trailers(&[("grpc-status", "0")]);
    let cases = [
        (vec![data(b"\0\0\0\0\x02ab"), ok()], Ok(b"ab".to_vec())),
        (
            vec![data(b"\0\0\0"), data(b"\0\x02a"), data(b"b"), ok()],
            Ok(b"ab".to_vec()),
        ),
        (vec![data(b"\x01\0\0\0\x02ab"), ok()], Ok(Vec::new())),
        (vec![data(b"\0\0\0\0\x09ab"), ok()], Ok(Vec::new())),
        (vec![ok()], Ok(Vec::new())),
        (
            vec![trailers(&[
                ("grpc-status", "14"),
                ("grpc-message", "a%20b"),
            ])],
            Err("gRPC status Unavailable: a b"),
        ),
        (
            vec![trailers(&[("grpc-status", "what")])],
            Err("gRPC status Unknown"),
        ),
        (
            vec![trailers(&[
                ("grpc-status", "3"),
                ("grpc-status-details-bin", "!"),
            ])],
            Err("gRPC status InvalidArgument"),
        ),
        (
            vec![data(b"\0\0\0\0\0")],
            Err("a response without a gRPC status, as from a proxy that removes trailers"),
        ),
        (
            vec![data(b"\0\0")],
            Err("the response ended without a gRPC status"),
        ),
        (vec![], Err("the response ended without a gRPC status")),
    ];
    for (frames, expected) in cases {
        let shown = format!("{frames:?}");
        let got = result_of(response(200, &[GRPC], Body::new(Frames(frames)))).await;
        assert_eq!(got, expected.map_err(str::to_owned), "{shown}");
    }
}

#[tokio::test]
async fn a_response_that_is_not_grpc_is_classified_by_its_http_status() {
    let page = || Body::new(Frames(vec![data(b"<html>503 Service Unavailable</html>")]));
    let cases = [
        (
            response(503, &[HTML], page()),
            Err("HTTP status 503 Service Unavailable without a gRPC status"),
        ),
        (
            response(503, &[HTML], Body::new(Endless)),
            Err("HTTP status 503 Service Unavailable without a gRPC status"),
        ),
        (
            response(503, &[], Body::empty()),
            Err("HTTP status 503 Service Unavailable without a gRPC status"),
        ),
        (
            response(503, &[GRPC], Body::empty()),
            Err("HTTP status 503 Service Unavailable without a gRPC status"),
        ),
        (
            response(503, &[GRPC], Body::new(Endless)),
            Err("HTTP status 503 Service Unavailable without a gRPC status"),
        ),
        (
            response(401, &[("content-type", "text/plain")], page()),
            Err("HTTP status 401 Unauthorized without a gRPC status"),
        ),
        (
            response(200, &[HTML], page()),
            Err("HTTP status 200 OK without a gRPC status"),
        ),
        (
            response(200, &[], page()),
            Err("HTTP status 200 OK without a gRPC status"),
        ),
        (
            response(200, &[("content-type", "application/grpc-web")], page()),
            Err("HTTP status 200 OK without a gRPC status"),
        ),
        (
            response(
                200,
                &[("content-type", "application/grpc+proto")],
                Body::empty(),
            ),
            Err("the response ended without a gRPC status"),
        ),
        (
            response(
                200,
                &[("content-type", "Application/gRPC;a=b")],
                Body::empty(),
            ),
            Err("the response ended without a gRPC status"),
        ),
        (
            response(200, &[GRPC], Body::new(Endless)),
            Err("a response of more than 4 MiB"),
        ),
        // A gRPC status in the headers takes precedence; there is no body then.
        (
            response(200, &[GRPC, ("grpc-status", "14")], Body::new(Endless)),
            Err("gRPC status Unavailable"),
        ),
        (
            response(503, &[HTML, ("grpc-status", "13")], page()),
            Err("gRPC status Internal"),
        ),
        (
            response(204, &[GRPC, ("grpc-status", "14")], Body::empty()),
            Err("gRPC status Unavailable"),
        ),
        (
            response(200, &[("grpc-status", "0")], Body::empty()),
            Ok(Vec::new()),
        ),
        (
            response(503, &[("grpc-status", "0")], Body::empty()),
            Err("HTTP status 503 Service Unavailable without a gRPC status"),
        ),
        (
            response(
                502,
                &[GRPC],
                Body::new(Frames(vec![trailers(&[("grpc-status", "8")])])),
            ),
            Err("gRPC status ResourceExhausted"),
        ),
    ];
    for (response, expected) in cases {
        let shown = format!("{response:?}");
        assert_eq!(
            result_of(response).await,
            expected.map_err(str::to_owned),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn retry_after_of_a_response_is_reported() {
    let response = response(429, &[HTML, ("retry-after", "7")], Body::empty());
    let error = read_response(response).await.expect_err("a refusal");
    assert!(
        matches!(error, CallError::Http { retry_after: Some(seven), .. } if seven == Duration::from_secs(7)),
        "{error:?}"
    );
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    let cases = [
        ("0", Some(0)),
        ("120", Some(120)),
        ("99999999999999999999", Some(u64::MAX)),
        ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
        ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
    ];
    for (text, expected) in cases {
        assert_eq!(
            retry_delay(text, now),
            expected.map(Duration::from_secs),
            "{text}"
        );
    }
}
