//! Attributes of a request's URL.

use std::borrow::Cow;

use super::record_writer::LogRecordWriter;
use crate::otlp::mapping;

/// What takes the place of credentials and signatures, by the semantic conventions.
const REDACTED: &str = "REDACTED";

/// Parameters of a query whose values are signatures or credentials, by the semantic conventions
/// (1.44.0).
const SENSITIVE_PARAMETERS: [&str; 7] = [
    "X-Amz-Signature",
    "X-Amz-Credential",
    "X-Amz-Security-Token",
    "AWSAccessKeyId",
    "Signature",
    "sig",
    "X-Goog-Signature",
];

/// The parts of a request target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Url<'a> {
    /// The target as it was reported.
    original: &'a str,
    /// Scheme, and authority with credentials, of an absolute URL.
    absolute: Option<(&'a str, &'a str)>,
    /// `None` if the target is neither a URL nor a path.
    path: Option<&'a str>,
    query: &'a str,
    /// What follows the query.
    fragment: &'a str,
}

impl<'a> Url<'a> {
    pub(super) fn parse(original: &'a str) -> Self {
        let (before_fragment, fragment) = split_before(original, &['#']);
        let (absolute, rest) = match before_fragment.split_once("://") {
            Some((scheme, rest)) if !scheme.contains(['/', '?']) => {
                let (authority, rest) = split_before(rest, &['/', '?']);
                (Some((scheme, authority)), rest)
            }
            _ => (None, before_fragment),
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let has_path = absolute.is_some() || path.starts_with('/');
        Self {
            original,
            absolute,
            path: has_path.then_some(path),
            query,
            fragment,
        }
    }

    /// Returns the scheme of an absolute URL.
    pub(super) fn scheme(&self) -> Option<&'a str> {
        self.absolute.map(|(scheme, _)| scheme)
    }

    /// Returns host and port of an absolute URL.
    pub(super) fn authority(&self) -> Option<&'a str> {
        let (_, authority) = self.absolute?;
        Some(split_credentials(authority).1)
    }

    /// Writes the attributes.
    pub(super) fn write(&self, out: &mut LogRecordWriter<'_>) {
        let Some(path) = self.path else {
            return out.non_empty_string(mapping::URL_ORIGINAL, self.original);
        };
        let query = redacted_query(self.query);
        if let Some((scheme, authority)) = self.absolute {
            let (credentials, host) = split_credentials(authority);
            if credentials.is_none() && matches!(query, Cow::Borrowed(_)) {
                out.string(mapping::URL_FULL, self.original);
            } else {
                let parts = self.redacted(scheme, credentials, host, path, &query);
                out.string(mapping::URL_FULL, &parts);
            }
            out.string(mapping::URL_SCHEME, scheme);
        }
        out.non_empty_string(mapping::URL_PATH, path);
        out.non_empty_string(mapping::URL_QUERY, &query);
    }

    fn redacted(
        &self,
        scheme: &str,
        credentials: Option<&str>,
        host: &str,
        path: &str,
        query: &str,
    ) -> String {
        let credentials = match credentials {
            None => "",
            Some(credentials) if credentials.contains(':') => "REDACTED:REDACTED@",
            Some(_) => "REDACTED@",
        };
        let mark = if query.is_empty() { "" } else { "?" };
        [
            scheme,
            "://",
            credentials,
            host,
            path,
            mark,
            query,
            self.fragment,
        ]
        .concat()
    }
}

/// Splits an authority into the credentials, if it has some, and what follows them.
fn split_credentials(authority: &str) -> (Option<&str>, &str) {
    match authority.rsplit_once('@') {
        Some((credentials, host)) => (Some(credentials), host),
        None => (None, authority),
    }
}

/// Replaces the values of sensitive parameters.
fn redacted_query(query: &str) -> Cow<'_, str> {
    let is_sensitive = |parameter: &str| {
        let name = parameter.split_once('=').map(|(name, _)| name);
        name.is_some_and(|name| SENSITIVE_PARAMETERS.contains(&name))
    };
    if !query.split('&').any(is_sensitive) {
        return Cow::Borrowed(query);
    }
    let redact = |parameter: &str| match parameter.split_once('=') {
        Some((name, _)) if is_sensitive(parameter) => format!("{name}={REDACTED}"),
        _ => parameter.to_owned(),
    };
    let parameters: Vec<_> = query.split('&').map(redact).collect();
    Cow::Owned(parameters.join("&"))
}

/// Splits a text before the first of some characters.
fn split_before<'a>(text: &'a str, stops: &[char]) -> (&'a str, &'a str) {
    text.split_at(text.find(stops).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::{Url, redacted_query};

    #[test]
    fn a_url_has_the_parts_of_its_form() {
        let cases = [
            (
                "http://shop/a?b#c",
                Some("http"),
                Some("shop"),
                Some("/a"),
                "b",
            ),
            (
                "https://u:p@[::1]:8443",
                Some("https"),
                Some("[::1]:8443"),
                Some(""),
                "",
            ),
            (
                "http://h?q=http://x/",
                Some("http"),
                Some("h"),
                Some(""),
                "q=http://x/",
            ),
            (
                "/go?to=http://x/y",
                None,
                None,
                Some("/go"),
                "to=http://x/y",
            ),
            ("*", None, None, None, ""),
            ("db:5432", None, None, None, ""),
            ("", None, None, None, ""),
        ];
        for (text, scheme, authority, path, query) in cases {
            let url = Url::parse(text);
            assert_eq!(url.scheme(), scheme, "{text}");
            assert_eq!(url.authority(), authority, "{text}");
            assert_eq!((url.path, url.query), (path, query), "{text}");
        }
    }

    #[test]
    fn only_values_of_sensitive_parameters_are_redacted() {
        for (query, expected) in [
            ("id=1&sig=abc&x", "id=1&sig=REDACTED&x"),
            (
                "X-Amz-Signature=a&X-Amz-Date=b",
                "X-Amz-Signature=REDACTED&X-Amz-Date=b",
            ),
            ("SIG=a&signature=b&sig", "SIG=a&signature=b&sig"),
            ("", ""),
        ] {
            assert_eq!(redacted_query(query), expected);
        }
    }
}
