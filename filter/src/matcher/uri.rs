//! The path of a request's URL, as Go's `url.ParseRequestURI` reads it (Go 1.26).

use std::borrow::Cow;
use std::net::IpAddr;

/// Returns the path without escapes; `None` if Go refuses the URL. Bytes that are not UTF-8 are
/// replaced one by one, as Go's regular expressions read them.
pub(super) fn request_path(url: &str) -> Option<Cow<'_, str>> {
    let has_control = url.bytes().any(|byte| byte < b' ' || byte == 0x7f);
    if has_control || url.is_empty() {
        return None;
    }
    if url == "*" {
        return Some(url.into());
    }
    let (scheme, rest) = split_scheme(url)?;
    let rest = rest.split_once('?').map_or(rest, |(path, _)| path);
    if !rest.starts_with('/') {
        // What follows a scheme without a slash is no path.
        return (!scheme.is_empty()).then_some("".into());
    }
    let path = match rest.strip_prefix("//") {
        Some(behind) if !scheme.is_empty() => {
            let (authority, path) = behind.split_at(behind.find('/').unwrap_or(behind.len()));
            is_authority(scheme, authority).then_some(path)?
        }
        _ => rest,
    };
    unescape(path)
}

/// Splits a scheme off; `None` for a URL that begins with a colon.
fn split_scheme(url: &str) -> Option<(&str, &str)> {
    let end = url.find(|c: char| !matches!(c, 'a'..='z' | 'A'..='Z' | '0'..='9' | '+' | '-' | '.'));
    match end {
        Some(0) if url.starts_with(':') => None,
        Some(at)
            if url[at..].starts_with(':') && url.starts_with(|c: char| c.is_ascii_alphabetic()) =>
        {
            Some((&url[..at], &url[at + 1..]))
        }
        _ => Some(("", url)),
    }
}

fn is_authority(scheme: &str, authority: &str) -> bool {
    match authority.rsplit_once('@') {
        Some((user, host)) => is_host(scheme, host) && is_user(user),
        None => is_host(scheme, authority),
    }
}

fn is_user(text: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c);
    text.chars().all(is_allowed) && has_valid_escapes(text)
}

fn is_host(scheme: &str, host: &str) -> bool {
    match host.rfind('[') {
        Some(0) => return is_ip_literal(host),
        Some(_) => return false,
        None => {}
    }
    let is_strict = ["http", "https"]
        .iter()
        .any(|strict| scheme.eq_ignore_ascii_case(strict));
    let colon = if is_strict {
        host.find(':')
    } else {
        host.rfind(':')
    };
    colon.is_none_or(|at| is_port(&host[at..])) && is_name(host)
}

/// Whether a host in brackets is an IPv6 address, perhaps with a zone and a port.
fn is_ip_literal(host: &str) -> bool {
    let Some((address, port)) = host[1..].rsplit_once(']') else {
        return false;
    };
    let (number, zone) = match address.split_once("%25") {
        Some((number, zone)) => (number, Some(zone)),
        None => (address, None),
    };
    let is_zone = |zone: &str| !zone.is_empty() && is_zone_text(zone);
    is_port(port)
        && zone.is_none_or(is_zone)
        && number.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv6())
}

/// Whether a text is empty or a colon and digits.
fn is_port(text: &str) -> bool {
    match text.strip_prefix(':') {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_digit()),
        None => text.is_empty(),
    }
}

/// Whether a host has allowed characters only. Only bytes that are not ASCII, and the percent sign,
/// may be escaped.
fn is_name(host: &str) -> bool {
    let bytes = host.as_bytes();
    let is_escape = |at: usize| {
        let escaped = escaped_byte(&bytes[at..]);
        escaped.is_some_and(|byte| byte >= 0x80 || byte == b'%')
    };
    bytes.iter().enumerate().all(|(at, byte)| match byte {
        b'%' => is_escape(at),
        byte => !byte.is_ascii() || is_host_byte(*byte),
    })
}

fn is_zone_text(zone: &str) -> bool {
    let bytes = zone.as_bytes();
    let is_escape = |at: usize| {
        let escaped = escaped_byte(&bytes[at..]);
        escaped.is_some_and(|byte| matches!(byte, b'%' | b' ') || is_host_byte(byte))
    };
    bytes.iter().enumerate().all(|(at, byte)| match byte {
        b'%' => is_escape(at),
        byte => !byte.is_ascii() || is_host_byte(*byte),
    })
}

/// Whether a byte needs no escape in a host.
fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!$&'()*+,;=:[]<>\"-_.~".contains(&byte)
}

fn has_valid_escapes(text: &str) -> bool {
    let bytes = text.as_bytes();
    (0..bytes.len()).all(|at| bytes[at] != b'%' || escaped_byte(&bytes[at..]).is_some())
}

/// Removes escapes; `None` if one is invalid.
fn unescape(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(text.into());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        if *first == b'%' {
            bytes.push(escaped_byte(rest)?);
            rest = &rest[3..];
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    let mut unescaped = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        unescaped.push_str(chunk.valid());
        unescaped.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Some(unescaped.into())
}

/// The byte that an escape at the beginning encodes.
fn escaped_byte(bytes: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = bytes else {
        return None;
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::request_path;

    /// Each was checked with Go 1.26's url.ParseRequestURI.
    const PATHS: &[(&str, Option<&str>)] = &[
        ("", None),
        ("/", Some("/")),
        ("*", Some("*")),
        ("/a/b?c=d#e", Some("/a/b")),
        ("/a#b", Some("/a#b")),
        ("//host/a", Some("//host/a")),
        ("http://host/a", Some("/a")),
        ("http://host", Some("")),
        ("http://host?x", Some("")),
        ("HTTP://host:80/a", Some("/a")),
        ("http://host:x/a", None),
        ("http://a:b:80/", None),
        ("foo://a:b:80/p", Some("/p")),
        ("http://user:pass@host/a", Some("/a")),
        ("http://us er@host/a", None),
        ("http://us%zz@host/a", None),
        ("http://[::1]:80/a", Some("/a")),
        ("http://[::1%25eth0]/a", Some("/a")),
        ("http://[::1/a", None),
        ("http://[1.2.3.4]/a", None),
        ("http://x[::1]/a", None),
        ("http://ho st/a", None),
        ("http://ho%41st/a", None),
        ("http://ho%C3%A9st/a", Some("/a")),
        ("http://hé/a", Some("/a")),
        ("mailto:a@b", Some("")),
        ("http:/a", Some("/a")),
        (":a", None),
        ("a", None),
        ("a/b", None),
        ("1http://x/a", None),
        ("/a%20b", Some("/a b")),
        ("/a%2Fb", Some("/a/b")),
        ("/a%2", None),
        ("/a%zz", None),
        ("/a b", Some("/a b")),
        ("/a\u{7f}", None),
        ("/a\nb", None),
        ("/%ff%fe", Some("\u{2f}\u{fffd}\u{fffd}")),
        ("/%E2%82", Some("/\u{fffd}\u{fffd}")),
    ];

    #[test]
    fn the_path_of_a_url_is_what_go_reads() {
        for &(url, path) in PATHS {
            assert_eq!(request_path(url).as_deref(), path, "{url}");
        }
    }
}
