//! `stdout`: writes flows and other events to standard output, one line each, in the format of
//! `hubble observe` or in the JSON of Hubble's exporter.

mod color;
mod exporter;
mod failure;
mod sink;

pub use exporter::Exporter;
pub use failure::WriteError;

pub use crate::lines::{LineFormatter, WriteTimeouts};

use std::io::IsTerminal;

use color::ColorMode;
use serde::Deserialize;
use tidegate_model::Kinds;
use tidegate_runtime::component::{
    BuildContext, BuildError, ComponentKind, ExporterConfig, ExporterKind, Outcomes,
};
use tidegate_runtime::config::{HumanDuration, Signals, Table as _};
use tidegate_runtime::exclusive::ExclusiveResource;
use tidegate_runtime::stage;

use crate::lines::{Format, check_signals};

/// The kind.
pub const KIND: ExporterKind = ComponentKind {
    name: "stdout",
    about: Config::ABOUT,
    keys: Config::KEYS,
    outcomes: Outcomes {
        dropped: failure::REASONS,
        ..Outcomes::NONE
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

tidegate_runtime::config_table! {
    /// Writes flows and other events to standard output, one per line.
    #[derive(Debug)]
    pub struct Config {
        /// The format of the lines.
        format: Format = Format::Compact,
        /// What is written: "flows", "lost", "agent_events", "debug_events". Default: what Hubble
        /// writes, that is ["flows", "lost"] in the format "compact" and all of them in "json".
        #[sample = "[\"flows\", \"lost\"]"]
        signals: Option<Signals> = None,
        /// Whether compact lines are coloured.
        color: ColorMode = ColorMode::Auto,
        /// How long a failing write is retried, for example on a full disk, before the exporter
        /// fails. "0s" fails at once. A reader that does not read is waited for.
        give_up_after: HumanDuration = HumanDuration(WriteTimeouts::default().give_up_after),
    }
}

impl ExporterConfig for Config {
    fn consumes(&self) -> Kinds {
        self.format.kinds(self.signals.as_ref())
    }

    /// The lines of two exporters would be mixed.
    fn exclusive_resources(&self) -> Vec<ExclusiveResource> {
        vec![ExclusiveResource::StandardOutput]
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn stage::Exporter>, BuildError> {
        check_signals(self.consumes(), self.signals.as_ref())?;
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        let formatter = match self.format {
            Format::Compact => {
                let is_terminal = std::io::stdout().is_terminal();
                LineFormatter::compact(self.color.is_enabled(is_terminal, variable))
            }
            Format::Json => LineFormatter::json(&context.node_name),
        };
        let timeouts = WriteTimeouts {
            give_up_after: self.give_up_after.0,
            ..WriteTimeouts::default()
        };
        let exporter = Exporter::to_stdout(formatter)
            .with(context.health.clone(), timeouts)
            .counting(context.telemetry.exporter_bytes(&context.stage));
        Ok(Box::new(exporter))
    }
}

#[cfg(test)]
mod tests;
