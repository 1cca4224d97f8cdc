//! HTTP/1 heads: the start line and headers at the beginning of a TCP payload, whole or cut short by the capture.
//!
//! The grammar is httparse's (RFC 9112). What stands here is what a capture needs beyond it: a head that stops early
//! gives the start line and the headers that are whole, and bytes from the middle of a stream are no head. Bodies,
//! HTTP/2 and streams over several segments are not read.

mod reason;

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

/// The head of a request or response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head<'a> {
    /// The start line.
    pub start: StartLine<'a>,
    /// The headers that were captured whole, in order.
    pub headers: Vec<Header<'a>>,
    /// Whether all headers are here.
    pub complete: bool,
}

/// The first line of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartLine<'a> {
    /// A request's.
    Request {
        /// The method.
        method: &'a str,
        /// The target as sent: a path, a URL, an authority or `*`.
        target: &'a str,
        /// 0 or 1, of HTTP/1.
        minor_version: u8,
    },
    /// A response's.
    Response {
        /// 0 or 1, of HTTP/1.
        minor_version: u8,
        /// The status code.
        status: u16,
    },
}

impl StartLine<'_> {
    /// `HTTP/1.0` or `HTTP/1.1`.
    #[must_use]
    pub fn protocol(&self) -> &'static str {
        match self {
            Self::Request { minor_version: 0, .. } | Self::Response { minor_version: 0, .. } => "HTTP/1.0",
            _ => "HTTP/1.1",
        }
    }
}

/// One header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name as sent.
    pub name: &'a str,
    /// The value without surrounding white space.
    pub value: &'a [u8],
}

impl Header<'_> {
    /// Whether this is its name, in any case.
    #[must_use]
    #[inline]
    pub fn is(&self, name: &str) -> bool {
        // Mostly it is written as everybody writes it, which is found out faster.
        self.name.len() == name.len() && (self.name == name || self.name.eq_ignore_ascii_case(name))
    }
}

impl<'a> Head<'a> {
    /// The value of the first header of that name, in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        let mut headers = self.headers.iter();
        let header = headers.find(|header| header.is(name))?;
        Some(header.value)
    }

    /// The host that a request names, if it is text.
    #[must_use]
    pub fn host(&self) -> Option<&'a str> {
        std::str::from_utf8(self.header("Host")?).ok()
    }
}

/// Whether bytes could begin a head: so do all that [`parse`] reads, and few others.
#[must_use]
pub fn may_be_head(bytes: [u8; 4]) -> bool {
    // A method has three letters, and those of HTTP/1 are capitals: without the fifth bit, behind `@`.
    let letters = u32::from_le_bytes(bytes) & 0x00ff_ffff;
    letters & 0x00e0_e0e0 == 0x0040_4040
}

/// Reads the head that a TCP payload starts with.
///
/// # Errors
///
/// The payload starts with no HTTP/1 head, or ends before the start line is whole.
pub fn parse(payload: &[u8]) -> Result<Head<'_>, Reason> {
    let mut headers = [EMPTY_HEADER; USUAL_HEADERS];
    match read(payload, &mut headers)? {
        (_, End::NoRoom) => parse_long(payload),
        (start, end) => Ok(Head { start, headers: captured(&headers), complete: end == End::Complete }),
    }
}

/// Of the most headers.
#[cold]
fn parse_long(payload: &[u8]) -> Result<Head<'_>, Reason> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let (start, end) = read(payload, &mut headers)?;
    Ok(Head { start, headers: captured(&headers), complete: end == End::Complete })
}

/// Reads the first line of the head that a TCP payload starts with. That is a fraction of the whole, whose headers may
/// still turn out to be malformed.
///
/// # Errors
///
/// As [`parse`] before the first header.
#[inline]
pub fn start_line(payload: &[u8]) -> Result<StartLine<'_>, Reason> {
    read(payload, &mut []).map(|(start, _)| start)
}

/// Where reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Complete,
    /// At the end of the payload.
    Cut,
    /// At the first header that there was no room for.
    NoRoom,
}

#[inline]
fn read<'a>(payload: &'a [u8], headers: &mut [httparse::Header<'a>]) -> Result<(StartLine<'a>, End), Reason> {
    match payload {
        [] => Err(Reason::Truncated),
        [b'H', b'T', b'T', b'P', ..] => read_response(payload, headers),
        // httparse would pass over empty lines first.
        [b'A'..=b'Z', ..] => read_request(payload, headers),
        _ => Err(Reason::NotHttp),
    }
}

fn read_request<'a>(payload: &'a [u8], headers: &mut [httparse::Header<'a>]) -> Result<(StartLine<'a>, End), Reason> {
    let mut request = httparse::Request::new(headers);
    let end = end(request.parse(payload))?;
    let (Some(method), Some(target), Some(minor_version)) = (request.method, request.path, request.version) else {
        return Err(unfinished(payload));
    };
    if !METHODS.contains(&method) || !is_target(method, target) {
        return Err(Reason::NotHttp);
    }
    Ok((StartLine::Request { method, target, minor_version }, end))
}

fn read_response<'a>(payload: &'a [u8], headers: &mut [httparse::Header<'a>]) -> Result<(StartLine<'a>, End), Reason> {
    let mut response = httparse::Response::new(headers);
    let end = end(response.parse(payload))?;
    let (Some(minor_version), Some(status)) = (response.version, response.code) else {
        return Err(Reason::Truncated);
    };
    if !(100..600).contains(&status) {
        return Err(Reason::NotHttp);
    }
    Ok((StartLine::Response { minor_version, status }, end))
}

fn end(parsed: httparse::Result<usize>) -> Result<End, Reason> {
    match parsed {
        Ok(Status::Complete(_)) => Ok(End::Complete),
        Ok(Status::Partial) => Ok(End::Cut),
        Err(httparse::Error::TooManyHeaders) => Ok(End::NoRoom),
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
