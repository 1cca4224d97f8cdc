//! The configuration file of a verb: the argument that names it, and the steps from its text to the
//! components that it describes.

use std::io;
use std::path::{Path, PathBuf};

use clap::ValueHint;
use tidegate_runtime::telemetry::Telemetry;
use tracing::Level;

use crate::config::{self, Admin, Assembly, Config, Environment, Registry, Service, Source};
use crate::error::Error;
use crate::log;
use crate::os::terminal;

/// The argument that names the configuration file.
#[derive(Debug, clap::Args)]
pub(crate) struct ConfigFile {
    /// The configuration file
    #[arg(
        short = 'c',
        long = "config",
        value_name = "FILE",
        default_value = "pipeline.toml",
        value_hint = ValueHint::FilePath,
    )]
    pub(crate) path: PathBuf,
}

/// Reads, parses, checks and builds a configuration file. Warnings go to standard error.
pub(crate) fn load(path: &Path) -> Result<(Config, Assembly), Error> {
    log::init_warnings();
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
    let loaded =
        loaded.map_err(|problems| Error::Configuration(problems.render(source, colour())))?;
    let warnings = &loaded.0.warnings;
    if !warnings.is_empty() {
        log::print(Level::WARN, &warnings.clone().render(source, colour()));
    }
    if loaded
        .0
        .service
        .telemetry
        .admin
        .as_ref()
        .is_some_and(Admin::shows_tokens)
    {
        tracing::warn!(
            "`service.telemetry.admin` has no `tls`: tokens and flows can be read on the network; \
             set `tls.cert_file` and `tls.key_file`"
        );
    }
    Ok(loaded)
}

/// Whether excerpts on standard error are coloured.
fn colour() -> bool {
    terminal::has_colour(&io::stderr()) && !log::is_json()
}
