//! The texts about a backend in health and log.

use super::condition::Condition;
use super::diagnosis::hint;
use crate::otlp::failure::CallError;
use crate::otlp::signal::Signal;
use crate::otlp::transport::{FailedAttempt, Secrets};

/// Characters of a backend's message that are logged at most.
const MAX_TEXT_CHARS: usize = 500;

/// Formats messages about a backend.
#[derive(Debug)]
pub(super) struct MessageFormatter {
    /// The URLs of all endpoints.
    pub(super) endpoints: String,
    /// Values of headers, which a backend may repeat in its response.
    pub(super) secrets: Vec<Secrets>,
}

impl MessageFormatter {
    /// Describes a problem: what it is, the sanitized text of its error, what happens to the
    /// records, and a hint.
    pub(super) fn problem(
        &self,
        signal: Signal,
        condition: Condition,
        text: &str,
        failure: &FailedAttempt,
    ) -> String {
        let endpoint = &*failure.endpoint;
        let signal = signal.name();
        let hint = hint(failure)
            .map(|hint| format!("; {hint}"))
            .unwrap_or_default();
        match condition {
            Condition::Refusing => {
                let fate = fate_of_records(&failure.error);
                format!("{endpoint} refuses {signal}: {text} (its records are {fate}){hint}")
            }
            Condition::Failing => {
                format!("{endpoint} cannot accept {signal} now: {text} (retrying){hint}")
            }
            Condition::Unreachable | Condition::Healthy => {
                format!("cannot reach {endpoint}: {text} (retrying){hint}")
            }
        }
    }

    /// Prepares a backend's text for the log: one line of limited length, with secrets masked.
    pub(super) fn sanitize(&self, text: &str) -> String {
        let text = text.replace(char::is_control, " ");
        let text = self
            .secrets
            .iter()
            .fold(text, |text, secrets| secrets.mask(text));
        match text.char_indices().nth(MAX_TEXT_CHARS) {
            Some((end, _)) => format!("{}...", &text[..end]),
            None => text,
        }
    }
}

/// Returns how the records of a request are counted that is given up after an error.
pub(super) fn fate_of_records(error: &CallError) -> &'static str {
    if error.is_refusal() {
        "dropped with a count"
    } else {
        "counted as unconfirmed"
    }
}
