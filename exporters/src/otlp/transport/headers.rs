//! Headers from the configuration, such as an API key.

use std::collections::BTreeMap;
use std::fmt;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use tidegate_runtime::component::BuildError;
use tidegate_runtime::config::{MASK, Setting, Shape, Value};

/// Headers that the exporter or HTTP itself controls, besides those that begin with `content-` or
/// `grpc-`.
const RESERVED: [&str; 11] = [
    "accept-encoding",
    "connection",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Parts of the names of headers that are credentials.
const CREDENTIALS: [&str; 7] = [
    "auth",
    "cookie",
    "credential",
    "key",
    "password",
    "secret",
    "token",
];

/// Metadata of every request, by name. The values are secrets and appear in no output.
#[derive(Clone, Default, Deserialize, PartialEq)]
#[serde(transparent)]
pub struct Headers(pub(crate) BTreeMap<String, String>);

impl Setting for Headers {
    fn shape() -> Shape {
        BTreeMap::<String, String>::shape()
    }

    fn to_toml(&self) -> Option<Value> {
        let masked = self.0.keys().map(|name| (name.clone(), MASK.into()));
        Some(Value::Table(masked.collect()))
    }
}

impl Headers {
    /// Converts the headers, with values marked as sensitive.
    ///
    /// # Errors
    ///
    /// Fails for a reserved name, and for a name or value that HTTP does not allow.
    pub(crate) fn to_map(&self) -> Result<HeaderMap, BuildError> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.0 {
            let key = header_name("headers", name)?;
            let value = sensitive(value).ok_or_else(|| BuildError {
                key: "headers",
                message: format!("`{name}` has a value that is not valid in a header"),
            })?;
            headers.insert(key, value);
        }
        Ok(headers)
    }

    /// The values, which no output shows.
    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(String::as_str)
    }

    /// The first header that is a credential by its name.
    pub(crate) fn credential(&self) -> Option<&str> {
        let is_credential = |name: &&String| {
            let name = name.to_ascii_lowercase();
            CREDENTIALS.iter().any(|part| name.contains(part))
        };
        self.0.keys().find(is_credential).map(String::as_str)
    }

    /// Whether there is a header of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.keys().any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// Checks the name of a header that is configured under `key`.
pub(super) fn header_name(key: &'static str, name: &str) -> Result<HeaderName, BuildError> {
    let error = |problem: &str| BuildError {
        key,
        message: format!("`{name}` {problem}"),
    };
    let lower = name.to_ascii_lowercase();
    if RESERVED.contains(&&*lower) || lower.starts_with("grpc-") || lower.starts_with("content-") {
        return Err(error("is set by the exporter or not allowed in HTTP/2"));
    }
    if lower.ends_with("-bin") {
        return Err(error("would have to be binary, which a text cannot be"));
    }
    HeaderName::from_bytes(lower.as_bytes()).map_err(|_| error("is not a valid header name"))
}

/// A value that logs of HTTP do not show; `None` if it is not valid in a header.
pub(super) fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    let is_ascii = value.to_str().is_ok();
    value.set_sensitive(true);
    is_ascii.then_some(value)
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
