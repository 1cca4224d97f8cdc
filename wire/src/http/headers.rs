//! Header lines: by httparse where all are well formed, else one by one.

use httparse::{EMPTY_HEADER, Status};

use super::line::is_token;
use super::{Head, Header, StartLine};

/// More headers than servers commonly accept; those beyond are left out, as if cut.
const MAX_HEADERS: usize = 100;

/// More headers than most heads have, or than fit in what is captured of them.
const USUAL_HEADERS: usize = 16;

/// The headers that say where a message ends.
const FRAMING: [&str; 2] = ["content-length", "transfer-encoding"];

/// Reads the headers, which begin at `at` in the payload.
pub(super) fn read<'a>(start: StartLine<'a>, payload: &'a [u8], at: usize) -> Head<'a> {
    match strictly::<USUAL_HEADERS>(start, payload, at) {
        Err(httparse::Error::TooManyHeaders) => many(start, payload, at),
        Ok(head) => head,
        Err(_) => line_by_line(start, payload, at),
    }
}

#[cold]
fn many<'a>(start: StartLine<'a>, payload: &'a [u8], at: usize) -> Head<'a> {
    strictly::<MAX_HEADERS>(start, payload, at).unwrap_or_else(|_| line_by_line(start, payload, at))
}

fn strictly<'a, const MOST: usize>(
    start: StartLine<'a>,
    payload: &'a [u8],
    at: usize,
) -> Result<Head<'a>, httparse::Error> {
    let mut buffer = [EMPTY_HEADER; MOST];
    let len = match httparse::parse_headers(&payload[at..], &mut buffer)? {
        Status::Complete((len, _)) => Some(at + len),
        Status::Partial => None,
    };
    // httparse fills the buffer from the front and leaves the rest empty where it stops early.
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
        // The next line could continue this one.
        head.headers.pop();
    }
    Ok(head)
}

/// Reads what httparse refuses: each line for itself.
#[cold]
fn line_by_line<'a>(start: StartLine<'a>, payload: &'a [u8], mut at: usize) -> Head<'a> {
    let mut head = Head {
        start,
        headers: Vec::new(),
        len: None,
        bad_headers: 0,
        is_framing_clear: true,
    };
    // Whether the line before is the last of the headers, which a fold makes one of unknown value.
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

/// A well-formed header line; one that begins with white space continues the one before it.
fn header(line: &[u8]) -> Option<Header<'_>> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    let is_good = !name.is_empty()
        && name.iter().all(|byte| is_token(*byte))
        && value
            .iter()
            .all(|byte| !byte.is_ascii_control() || *byte == b'\t');
    if is_good {
        Some(Header {
            name: std::str::from_utf8(name).ok()?,
            value,
        })
    } else {
        None
    }
}

/// Whether a malformed line could have been meant to say where the message ends.
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
