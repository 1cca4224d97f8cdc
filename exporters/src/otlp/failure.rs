//! Why an attempt to deliver a request failed, as far as the answer shows, or that there was none.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use tonic::codegen::http::StatusCode;
use tonic::{Code, Status};

/// The error that a transport gave.
pub(super) type Cause = Box<dyn Error + Send + Sync>;

/// Why an attempt failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The backend answered with this gRPC status.
    Status(Status),
    /// Something answered that does not speak gRPC, or answers for a backend that it cannot reach,
    /// as load balancers do.
    Http {
        /// The HTTP status.
        status: StatusCode,
        /// How long to wait, from `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// The answer is one of gRPC, and cannot be understood.
    Unreadable(&'static str),
    /// There was no answer within the time.
    TimedOut(Duration),
    /// There is no connection, or it broke before there was an answer.
    Unanswered(Cause),
}

impl Failure {
    /// Whether the backend, or something before it, answered.
    pub(super) fn is_answer(&self) -> bool {
        !matches!(self, Self::TimedOut(_) | Self::Unanswered(_))
    }

    /// Whether it shows that the backend did not take the request. By the definitions of the codes,
    /// the request may have been carried out when a deadline ended or it was cancelled; and so may
    /// one that a gateway had passed on.
    pub(super) fn is_refusal(&self) -> bool {
        match self {
            Self::Status(status) => !matches!(
                status.code(),
                Code::DeadlineExceeded | Code::Cancelled | Code::Unknown | Code::DataLoss
            ),
            Self::Http { status, .. } => !matches!(
                *status,
                StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT
            ),
            Self::Unreadable(_) | Self::TimedOut(_) | Self::Unanswered(_) => false,
        }
    }
}

/// What happened, in a fragment. The innermost cause says the most: `Connection refused` rather
/// than `transport error`.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) if status.message().is_empty() => {
                write!(f, "gRPC status {:?}", status.code())
            }
            Self::Status(status) => {
                write!(f, "gRPC status {:?}: {}", status.code(), status.message())
            }
            Self::Http { status, .. } => write!(f, "HTTP status {status} without a gRPC status"),
            Self::Unreadable(what) => f.write_str(what),
            Self::TimedOut(limit) => write!(f, "no answer within {limit:?}"),
            Self::Unanswered(cause) => {
                let mut innermost: &dyn Error = &**cause;
                while let Some(source) = innermost.source() {
                    innermost = source;
                }
                write!(f, "{innermost}")
            }
        }
    }
}
