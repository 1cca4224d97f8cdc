//! The command line: its verbs, and the function that runs each.

use clap::builder::styling::{AnsiColor, Styles};
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::error::Error;
use crate::verbs::{
    completions, components, config, demo, graph, ledger, observe, record, replay, run, schema,
    simulate, tap, top, validate,
};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXIT_CODES_AND_LOG: &str = "\
Exit codes: 0 success; 1 failure, or records lost at the end; 2 wrong usage; 78 invalid configuration.

The log goes to standard error. RUST_LOG sets its filter and TIDEGATE_LOG_FORMAT its format (text or
json); both override the configuration.";

/// Cilium's network events as flows and metrics, over OTLP, Prometheus and stdout.
#[derive(Debug, Parser)]
#[command(
    name = "tidegate",
    version,
    styles = STYLES,
    after_help = EXIT_CODES_AND_LOG,
    propagate_version = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Run(run::Args),
    Validate(validate::Args),
    Demo(demo::Args),
    Record(record::Args),
    Replay(replay::Args),
    Simulate(simulate::Args),
    Graph(graph::Args),
    Components(components::Args),
    Config(config::Args),
    Schema(schema::Args),
    Observe(Box<observe::Args>),
    Top(top::Args),
    Tap(tap::Args),
    Ledger(ledger::Args),
    Completions(completions::Args),
}

impl Verb {
    /// Runs the verb to its end.
    pub(crate) fn run(&self) -> Result<(), Error> {
        match self {
            Self::Run(args) => run::run(args),
            Self::Validate(args) => validate::run(args),
            Self::Demo(args) => demo::run(args),
            Self::Record(args) => record::run(args),
            Self::Replay(args) => replay::run(args),
            Self::Simulate(args) => simulate::run(args),
            Self::Graph(args) => graph::run(args),
            Self::Components(args) => components::run(args),
            Self::Config(args) => config::run(args),
            Self::Schema(args) => schema::run(args),
            Self::Observe(args) => observe::run(args),
            Self::Top(args) => top::run(args),
            Self::Tap(args) => tap::run(args),
            Self::Ledger(args) => ledger::run(args),
            Self::Completions(args) => completions::run(args, &mut Cli::command()),
        }
    }
}
