//! A text that is never printed.

use std::fmt::{self, Debug, Formatter};

use serde::Deserialize;
use tidegate_runtime::config::{MASK, Setting, Shape, Value};

/// A secret. Its `Debug` form does not have it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(String);

impl Secret {
    /// The text itself.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Why it cannot be a bearer token of RFC 6750, if it cannot.
    pub(crate) fn not_a_token(&self) -> Option<&'static str> {
        if self.0.is_empty() {
            return Some("it is empty");
        }
        let fits = self.0.bytes().all(|byte| byte.is_ascii_graphic());
        (!fits).then_some("a token is printable ASCII without spaces")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Setting for Secret {
    fn shape() -> Shape {
        String::shape()
    }

    fn to_toml(&self) -> Option<Value> {
        Some(MASK.into())
    }
}

impl Debug for Secret {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn a_secret_is_not_shown_and_has_to_fit_a_header() {
        assert_eq!(format!("{:?}", Secret::from("hunter2")), "Secret(..)");
        assert_eq!(Secret::from("hunter2-_~+/=").not_a_token(), None);
        for text in ["", "a b", "a\nb", "ä"] {
            assert!(Secret::from(text).not_a_token().is_some(), "{text:?}");
        }
    }
}
