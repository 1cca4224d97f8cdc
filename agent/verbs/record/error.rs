//! Why a recording failed.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::capture::CaptureError;

/// What went wrong, and with which file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    /// The socket does not answer.
    #[error("cannot connect to {}{}", .socket.display(), hint(.source))]
    Connect { socket: PathBuf, source: io::Error },
    /// The connection broke.
    #[error("cannot read from {}", .socket.display())]
    Read { socket: PathBuf, source: io::Error },
    /// The capture is not one, or not whole. What was read of it before is recorded.
    #[error("cannot read {}", name(.file))]
    Capture { file: PathBuf, source: CaptureError },
    /// A second signal came while a read was waiting for a capture to go on.
    #[error("ended at once; what was read before is recorded")]
    AtOnce,
    /// The file is there already.
    #[error("{} exists; --force overwrites it", .0.display())]
    Exists(PathBuf),
    /// The file cannot be made.
    #[error("cannot create {}", .file.display())]
    Create { file: PathBuf, source: io::Error },
    /// The disk is full, or something like it. What was written before is good.
    #[error("cannot write to {} behind byte {written}", .file.display())]
    Write {
        file: PathBuf,
        written: u64,
        source: io::Error,
    },
}

impl RecordError {
    pub(super) fn create(file: &Path, source: io::Error) -> Self {
        Self::Create {
            file: file.to_owned(),
            source,
        }
    }
}

fn name(capture: &Path) -> String {
    if capture == Path::new("-") {
        "standard input".to_owned()
    } else {
        capture.display().to_string()
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
