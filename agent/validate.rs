//! `tidegate validate`: everything that `run` does short of running; and the loading that all verbs
//! with a configuration share.

use std::io::{self, Write as _};
use std::path::Path;

use tidegate_core::telemetry::Telemetry;

use crate::cli::ConfigFile;
use crate::config::{self, Admin, Assembly, Config, Environment, Registry, Service, Source};
use crate::error::Error;
use crate::{log, terminal};

/// Check a configuration as `run` would, without running it
///
/// Parses the file, checks the wiring and builds every component. Opens no socket and no file but
/// the configuration, so certificates and tokens in files are not checked. All errors are shown at
/// once; the exit code is 78 if there is one.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigFile,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let (config, _) = load(&args.config.path)?;
    let count = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    writeln!(
        io::stdout(),
        "{}: good: {}, {}, {}, {}",
        args.config.path.display(),
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

/// Reads, parses, checks and builds a configuration file. Warnings go to standard error.
pub(crate) fn load(path: &Path) -> Result<(Config, Assembly), Error> {
    log::start_warnings();
    assemble(
        &read(path)?,
        &config::process_environment,
        Telemetry::default(),
        |_| {},
    )
}

/// Reads a configuration file.
pub(crate) fn read(path: &Path) -> Result<Source, Error> {
    Source::read(path).map_err(|error| Error::Configuration(error.render()))
}

/// Parses, checks and builds a configuration, whose instruments go to `telemetry`. `parsed` is
/// called in between.
pub(crate) fn assemble(
    source: &Source,
    environment: Environment<'_>,
    telemetry: Telemetry,
    parsed: impl FnOnce(&Service),
) -> Result<(Config, Assembly), Error> {
    let loaded = config::load(source, &Registry::BUILT_IN, environment, telemetry, parsed);
    let loaded = loaded.map_err(|problems| {
        let colour = terminal::colour(&io::stderr()) && !log::is_json();
        Error::Configuration(problems.render(source, colour))
    })?;
    if loaded
        .0
        .service
        .telemetry
        .admin
        .as_ref()
        .is_some_and(Admin::shows_tokens)
    {
        tracing::warn!(
            "`service.telemetry.admin` has no `tls`: whoever sees its packets can read tokens and flows; set \
             `tls.cert_file` and `tls.key_file`"
        );
    }
    Ok(loaded)
}
