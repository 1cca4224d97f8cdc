//! Writes flows and other events to standard output, a line each: as `hubble observe` prints them,
//! or in the JSON of Hubble's exporter.

mod color;
mod exporter;
mod lines;
mod output;
mod patience;
mod sink;

pub use exporter::{Exporter, WriteError};
pub use lines::Lines;
pub use patience::Pace;

use std::io::IsTerminal;

use color::ColorMode;
use serde::Deserialize;
use tidegate_model::{Kind, Kinds};
use tidegate_runtime::component::{
    BuildContext, BuildError, ComponentKind, ExporterConfig, ExporterKind, Key, Outcomes,
};
use tidegate_runtime::config::{HumanDuration, Signals};
use tidegate_runtime::hold::Hold;
use tidegate_runtime::stage;

/// The kind.
pub const KIND: ExporterKind = ComponentKind {
    name: "stdout",
    about: "Writes flows and other events to standard output, a line each",
    keys: KEYS,
    outcomes: Outcomes {
        dropped: exporter::REASONS,
        ..Outcomes::NONE
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

const KEYS: &[Key] = &[
    Key {
        name: "format",
        default: "\"compact\"",
        effect: "\"compact\" for lines as `hubble observe` prints them, \"json\" for lines as Hubble's exporter writes them",
    },
    Key {
        name: "signals",
        default: "[\"flows\", \"lost\"]",
        effect: "what is written: \"flows\", \"lost\", \"agent_events\", \"debug_events\"; all of them in the format \"json\" if not given",
    },
    Key {
        name: "color",
        default: "\"auto\"",
        effect: "colours of compact lines: \"auto\" on a terminal unless NO_COLOR is set, \"always\", \"never\"",
    },
    Key {
        name: "give_up_after",
        default: "\"30s\"",
        effect: "how long writing is tried again that fails, as on a full disk, before the exporter fails; \"0s\" fails at once; a reader that stalls is waited for",
    },
];

const WRITABLE: Kinds = Kinds::of(&[Kind::Flow, Kind::Lost, Kind::AgentEvent, Kind::DebugEvent]);

/// What can be configured.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The form of the lines. People read `compact` (the default); `json` is for `jq` and for
    /// whatever reads Hubble's exports.
    format: Format,
    /// What is written. If it is not given, what Hubble would write: `hubble observe` flows and
    /// losses, its exporter also agent events and debug events. Change it to see, say, losses
    /// alone.
    signals: Option<Signals>,
    /// Whether compact lines are coloured. `auto`, the default, does so on a terminal, unless
    /// `NO_COLOR` is set or the terminal is `dumb`; change it to `always` for a pager that shows
    /// colours.
    color: ColorMode,
    /// How long writing that fails is tried again, default 30 s, before the exporter fails; 0 fails
    /// at once. To be raised where a full disk is made room on by hand.
    give_up_after: Option<HumanDuration>,
}

/// The form of the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    /// As `hubble observe` prints them.
    #[default]
    Compact,
    /// As Hubble's exporter writes them.
    Json,
}

impl Format {
    fn default_signals(self) -> Kinds {
        match self {
            Self::Compact => Kinds::of(&[Kind::Flow, Kind::Lost]),
            Self::Json => WRITABLE,
        }
    }
}

impl ExporterConfig for Config {
    fn consumes(&self) -> Kinds {
        self.signals
            .as_ref()
            .map_or_else(|| self.format.default_signals(), Signals::kinds)
    }

    /// Two that write at once would mix their lines.
    fn holds(&self) -> Vec<Hold> {
        vec![Hold::StandardOutput]
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn stage::Exporter>, BuildError> {
        self.check_signals()?;
        let lines = match self.format {
            Format::Compact => {
                Lines::compact(self.color.wanted(std::io::stdout().is_terminal(), |name| {
                    std::env::var(name).unwrap_or_default()
                }))
            }
            Format::Json => Lines::json(&context.node_name),
        };
        let mut pace = Pace::default();
        pace.give_up_after = self
            .give_up_after
            .map_or(pace.give_up_after, |limit| limit.0);
        Ok(Box::new(
            Exporter::to_stdout(lines).with(context.health.clone(), pace),
        ))
    }
}

impl Config {
    fn check_signals(&self) -> Result<(), BuildError> {
        let refused = self.consumes().without(WRITABLE);
        let message = if self.consumes().is_empty() {
            "names nothing to write; leave the exporter out, or the key".to_owned()
        } else if !refused.is_empty() {
            format!(
                "{refused} cannot be written as lines; the prometheus and otlp exporters take them"
            )
        } else {
            return Ok(());
        };
        Err(BuildError {
            key: "signals",
            message,
        })
    }
}

#[cfg(test)]
mod tests;
