//! Why a recording failed.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::capture::CaptureError;
use crate::verbs::common::output_file::OutputError;

/// An error of a recording, with its file or socket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    /// The path is not that of a socket.
    #[error("cannot record {}: it is {what}, not a socket{advice}", .path.display())]
    NotASocket {
        path: PathBuf,
        what: &'static str,
        advice: String,
    },
    /// The socket refused the connection.
    #[error("cannot connect to {}{}", .socket.display(), hint(.source))]
    Connect { socket: PathBuf, source: io::Error },
    /// The connection broke.
    #[error("cannot read from {}", .socket.display())]
    Read { socket: PathBuf, source: io::Error },
    /// The capture is invalid or incomplete. The packets before the error are recorded.
    #[error("cannot read {}", name(.file))]
    Capture { file: PathBuf, source: CaptureError },
    /// A second signal came during a read from a live capture.
    #[error("exited immediately; the packets read before are recorded")]
    Forced,
    /// The file exists, or cannot be created.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A write failed, for example because the disk is full. The bytes before are valid.
    #[error("cannot write to {} after byte {written}", .file.display())]
    Write {
        file: PathBuf,
        written: u64,
        source: io::Error,
    },
}

fn name(capture: &Path) -> String {
    if capture == Path::new("-") {
        "standard input".to_owned()
    } else {
        capture.display().to_string()
    }
}

/// A hint for a common error.
fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => " (does the Cilium agent run on this node, with enable-monitor?)",
        ErrorKind::PermissionDenied => " (it belongs to root and the group cilium)",
        ErrorKind::ConnectionRefused => " (no process listens: does the Cilium agent run?)",
        _ => "",
    }
}
