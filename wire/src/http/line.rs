//! Start lines.

use super::{Reason, StartLine};

/// The methods of IANA's registry that clients use. One of them is recognised before the line is
/// whole; any other word is a method only in a line that is.
pub(super) const METHODS: [&str; 20] = [
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

/// The longest method of the registry has 17 letters.
const LONGEST_METHOD: usize = 32;

/// Reads a start line without its line feed; `is_whole` says whether there was one.
pub(super) fn read(line: &[u8], is_whole: bool) -> Result<StartLine<'_>, Reason> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match line {
        [] if !is_whole => Err(Reason::Truncated),
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', ..] => response(line, is_whole),
        [b'A'..=b'Z' | b'a'..=b'z', ..] => request(line, is_whole),
        _ => Err(Reason::NotHttp),
    }
}

/// `GET /path HTTP/1.1`. The version at the line's end is what makes a line of text a request's.
fn request(line: &[u8], is_whole: bool) -> Result<StartLine<'_>, Reason> {
    let line = line.trim_ascii_end();
    let (line, minor_version) = match line {
        [
            line @ ..,
            b' ' | b'\t',
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            b'1',
            b'.',
            minor @ (b'0' | b'1'),
        ] => (line, minor - b'0'),
        [
            ..,
            b' ',
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            b'0'..=b'9',
            b'.',
            b'0'..=b'9',
        ] if is_whole => {
            return Err(Reason::BadStartLine);
        }
        _ if is_whole => return Err(Reason::NotHttp),
        _ => return Err(unfinished(line)),
    };
    let space = line
        .iter()
        .position(|byte| *byte == b' ')
        .ok_or(Reason::BadStartLine)?;
    let method = method(&line[..space]).ok_or(Reason::BadStartLine)?;
    let target = line[space..].trim_ascii();
    if !is_target(method, target) {
        return Err(Reason::BadStartLine);
    }
    Ok(StartLine::Request {
        method,
        target,
        minor_version,
    })
}

/// `HTTP/1.1 200 OK`; what stands behind the code is of no consequence.
fn response(line: &[u8], is_whole: bool) -> Result<StartLine<'_>, Reason> {
    let cut = if is_whole {
        Reason::BadStartLine
    } else {
        Reason::Truncated
    };
    let Some((version, rest)) = line.split_at_checked(b"HTTP/1.x".len()) else {
        return Err(if b"HTTP/1.".starts_with(line) {
            cut
        } else {
            Reason::BadStartLine
        });
    };
    let minor_version = match version {
        [
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            b'1',
            b'.',
            minor @ (b'0' | b'1'),
        ] => minor - b'0',
        _ => return Err(Reason::BadStartLine),
    };
    let code = rest.trim_ascii_start();
    match code {
        _ if code.len() == rest.len() && !rest.is_empty() => Err(Reason::BadStartLine),
        [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9']
        | [
            a @ b'1'..=b'9',
            b @ b'0'..=b'9',
            c @ b'0'..=b'9',
            b' ' | b'\t',
            ..,
        ] => {
            let digit = |byte: &u8| u16::from(byte - b'0');
            Ok(StartLine::Response {
                minor_version,
                status: digit(a) * 100 + digit(b) * 10 + digit(c),
            })
        }
        [] | [b'1'..=b'9'] | [b'1'..=b'9', b'0'..=b'9'] => Err(cut),
        _ => Err(Reason::BadStartLine),
    }
}

/// A start line without an end: one that was cut, if it starts as one could.
fn unfinished(line: &[u8]) -> Reason {
    let is_possible = METHODS.iter().any(|method| {
        let common = method.len().min(line.len());
        line[..common] == method.as_bytes()[..common]
            && line.get(method.len()).is_none_or(|&byte| byte == b' ')
    });
    if is_possible || b"HTTP/".starts_with(line) {
        Reason::Truncated
    } else {
        Reason::NotHttp
    }
}

/// A token of RFC 9110 5.6.2, of any case, that begins with a letter.
fn method(token: &[u8]) -> Option<&str> {
    let is_method = token.first().is_some_and(u8::is_ascii_alphabetic)
        && token.len() <= LONGEST_METHOD
        && token.iter().all(|byte| is_token(*byte));
    if is_method {
        std::str::from_utf8(token).ok()
    } else {
        None
    }
}

pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// A path, a URL, or `*`, which not only `OPTIONS` has (`M-SEARCH`, `NOTIFY`); of `CONNECT` an
/// authority.
fn is_target(method: &str, target: &[u8]) -> bool {
    match method {
        "CONNECT" => target.contains(&b':') && !target.starts_with(b"/"),
        _ => {
            target == b"*"
                || target.starts_with(b"/")
                || target.windows(3).any(|part| part == b"://")
        }
    }
}
