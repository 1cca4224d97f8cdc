//! Positive responses.

use serde::Deserialize;

use crate::otlp::messages::ExportResponse;

/// A positive response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Accepted {
    /// Number of records that the backend rejected.
    pub(crate) rejected: u64,
    /// The backend's error message; a warning if it rejected nothing.
    pub(crate) message: String,
}

/// The messages of all signals have the same fields.
impl From<ExportResponse> for Accepted {
    fn from(response: ExportResponse) -> Self {
        let partial = response.partial_success.unwrap_or_default();
        Self {
            rejected: u64::try_from(partial.rejected).unwrap_or(0),
            message: partial.error_message,
        }
    }
}

/// A response in OTLP JSON.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct JsonResponse {
    partial_success: Option<JsonPartialSuccess>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct JsonPartialSuccess {
    #[serde(alias = "rejectedDataPoints", alias = "rejectedSpans")]
    rejected_log_records: JsonInteger,
    error_message: String,
}

/// A 64-bit integer, which is a string in JSON. Some servers write a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum JsonInteger {
    Number(i64),
    Text(String),
}

impl Default for JsonInteger {
    fn default() -> Self {
        Self::Number(0)
    }
}

impl Accepted {
    /// Reads a response in OTLP JSON. A malformed one counts as an empty one.
    pub(super) fn of_json(body: &[u8]) -> Self {
        let response: JsonResponse = serde_json::from_slice(body).unwrap_or_default();
        let partial = response.partial_success.unwrap_or_default();
        let rejected = match partial.rejected_log_records {
            JsonInteger::Number(number) => u64::try_from(number).unwrap_or(0),
            JsonInteger::Text(text) => text.parse().unwrap_or(0),
        };
        Self {
            rejected,
            message: partial.error_message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Accepted;

    #[test]
    fn a_response_in_json_has_the_number_of_each_signal_as_a_string_or_a_number() {
        let cases = [
            (
                r#"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"old"}}"#,
                3,
                "old",
            ),
            (r#"{"partialSuccess":{"rejectedDataPoints":4}}"#, 4, ""),
            (
                r#"{"partialSuccess":{"rejectedSpans":"5"},"other":1}"#,
                5,
                "",
            ),
            (r#"{"partialSuccess":{"rejectedSpans":"-5"}}"#, 0, ""),
            (r#"{"partialSuccess":null}"#, 0, ""),
            ("{}", 0, ""),
            ("", 0, ""),
            ("<html>", 0, ""),
        ];
        for (body, rejected, message) in cases {
            let accepted = Accepted::of_json(body.as_bytes());
            assert_eq!(
                (accepted.rejected, &*accepted.message),
                (rejected, message),
                "{body}"
            );
        }
    }
}
