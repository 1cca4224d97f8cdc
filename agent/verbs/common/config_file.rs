//! The configuration file of a verb: the argument that names it, and the steps from its text to the
//! components that it describes.

use std::io;
use std::path::PathBuf;

use clap::ValueHint;
use tidegate_runtime::component::Lint;
use tidegate_runtime::telemetry::Telemetry;
use tokio_rustls::rustls::pki_types::UnixTime;
use tracing::Level;

use crate::config::{
    self, Assembly, Config, ConfigInput, Environment, Problems, Registry, Service, Source,
};
use crate::error::Error;
use crate::files;
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

/// Which warnings are shown, and whether they are errors.
#[derive(Clone, Debug, Default)]
pub(crate) struct WarningPolicy {
    /// The kinds that are not shown.
    pub(crate) allowed: Vec<Lint>,
    /// Whether the others are errors.
    pub(crate) are_denied: bool,
    /// Whether they are shown whatever the level of the log.
    pub(crate) are_output: bool,
}

/// Whether the files that a configuration names are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileCheck {
    /// Nothing is opened.
    Skip,
    /// Each is read, as components do when they start.
    Read,
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
        FileCheck::Skip,
        &WarningPolicy::default(),
        |_| {},
    )
}

/// Parses, checks and builds a configuration, whose instruments go to `telemetry`, and checks the
/// files that it names if that is asked for. `parsed` is
/// called in between. Warnings go to standard error.
pub(crate) fn assemble(
    source: &Source,
    environment: Environment<'_>,
    telemetry: Telemetry,
    file_check: FileCheck,
    policy: &WarningPolicy,
    parsed: impl FnOnce(&Service),
) -> Result<(Config, Assembly), Error> {
    let mut problems = Problems::default();
    let registry = &Registry::BUILT_IN;
    let loaded = config::load(
        source,
        registry,
        environment,
        telemetry,
        &mut problems,
        parsed,
    );
    if let Some((config, _)) = loaded.as_ref().filter(|_| file_check == FileCheck::Read) {
        files::check(config, UnixTime::now(), &mut problems);
    }
    problems.allow(&policy.allowed);
    if policy.are_denied {
        problems.deny_warnings();
    }
    let has_errors = problems.errors() > 0;
    let text = problems.render(source, colour());
    match loaded {
        Some(loaded) if !has_errors => {
            refuse_second_reader(source, &loaded.0)?;
            if !text.is_empty() && (policy.are_output || tracing::enabled!(Level::WARN)) {
                log::print(Level::WARN, &text);
            }
            Ok(loaded)
        }
        _ => Err(Error::Configuration(text)),
    }
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
