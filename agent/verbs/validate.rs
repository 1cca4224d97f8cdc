//! `tidegate validate`: parses, checks and builds a configuration, as `run` does before it starts.

use std::io::{self, Write as _};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::{Error as ValueError, StrDeserializer};
use tidegate_runtime::component::Lint;
use tidegate_runtime::config::{Setting as _, Shape};
use tidegate_runtime::telemetry::Telemetry;

use super::common::config_file::{ConfigFile, FileCheck, WarningPolicy, assemble};
use crate::config::{Config, plural, process_environment};
use crate::error::Error;
use crate::{files, log};

/// Check a configuration without running it
///
/// Parses the file, checks the wiring and builds every component, as `run` does. Opens no socket and,
/// without --files, no other file. All errors are shown at once, and the exit code is 78. Warnings
/// are about what is valid but probably a mistake.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tidegate validate -c pipeline.toml
  tidegate config | tidegate validate -c - --deny-warnings")]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigFile,
    /// Check the files that the configuration names, too: certificates, keys, tokens and recordings
    ///
    /// Each has to be readable by this user, to hold what it has to, and to be valid now; a key has
    /// to belong to its certificate. `run` and every reload check the same.
    #[arg(long)]
    files: bool,
    /// Exit with 78 if there are warnings
    #[arg(long)]
    deny_warnings: bool,
    /// Do not show warnings of this kind, such as `unused_component`; can be repeated
    #[arg(long, value_name = "WARNING", value_parser = warning_parser(), hide_possible_values = true)]
    allow: Vec<Lint>,
}

/// Accepts the names of warnings.
fn warning_parser() -> impl TypedValueParser<Value = Lint> {
    let choices = match Lint::shape() {
        Shape::Choice(choices) => choices,
        _ => &[],
    };
    let names = choices.iter().map(|choice| choice.name);
    PossibleValuesParser::new(names).try_map(|name| {
        let name: StrDeserializer<'_, ValueError> = name.as_str().into_deserializer();
        Lint::deserialize(name)
    })
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    log::init_warnings();
    let file_check = if args.files {
        FileCheck::Read
    } else {
        FileCheck::Skip
    };
    let policy = WarningPolicy {
        allowed: args.allow.clone(),
        are_denied: args.deny_warnings,
        are_output: true,
    };
    let source = args.config.read()?;
    let (config, _) = assemble(
        &source,
        &process_environment,
        Telemetry::default(),
        file_check,
        &policy,
        |_| {},
    )?;
    summarize(&source.name, &config, args.files)?;
    Ok(())
}

/// Prints what a configuration has.
fn summarize(name: &str, config: &Config, has_read_files: bool) -> io::Result<()> {
    writeln!(
        io::stdout(),
        "{}: good: {}, {}, {}, {}",
        name,
        plural(config.pipelines.len(), "pipeline"),
        plural(config.receivers.len(), "receiver"),
        plural(config.processors.len(), "processor"),
        plural(config.exporters.len(), "exporter"),
    )?;
    if has_read_files {
        let files = match files::count(config) {
            0 => "no component in use names a file".to_owned(),
            count => format!("{} can be used", plural(count, "file")),
        };
        writeln!(io::stdout(), "  {files}")?;
    }
    for (at, exporter) in config.exporters.iter().enumerate() {
        writeln!(
            io::stdout(),
            "  {}: {}",
            exporter.stage,
            config.when_full(at)
        )?;
    }
    Ok(())
}
