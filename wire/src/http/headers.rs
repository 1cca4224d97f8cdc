//! Header lines, parsed by httparse if all of them are well formed, otherwise one by one.

use httparse::{EMPTY_HEADER, Status};

use super::line::is_token;
use super::{Head, Header, StartLine};

/// Maximum number of headers, more than servers commonly accept. The others are omitted, as if they
/// were not captured.
const MAX_HEADERS: usize = 100;

/// Number of headers that is enough for most heads, or for the captured part of them.
const COMMON_HEADERS: usize = 16;

/// The headers that determine the end of a message.
const FRAMING: [&str; 2] = ["content-length", "transfer-encoding"];

/// Reads the headers, which start at `at` in the payload.
pub(super) fn read<'a>(start: StartLine<'a>, payload: &'a [u8], at: usize) -> Head<'a> {
    match strictly::<COMMON_HEADERS>(start, payload, at) {
        Err(httparse::Error::TooManyHeaders) => strictly_many(start, payload, at),
        Ok(head) => head,
        Err(_) => line_by_line(start, payload, at),
    }
}

#[cold]
fn strictly_many<'a>(start: StartLine<'a>, payload: &'a [u8], at: usize) -> Head<'a> {
    strictly::<MAX_HEADERS>(start, payload, at).unwrap_or_else(|_| line_by_line(start, payload, at))
}

fn strictly<'a, const MAX: usize>(
    start: StartLine<'a>,
    payload: &'a [u8],
    at: usize,
) -> Result<Head<'a>, httparse::Error> {
    let mut buffer = [EMPTY_HEADER; MAX];
    let len = match httparse::parse_headers(&payload[at..], &mut buffer)? {
        Status::Complete((len, _)) => Some(at + len),
        Status::Partial => None,
    };
    // httparse fills the buffer from the front; the rest stays empty if it stops early.
    let read = buffer.iter().take_while(|header| !header.name.is_empty());
    let headers = read
        .map(|&httparse::Header { name, value }| Header { name, value })
        .collect();
    let mut head = Head {
        start,
        headers,
        len,
        bad_headers: 0,
        is_framing_clear: len.is_some(),
    };
    if len.is_none() && payload.ends_with(b"\n") {
        // The next line could be a continuation of this one.
        head.headers.pop();
    }
    Ok(head)
}

/// Reads headers that httparse refuses, line by line.
#[cold]
fn line_by_line<'a>(start: StartLine<'a>, payload: &'a [u8], mut at: usize) -> Head<'a> {
    let mut head = Head {
        start,
        headers: Vec::new(),
        len: None,
        bad_headers: 0,
        is_framing_clear: true,
    };
    // Whether the previous line is the last header. A fold makes its value unknown.
    let mut may_be_folded = false;
    while let Some(end) = payload[at..].iter().position(|byte| *byte == b'\n') {
        let line = &payload[at..at + end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        at += end + 1;
        if line.is_empty() {
            head.len = Some(at);
            break;
        }
        match header(line) {
            Some(_) if head.headers.len() == MAX_HEADERS => break,
            Some(header) => {
                head.headers.push(header);
                may_be_folded = true;
            }
            None => {
                let is_fold = matches!(line, [b' ' | b'\t', ..]);
                let folded = head.headers.pop_if(|_| is_fold && may_be_folded);
                let name = folded.map_or(line, |header| header.name.as_bytes());
                head.bad_headers += 1;
                head.is_framing_clear &= !may_frame(name);
                may_be_folded = false;
            }
        }
    }
    head.is_framing_clear &= head.len.is_some();
    if head.len.is_none() && may_be_folded && matches!(payload[at..], [] | [b' ' | b'\t', ..]) {
        head.headers.pop();
    }
    head
}

/// Parses a well-formed header line. A line that begins with white space is a fold, not a header.
fn header(line: &[u8]) -> Option<Header<'_>> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = &line[..colon];
    let value = line[colon + 1..].trim_ascii();
    let is_well_formed = !name.is_empty()
        && name.iter().all(|byte| is_token(*byte))
        && value
            .iter()
            .all(|byte| !byte.is_ascii_control() || *byte == b'\t');
    if is_well_formed {
        Some(Header {
            name: std::str::from_utf8(name).ok()?,
            value,
        })
    } else {
        None
    }
}

/// Whether a malformed line could be one of the headers that determine the end of the message.
fn may_frame(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    let letters = || {
        name.iter()
            .filter(|byte| byte.is_ascii_alphabetic())
            .map(u8::to_ascii_lowercase)
    };
    FRAMING.iter().any(|framing| {
        framing
            .bytes()
            .filter(u8::is_ascii_alphabetic)
            .eq(letters())
    })
}
