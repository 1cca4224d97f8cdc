//! The formats of lines, and the signals that can be written as lines.

use tidegate_model::{Kind, Kinds};
use tidegate_runtime::component::BuildError;
use tidegate_runtime::config::{Signal, Signals};

/// What can be written as lines.
pub(crate) const WRITABLE: Kinds =
    Kinds::of(&[Kind::Flow, Kind::Lost, Kind::AgentEvent, Kind::DebugEvent]);

tidegate_runtime::config_choice! {
    /// The format of the lines.
    pub(crate) enum Format {
        /// As `hubble observe` prints them.
        Compact = "compact",
        /// As Hubble's exporter writes them.
        Json = "json",
    }
}

impl Format {
    /// The kinds of records that are written: those of `signals` or, by default, those that Hubble
    /// writes in this format.
    pub(crate) fn kinds(self, signals: Option<&Signals>) -> Kinds {
        match (signals, self) {
            (Some(signals), _) => signals.kinds(),
            (None, Self::Compact) => Kinds::of(&[Kind::Flow, Kind::Lost]),
            (None, Self::Json) => WRITABLE,
        }
    }
}

/// Refuses a list of `signals` that is empty, or has some that cannot be written as lines.
pub(crate) fn check_signals(kinds: Kinds, signals: Option<&Signals>) -> Result<(), BuildError> {
    let refused = kinds.without(WRITABLE);
    let message = if kinds.is_empty() {
        "the list is empty; remove the exporter, or the key".to_owned()
    } else if signals.is_some_and(|signals| signals.contains(Signal::Traces)) {
        "traces cannot be written as lines; the otlp exporter takes them".to_owned()
    } else if !refused.is_empty() {
        format!("{refused} cannot be written as lines; the prometheus and otlp exporters take them")
    } else {
        return Ok(());
    };
    Err(BuildError {
        key: "signals",
        message,
    })
}
