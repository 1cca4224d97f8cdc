//! URLs, as text: nothing is resolved or normalised.

use std::borrow::Cow;

/// The URL without query and fragment, as Go (1.26) writes one that it has read and of which both
/// were emptied: a single `?` with nothing behind it stays.
pub(crate) fn without_query(url: Cow<'_, str>) -> Cow<'_, str> {
    let bytes = url.as_bytes();
    let fragment = bytes
        .iter()
        .position(|byte| *byte == b'#')
        .unwrap_or(bytes.len());
    let query = bytes[..fragment]
        .iter()
        .position(|byte| *byte == b'?')
        .unwrap_or(fragment);
    let end = if query + 1 == fragment {
        fragment
    } else {
        query
    };
    if end == bytes.len() {
        url
    } else {
        Cow::Owned(url[..end].to_owned())
    }
}

/// Where the password is, if there is one.
pub(crate) fn password(url: &str) -> Option<(usize, usize)> {
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
pub(crate) fn target(url: &str) -> &str {
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
    url.bytes()
        .position(|byte| matches!(byte, b'/' | b'?' | b'#'))
        .unwrap_or(url.len())
}

#[cfg(test)]
mod tests {
    use super::{password, target, without_query};

    #[test]
    fn a_password_is_found_where_there_is_one() {
        for (url, expected) in [
            ("http://u:p@h/x?y=1", Some("p")),
            ("http://u:@h/", Some("")),
            ("http://u:p@w@h:80", Some("p@w")),
            ("//u:p@h/x", Some("p")),
            ("http://u@h/", None),
            ("http://h:80/a:b@c", None),
            ("/a?b=http://u:p@h", None),
            ("a:b@c", None),
            ("", None),
        ] {
            assert_eq!(
                password(url).map(|(start, end)| &url[start..end]),
                expected,
                "{url}"
            );
        }
    }

    #[test]
    fn query_and_fragment_go_together() {
        for (url, expected) in [
            ("http://h/x?y=1#z", "http://h/x"),
            ("http://h/x#z?y", "http://h/x"),
            ("http://h?y=1", "http://h"),
            ("http://h/x?", "http://h/x?"),
            ("http://h/x?#z", "http://h/x?"),
            ("http://h/x??", "http://h/x"),
            ("/x?a?", "/x"),
            ("*", "*"),
            ("", ""),
        ] {
            assert_eq!(without_query(url.into()), expected, "{url}");
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
