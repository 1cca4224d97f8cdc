//! The API's own description of a failure.

use serde::Deserialize;

/// `Status` of `meta/v1`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Status {
    pub(super) code: Option<u16>,
    pub(super) reason: Option<String>,
    pub(super) message: Option<String>,
    details: Option<Details>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Details {
    retry_after_seconds: Option<u32>,
}

impl Status {
    /// A description in some other form.
    pub(super) fn with_message(message: String) -> Self {
        Self {
            message: Some(message),
            ..Self::default()
        }
    }

    /// The pause that the server asks for, in seconds.
    pub(super) fn retry_after(&self) -> Option<u32> {
        self.details.as_ref()?.retry_after_seconds
    }
}
