//! `tidegate validate`: parses, checks and builds a configuration, as `run` does before it starts.

use std::io::{self, Write as _};

use super::common::config_file::{ConfigFile, load};
use crate::error::Error;

/// Check a configuration without running it
///
/// Parses the file, checks the wiring and builds every component, as `run` does. Opens no socket and
/// no other file, so certificates and token files are not checked. All errors are shown at once, and
/// the exit code is 78.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigFile,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let source = args.config.read()?;
    let (config, _) = load(&source)?;
    let count = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    writeln!(
        io::stdout(),
        "{}: good: {}, {}, {}, {}",
        source.name,
        count(config.pipelines.len(), "pipeline"),
        count(config.receivers.len(), "receiver"),
        count(config.processors.len(), "processor"),
        count(config.exporters.len(), "exporter"),
    )?;
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
