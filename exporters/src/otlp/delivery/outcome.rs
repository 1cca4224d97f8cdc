//! The final outcome of a request.

use crate::otlp::transport::SentFlag;

/// The final outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestOutcome {
    /// The backend accepted it.
    Delivered {
        /// Number of records that the backend rejected.
        rejected: u64,
    },
    /// All of it is lost, for this reason.
    Dropped(&'static str),
    /// It was given up, and the backend may have received it.
    Unconfirmed,
}

impl RequestOutcome {
    /// Returns the outcome of a request that is given up for this reason.
    pub(crate) fn given_up(reason: &'static str, sent: &SentFlag) -> Self {
        if sent.get() {
            Self::Unconfirmed
        } else {
            Self::Dropped(reason)
        }
    }
}
