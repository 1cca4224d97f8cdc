//! Why there is no complete response.

use std::error::Error as _;
use std::io;
use std::time::Duration;

/// Why there is no complete response.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The path or a header cannot be sent.
    #[error("the request cannot be made: {0}")]
    Request(hyper::http::Error),
    /// The connection was not made.
    #[error("cannot connect: {0}")]
    Connect(io::Error),
    /// The connection was not made in time.
    #[error("cannot connect within {0:?}")]
    ConnectTimedOut(Duration),
    /// No complete head arrived in time.
    #[error("no response within {0:?}")]
    HeadTimedOut(Duration),
    /// Nothing more of the body arrived in time.
    #[error("nothing more of the response arrived within {0:?}")]
    Stalled(Duration),
    /// The whole body did not arrive in time.
    #[error("the response did not end within {0:?}")]
    BodyTimedOut(Duration),
    /// The body is too long.
    #[error("the response is longer than {0} bytes")]
    BodyTooLarge(u64),
    /// The connection ended before the response.
    #[error("the connection ended before the response did")]
    Cut,
    /// The body is compressed, which was not asked for.
    #[error("the response is encoded as {0:?}, which was not asked for")]
    Encoded(String),
    /// Something other than HTTP/1.1 was sent, or a head that is too long.
    #[error("the response cannot be read: {0}")]
    NotHttp(hyper::Error),
}

impl HttpError {
    /// All values of [`Self::label`].
    pub const LABELS: [&'static str; 6] = [
        "bad_request",
        "connect_failed",
        "timed_out",
        "body_too_large",
        "cut",
        "not_http",
    ];

    pub(super) fn of_hyper(error: hyper::Error) -> Self {
        let io = error
            .source()
            .and_then(|source| source.downcast_ref::<io::Error>());
        // The kinds of errors in the form of a body that hyper reports as those of the connection.
        let is_io = io.is_some_and(|error| {
            !matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
            )
        });
        let is_end = error.is_incomplete_message() || error.is_closed() || error.is_canceled();
        match is_io || is_end {
            true => Self::Cut,
            false => Self::NotHttp(error),
        }
    }

    /// The name in telemetry.
    #[must_use]
    pub fn label(&self) -> &'static str {
        let at = match self {
            Self::Request(_) => 0,
            Self::Connect(_) => 1,
            Self::ConnectTimedOut(_)
            | Self::HeadTimedOut(_)
            | Self::Stalled(_)
            | Self::BodyTimedOut(_) => 2,
            Self::BodyTooLarge(_) => 3,
            Self::Cut => 4,
            Self::Encoded(_) | Self::NotHttp(_) => 5,
        };
        Self::LABELS[at]
    }

    /// Whether there was no connection, so that another request would fail as well.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Connect(_) | Self::ConnectTimedOut(_))
    }
}
