//! Why a recording failed.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// What went wrong, and with which file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    /// The socket does not answer.
    #[error("cannot connect to {}{}", .socket.display(), hint(.source))]
    Connect { socket: PathBuf, source: io::Error },
    /// The connection broke.
    #[error("cannot read from {}", .socket.display())]
    Read { socket: PathBuf, source: io::Error },
    /// The file is there already.
    #[error("{} exists; --force overwrites it", .0.display())]
    Exists(PathBuf),
    /// The file cannot be made.
    #[error("cannot create {}", .file.display())]
    Create { file: PathBuf, source: io::Error },
    /// The disk is full, or something like it. What was written before is good.
    #[error("cannot write to {} behind byte {written}", .file.display())]
    Write { file: PathBuf, written: u64, source: io::Error },
}

impl RecordError {
    pub(super) fn create(file: &Path, source: io::Error) -> Self {
        Self::Create { file: file.to_owned(), source }
    }
}

/// What to look at, where that is known.
fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => " (does the Cilium agent run on this node, with enable-monitor?)",
        ErrorKind::PermissionDenied => " (it belongs to root and the group cilium)",
        ErrorKind::ConnectionRefused => " (nobody listens: does the Cilium agent run?)",
        _ => "",
    }
}
