//! The errors that end a verb, and their exit codes.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::process::ExitCode;

/// A failure while running.
pub(crate) const FAILED: u8 = 1;
/// Wrong usage; the same as clap's.
pub(crate) const USAGE: u8 = 2;
/// `EX_CONFIG` of `sysexits.h`.
pub(crate) const BAD_CONFIGURATION: u8 = 78;

/// Why a verb failed.
#[derive(Debug)]
pub(crate) enum Error {
    /// An invalid configuration; the text shows where and why.
    Configuration(String),
    /// An argument that cannot be used.
    Usage(String),
    /// A failure while running.
    Failed(Box<dyn std::error::Error>),
}

impl Error {
    /// A failure without a source.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into().into())
    }

    /// The exit code of a verb that ends with this error.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Configuration(_) => BAD_CONFIGURATION,
            Self::Usage(_) => USAGE,
            Self::Failed(_) => FAILED,
        })
    }

    /// Whether the reader of the output closed it.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        let Self::Failed(error) = self else {
            return false;
        };
        sources(error.as_ref()).any(|source| {
            source
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
        })
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration(text) => f.write_str(text),
            Self::Usage(text) => write!(f, "error: {text}"),
            Self::Failed(error) => write!(f, "error: {}", chain(error.as_ref())),
        }
    }
}

impl<E: std::error::Error + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Self::Failed(Box::new(error))
    }
}

/// The error and its sources: `a: b: c`.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    sources(error)
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// The error, then its sources.
fn sources<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}
