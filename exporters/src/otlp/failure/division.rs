//! Why a request is sent again in parts.

use super::drop_reason;

/// Why a request is sent again in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Division {
    /// The backend refused the request for its size.
    TooLarge,
    /// The backend refused the request as invalid, for which one record in it may be the cause.
    Invalid,
}

impl Division {
    /// The reason to drop a record that was refused in a request of its own.
    pub(crate) fn reason_alone(self) -> &'static str {
        match self {
            Self::TooLarge => drop_reason::TOO_LARGE_FOR_PEER,
            Self::Invalid => drop_reason::INVALID_FOR_PEER,
        }
    }

    /// The reason to drop a request that is not divided further.
    pub(crate) fn reason_together(self) -> &'static str {
        match self {
            Self::TooLarge => drop_reason::RESOURCE_EXHAUSTED,
            Self::Invalid => drop_reason::PERMANENT_ERROR,
        }
    }
}
