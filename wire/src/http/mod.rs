//! HTTP/1 heads: the start line and headers at the beginning of a TCP payload, whole or cut short by the capture.
//!
//! The grammar is httparse's (RFC 9112). What stands here is what a capture needs beyond it: a head that stops early
//! gives the start line and the headers that are whole, and bytes from the middle of a stream are no head. Bodies,
//! HTTP/2 and streams over several segments are not read.

mod head;
mod reason;

pub use head::{Head, Header, StartLine};
use httparse::{EMPTY_HEADER, Status};
pub use reason::Reason;

/// More headers than servers commonly accept; those beyond are left out, as if cut.
const MAX_HEADERS: usize = 100;

/// More headers than most heads have, or than fit in what is captured of them.
const USUAL_HEADERS: usize = 16;

/// The methods of IANA's registry that clients use. A word in a body is seldom one, whatever follows it.
const METHODS: [&str; 20] = [
    "GET",
    "POST",
    "PUT",
    "HEAD",
    "DELETE",
    "OPTIONS",
    "PATCH",
    "CONNECT",
    "TRACE",
    "QUERY",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "REPORT",
    "SEARCH",
    "PURGE",
];

/// Whether bytes could begin a head: so do all that [`parse`] reads, and few others.
#[must_use]
pub fn may_be_head(bytes: [u8; 4]) -> bool {
    // A method has three letters at least, and those of HTTP/1 are capitals: their upper three bits are 010.
    let letters = u32::from_le_bytes(bytes) & 0x00ff_ffff;
    letters & 0x00e0_e0e0 == 0x0040_4040
}

/// Reads the head that a TCP payload starts with.
///
/// # Errors
///
/// The payload starts with no HTTP/1 head, or ends before the start line is whole.
pub fn parse(payload: &[u8]) -> Result<Head<'_>, Reason> {
    start(payload)?.head()
}

/// Reads the first line of the head that a TCP payload starts with. That is a fraction of the whole, whose headers may
/// still turn out to be malformed.
///
/// # Errors
///
/// As [`parse`] before the first header.
pub fn start(payload: &[u8]) -> Result<Start<'_>, Reason> {
    // No token of the line has an end of line in it, so httparse need not see what is behind the first one.
    let end = payload.iter().position(|byte| *byte == b'\n').map(|end| end + 1);
    let (line, headers) = payload.split_at(end.unwrap_or(payload.len()));
    let headers = end.map(|_| headers);
    match line {
        [] => Err(Reason::Truncated),
        [b'H', b'T', b'T', b'P', ..] => Ok(Start { line: response_line(line)?, headers }),
        // httparse would pass over empty lines first.
        [b'A'..=b'Z', ..] => Ok(Start { line: request_line(line)?, headers }),
        _ => Err(Reason::NotHttp),
    }
}

/// A head of which the first line was read.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// The line.
    pub line: StartLine<'a>,
    /// What is behind the line, if its end was captured.
    headers: Option<&'a [u8]>,
}

impl<'a> Start<'a> {
    /// Reads the rest of the head.
    ///
    /// # Errors
    ///
    /// A header is malformed.
    pub fn head(self) -> Result<Head<'a>, Reason> {
        let Self { line: start, headers: Some(bytes) } = self else {
            return Ok(Head { start: self.line, headers: Vec::new(), complete: false });
        };
        let mut headers = [EMPTY_HEADER; USUAL_HEADERS];
        match httparse::parse_headers(bytes, &mut headers) {
            Err(httparse::Error::TooManyHeaders) => many_headers(start, bytes),
            read => Ok(Head { start, complete: is_complete(read)?, headers: captured(&headers) }),
        }
    }
}

#[cold]
fn many_headers<'a>(start: StartLine<'a>, bytes: &'a [u8]) -> Result<Head<'a>, Reason> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let read = httparse::parse_headers(bytes, &mut headers);
    Ok(Head { start, complete: is_complete(read)?, headers: captured(&headers) })
}

fn request_line(line: &[u8]) -> Result<StartLine<'_>, Reason> {
    let mut request = httparse::Request::new(&mut []);
    is_complete(request.parse(line))?;
    let (Some(method), Some(target), Some(minor_version)) = (request.method, request.path, request.version) else {
        return Err(unfinished(line));
    };
    if !METHODS.contains(&method) || !is_target(method, target) {
        return Err(Reason::NotHttp);
    }
    Ok(StartLine::Request { method, target, minor_version })
}

fn response_line(line: &[u8]) -> Result<StartLine<'_>, Reason> {
    let mut response = httparse::Response::new(&mut []);
    is_complete(response.parse(line))?;
    let (Some(minor_version), Some(status)) = (response.version, response.code) else {
        return Err(Reason::Truncated);
    };
    if !(100..600).contains(&status) {
        return Err(Reason::NotHttp);
    }
    Ok(StartLine::Response { minor_version, status })
}

fn is_complete<T>(parsed: httparse::Result<T>) -> Result<bool, Reason> {
    match parsed {
        Ok(Status::Complete(_)) => Ok(true),
        Ok(Status::Partial) | Err(httparse::Error::TooManyHeaders) => Ok(false),
        Err(_) => Err(Reason::NotHttp),
    }
}

/// A start line without an end: one that was cut, if it starts as one could.
fn unfinished(payload: &[u8]) -> Reason {
    let possible = METHODS.iter().any(|method| {
        let common = method.len().min(payload.len());
        payload[..common] == method.as_bytes()[..common] && payload.get(method.len()).is_none_or(|&byte| byte == b' ')
    });
    if possible || b"HTTP".starts_with(payload) { Reason::Truncated } else { Reason::NotHttp }
}

fn is_target(method: &str, target: &str) -> bool {
    match method {
        "CONNECT" => target.contains(':'),
        "OPTIONS" if target == "*" => true,
        _ => target.starts_with('/') || target.contains("://"),
    }
}

/// httparse fills the buffer from the front and leaves the rest empty when it stops early.
fn captured<'a>(buffer: &[httparse::Header<'a>]) -> Vec<Header<'a>> {
    let count = buffer.iter().position(|header| header.name.is_empty()).unwrap_or(buffer.len());
    buffer[..count].iter().map(|&httparse::Header { name, value }| Header { name, value }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_could_begin_a_head() {
        for method in METHODS {
            let line = format!("{method} /");
            assert!(may_be_head(*line.as_bytes().first_chunk().unwrap()), "{method}");
        }
    }
}
