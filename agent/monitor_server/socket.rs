//! The socket file: taken over if it is stale, removed at the end.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::UnixStream as Probe;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

/// A bound unix socket whose file goes with it.
#[derive(Debug)]
pub(crate) struct MonitorSocket {
    listener: UnixListener,
    path: PathBuf,
}

/// Why a socket cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    /// Something else lies there.
    #[error("{} exists and is not a socket; choose another path", .0.display())]
    NotASocket(PathBuf),
    /// Another process listens on it.
    #[error("somebody listens on {} already; choose another path", .0.display())]
    InUse(PathBuf),
    /// The system said no.
    #[error("cannot listen on {}", .path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

impl MonitorSocket {
    /// Binds; needs a runtime. A socket file that nobody listens on any more is replaced.
    pub(crate) fn bind(path: &Path) -> Result<Self, Unusable> {
        let failed = |source| Unusable::Io {
            path: path.to_owned(),
            source,
        };
        match fs::symlink_metadata(path) {
            Ok(meta) if !meta.file_type().is_socket() => {
                return Err(Unusable::NotASocket(path.to_owned()));
            }
            Ok(_) if Probe::connect(path).is_ok() => return Err(Unusable::InUse(path.to_owned())),
            Ok(_) => fs::remove_file(path).map_err(failed)?,
            Err(_) => {}
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        Ok(Self {
            listener,
            path: path.to_owned(),
        })
    }

    pub(super) async fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().await.map(|(stream, _)| stream)
    }
}

impl Drop for MonitorSocket {
    fn drop(&mut self) {
        // Whoever removed it before us has done what we want.
        let _ = fs::remove_file(&self.path);
    }
}
