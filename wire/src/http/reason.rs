//! Why bytes are no HTTP/1 head.

/// Why a payload was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The payload does not start with a head: the middle of a stream, or another protocol.
    #[error("payload does not start with an HTTP/1 head")]
    NotHttp,
    /// The payload ends before the start line does, and begins like one.
    #[error("HTTP/1 start line is cut short")]
    Truncated,
}
