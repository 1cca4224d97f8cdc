//! Why bytes are no HTTP/1 head.

/// Why a payload was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The payload does not start with a head: the middle of a stream, or another protocol.
    #[error("payload does not start with an HTTP/1 head")]
    NotHttp,
    /// The payload starts with a line that names HTTP, and that is no start line of HTTP/1: the
    /// version is another one, or a request has no method or target, or a response no status, that
    /// could be one.
    #[error("HTTP start line is not one of HTTP/1")]
    BadStartLine,
    /// The payload ends before the start line does, and begins like one.
    #[error("HTTP/1 start line is cut short")]
    Truncated,
}
