//! Masks credentials in logs and error messages.

use std::borrow::Cow;

/// The replacement of a secret.
pub const MASK: &str = "***";

/// The text with the user information of URLs (RFC 3986, 3.2.1) and with their queries masked:
/// `http://user:password@host/?key=1` becomes `http://***@host/?***`. A password that is not
/// encoded may contain `/` or `?`, so everything up to the last `@` counts as user information.
#[must_use]
pub fn mask_url(text: &str) -> Cow<'_, str> {
    let secrets = url_secrets(text);
    if secrets.iter().all(std::ops::Range::is_empty) {
        return Cow::Borrowed(text);
    }
    let mut masked = String::with_capacity(text.len());
    let mut end = 0;
    for secret in secrets {
        masked.push_str(&text[end..secret.start]);
        masked.push_str(if secret.is_empty() { "" } else { MASK });
        end = secret.end;
    }
    masked.push_str(&text[end..]);
    Cow::Owned(masked)
}

/// The places of the secrets of a URL: its user information and its query. Either may be empty.
#[must_use]
pub fn url_secrets(text: &str) -> [std::ops::Range<usize>; 2] {
    let authority = text.find("://").map(|at| at + 3);
    let start = authority.unwrap_or(0);
    let user = text[start..]
        .rfind('@')
        .map_or(start..start, |at| start..start + at);
    // Without a scheme, `user:password@host` is probably a URL; `user@host` may be anything.
    let user = if authority.is_some() || text[user.clone()].contains(':') {
        user
    } else {
        start..start
    };
    let query = match text[user.end..]
        .find(['?', '#'])
        .filter(|_| authority.is_some())
    {
        Some(at) => user.end + at + 1..text.len(),
        None => text.len()..text.len(),
    };
    [user, query]
}

#[cfg(test)]
mod tests {
    use super::mask_url;

    #[test]
    fn user_information_and_queries_of_urls_are_masked() {
        let cases = [
            ("http://alice:s3cret@host:4317/", "http://***@host:4317/"),
            ("https://token@host", "https://***@host"),
            ("http://alice:p/w?d@host:1", "http://***@host:1"),
            ("http://alice:p@w@host", "http://***@host"),
            ("http://host/?api_key=1#x", "http://host/?***"),
            ("http://host:4317#s3cret", "http://host:4317#***"),
            ("http://a@host/?b", "http://***@host/?***"),
            ("alice:s3cret@host:4317", "***@host:4317"),
            ("http://@host", "http://@host"),
            ("http://host:4317", "http://host:4317"),
            ("ops@example.com", "ops@example.com"),
            ("what?", "what?"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(mask_url(text), expected, "{text}");
        }
    }
}
