//! How records are printed.

use std::io;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use tidegate_format::text::TimeFormat;

use crate::os::terminal;
use crate::telemetry::{TapFormat, TapLines};

/// The arguments of all subcommands.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Formatting")]
pub(super) struct FormattingArgs {
    /// The output format
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = OutputFormat::Compact)]
    pub(super) output: OutputFormat,
    /// The format of times, except in JSON
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        ignore_case = true,
        default_value_t = TimeFormatName(TimeFormat::StampMilli),
    )]
    time_format: TimeFormatName,
    /// Print the name of the node
    #[arg(long)]
    print_node_name: bool,
    /// When the formats compact and dict are coloured; auto is on a terminal without NO_COLOR
    #[arg(long, value_name = "WHEN", value_enum, ignore_case = true, default_value_t = ColorMode::Auto)]
    color: ColorMode,
}

/// The arguments for flows alone.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Formatting")]
pub(super) struct FlowFormattingArgs {
    /// Print addresses in place of names; the same as --ip-translation=false
    #[arg(long)]
    numeric: bool,
    /// Print the names of pods, services and DNS in place of addresses
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_value_t = true,
        default_missing_value = "true",
        action = clap::ArgAction::Set,
    )]
    ip_translation: bool,
    /// Print the names of the policies that allowed or denied a flow, if the agent's API is read
    #[arg(long)]
    print_policy_names: bool,
    /// Print only some fields: without effect, since all are printed
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_value_t = true,
        default_missing_value = "true",
        action = clap::ArgAction::Set,
        hide = true,
    )]
    use_default_field_masks: bool,
}

/// The formats of `hubble observe`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputFormat {
    /// One line per flow
    Compact,
    /// One line per field
    Dict,
    /// One JSON object per line, as Hubble's exporter writes them
    Jsonpb,
    /// The same as jsonpb
    #[value(alias = "JSON")]
    Json,
    /// Aligned columns
    #[value(alias = "tab")]
    Table,
}

/// When to colour.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum ColorMode {
    Auto,
    Always,
    Never,
}

/// A format of times under Hubble's name.
#[derive(Clone, Copy, Debug)]
struct TimeFormatName(TimeFormat);

impl ValueEnum for TimeFormatName {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [TimeFormatName; TimeFormat::ALL.len()] = {
            let mut all = [TimeFormatName(TimeFormat::StampMilli); TimeFormat::ALL.len()];
            let mut at = 0;
            while at < all.len() {
                all[at] = TimeFormatName(TimeFormat::ALL[at]);
                at += 1;
            }
            all
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.name()).help(self.0.layout()))
    }
}

impl Default for FlowFormattingArgs {
    fn default() -> Self {
        Self {
            numeric: false,
            ip_translation: true,
            print_policy_names: false,
            use_default_field_masks: true,
        }
    }
}

impl OutputFormat {
    fn lines(self) -> TapFormat {
        match self {
            Self::Compact => TapFormat::Compact,
            Self::Dict => TapFormat::Dict,
            Self::Jsonpb | Self::Json => TapFormat::Json,
            Self::Table => TapFormat::Table,
        }
    }
}

impl FormattingArgs {
    /// The format of the lines.
    pub(super) fn lines(&self, flow: &FlowFormattingArgs) -> TapLines {
        let color = match self.color {
            ColorMode::Always => true,
            ColorMode::Never => false,
            ColorMode::Auto => {
                let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
                terminal::has_colour(&io::stdout()) && !is_dumb
            }
        };
        TapLines {
            format: self.output.lines(),
            color,
            numeric: flow.numeric || !flow.ip_translation,
            node_name: self.print_node_name,
            policy_names: flow.print_policy_names,
            time_format: self.time_format.0,
        }
    }
}
