//! Start lines.

use super::{Reason, StartLine};

/// The methods of IANA's registry that clients use. These are recognised in a truncated line; any
/// other word is a method only in a complete line.
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

/// Maximum length of a method. The longest one of the registry has 17 letters.
const MAX_METHOD: usize = 32;

/// Length of an HTTP version, in bytes.
const VERSION: usize = 8;

/// Reads a start line without its line feed. `is_whole` is whether there was one.
pub(super) fn read(line: &[u8], is_whole: bool) -> Result<StartLine<'_>, Reason> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match line {
        [] if !is_whole => Err(Reason::Truncated),
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', ..] => response(line, is_whole),
        [b'A'..=b'Z' | b'a'..=b'z', ..] => request(line, is_whole),
        _ => Err(Reason::NotHttp),
    }
}

/// Reads `GET /path HTTP/1.1`. The version at the end distinguishes a request from other lines of
/// text.
fn request(line: &[u8], is_whole: bool) -> Result<StartLine<'_>, Reason> {
    let line = line.trim_ascii_end();
    let split =
        line.split_last_chunk::<{ 1 + VERSION }>()
            .and_then(|(line, [separator, version @ ..])| {
                let minor_version = minor_version(version)?;
                matches!(separator, b' ' | b'\t').then_some((line, minor_version))
            });
    let Some((line, minor_version)) = split else {
        return Err(without_version(line, is_whole));
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

/// The reason to refuse a line that does not end with a version of HTTP/1.
fn without_version(line: &[u8], is_whole: bool) -> Reason {
    match line.split_last_chunk::<{ 1 + VERSION }>() {
        _ if !is_whole => truncated_or_other(line),
        Some((_, [b' ', version @ ..])) if is_version(version) => Reason::BadStartLine,
        _ => Reason::NotHttp,
    }
}

/// Reads `HTTP/1.1 200 OK`. The text after the status code is ignored.
fn response(line: &[u8], is_whole: bool) -> Result<StartLine<'_>, Reason> {
    let truncated = if is_whole {
        Reason::BadStartLine
    } else {
        Reason::Truncated
    };
    let Some((version, rest)) = line.split_first_chunk() else {
        return Err(if b"HTTP/1.".starts_with(line) {
            truncated
        } else {
            Reason::BadStartLine
        });
    };
    let minor_version = minor_version(version).ok_or(Reason::BadStartLine)?;
    let code = rest.trim_ascii_start();
    if code.len() == rest.len() && !rest.is_empty() {
        return Err(Reason::BadStartLine);
    }
    Ok(StartLine::Response {
        minor_version,
        status: status(code, truncated)?,
    })
}

fn status(code: &[u8], truncated: Reason) -> Result<u16, Reason> {
    let digit = |byte: u8| u16::from(byte - b'0');
    match *code {
        [
            a @ b'1'..=b'9',
            b @ b'0'..=b'9',
            c @ b'0'..=b'9',
            ref rest @ ..,
        ] if matches!(rest, [] | [b' ' | b'\t', ..]) => {
            Ok(digit(a) * 100 + digit(b) * 10 + digit(c))
        }
        [] | [b'1'..=b'9'] | [b'1'..=b'9', b'0'..=b'9'] => Err(truncated),
        _ => Err(Reason::BadStartLine),
    }
}

/// The minor version of HTTP/1.
fn minor_version(version: &[u8; VERSION]) -> Option<u8> {
    match version {
        b"HTTP/1.0" => Some(0),
        b"HTTP/1.1" => Some(1),
        _ => None,
    }
}

/// Whether this is a version of HTTP, such as `HTTP/2.0`.
fn is_version(version: &[u8; VERSION]) -> bool {
    let [name @ .., major, dot, minor] = version;
    name == b"HTTP/" && *dot == b'.' && major.is_ascii_digit() && minor.is_ascii_digit()
}

/// The reason to refuse a line without an end: truncated, if it begins like a start line.
fn truncated_or_other(line: &[u8]) -> Reason {
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

/// A method: a token of RFC 9110 5.6.2 in any case that begins with a letter.
fn method(token: &[u8]) -> Option<&str> {
    let is_method = token.first().is_some_and(u8::is_ascii_alphabetic)
        && token.len() <= MAX_METHOD
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

/// Whether this is a target of the method: an authority for `CONNECT`; a path, a URL or `*` for
/// others. `*` is not limited to `OPTIONS` (`M-SEARCH`, `NOTIFY`).
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
