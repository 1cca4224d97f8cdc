//! Filters as JSON: `--allowlist` and `--denylist`.

use super::{Flag, WordError};
use crate::FlowFilter;

/// Reads any number of filters, one behind the other.
pub(super) fn filters(flag: &'static Flag, text: &str) -> Result<Vec<FlowFilter>, WordError> {
    serde_json::Deserializer::from_str(text)
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(|error| WordError::Json {
            flag: flag.name,
            value: text.to_owned(),
            reason: error.to_string(),
        })
}
