//! Why an attempt to deliver a request failed.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use tonic::codegen::http::StatusCode;
use tonic::{Code, Status};

use crate::otlp::sealing::Compression;

/// Why an attempt failed.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The backend responded with this gRPC status.
    Status(Status),
    /// The response to a gRPC call is not gRPC, such as one of a load balancer that cannot reach
    /// the backend.
    Http {
        /// The HTTP status.
        status: StatusCode,
        /// The delay asked for in `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// The response to a request of OTLP/HTTP has a status of an error.
    Refused(HttpRefusal),
    /// The response is malformed.
    Malformed(&'static str),
    /// There was no response within this time.
    TimedOut(Duration),
    /// There is no connection, or it broke before the response was complete.
    Transport(Box<dyn Error + Send + Sync>),
    /// The request cannot be sent in this protocol.
    Unsendable(Box<dyn Error + Send + Sync>),
}

/// A response of OTLP/HTTP with the status of an error.
#[derive(Clone, Debug)]
pub(crate) struct HttpRefusal {
    pub(crate) status: StatusCode,
    /// The backend's message; may be empty.
    pub(crate) message: String,
    /// The delay asked for in `Retry-After`.
    pub(crate) retry_after: Option<Duration>,
    /// Whether it is the response of a gRPC server.
    pub(crate) is_grpc: bool,
    /// Whether it is of HTTP/1.0 and has no header.
    pub(crate) is_bare: bool,
}

impl HttpRefusal {
    /// Whether a server that expects TLS responds to plain text, as those of Go, nginx and Apache
    /// do. Go's message may be lost with the connection, but no other server responds without a
    /// header.
    pub(crate) fn wants_tls(&self) -> bool {
        self.status == StatusCode::BAD_REQUEST && (self.is_bare || has(&self.message, &WANTS_TLS))
    }
}

impl CallError {
    /// Returns whether the backend, or a proxy in front of it, responded.
    pub(crate) fn is_response(&self) -> bool {
        !matches!(
            self,
            Self::TimedOut(_) | Self::Transport(_) | Self::Unsendable(_)
        )
    }

    /// Returns whether the backend certainly did not accept the request. By the definitions of
    /// their codes, a request may have been carried out when it was cancelled or its deadline
    /// passed, and so may one that a gateway had forwarded.
    pub(crate) fn is_refusal(&self) -> bool {
        match self {
            Self::Status(status) => !matches!(
                status.code(),
                Code::DeadlineExceeded | Code::Cancelled | Code::Unknown | Code::DataLoss
            ),
            Self::Http { status, .. } | Self::Refused(HttpRefusal { status, .. }) => !matches!(
                *status,
                StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT
            ),
            Self::Unsendable(_) => true,
            Self::Malformed(_) | Self::TimedOut(_) | Self::Transport(_) => false,
        }
    }

    /// Returns whether the backend refused how the request is compressed.
    pub(crate) fn refuses_encoding(&self) -> bool {
        match self {
            // Servers' messages about an unknown encoding contain "compress" or "Decompressor".
            Self::Status(status) => {
                status.code() == Code::Unimplemented && status.message().contains("ompress")
            }
            // The Collector, Prometheus and Loki respond 400 to an encoding that they do not accept.
            Self::Refused(refusal) => match refusal.status {
                StatusCode::UNSUPPORTED_MEDIA_TYPE => !refusal.is_grpc,
                StatusCode::BAD_REQUEST => has(&refusal.message, &UNSUPPORTED_ENCODING),
                _ => false,
            },
            _ => false,
        }
    }

    /// Returns whether the backend refused the request because it is too large: for itself, by the
    /// status of HTTP or by [messages of servers](TOO_LARGE).
    pub(crate) fn is_too_large(&self) -> bool {
        match self {
            Self::Status(status) => {
                let code = matches!(status.code(), Code::ResourceExhausted | Code::OutOfRange);
                code && has(status.message(), &TOO_LARGE)
            }
            Self::Http { status, .. } => *status == StatusCode::PAYLOAD_TOO_LARGE,
            Self::Refused(refusal) => match refusal.status {
                StatusCode::PAYLOAD_TOO_LARGE => true,
                // Gateways report the refusal of a gRPC server behind them as an internal error.
                StatusCode::BAD_REQUEST | StatusCode::INTERNAL_SERVER_ERROR => {
                    has(&refusal.message, &TOO_LARGE)
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Returns the limit that the refusal of a request for its size states, in bytes before
    /// compression. grpc-go states it as `(N vs. LIMIT)`, of compressed bytes unless it says
    /// otherwise, tonic as `the limit is: LIMIT bytes` and as `size limit, of LIMIT bytes`.
    pub(crate) fn stated_limit(&self, encoding: Compression) -> Option<usize> {
        let text = match self {
            Self::Status(status) => status.message(),
            Self::Refused(refusal) => &refusal.message,
            _ => return None,
        };
        let is_comparable = encoding == Compression::None || text.contains("decompress");
        let mut limits = [" vs. ", "limit is: ", "size limit, of "].into_iter();
        let (_, rest) = limits.find_map(|before| text.split_once(before))?;
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let limit = rest[..digits].parse().ok()?;
        is_comparable.then_some(limit)
    }
}

/// What messages about an encoding have in them: those of the Collector (0.165), Loki (3.7) and Prometheus
/// (3.16), in this order.
const UNSUPPORTED_ENCODING: [&str; 3] = [
    "content-encoding",
    "unsupported content encoding",
    "unsupported compression",
];

/// What servers say about plain text at a port of TLS: those of Go, nginx and Apache.
const WANTS_TLS: [&str; 3] = [
    "http request to an https server",
    "plain http request was sent to https port",
    "speaking plain http to an ssl-enabled server",
];

/// What messages about the size of a request have, in lower case: "received message larger than max"
/// (grpc-go, gRPC's C core), "gRPC message exceeds maximum size" (grpc-java), "decoded message length
/// too large" and "size limit, of N bytes, exceeded" (tonic), "request body too large" (Go's HTTP
/// server, with which the Collector responds 400).
const TOO_LARGE: [&str; 4] = [
    "larger than max",
    "exceeds maximum size",
    "too large",
    "size limit",
];

/// Whether a text has one of the parts, which are in lower case.
fn has(text: &str, parts: &[&str]) -> bool {
    let text = text.to_ascii_lowercase();
    parts.iter().any(|part| text.contains(part))
}

/// Shows the innermost cause, which is the most specific: `Connection refused` rather than
/// `transport error`.
impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) if status.message().is_empty() => {
                write!(f, "gRPC status {:?}", status.code())
            }
            Self::Status(status) => {
                write!(f, "gRPC status {:?}: {}", status.code(), status.message())
            }
            Self::Http { status, .. } => write!(f, "HTTP status {status} without a gRPC status"),
            Self::Refused(refusal) if refusal.message.is_empty() => {
                write!(f, "HTTP status {}", refusal.status)
            }
            Self::Refused(refusal) => {
                write!(f, "HTTP status {}: {}", refusal.status, refusal.message)
            }
            Self::Malformed(problem) => f.write_str(problem),
            Self::TimedOut(limit) => write!(f, "no response within {limit:?}"),
            Self::Transport(cause) | Self::Unsendable(cause) => {
                let mut innermost: &dyn Error = &**cause;
                while let Some(source) = innermost.source() {
                    innermost = source;
                }
                write!(f, "{innermost}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(code: Code, message: &str) -> CallError {
        CallError::Status(Status::new(code, message))
    }

    fn refused(status: u16, message: &str) -> CallError {
        CallError::Refused(HttpRefusal {
            status: StatusCode::from_u16(status).unwrap(),
            message: message.to_owned(),
            retry_after: None,
            is_grpc: false,
            is_bare: false,
        })
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn refusals_of_the_size_and_of_the_encoding_are_recognized() {
        let too_large = (true, false);
        let encoding = (false, true);
        let other = (false, false);
        let cases = [
            (
                status(
                    Code::ResourceExhausted,
                    "grpc: received message larger than max (9 vs. 4)",
                ),
                too_large,
            ),
            (
                status(
                    Code::OutOfRange,
                    "Error, decoded message length too large: found 9 bytes",
                ),
                too_large,
            ),
            (status(Code::ResourceExhausted, "quota"), other),
            (
                status(
                    Code::Unimplemented,
                    "grpc: Decompressor is not installed for grpc-encoding \"zstd\"",
                ),
                encoding,
            ),
            (
                status(
                    Code::Unimplemented,
                    "Content is compressed with `zstd` which isn't supported",
                ),
                encoding,
            ),
            (status(Code::Unimplemented, "unknown service"), other),
            (status(Code::InvalidArgument, "bad record"), other),
            (status(Code::Unavailable, ""), other),
            (refused(413, ""), too_large),
            (refused(400, "http: request body too large"), too_large),
            (refused(415, ""), encoding),
            (refused(400, "unsupported Content-Encoding: zstd"), encoding),
            (
                refused(
                    400,
                    "unsupported compression: zstd. Only \"gzip\" or no compression supported",
                ),
                encoding,
            ),
            (
                refused(
                    400,
                    "unsupported content encoding br: only gzip, lz4 and zstd are supported",
                ),
                encoding,
            ),
            (refused(400, "bad record"), other),
            (refused(422, ""), other),
            (refused(503, ""), other),
            (refused(401, ""), other),
        ];
        for (error, expected) in cases {
            let found = (error.is_too_large(), error.refuses_encoding());
            assert_eq!(found, expected, "{error}");
        }
    }
}
