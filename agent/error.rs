//! What a verb can end with, and the exit codes for it.

use std::io;
use std::process::ExitCode;

use tracing::Level;

use crate::log;

/// Failed while running.
const FAILED: u8 = 1;
/// Wrong usage, as clap exits too.
const USAGE: u8 = 2;
/// `EX_CONFIG` of `sysexits.h`.
const BAD_CONFIGURATION: u8 = 78;

/// Why a verb did not succeed.
#[derive(Debug)]
pub(crate) enum Error {
    /// The configuration is wrong; the text says where and how.
    Configuration(String),
    /// The command line asks for something that there is not.
    Usage(String),
    /// Something failed.
    Failed(Box<dyn std::error::Error>),
}

impl Error {
    /// An error without a cause.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into().into())
    }

    /// Tells the user, and the exit code. Somebody who closed our output has what they wanted.
    pub(crate) fn report(&self) -> ExitCode {
        let (text, code) = match self {
            Self::Configuration(text) => (text.clone(), BAD_CONFIGURATION),
            Self::Usage(text) => (format!("error: {text}"), USAGE),
            Self::Failed(error) if is_broken_pipe(error.as_ref()) => return ExitCode::SUCCESS,
            Self::Failed(error) => (format!("error: {}", chain(error.as_ref())), FAILED),
        };
        log::say(Level::ERROR, &text);
        ExitCode::from(code)
    }
}

impl<E: std::error::Error + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Self::Failed(Box::new(error))
    }
}

/// The error and its causes: `a: b: c`.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// Whether the cause is that the reader of our output went away.
fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    causes.any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe)
    })
}
