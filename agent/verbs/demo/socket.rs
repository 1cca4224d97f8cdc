//! The sockets of the simulated Cilium agent, in a temporary directory.

use std::env;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::error::{Error, chain};
use crate::monitor_server::BoundSocket;

/// Bound sockets; dropping this removes their directory.
pub(super) struct TemporarySockets {
    pub(super) paths: SocketPaths,
    /// `None` once they are taken to be served.
    pub(super) sockets: Option<Sockets>,
    _directory: TempDir,
}

/// The files of the sockets.
#[derive(Clone)]
pub(super) struct SocketPaths {
    pub(super) monitor: PathBuf,
    pub(super) api: PathBuf,
}

/// The sockets of an agent.
pub(super) struct Sockets {
    /// Its events.
    pub(super) monitor: BoundSocket,
    /// Its REST API.
    pub(super) api: BoundSocket,
}

impl TemporarySockets {
    /// Binds the sockets in the first directory that allows it: that of `TMPDIR`, the user's runtime
    /// directory, `/tmp` or `/dev/shm`. Must be called within a runtime.
    pub(super) fn bind() -> Result<Self, Error> {
        Self::bind_in(
            [Some(env::temp_dir())]
                .into_iter()
                .chain([env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from)])
                .chain(["/tmp", "/dev/shm"].map(|path| Some(PathBuf::from(path))))
                .flatten(),
        )
    }

    fn bind_in(parents: impl IntoIterator<Item = PathBuf>) -> Result<Self, Error> {
        let mut first_error = None;
        for parent in parents {
            match Self::create(&parent) {
                Ok(sockets) => return Ok(sockets),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        Err(Error::failed(format!(
            "cannot create the sockets of the simulated Cilium agent: {}; set TMPDIR to a directory \
             that you can write to",
            first_error.unwrap_or_default()
        )))
    }

    /// The error is a text.
    fn create(parent: &PathBuf) -> Result<Self, String> {
        let directory = tempfile::Builder::new()
            .prefix("tidegate-demo-")
            .tempdir_in(parent)
            .map_err(|error| chain(&error))?;
        let paths = SocketPaths {
            monitor: directory.path().join("monitor1_2.sock"),
            api: directory.path().join("cilium.sock"),
        };
        let bind = |path| BoundSocket::bind(path).map_err(|error| chain(&error));
        let sockets = Sockets {
            monitor: bind(&paths.monitor)?,
            api: bind(&paths.api)?,
        };
        Ok(Self {
            paths,
            sockets: Some(sockets),
            _directory: directory,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::TemporarySockets;
    use crate::verbs::common::runtime;

    #[test]
    fn the_first_directory_that_allows_a_socket_is_used() {
        let runtime = runtime::current_thread().unwrap();
        let _guard = runtime.enter();
        let directory = tempfile::tempdir().unwrap();
        let too_long_for_a_socket = directory.path().join("x".repeat(120));
        std::fs::create_dir(&too_long_for_a_socket).unwrap();
        let missing = PathBuf::from("/nonexistent");
        let parents = [
            missing.clone(),
            too_long_for_a_socket.clone(),
            directory.path().to_owned(),
        ];
        let bound = TemporarySockets::bind_in(parents).unwrap();
        for path in [&bound.paths.monitor, &bound.paths.api] {
            assert!(path.starts_with(directory.path()) && path.exists());
            assert!(!path.starts_with(&too_long_for_a_socket));
        }
        let path = bound.paths.monitor.clone();
        drop(bound);
        assert!(!path.parent().unwrap().exists(), "it is removed");

        let error = TemporarySockets::bind_in([missing]).err().unwrap();
        let error = error.to_string();
        assert!(
            error.contains("/nonexistent/tidegate-demo-") && error.ends_with("you can write to"),
            "{error}"
        );
    }
}
