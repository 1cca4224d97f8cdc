//! Reasons to refuse bytes as a DNS message.

/// A reason to refuse a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The capture ends inside the questions, or the message is complete and ends inside its
    /// records.
    #[error("DNS message ends too early")]
    Truncated,
    /// An uncommon operation code, response code or flag in bytes that may not be the start of a
    /// message.
    #[error("DNS flags are unusual")]
    BadFlags,
    /// More questions and records than fit into the message, or no question in a message that needs
    /// one.
    #[error("DNS record counts are impossible")]
    BadCounts,
    /// An invalid label, pointer or length.
    #[error("DNS name is malformed")]
    BadName,
    /// An invalid type, class or data length.
    #[error("DNS record is malformed")]
    BadRecord,
}
