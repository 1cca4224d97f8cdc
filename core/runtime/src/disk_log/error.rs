//! Why a log cannot be opened.

use std::io;
use std::path::PathBuf;

/// Why a log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error(
        "the queue in {} is in use by another process{}; each needs a directory of its own",
        .path.display(),
        .process.as_ref().map_or_else(String::new, |id| format!(" ({id})"))
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The identifier of the process, if it is known.
        process: Option<String>,
    },
    /// The directory holds something else.
    #[error(
        "{} has other files and is no queue; name a directory that is new or empty",
        .0.display()
    )]
    NotAQueue(PathBuf),
    /// A file is of a later release.
    #[error(
        "{} has format {format}, and this release reads only format {known}; \
         use the release that wrote it, or remove the directory with the records in it",
        .path.display()
    )]
    UnknownFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: u32,
        /// The format of this release.
        known: u32,
    },
    /// A file has the name of a segment, and not its beginning.
    #[error("{} is not a segment of a queue, or its beginning is damaged; remove it", .0.display())]
    NotASegment(PathBuf),
    /// A file cannot be used.
    #[error("cannot use {}", .path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl OpenError {
    /// Adds the path to an error.
    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |source| Self::Io { path, source }
    }
}
