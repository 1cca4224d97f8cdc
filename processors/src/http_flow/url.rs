//! URLs, as text: nothing is resolved or normalised.

use std::borrow::Cow;

const REDACTED: &str = "HUBBLE_REDACTED";

/// The URL with its password replaced, if it has one: what Hubble does by default.
pub(super) fn without_password(url: Cow<'_, str>) -> String {
    match password(&url) {
        Some((start, end)) => format!("{}{REDACTED}{}", &url[..start], &url[end..]),
        None => url.into_owned(),
    }
}

/// Where the password is, if there is one.
fn password(url: &str) -> Option<(usize, usize)> {
    // Hardly any URL has one, and those who do say so.
    if !url.as_bytes().contains(&b'@') {
        return None;
    }
    let (start, end) = authority(url)?;
    let at = start + url[start..end].rfind('@')?;
    let colon = start + url[start..at].find(':')?;
    Some((colon + 1, at))
}

/// Path and query: what a request line says, with or without scheme and host before it.
pub(super) fn target(url: &str) -> &str {
    let target = authority(url).map_or(url, |(_, end)| &url[end..]);
    let fragment = target.bytes().position(|byte| byte == b'#');
    let target = &target[..fragment.unwrap_or(target.len())];
    if target.is_empty() { "/" } else { target }
}

/// Where user, host and port are.
fn authority(url: &str) -> Option<(usize, usize)> {
    let path = part(url);
    let scheme = match url[..path].strip_suffix(':') {
        Some(scheme) if !scheme.is_empty() => path,
        None if path == 0 => 0,
        _ => return None,
    };
    let start = scheme + 2;
    if !url[scheme..].starts_with("//") {
        return None;
    }
    Some((start, start + part(&url[start..])))
}

/// How long the part is that ends where path, query or fragment may begin.
fn part(url: &str) -> usize {
    url.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(url.len())
}

#[cfg(test)]
mod tests {
    use super::{target, without_password};

    #[test]
    fn only_a_password_is_replaced() {
        for (url, expected) in [
            ("http://u:p@h/x?y=1", "http://u:HUBBLE_REDACTED@h/x?y=1"),
            ("http://u:@h/", "http://u:HUBBLE_REDACTED@h/"),
            ("http://u:p@w@h:80", "http://u:HUBBLE_REDACTED@h:80"),
            ("//u:p@h/x", "//u:HUBBLE_REDACTED@h/x"),
            ("http://u@h/", "http://u@h/"),
            ("http://h:80/a:b@c", "http://h:80/a:b@c"),
            ("/a?b=http://u:p@h", "/a?b=http://u:p@h"),
            ("a:b@c", "a:b@c"),
            ("", ""),
        ] {
            assert_eq!(without_password(url.into()), expected, "{url}");
        }
    }

    #[test]
    fn a_target_has_neither_scheme_nor_host() {
        for (url, expected) in [
            ("http://h:80/x?y=1", "/x?y=1"),
            ("http://h", "/"),
            ("/x?y=http://z/", "/x?y=http://z/"),
            ("//h/x", "/x"),
            ("/x#f", "/x"),
            ("*", "*"),
            ("", "/"),
        ] {
            assert_eq!(target(url), expected, "{url}");
        }
    }
}
