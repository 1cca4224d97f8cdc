//! Reasons to refuse bytes as an HTTP/1 head.

/// A reason to refuse a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The payload does not start with a head: it is the middle of a stream, or another protocol.
    #[error("payload does not start with an HTTP/1 head")]
    NotHttp,
    /// The payload starts with a line that contains an HTTP version but is not a start line of
    /// HTTP/1: the version is another one, or the method, target or status is missing or invalid.
    #[error("HTTP start line is not one of HTTP/1")]
    BadStartLine,
    /// The payload begins like a start line and ends before the line does.
    #[error("HTTP/1 start line is cut short")]
    Truncated,
}
