//! The command line: its verbs, and the function that runs each.

use clap::builder::styling::{AnsiColor, Styles};
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::error::Error;
use crate::help;
use crate::verbs::{
    completions, components, config, demo, graph, ledger, man, observe, record, replay, run,
    schema, simulate, tap, top, validate, version,
};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Cilium's network events as flows and metrics, over OTLP, Prometheus and stdout.
#[derive(Debug, Parser)]
#[command(
    name = "tidegate",
    version,
    styles = STYLES,
    after_help = help::summary(),
    after_long_help = help::details(),
    propagate_version = true,
    subcommand_value_name = "COMMAND"
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
    Man(man::Args),
    Version(version::Args),
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
            Self::Completions(args) => completions::run(args),
            Self::Man(args) => man::run(args, Cli::command()),
            Self::Version(args) => version::run(args),
        }
    }
}
