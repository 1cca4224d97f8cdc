//! Where a message ends: RFC 9112 6.

use httparse::Status;

use super::{Head, StartLine};

/// What follows a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// So many bytes; 0 for no body.
    Bytes(u64),
    /// Chunks, up to the empty one and the trailers: see [`chunks`].
    Chunked,
    /// Everything until the connection is closed.
    UntilClose,
    /// The head does not tell: it is cut, or its headers contradict each other.
    Unknown,
}

/// Where a body of chunks ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunks {
    /// Behind so many bytes.
    End(usize),
    /// Behind the bytes at hand, and not before so many bytes from the body's first one.
    Beyond(u64),
    /// These are no chunks.
    Malformed,
}

impl Head<'_> {
    /// What follows this head. For a response, `method` is that of the request that it answers;
    /// where that is not known it could be `HEAD`, whose answers have no body whatever their
    /// headers say, and the caller has to take that into account.
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

    /// The last transfer coding, which is the outermost.
    fn coding(&self) -> Option<&[u8]> {
        let last = self.values("Transfer-Encoding").last()?;
        last.rsplit(|byte| *byte == b',')
            .next()
            .map(<[u8]>::trim_ascii)
    }

    /// The length, which may be repeated.
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

/// Finds the end of a body of chunks at the beginning of `bytes`.
#[must_use]
pub fn chunks(bytes: &[u8]) -> Chunks {
    let mut at = 0;
    // At least one more byte comes.
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
            // Behind a chunk come its line end and another chunk.
            None | Some([] | [b'\r']) => return Chunks::Beyond(after_chunk.saturating_add(2)),
            Some([b'\r', b'\n', ..]) => at = end + 2,
            Some([b'\n', ..]) => at = end + 1,
            Some(_) => return Chunks::Malformed,
        }
    }
}

/// The trailers behind the last chunk end with an empty line; `None` if that is not at hand.
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
