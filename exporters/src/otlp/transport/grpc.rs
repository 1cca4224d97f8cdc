//! One unary gRPC call over HTTP/2 (gRPC's `PROTOCOL-HTTP2.md`), made on the HTTP client directly.
//!
//! Unlike tonic's client it sees the HTTP response before the body is decoded: a load balancer's
//! error page is not a gRPC message and is classified by its HTTP status.
//! `grpc-status-details-bin` is checked first, because tonic panics on details that are not base64.

use std::error::Error;

use bytes::{Buf as _, Bytes};
use http_body::Body;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TE};
use hyper::http::response;
use hyper::{Method, Request, Response, StatusCode, Uri, Version};
use prost::Message as _;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use super::accepted::Accepted;
use super::body::RequestBody;
use super::response::{MAX_KEPT, ReadBody, is_grpc, read_body, retry_after};
use super::sent::SentFlag;
use crate::otlp::failure::CallError;
use crate::otlp::messages::ExportResponse;
use crate::otlp::sealing::{PREFIX_LEN, SealedFrame};

/// Returns the request of a call: `headers` are the configured ones. It accepts no compression of
/// the response.
pub(super) fn request(
    uri: Uri,
    mut headers: HeaderMap,
    frame: &SealedFrame,
    sent: &SentFlag,
) -> Request<RequestBody> {
    headers.insert(TE, HeaderValue::from_static("trailers"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    if let Some(encoding) = frame.encoding().encoding() {
        headers.insert("grpc-encoding", HeaderValue::from_static(encoding));
    }
    let mut request = Request::new(RequestBody::new(frame.grpc_message().clone(), false, sent));
    *request.method_mut() = Method::POST;
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    request
}

/// Reads the response to a call. The status says whether the request was accepted, so that a
/// malformed message counts as an empty one.
pub(super) async fn accepted<B>(response: Response<B>) -> Result<Accepted, CallError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let message = read_response(response).await?;
    Ok(ExportResponse::decode(message).unwrap_or_default().into())
}

/// Reads a response. The body of one that is not gRPC is not read: its HTTP status decides.
async fn read_response<B>(response: Response<B>) -> Result<Bytes, CallError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let (head, body) = response.into_parts();
    if let Some(status) = grpc_status(&head.headers) {
        return classify(&head, Some(status), Bytes::new());
    }
    if !is_grpc(&head.headers) {
        return Err(http_error(&head));
    }
    match read_body(body).await.complete()? {
        ReadBody {
            is_too_large: true, ..
        } if head.status == StatusCode::OK => {
            Err(CallError::Malformed("a response of more than 4 MiB"))
        }
        ReadBody {
            is_too_large: true, ..
        } => Err(http_error(&head)),
        body => classify(
            &head,
            body.trailers.as_ref().and_then(grpc_status),
            body.start,
        ),
    }
}

/// Classifies a response that was read to its end.
fn classify(
    head: &response::Parts,
    status: Option<Status>,
    body: Bytes,
) -> Result<Bytes, CallError> {
    match status {
        Some(status) if status.code() != Code::Ok => Err(CallError::Status(status)),
        _ if head.status != StatusCode::OK => Err(http_error(head)),
        Some(_) => Ok(unframe(body).unwrap_or_default()),
        None if body.len() >= MAX_KEPT || unframe(body).is_some() => Err(CallError::Malformed(
            "a response without a gRPC status, as from a proxy that removes trailers",
        )),
        None => Err(CallError::Transport(
            "the response ended without a gRPC status".into(),
        )),
    }
}

fn http_error(head: &response::Parts) -> CallError {
    CallError::Http {
        status: head.status,
        retry_after: retry_after(&head.headers),
    }
}

/// Returns the message after its prefix; `None` if it is incomplete. A compressed message, which
/// the request did not accept, counts as empty.
fn unframe(mut body: Bytes) -> Option<Bytes> {
    let prefix = body.get(..PREFIX_LEN)?;
    let is_compressed = prefix[0] != 0;
    let len = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
    body.advance(PREFIX_LEN);
    (body.len() >= len).then(|| {
        if is_compressed {
            Bytes::new()
        } else {
            body.slice(..len)
        }
    })
}

/// Returns the gRPC status, if there is one. Malformed details are left out.
fn grpc_status(headers: &HeaderMap) -> Option<Status> {
    const DETAILS: &str = "grpc-status-details-bin";
    headers.get("grpc-status")?;
    let status_headers = ["grpc-status", "grpc-message", DETAILS]
        .into_iter()
        .filter_map(|name| Some((HeaderName::from_static(name), headers.get(name)?.clone())))
        .collect();
    let mut metadata = MetadataMap::from_headers(status_headers);
    if metadata
        .get_bin(DETAILS)
        .is_some_and(|details| details.to_bytes().is_err())
    {
        metadata.remove_bin(DETAILS);
    }
    Status::from_header_map(&metadata.into_headers())
}

#[cfg(test)]
mod tests;
