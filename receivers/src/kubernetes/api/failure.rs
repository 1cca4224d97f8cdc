//! Why something could not be read.

use std::fmt;
use std::time::Duration;

use super::status::Status;
use crate::http::HttpError;
use crate::kubernetes::access::AccessError;

/// The longest message of a server that is repeated.
const MAX_MESSAGE: usize = 300;

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub(in crate::kubernetes) enum Failure {
    /// It is not known where the server is, or who reads.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// There was no complete response.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The server refused the request, or ended a watch with an error.
    #[error("{0}")]
    Refused(Refusal),
    /// Something else than the API answered.
    #[error("the answer is not one of the Kubernetes API: {0}")]
    NotTheApi(String),
    /// A change is longer than an object may be.
    #[error("a change has more than {0} bytes")]
    ChangeTooLarge(usize),
}

/// A refusal with its status.
#[derive(Debug)]
pub(in crate::kubernetes) struct Refusal {
    pub(in crate::kubernetes) code: u16,
    reason: String,
    message: String,
    /// The pause that the server asks for.
    pub(in crate::kubernetes) retry_after: Option<Duration>,
}

impl Failure {
    /// A refusal without a description.
    #[cfg(test)]
    pub(in crate::kubernetes) fn refused(code: u16, retry_after: Option<Duration>) -> Self {
        Self::Refused(Refusal::new(code, Status::default(), retry_after))
    }

    /// All values of [`Self::label`].
    pub(in crate::kubernetes) fn labels() -> impl Iterator<Item = &'static str> {
        let own = ["access", "not_the_api", "object_too_large"];
        own.into_iter()
            .chain(Refusal::LABELS)
            .chain(HttpError::LABELS)
    }

    /// The name in telemetry.
    pub(in crate::kubernetes) fn label(&self) -> &'static str {
        match self {
            Self::Access(_) => "access",
            Self::Http(error) => error.label(),
            Self::Refused(refusal) => refusal.label(),
            Self::NotTheApi(_) => "not_the_api",
            Self::ChangeTooLarge(_) => "object_too_large",
        }
    }

    /// Whether the versions that are known are too old for a watch.
    pub(in crate::kubernetes) fn is_expired(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.label() == "expired")
    }

    /// Whether the credentials do not allow it.
    pub(in crate::kubernetes) fn is_forbidden(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code == 403)
    }

    /// Whether the server may not have the version that a list was to have: it answers 504 after it
    /// has waited for it.
    pub(in crate::kubernetes) fn is_about_the_version(&self) -> bool {
        matches!(self, Self::Refused(refusal) if matches!(refusal.code, 400 | 410 | 504))
    }

    /// Whether a watch can go on from where it ended, because the server was not reached or had too
    /// much to do. Any other failure may repeat itself until there is a new list.
    pub(in crate::kubernetes) fn is_about_the_server(&self) -> bool {
        match self {
            Self::Access(_) | Self::Http(_) => true,
            Self::Refused(refusal) => matches!(refusal.code, 401 | 403 | 429 | 502 | 503 | 504),
            Self::NotTheApi(_) | Self::ChangeTooLarge(_) => false,
        }
    }

    /// The pause that the server asks for.
    pub(in crate::kubernetes) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.retry_after,
            _ => None,
        }
    }
}

impl Refusal {
    const LABELS: [&'static str; 7] = [
        "unauthorized",
        "forbidden",
        "not_found",
        "expired",
        "throttled",
        "unavailable",
        "refused",
    ];

    /// The refusal with this status, and what the server writes about it.
    pub(super) fn new(code: u16, status: Status, retry_after: Option<Duration>) -> Self {
        let stated = status.retry_after().map(|s| Duration::from_secs(s.into()));
        Self {
            code: status.code.filter(|_| code == 200).unwrap_or(code),
            reason: sanitized(status.reason),
            message: sanitized(status.message),
            retry_after: retry_after.or(stated),
        }
    }

    fn label(&self) -> &'static str {
        let at = match (self.code, self.reason.as_str()) {
            (410, _) | (_, "Expired" | "Gone") => 3,
            (401, _) => 0,
            (403, _) => 1,
            (404, _) => 2,
            (429, _) => 4,
            (500..=599, _) => 5,
            _ => 6,
        };
        Self::LABELS[at]
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.code)?;
        match (self.reason.as_str(), self.message.as_str()) {
            ("", "") => Ok(()),
            ("", text) | (text, "") => write!(f, ": {text}"),
            (reason, message) => write!(f, " {reason}: {message}"),
        }
    }
}

/// A text of a server without control characters, cut to a length.
fn sanitized(text: Option<String>) -> String {
    let text = text.unwrap_or_default();
    let shown = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    shown.take(MAX_MESSAGE).collect()
}
