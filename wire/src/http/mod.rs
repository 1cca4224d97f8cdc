//! HTTP/1 heads: the start line and headers at the beginning of a TCP payload, whole or cut short
//! by the capture, and where the message ends, so that the next one of a pipeline can be found.
//!
//! The grammar is RFC 9112's, read as a recipient that has to see traffic rather than to serve it:
//! what is certain is reported. The start line decides whether bytes are a head. A header line that
//! is malformed is left out and counted, and the others are read on. HTTP/0.9, HTTP/2 and streams
//! over several segments are not read.

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

/// Reads the head that a TCP payload starts with.
///
/// # Errors
///
/// The payload starts with no HTTP/1 head, or ends before the start line is whole.
pub fn parse(payload: &[u8]) -> Result<Head<'_>, Reason> {
    Ok(start(payload)?.head())
}

/// Reads the first line of the head that a TCP payload starts with, which is a fraction of the
/// whole. Empty lines before it are passed over, as RFC 9112 2.2 has it.
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

/// A head of which the first line was read.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// The line.
    pub line: StartLine<'a>,
    /// Where the line begins: behind empty lines.
    pub line_at: usize,
    payload: &'a [u8],
    /// Where the headers begin, if the end of the line was captured.
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
