//! One request of OTLP/HTTP (OTLP specification 1.9): binary protobuf or JSON.

use std::error::Error;
use std::io;

use bytes::Bytes;
use http_body::Body;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::http::response;
use hyper::{Method, Request, Response, Uri, Version};
use prost::Message as _;
use serde::Deserialize;

use super::accepted::Accepted;
use super::body::RequestBody;
use super::protocol::Protocol;
use super::response::{content_type, is_grpc, read_body, retry_after};
use super::sent::SentFlag;
use crate::otlp::failure::{CallError, HttpRefusal};
use crate::otlp::json::to_json;
use crate::otlp::messages::{ExportResponse, RpcStatus};
use crate::otlp::sealing::{SealedFrame, compress};
use crate::otlp::signal::Signal;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// Returns the request for a frame: `headers` are the configured ones. It accepts no compression of
/// the response.
pub(super) fn request(
    uri: Uri,
    mut headers: HeaderMap,
    body: Bytes,
    frame: &SealedFrame,
    protocol: Protocol,
    sent: &SentFlag,
) -> Request<RequestBody> {
    let content_type = match protocol {
        Protocol::HttpJson => JSON,
        _ => PROTOBUF,
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Some(encoding) = frame.encoding().encoding() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    let mut request = Request::new(RequestBody::new(body, true, sent));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    request
}

/// Returns the body of the request for a frame. JSON is made of the message and compressed as the
/// frame is.
pub(super) fn body(signal: Signal, frame: &SealedFrame, protocol: Protocol) -> io::Result<Bytes> {
    if protocol != Protocol::HttpJson {
        return Ok(frame.payload());
    }
    let json = to_json(signal, &frame.open()?).map_err(io::Error::other)?;
    Ok(compress(json, frame.encoding())?.into())
}

/// Reads the response to a request. Its status says whether the request was accepted, so that a
/// malformed message counts as an empty one.
pub(super) async fn accepted<B>(response: Response<B>) -> Result<Accepted, CallError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let (head, body) = response.into_parts();
    // A gRPC server responds 200 to a path that it does not have, with the status in a header.
    let is_accepted = head.status.is_success() && !is_of_grpc(&head);
    let body = read_body(body).await;
    if !is_accepted {
        // The status has arrived, and decides, even if the connection broke after it.
        return Err(refusal(&head, &body.start));
    }
    let body = body.complete()?;
    if body.is_too_large {
        return Err(CallError::Malformed("a response of more than 4 MiB"));
    }
    match &*content_type(&head.headers) {
        JSON => Ok(Accepted::of_json(&body.start)),
        PROTOBUF => Ok(ExportResponse::decode(body.start)
            .unwrap_or_default()
            .into()),
        _ if body.start.is_empty() => Ok(Accepted::default()),
        // A page of a web server or a login form: nothing was accepted.
        "text/html" => Err(CallError::Malformed("a page in place of an OTLP response")),
        _ => Ok(Accepted::default()),
    }
}

fn refusal(head: &response::Parts, body: &[u8]) -> CallError {
    CallError::Refused(HttpRefusal {
        status: head.status,
        message: message(&content_type(&head.headers), body),
        retry_after: retry_after(&head.headers),
        is_grpc: is_of_grpc(head),
        is_bare: head.version == Version::HTTP_10 && head.headers.is_empty(),
    })
}

/// Whether it is the response of a gRPC server.
fn is_of_grpc(head: &response::Parts) -> bool {
    is_grpc(&head.headers) || head.headers.contains_key("grpc-status")
}

/// The text of a page.
fn without_tags(page: &str) -> String {
    let parts = page.split('<');
    let texts = parts.map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    let words: Vec<_> = texts.flat_map(str::split_whitespace).collect();
    words.join(" ")
}

/// `google.rpc.Status` in JSON.
#[derive(Default, Deserialize)]
#[serde(default)]
struct JsonStatus {
    message: String,
}

/// The message of an error: that of `google.rpc.Status`, or a plain text.
fn message(content_type: &str, body: &[u8]) -> String {
    match content_type {
        PROTOBUF => RpcStatus::decode(body).unwrap_or_default().message,
        JSON => {
            let status: Option<JsonStatus> = serde_json::from_slice(body).ok();
            status.unwrap_or_default().message
        }
        // Go's server states no type when it responds to plain text at a port of TLS.
        "text/plain" | "" => String::from_utf8_lossy(body).trim().to_owned(),
        "text/html" => without_tags(&String::from_utf8_lossy(body)),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
