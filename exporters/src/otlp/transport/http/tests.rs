//! Responses of every kind, and how they are classified.

use std::time::Duration;

use hyper::StatusCode;
use tonic::body::Body;

use super::*;

fn response(status: u16, content_type: &str, body: &'static [u8]) -> Response<Body> {
    let body = http_body_util::Full::new(Bytes::from_static(body));
    let mut response = Response::new(Body::new(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    if !content_type.is_empty() {
        let value = HeaderValue::from_str(content_type).unwrap();
        response.headers_mut().insert(CONTENT_TYPE, value);
    }
    response
}

/// What a response means: the number of rejected records, or the text of the error.
async fn result_of(response: Response<Body>) -> Result<u64, String> {
    let accepted = accepted(response).await;
    accepted
        .map(|accepted| accepted.rejected)
        .map_err(|error| error.to_string())
}

#[tokio::test]
async fn every_successful_status_is_accepted_with_what_the_backend_rejected() {
    // `partial_success` with the field 1 set to 7.
    let partial = b"\x0a\x02\x08\x07";
    let json = br#"{"partialSuccess":{"rejectedLogRecords":"7"}}"#;
    for (status, content_type, body, rejected) in [
        (200, PROTOBUF, &b""[..], 0),
        (200, PROTOBUF, partial, 7),
        (200, "Application/X-Protobuf; charset=x", partial, 7),
        (200, JSON, json, 7),
        (200, JSON, b"{}", 0),
        (200, PROTOBUF, b"not a message", 0),
        (202, "text/plain", b"ok", 0),
        (204, "", b"", 0),
    ] {
        let shown = format!("{status} {content_type}");
        let result = result_of(response(status, content_type, body)).await;
        assert_eq!(result, Ok(rejected), "{shown}");
    }
    let page = response(200, "text/html", b"<html>log in</html>");
    let error = result_of(page).await.unwrap_err();
    assert_eq!(error, "a page in place of an OTLP response");
}

#[tokio::test]
async fn an_error_has_the_message_of_its_status_whatever_its_form() {
    // `google.rpc.Status` with code 3 and a message.
    let status = b"\x08\x03\x12\x03bad";
    for (code, content_type, body, expected) in [
        (
            400,
            PROTOBUF,
            &status[..],
            "HTTP status 400 Bad Request: bad",
        ),
        (
            400,
            JSON,
            br#"{"code":3,"message":"bad"}"#,
            "HTTP status 400 Bad Request: bad",
        ),
        (
            400,
            "text/plain; charset=utf-8",
            b"bad\n",
            "HTTP status 400 Bad Request: bad",
        ),
        (
            503,
            "text/html",
            b"<html>",
            "HTTP status 503 Service Unavailable",
        ),
        (404, "", b"", "HTTP status 404 Not Found"),
        (400, PROTOBUF, b"\xff", "HTTP status 400 Bad Request"),
    ] {
        let result = result_of(response(code, content_type, body)).await;
        assert_eq!(result, Err(expected.to_owned()), "{code} {content_type}");
    }
}

#[tokio::test]
async fn retry_after_and_a_server_of_grpc_are_recognized() {
    let mut refused = response(429, "application/grpc", b"");
    let value = HeaderValue::from_static("7");
    refused.headers_mut().insert("retry-after", value);
    let error = accepted(refused).await.unwrap_err();
    let CallError::Refused(refusal) = error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (refusal.retry_after, refusal.is_grpc),
        (Some(Duration::from_secs(7)), true)
    );
}
