//! The socket of the simulated Cilium agent, in a temporary directory.

use std::env;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::error::{Error, chain};
use crate::monitor_server::MonitorSocket;

/// A bound socket; dropping this removes its directory.
pub(super) struct TemporarySocket {
    pub(super) path: PathBuf,
    pub(super) socket: Option<MonitorSocket>,
    _directory: TempDir,
}

impl TemporarySocket {
    /// Binds a socket in the first directory that allows it: that of `TMPDIR`, the user's runtime
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
                Ok(socket) => return Ok(socket),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        Err(Error::failed(format!(
            "cannot create the socket of the simulated Cilium agent: {}; set TMPDIR to a directory \
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
        let path = directory.path().join("monitor1_2.sock");
        let socket = MonitorSocket::bind(&path).map_err(|error| chain(&error))?;
        Ok(Self {
            path,
            socket: Some(socket),
            _directory: directory,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::TemporarySocket;
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
        let bound = TemporarySocket::bind_in(parents).unwrap();
        assert!(bound.path.starts_with(directory.path()) && bound.path.exists());
        assert!(!bound.path.starts_with(&too_long_for_a_socket));
        let path = bound.path.clone();
        drop(bound);
        assert!(!path.parent().unwrap().exists(), "it is removed");

        let error = TemporarySocket::bind_in([missing]).err().unwrap();
        let error = error.to_string();
        assert!(
            error.contains("/nonexistent/tidegate-demo-") && error.ends_with("you can write to"),
            "{error}"
        );
    }
}
