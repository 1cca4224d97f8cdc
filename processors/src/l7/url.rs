//! Parts of URLs, as text: nothing is resolved or normalised, so that a URL that is not redacted is
//! shown as it was sent.

use std::borrow::Cow;
use std::ops::Range;

/// Removes query and fragment as Go (1.26) does when it parses a URL, empties both, and prints it:
/// a `?` with an empty query stays.
pub(crate) fn without_query(url: Cow<'_, str>) -> Cow<'_, str> {
    let fragment = url.find('#').unwrap_or(url.len());
    let query = url[..fragment].find('?').unwrap_or(fragment);
    let end = if query + 1 == fragment {
        fragment
    } else {
        query
    };
    if end == url.len() {
        url
    } else {
        Cow::Owned(url[..end].to_owned())
    }
}

/// Returns where the password is, if there is one.
pub(crate) fn password(url: &str) -> Option<Range<usize>> {
    // Rules out nearly all URLs.
    if !url.as_bytes().contains(&b'@') {
        return None;
    }
    let Range { start, end } = authority(url)?;
    let at = start + url[start..end].rfind('@')?;
    let colon = start + url[start..at].find(':')?;
    Some(colon + 1..at)
}

/// Returns path and query, as in a request line, of a URL with or without scheme and host.
pub(crate) fn target(url: &str) -> &str {
    let target = authority(url).map_or(url, |authority| &url[authority.end..]);
    let target = &target[..target.find('#').unwrap_or(target.len())];
    if target.is_empty() { "/" } else { target }
}

/// Returns where user, host and port are.
fn authority(url: &str) -> Option<Range<usize>> {
    let path = component_len(url);
    let scheme = match url[..path].strip_suffix(':') {
        Some(scheme) if !scheme.is_empty() => path,
        None if path == 0 => 0,
        _ => return None,
    };
    if !url[scheme..].starts_with("//") {
        return None;
    }
    let start = scheme + 2;
    Some(start..start + component_len(&url[start..]))
}

/// Returns the length of the text before the first character that can begin a path, a query or a
/// fragment.
fn component_len(url: &str) -> usize {
    url.bytes()
        .position(|byte| matches!(byte, b'/' | b'?' | b'#'))
        .unwrap_or(url.len())
}

#[cfg(test)]
mod tests {
    use super::{password, target, without_query};

    #[test]
    fn the_password_of_a_url_is_found() {
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
            assert_eq!(password(url).map(|range| &url[range]), expected, "{url}");
        }
    }

    #[test]
    fn query_and_fragment_are_removed_together() {
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
    fn a_target_is_a_url_without_scheme_and_host() {
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
