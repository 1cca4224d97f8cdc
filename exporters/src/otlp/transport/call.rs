//! One unary gRPC call over HTTP/2 (gRPC's `PROTOCOL-HTTP2.md`), made on the channel directly.
//!
//! Unlike tonic's client it sees the HTTP response before the body is decoded: a load balancer's
//! error page is not a gRPC message and is classified by its HTTP status. A response takes at most
//! [`MAX_KEPT`] bytes of memory. `grpc-status-details-bin` is checked first, because tonic panics
//! on details that are not base64.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::{Buf as _, Bytes, BytesMut};
use http_body::{Body as _, Frame};
use tonic::body::Body;
use tonic::codegen::Service as _;
use tonic::codegen::http::header::{
    CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, TE,
};
use tonic::codegen::http::{Method, Request, Response, StatusCode, Uri, Version, response};
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Code, Status};

use super::sent::SentFlag;
use crate::otlp::failure::CallError;
use crate::otlp::sealing::{PREFIX_LEN, SealedFrame};

/// Bytes of a response that are read at most: the limit in the OTLP specification.
const MAX_RESPONSE: usize = 4 << 20;

/// Bytes of a response that are kept at most. An OTLP response holds the number of rejected records
/// and a message; one that does not fit is not decoded.
const MAX_KEPT: usize = 64 << 10;

/// A body with one frame. It has no length, so that requests have only the headers that gRPC
/// specifies.
struct SingleFrameBody {
    frame: Option<Bytes>,
    /// Set when the connection takes the frame.
    sent: SentFlag,
}

/// Returns the headers of every call: the configured metadata and those that gRPC requires.
pub(super) fn request_headers(metadata: MetadataMap) -> HeaderMap {
    let mut headers = metadata.into_headers();
    headers.insert(TE, HeaderValue::from_static("trailers"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers
}

/// Sends a frame to the method at `path` and returns the message in the response. Sets `sent` when
/// the backend may have received the frame. The request accepts no compression of the response.
pub(super) async fn call(
    mut channel: Channel,
    path: &'static str,
    mut headers: HeaderMap,
    frame: &SealedFrame,
    sent: &SentFlag,
) -> Result<Bytes, CallError> {
    let transport_error = |error: tonic::transport::Error| CallError::Transport(error.into());
    if let Some(encoding) = frame.encoding().encoding() {
        headers.insert("grpc-encoding", HeaderValue::from_static(encoding));
    }
    let mut request = Request::new(Body::new(SingleFrameBody {
        frame: Some(frame.grpc_message().clone()),
        sent: sent.clone(),
    }));
    *request.method_mut() = Method::POST;
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = Uri::from_static(path);
    *request.headers_mut() = headers;
    poll_fn(|cx| channel.poll_ready(cx))
        .await
        .map_err(transport_error)?;
    let response = channel.call(request).await.map_err(transport_error)?;
    read_response(response).await
}

impl http_body::Body for SingleFrameBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = self.frame.take();
        if frame.is_some() {
            self.sent.set(true);
        }
        Poll::Ready(frame.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.frame.is_none()
    }
}

/// Reads a response. The body of one that is not gRPC is not read: its HTTP status decides.
async fn read_response(response: Response<Body>) -> Result<Bytes, CallError> {
    let (head, mut body) = response.into_parts();
    if let Some(status) = grpc_status(&head.headers) {
        return classify(&head, Some(status), Bytes::new());
    }
    if !is_grpc(&head.headers) {
        return Err(http_error(&head));
    }
    let mut message = BytesMut::new();
    let mut len = 0;
    let mut trailers = None;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        match frame
            .map_err(|status| CallError::Transport(status.into()))?
            .into_data()
        {
            Ok(data) => {
                len += data.len();
                if len > MAX_RESPONSE {
                    return Err(too_large(&head));
                }
                message.extend_from_slice(&data[..data.len().min(MAX_KEPT - message.len())]);
            }
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    classify(
        &head,
        trailers.as_ref().and_then(grpc_status),
        message.freeze(),
    )
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

fn too_large(head: &response::Parts) -> CallError {
    if head.status == StatusCode::OK {
        CallError::Malformed("a response of more than 4 MiB")
    } else {
        http_error(head)
    }
}

fn http_error(head: &response::Parts) -> CallError {
    let retry_after = head
        .headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| parse_retry_after(text, SystemTime::now()));
    CallError::Http {
        status: head.status,
        retry_after,
    }
}

/// Parses `Retry-After` (RFC 9110, 10.2.3): seconds or a date. A date in the past means no delay.
fn parse_retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    Some(
        httpdate::parse_http_date(text)
            .ok()?
            .duration_since(now)
            .unwrap_or_default(),
    )
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

/// Returns whether the content type is gRPC with any message format. `application/grpc-web` is a
/// different protocol.
fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    content_type
        .trim()
        .to_ascii_lowercase()
        .strip_prefix("application/grpc")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', ';', ' ']))
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
