//! Why something could not be read, and what follows from it.

use std::time::Duration;

use hyper::StatusCode;

use super::config::ApiList;
use super::source::Source;
use crate::http::HttpError;
use crate::json::SplitError;

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{0}")]
    Http(#[from] HttpError),
    /// A status other than 200, with the beginning of the body.
    #[error("status {}{}", .status.as_u16(), with_colon(.text))]
    Status {
        status: StatusCode,
        /// The pause that the agent asks for.
        retry_after: Option<Duration>,
        text: String,
    },
    #[error("{0}")]
    Split(#[from] SplitError),
    #[error("{0}")]
    Json(#[from] serde_json::Error),
}

/// What follows from a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// There is no connection, so nothing else can be read either.
    RetryAll,
    /// Read it again after a pause of at least this, which is what the agent asks for.
    Retry(Duration),
    /// Read it again after a long pause, or when the agent has restarted: it is switched off, or too
    /// long.
    RetryLater,
    /// The same, but nothing is wrong: this release does not have it.
    Unsupported,
}

fn with_colon(text: &str) -> String {
    match text {
        "" => String::new(),
        text => format!(": {text:?}"),
    }
}

impl Failure {
    /// The value of the label `result` in telemetry.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Http(error) => error.label(),
            Self::Status { status, .. } => match status.as_u16() {
                403 => "disabled",
                404 => "not_found",
                429 => "limited",
                500.. => "unavailable",
                _ => "refused",
            },
            Self::Split(SplitError::Cut { .. }) => "cut",
            Self::Split(SplitError::Unexpected { .. }) | Self::Json(_) => "not_json",
        }
    }

    pub(super) fn remedy(&self) -> Remedy {
        match self {
            Self::Http(error) if error.is_unreachable() => Remedy::RetryAll,
            Self::Http(HttpError::BodyTooLarge(_)) => Remedy::RetryLater,
            Self::Status {
                status,
                retry_after,
                ..
            } => match *status {
                StatusCode::FORBIDDEN => Remedy::RetryLater,
                StatusCode::NOT_FOUND => Remedy::Unsupported,
                _ => Remedy::Retry(retry_after.unwrap_or_default()),
            },
            Self::Http(_) | Self::Split(_) | Self::Json(_) => Remedy::Retry(Duration::ZERO),
        }
    }

    /// What an operator can do about it.
    pub(super) fn advice(&self, source: Source) -> String {
        match self {
            Self::Http(HttpError::Connect(error)) => socket_advice(error.kind()).to_owned(),
            Self::Http(HttpError::BodyTooLarge(_)) => "raise `max_body`".to_owned(),
            Self::Http(HttpError::NotHttp(_) | HttpError::Encoded(_)) => {
                "check whether `socket` is that of the Cilium agent's API".to_owned()
            }
            Self::Status { status, .. } if source == Source::Endpoint => format!(
                "reading {} in its place{}",
                Source::List(ApiList::Endpoints).path(),
                match *status {
                    StatusCode::FORBIDDEN => format!(
                        "; add {} to the Cilium agent's enable-cilium-api-server-access",
                        source.operation()
                    ),
                    _ => String::new(),
                }
            ),
            Self::Status { status, .. } if *status == StatusCode::FORBIDDEN => format!(
                "add {} to the Cilium agent's enable-cilium-api-server-access, or leave the list out \
                 of `lists`",
                source.operation()
            ),
            _ => "trying again".to_owned(),
        }
    }
}

/// The most likely cause of a failed connection, for the operator to check.
fn socket_advice(error: std::io::ErrorKind) -> &'static str {
    use std::io::ErrorKind;
    match error {
        ErrorKind::NotFound => {
            "check whether the Cilium agent runs on this node, and its run directory is mounted here"
        }
        ErrorKind::PermissionDenied => {
            "it belongs to root and, if it exists, to the group cilium, with mode 0660: add the \
             group's number to the agent's groups"
        }
        ErrorKind::ConnectionRefused => {
            "check whether the Cilium agent runs: its socket exists, but no process is listening"
        }
        _ => "check whether the path is that of the Cilium agent's API socket",
    }
}
