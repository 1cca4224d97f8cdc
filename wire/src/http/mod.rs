//! HTTP/1 heads: the start line and headers at the beginning of a TCP payload, complete or
//! truncated by the capture, and the end of the message, to find the next one of a pipeline.
//!
//! Follows the grammar of RFC 9112, but tolerantly, since this observes traffic and does not serve
//! it. The start line determines whether bytes are a head. Malformed header lines are skipped and
//! counted. HTTP/0.9, HTTP/2 and heads over several segments are not supported.
//!
//! [`httparse`] parses well-formed headers and chunk sizes. Start lines are parsed here, because
//! httparse does not distinguish a truncated start line from one of another protocol; and so are
//! the headers that it refuses, because it then reports none of the others.

mod body;
mod fast_path;
mod head;
mod headers;
mod line;
mod reason;

pub use body::{Body, Chunks, chunks};
pub use fast_path::may_be_head;
pub use head::{Head, Header, StartLine};
pub use reason::Reason;

/// Reads the head at the start of a TCP payload.
///
/// # Errors
///
/// The payload does not start with an HTTP/1 head, or ends inside the start line.
pub fn parse(payload: &[u8]) -> Result<Head<'_>, Reason> {
    Ok(start(payload)?.head())
}

/// Reads only the start line of the head at the start of a TCP payload, which costs a fraction of
/// [`parse`]. Empty lines before it are skipped (RFC 9112 2.2).
///
/// # Errors
///
/// As [`parse`].
pub fn start(payload: &[u8]) -> Result<Start<'_>, Reason> {
    let empty = match payload {
        [b'\r', b'\n', ..] => payload
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .count(),
        [b'\n', ..] => 1,
        _ => 0,
    };
    let head = &payload[empty..];
    let end = head.iter().position(|byte| *byte == b'\n');
    let line = line::read(&head[..end.unwrap_or(head.len())], end.is_some())?;
    let headers_at = end.map(|end| empty + end + 1);
    Ok(Start {
        line,
        payload,
        line_at: empty,
        headers_at,
    })
}

/// A head whose start line was read.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// The start line.
    pub line: StartLine<'a>,
    /// The position of the start line, which is after empty lines.
    pub line_at: usize,
    payload: &'a [u8],
    /// The position of the headers, if the end of the start line was captured.
    headers_at: Option<usize>,
}

impl<'a> Start<'a> {
    /// Reads the rest of the head.
    #[must_use]
    pub fn head(self) -> Head<'a> {
        let start = self.line;
        match self.headers_at {
            None => Head {
                start,
                headers: Vec::new(),
                len: None,
                bad_headers: 0,
                is_framing_clear: false,
            },
            Some(at) => headers::read(start, self.payload, at),
        }
    }
}
