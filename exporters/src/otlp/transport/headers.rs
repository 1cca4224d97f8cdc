//! Request metadata from the configuration, such as an API key.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use tidegate_runtime::component::BuildError;
use tidegate_runtime::config::{MASK, Setting, Shape, Value};
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue, MetadataMap};

use super::secrets::Secrets;

/// Headers that the exporter or HTTP/2 itself controls, besides those that begin with `grpc-`.
const RESERVED: [&str; 10] = [
    "connection",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
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
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Headers(BTreeMap<String, String>);

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
    /// Converts the headers to gRPC metadata, with values marked as sensitive.
    ///
    /// # Errors
    ///
    /// Fails for a reserved name, and for a name or value that HTTP/2 does not allow.
    pub(super) fn metadata(&self) -> Result<MetadataMap, BuildError> {
        let error = |name: &str, problem: &str| BuildError {
            key: "headers",
            message: format!("`{name}` {problem}"),
        };
        let mut metadata = MetadataMap::new();
        for (name, value) in &self.0 {
            let lower = name.to_ascii_lowercase();
            if RESERVED.contains(&&*lower) || lower.starts_with("grpc-") {
                return Err(error(
                    name,
                    "is set by the exporter or not allowed in HTTP/2",
                ));
            }
            let key = AsciiMetadataKey::from_bytes(lower.as_bytes())
                .map_err(|_| error(name, "is not a valid header name"))?;
            let mut value = AsciiMetadataValue::try_from(value.as_str())
                .map_err(|_| error(name, "has a value that is not valid in a header"))?;
            value.set_sensitive(true);
            metadata.insert(key, value);
        }
        Ok(metadata)
    }

    /// The first header that is a credential by its name.
    pub(crate) fn credential(&self) -> Option<&str> {
        let is_credential = |name: &&String| {
            let name = name.to_ascii_lowercase();
            CREDENTIALS.iter().any(|part| name.contains(part))
        };
        self.0.keys().find(is_credential).map(String::as_str)
    }

    /// Returns what is masked in a backend's messages.
    pub(super) fn secrets(&self) -> Secrets {
        Secrets::of_headers(self.0.values())
    }

    /// Whether there is a header of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.keys().any(|known| known.eq_ignore_ascii_case(name))
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
