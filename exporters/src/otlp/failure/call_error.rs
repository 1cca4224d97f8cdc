//! Why an attempt to deliver a request failed.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use tonic::codegen::http::StatusCode;
use tonic::{Code, Status};

/// Why an attempt failed.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The backend responded with this gRPC status.
    Status(Status),
    /// The response is not gRPC, such as one of a load balancer that cannot reach the backend.
    Http {
        /// The HTTP status.
        status: StatusCode,
        /// The delay asked for in `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// The response is gRPC and malformed.
    Malformed(&'static str),
    /// There was no response within this time.
    TimedOut(Duration),
    /// There is no connection, or it broke before the response was complete.
    Transport(Box<dyn Error + Send + Sync>),
}

impl CallError {
    /// Returns whether the backend, or a proxy in front of it, responded.
    pub(crate) fn is_response(&self) -> bool {
        !matches!(self, Self::TimedOut(_) | Self::Transport(_))
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
            Self::Http { status, .. } => !matches!(
                *status,
                StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT
            ),
            Self::Malformed(_) | Self::TimedOut(_) | Self::Transport(_) => false,
        }
    }
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
            Self::Malformed(problem) => f.write_str(problem),
            Self::TimedOut(limit) => write!(f, "no response within {limit:?}"),
            Self::Transport(cause) => {
                let mut innermost: &dyn Error = &**cause;
                while let Some(source) = innermost.source() {
                    innermost = source;
                }
                write!(f, "{innermost}")
            }
        }
    }
}
