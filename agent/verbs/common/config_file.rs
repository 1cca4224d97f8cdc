//! The configuration file of a verb: the argument that names it, and the steps from its text to the
//! components that it describes.

use std::io;
use std::path::PathBuf;

use clap::ValueHint;
use tidegate_runtime::telemetry::Telemetry;
use tracing::Level;

use crate::config::{
    self, Admin, Assembly, Config, ConfigInput, Environment, Registry, Service, Source,
};
use crate::error::Error;
use crate::log;
use crate::os::terminal;

/// The argument that names the configuration file.
#[derive(Debug, clap::Args)]
pub(crate) struct ConfigFile {
    /// The configuration; `-` is standard input [default: the variable TIDEGATE_CONFIG, or
    /// pipeline.toml in the current folder, or /etc/tidegate/pipeline.toml]
    #[arg(
        short = 'c',
        long = "config",
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
    )]
    path: Option<PathBuf>,
}

impl ConfigFile {
    /// Whether the command line names the configuration.
    pub(crate) fn is_named(&self) -> bool {
        self.path.is_some()
    }

    /// Finds the configuration, without reading it.
    pub(crate) fn locate(&self) -> Result<ConfigInput, Error> {
        ConfigInput::locate(self.path.as_deref())
            .map_err(|error| Error::Configuration(error.render()))
    }

    /// Reads the configuration.
    pub(crate) fn read(&self) -> Result<Source, Error> {
        read(&self.locate()?)
    }
}

/// Reads a configuration.
pub(crate) fn read(input: &ConfigInput) -> Result<Source, Error> {
    input
        .read()
        .map_err(|error| Error::Configuration(error.render()))
}

/// Parses, checks and builds a configuration. Warnings go to standard error.
pub(crate) fn load(source: &Source) -> Result<(Config, Assembly), Error> {
    log::init_warnings();
    assemble(
        source,
        &config::process_environment,
        Telemetry::default(),
        |_| {},
    )
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
    refuse_second_reader(source, &loaded.0)?;
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

/// Refuses a receiver that would read standard input after the configuration has been read from it.
fn refuse_second_reader(source: &Source, config: &Config) -> Result<(), Error> {
    let second = source.is_stdin().then(|| {
        let mut receivers = config.receivers.iter();
        receivers.find(|receiver| {
            let config = receiver.config.as_ref();
            config.is_some_and(|config| config.reads_standard_input())
        })
    });
    match second.flatten() {
        Some(receiver) => Err(Error::Configuration(format!(
            "error: `{}` reads standard input, which the configuration came from\n\
             help: put the configuration in a file, or give the receiver one",
            receiver.stage
        ))),
        None => Ok(()),
    }
}

/// Whether excerpts on standard error are coloured.
fn colour() -> bool {
    terminal::has_colour(&io::stderr()) && !log::is_json()
}
