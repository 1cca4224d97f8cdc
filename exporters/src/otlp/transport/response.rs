//! What both protocols read of a response: its body within limits, and `Retry-After`.

use std::error::Error;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use http_body::Body;
use hyper::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};

use crate::otlp::failure::CallError;

/// Bytes of a response that are read at most: the limit in the OTLP specification.
const MAX_RESPONSE: usize = 4 << 20;

/// Bytes of a response that are kept at most. An OTLP response holds the number of rejected records
/// and a message; one that does not fit is not decoded.
pub(super) const MAX_KEPT: usize = 64 << 10;

/// The body of a response.
pub(super) struct ReadBody {
    /// Its first [`MAX_KEPT`] bytes.
    pub(super) start: Bytes,
    /// Whether it exceeds [`MAX_RESPONSE`], in which case it was not read to its end.
    pub(super) is_too_large: bool,
    pub(super) trailers: Option<HeaderMap>,
    /// Why it ends early.
    error: Option<CallError>,
}

impl ReadBody {
    /// # Errors
    ///
    /// Fails if the body ended early.
    pub(super) fn complete(self) -> Result<Self, CallError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }
}

/// Reads a body, as far as it arrives.
pub(super) async fn read_body<B>(mut body: B) -> ReadBody
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut start = BytesMut::new();
    let mut len = 0;
    let mut trailers = None;
    let mut error = None;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = match frame {
            Ok(frame) => frame,
            Err(cause) => {
                error = Some(CallError::Transport(cause.into()));
                break;
            }
        };
        match frame.into_data() {
            Ok(data) => {
                len += data.len();
                start.extend_from_slice(&data[..data.len().min(MAX_KEPT - start.len())]);
                if len > MAX_RESPONSE {
                    break;
                }
            }
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    ReadBody {
        start: start.freeze(),
        is_too_large: len > MAX_RESPONSE,
        trailers,
        error,
    }
}

/// The content type without parameters, in lower case; empty if there is none.
pub(super) fn content_type(headers: &HeaderMap) -> String {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media_type = value
        .unwrap_or_default()
        .split([';', ' '])
        .find(|part| !part.is_empty());
    media_type.unwrap_or_default().to_ascii_lowercase()
}

/// Whether the content type is gRPC with any message format. `application/grpc-web` is a different
/// protocol.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = content_type(headers);
    let rest = content_type.strip_prefix("application/grpc");
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('+'))
}

/// The delay that a response asks for.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?;
    parse_retry_after(value.to_str().ok()?, SystemTime::now())
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

#[cfg(test)]
mod tests {
    use super::*;

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
                parse_retry_after(text, now),
                expected.map(Duration::from_secs),
                "{text}"
            );
        }
    }
}
