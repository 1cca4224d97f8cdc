//! The end of a message: RFC 9112 6.

use httparse::Status;

use super::{Head, StartLine};

/// The body that follows a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// A body with this number of bytes; 0 for no body.
    Bytes(u64),
    /// Chunks up to the empty one, and trailers: see [`chunks`].
    Chunked,
    /// Everything until the connection is closed.
    UntilClose,
    /// Unknown, because the head is truncated or its headers contradict each other.
    Unknown,
}

/// The end of a body of chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunks {
    /// The body ends after this number of bytes.
    End(usize),
    /// The body does not end within the captured bytes, and has at least this number of bytes.
    Beyond(u64),
    /// The bytes are not chunks.
    Malformed,
}

impl Head<'_> {
    /// Returns the body that follows this head. For a response, `method` is that of its request. If
    /// it is unknown, it could be `HEAD`, whose responses have no body regardless of their headers,
    /// and the caller has to take that into account.
    #[must_use]
    pub fn body(&self, method: Option<&str>) -> Body {
        let is_response = match self.start {
            StartLine::Request { .. } => false,
            StartLine::Response { status, .. } => {
                let is_tunnel = method == Some("CONNECT") && (200..300).contains(&status);
                if method == Some("HEAD") || is_tunnel || matches!(status, 100..200 | 204 | 304) {
                    return if self.is_complete() {
                        Body::Bytes(0)
                    } else {
                        Body::Unknown
                    };
                }
                true
            }
        };
        if !self.is_framing_clear {
            return Body::Unknown;
        }
        match (self.coding(), self.content_length()) {
            (Some(coding), _)
                if coding.eq_ignore_ascii_case(b"chunked") && self.start.minor_version() == 1 =>
            {
                Body::Chunked
            }
            (Some(_), _) | (None, Err(())) => Body::Unknown,
            (None, Ok(Some(length))) => Body::Bytes(length),
            (None, Ok(None)) if is_response => Body::UntilClose,
            (None, Ok(None)) => Body::Bytes(0),
        }
    }

    /// The last transfer coding, which is the outermost one.
    fn coding(&self) -> Option<&[u8]> {
        let last = self.values("Transfer-Encoding").last()?;
        last.rsplit(|byte| *byte == b',')
            .next()
            .map(<[u8]>::trim_ascii)
    }

    /// The content length. The header may be repeated with the same value.
    fn content_length(&self) -> Result<Option<u64>, ()> {
        let mut length = None;
        for value in self
            .values("Content-Length")
            .flat_map(|value| value.split(|byte| *byte == b','))
        {
            let value = decimal(value.trim_ascii()).ok_or(())?;
            if length.is_some_and(|length| length != value) {
                return Err(());
            }
            length = Some(value);
        }
        Ok(length)
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if is_number {
        std::str::from_utf8(digits).ok()?.parse().ok()
    } else {
        None
    }
}

/// Finds the end of a body of chunks at the start of `bytes`.
#[must_use]
pub fn chunks(bytes: &[u8]) -> Chunks {
    let mut at = 0;
    // At least one more byte follows.
    let beyond = Chunks::Beyond(bytes.len() as u64 + 1);
    loop {
        let (line, size) = match httparse::parse_chunk_size(&bytes[at..]) {
            Ok(Status::Complete(chunk)) => chunk,
            Ok(Status::Partial) => return beyond,
            Err(_) => return Chunks::Malformed,
        };
        at += line;
        if size == 0 {
            return trailers(bytes, at).unwrap_or(beyond);
        }
        let after_chunk = (at as u64).saturating_add(size);
        let end = usize::try_from(after_chunk).unwrap_or(usize::MAX);
        match bytes.get(end..) {
            // The end of the line and another chunk follow.
            None | Some([] | [b'\r']) => return Chunks::Beyond(after_chunk.saturating_add(2)),
            Some([b'\r', b'\n', ..]) => at = end + 2,
            Some([b'\n', ..]) => at = end + 1,
            Some(_) => return Chunks::Malformed,
        }
    }
}

/// Finds the empty line that ends the trailers after the last chunk; `None` if it was not captured.
fn trailers(bytes: &[u8], mut at: usize) -> Option<Chunks> {
    while let Some(len) = bytes[at..].iter().position(|byte| *byte == b'\n') {
        let line = &bytes[at..at + len];
        at += len + 1;
        if matches!(line, [] | [b'\r']) {
            return Some(Chunks::End(at));
        }
    }
    None
}
