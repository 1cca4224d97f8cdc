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
    Observe(Box<observe::Args>),
    Top(top::Args),
    Tap(tap::Args),
    Ledger(ledger::Args),
    Record(record::Args),
    Replay(replay::Args),
    Simulate(simulate::Args),
    Graph(graph::Args),
    Components(components::Args),
    Config(config::Args),
    Schema(schema::Args),
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

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory as _, Parser as _};

    use super::Cli;

    /// The command lines of `tidegate` in the examples of a command and of those below it.
    fn examples(command: &Command) -> Vec<String> {
        let help = command
            .get_after_long_help()
            .or_else(|| command.get_after_help());
        let help = help.map(ToString::to_string).unwrap_or_default();
        let lines = help.lines().filter(|line| line.starts_with("  "));
        let commands = lines.flat_map(|line| line.split(['|', '(', ')']));
        let mut found: Vec<_> = commands
            .map(|part| part.split(" >").next().unwrap().trim().to_owned())
            .filter(|part| part.starts_with("tidegate "))
            .collect();
        found.extend(command.get_subcommands().flat_map(examples));
        found
    }

    #[test]
    fn every_example_in_the_help_is_a_valid_command_line() {
        let mut command = Cli::command();
        command.build();
        let examples = examples(&command);
        assert!(examples.len() > 30, "{examples:?}");
        for example in examples {
            let parsed = Cli::try_parse_from(example.split(' '));
            assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
        }
    }

    #[test]
    fn every_verb_has_examples() {
        for verb in Cli::command().get_subcommands() {
            assert!(!examples(verb).is_empty(), "{}", verb.get_name());
        }
    }

    #[test]
    fn help_fits_into_100_columns() {
        let mut root = Cli::command().term_width(100);
        root.build();
        let verbs = root.get_subcommands().cloned();
        for mut command in verbs.chain([root.clone()]) {
            let help = command.render_long_help().to_string();
            for line in help.lines() {
                assert!(
                    line.chars().count() <= 100,
                    "{}: {line}",
                    command.get_name()
                );
            }
        }
    }
}
