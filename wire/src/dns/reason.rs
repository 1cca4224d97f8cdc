//! Why bytes are no DNS message.

/// Why a payload was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The capture ends before the question does, so there is no name to report.
    #[error("DNS message ends before its question does")]
    Truncated,
    /// An operation code, response code or flag that no message of its kind has.
    #[error("DNS flags are impossible")]
    BadFlags,
    /// Not one question, or more records than a message can hold or a query has.
    #[error("DNS record counts are impossible")]
    BadCounts,
    /// A label, pointer or length that no name has.
    #[error("DNS name is malformed")]
    BadName,
    /// A type, class or data length that no question or record has.
    #[error("DNS record is malformed")]
    BadRecord,
}
