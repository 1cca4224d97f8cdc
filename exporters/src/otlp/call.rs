//! One unary call of gRPC over HTTP/2 (gRPC's `PROTOCOL-HTTP2.md`), made on the channel itself.
//!
//! The HTTP response is seen before anything reads its body as messages: a load balancer's page is
//! no message, and what it means is in its HTTP status. A response takes [`KEPT`] bytes of memory
//! at most, whatever comes. `grpc-status` is read with care, since tonic's own reading panics on
//! details that are not base64.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::SystemTime;

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

use super::failure::Failure;
use super::frame::PREFIX;
use super::sent::Sent;

/// Bytes of a response that are read at most, as many as the specification of OTLP allows it to
/// have.
const MOST: usize = 4 << 20;

/// Bytes of it that are kept. A response says how many records were rejected, and why; a longer one
/// is not understood.
const KEPT: usize = 64 << 10;

/// The headers that a call needs, beside the metadata of the configuration.
pub(super) fn headers(metadata: MetadataMap, encoding: Option<&'static str>) -> HeaderMap {
    let mut headers = metadata.into_headers();
    headers.insert(TE, HeaderValue::from_static("trailers"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    if let Some(encoding) = encoding {
        headers.insert("grpc-encoding", HeaderValue::from_static(encoding));
    }
    headers
}

/// Sends a frame to the method at `path`, and yields the message of the answer. `sent` says whether
/// the backend may have the frame. The answer is not compressed: nothing offers that.
pub(super) async fn call(
    mut channel: Channel,
    path: &'static str,
    headers: HeaderMap,
    frame: Bytes,
    sent: &Sent,
) -> Result<Bytes, Failure> {
    let unanswered = |error: tonic::transport::Error| Failure::Unanswered(error.into());
    let mut request = Request::new(Body::new(OneFrame {
        frame: Some(frame),
        sent: sent.clone(),
    }));
    *request.method_mut() = Method::POST;
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = Uri::from_static(path);
    *request.headers_mut() = headers;
    poll_fn(|cx| channel.poll_ready(cx))
        .await
        .map_err(unanswered)?;
    read(channel.call(request).await.map_err(unanswered)?).await
}

/// A body that has one part. It tells no length, so that requests have the headers that gRPC knows
/// and no others.
struct OneFrame {
    frame: Option<Bytes>,
    /// Set when the connection takes the frame.
    sent: Sent,
}

impl http_body::Body for OneFrame {
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

/// Reads a response. One that is not gRPC's is judged by its head alone, and its body is not read.
async fn read(response: Response<Body>) -> Result<Bytes, Failure> {
    let (head, mut body) = response.into_parts();
    if let Some(status) = grpc_status(&head.headers) {
        return outcome(&head, Some(status), Bytes::new());
    }
    if !is_grpc(&head.headers) {
        return Err(http_failure(&head));
    }
    let mut message = BytesMut::new();
    let mut len = 0;
    let mut trailers = None;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        match frame
            .map_err(|status| Failure::Unanswered(status.into()))?
            .into_data()
        {
            Ok(data) => {
                len += data.len();
                if len > MOST {
                    return Err(too_large(&head));
                }
                message.extend_from_slice(&data[..data.len().min(KEPT - message.len())]);
            }
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    outcome(
        &head,
        trailers.as_ref().and_then(grpc_status),
        message.freeze(),
    )
}

/// What an answer means that has come to its end.
fn outcome(head: &response::Parts, status: Option<Status>, body: Bytes) -> Result<Bytes, Failure> {
    match status {
        Some(status) if status.code() != Code::Ok => Err(Failure::Status(status)),
        _ if head.status != StatusCode::OK => Err(http_failure(head)),
        Some(_) => Ok(message(body).unwrap_or_default()),
        None if body.len() >= KEPT || message(body).is_some() => Err(Failure::Unreadable(
            "a response without a gRPC status; a proxy that removes trailers does this",
        )),
        None => Err(Failure::Unanswered(
            "the response ended without a gRPC status".into(),
        )),
    }
}

fn too_large(head: &response::Parts) -> Failure {
    if head.status == StatusCode::OK {
        Failure::Unreadable("a response of more than 4 MiB")
    } else {
        http_failure(head)
    }
}

fn http_failure(head: &response::Parts) -> Failure {
    let retry_after = head
        .headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    let retry_after = retry_after.and_then(|text| retry_delay(text, SystemTime::now()));
    Failure::Http {
        status: head.status,
        retry_after,
    }
}

/// The value of `Retry-After` (RFC 9110, 10.2.3): seconds or a date. A date in the past is now.
fn retry_delay(text: &str, now: SystemTime) -> Option<std::time::Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(std::time::Duration::from_secs(
            text.parse().unwrap_or(u64::MAX),
        ));
    }
    Some(
        httpdate::parse_http_date(text)
            .ok()?
            .duration_since(now)
            .unwrap_or_default(),
    )
}

/// The message behind its prefix; `None` if it is incomplete. A compressed one, which was not asked
/// for, counts as empty.
fn message(mut body: Bytes) -> Option<Bytes> {
    let prefix = body.get(..PREFIX)?;
    let is_compressed = prefix[0] != 0;
    let len = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
    body.advance(PREFIX);
    (body.len() >= len).then(|| {
        if is_compressed {
            Bytes::new()
        } else {
            body.slice(..len)
        }
    })
}

/// Whether it is an answer in gRPC, with whatever messages. `application/grpc-web` is another
/// protocol.
fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let rest = content_type.trim().to_ascii_lowercase();
    rest.strip_prefix("application/grpc")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['+', ';', ' ']))
}

/// The status, if there is one. Details that cannot be read are left out.
fn grpc_status(headers: &HeaderMap) -> Option<Status> {
    const DETAILS: &str = "grpc-status-details-bin";
    headers.get("grpc-status")?;
    let known = ["grpc-status", "grpc-message", DETAILS].into_iter();
    let known = known.filter_map(|name| Some((name, headers.get(name)?.clone())));
    let mut metadata = MetadataMap::from_headers(
        known
            .map(|(name, value)| (HeaderName::from_static(name), value))
            .collect(),
    );
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
