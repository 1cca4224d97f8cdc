//! Why bytes are no DNS message.

/// Why a payload was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The capture ends before the questions do, so there is no name to report; or the message is
    /// whole, and ends before its records do.
    #[error("DNS message ends too early")]
    Truncated,
    /// An unusual operation code, response code or flag, where the bytes may be no begin of a
    /// message.
    #[error("DNS flags are unusual")]
    BadFlags,
    /// More questions and records than the message has room for, or no question where there has to
    /// be one.
    #[error("DNS record counts are impossible")]
    BadCounts,
    /// A label, pointer or length that no name has.
    #[error("DNS name is malformed")]
    BadName,
    /// A type, class or data length that no question or record has.
    #[error("DNS record is malformed")]
    BadRecord,
}
