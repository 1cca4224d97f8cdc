//! The command line.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand, ValueHint};

use crate::{
    completions, components, demo, graph, playback, record, run, simulate, validate, views,
};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 failed while running, or lost records at its end; 2 wrong usage; 78 bad configuration.
Logs go to standard error; RUST_LOG chooses which, and TIDEGATE_LOG_FORMAT (text or json) how, before the configuration does.";

/// Cilium's network events as flows and metrics, over OTLP, Prometheus and stdout.
#[derive(Debug, Parser)]
#[command(name = "tidegate", version, styles = STYLES, after_help = EXIT_CODES, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Run(run::Args),
    Validate(validate::Args),
    Demo(demo::Args),
    Record(record::Args),
    Replay(playback::Args),
    Simulate(simulate::Args),
    Graph(graph::Args),
    Components(components::Args),
    Top(views::top::Args),
    Tap(views::tap::Args),
    Ledger(views::ledger::Args),
    Completions(completions::Args),
}

/// Which configuration.
#[derive(Debug, clap::Args)]
pub(crate) struct ConfigFile {
    /// The configuration file
    #[arg(short = 'c', long = "config", value_name = "FILE", default_value = "pipeline.toml", value_hint = ValueHint::FilePath)]
    pub(crate) path: PathBuf,
}
