//! The file of the final ledger (`--ledger`). It is created before anything runs, so that a path
//! that cannot be written fails early, under a temporary name until it is complete. What is not a
//! regular file, such as `/dev/stdout`, is written in place; opening a named pipe waits for its
//! reader, unless a shutdown is requested.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tidegate_runtime::shutdown::Shutdown;
use tokio::task::{JoinError, spawn_blocking};

/// Time to finish a write that blocks after a forced shutdown.
const FORCED_TIMEOUT: Duration = Duration::from_secs(1);

/// An open file for the ledger. Dropping it before [`Self::write`] removes the temporary file.
#[derive(Debug)]
pub(crate) struct LedgerFile {
    path: PathBuf,
    /// The name until the file is complete.
    temporary: Option<PathBuf>,
    file: File,
}

/// Why the ledger cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the ledger to {}", .path.display())]
pub(crate) struct LedgerFileError {
    path: PathBuf,
    source: io::Error,
}

/// Why an operation on the file did not finish.
#[derive(Debug, thiserror::Error)]
enum Aborted {
    #[error("it has no reader, and the agent is shutting down")]
    NoReader,
    #[error("the thread that writes it has failed")]
    Thread(#[from] JoinError),
}

impl LedgerFile {
    /// Opens the file on a blocking thread; fails when `shutdown` is requested first.
    pub(super) async fn create_unless(
        path: &Path,
        shutdown: &Shutdown,
    ) -> Result<Self, LedgerFileError> {
        if fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo()) {
            tracing::info!(path = %path.display(), "waiting for a reader of the ledger's pipe");
        }
        let creating = path.to_owned();
        tokio::select! {
            biased;
            created = spawn_blocking(move || Self::create(&creating)) => {
                created.map_err(|error| aborted(path, error))?
            }
            () = shutdown.requested() => Err(aborted(path, Aborted::NoReader)),
        }
    }

    /// Writes the file on a blocking thread; fails soon after a forced `shutdown`.
    pub(super) async fn write_unless(
        self,
        text: String,
        shutdown: &Shutdown,
    ) -> Result<(), LedgerFileError> {
        let path = self.path.clone();
        let forced = async {
            shutdown.forced().await;
            tokio::time::sleep(FORCED_TIMEOUT).await;
        };
        tokio::select! {
            biased;
            written = spawn_blocking(move || self.write(&text)) => {
                written.map_err(|error| aborted(&path, error))?
            }
            () = forced => Err(aborted(&path, Aborted::NoReader)),
        }
    }

    fn create(path: &Path) -> Result<Self, LedgerFileError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = path.with_file_name(format!(".{name}.{}", std::process::id()));
        let in_place = path.exists() && !path.is_file();
        let file = if in_place {
            File::options().write(true).open(path)
        } else {
            File::create(&temporary)
        };
        Ok(Self {
            path: path.to_owned(),
            temporary: (!in_place).then_some(temporary),
            file: file.map_err(|source| LedgerFileError {
                path: path.to_owned(),
                source,
            })?,
        })
    }

    /// Writes the text, then gives the file its final name.
    fn write(mut self, text: &str) -> Result<(), LedgerFileError> {
        self.finish(text).map_err(|source| LedgerFileError {
            path: self.path.clone(),
            source,
        })
    }

    fn finish(&mut self, text: &str) -> io::Result<()> {
        self.file.write_all(format!("{text}\n").as_bytes())?;
        let Some(temporary) = self.temporary.take() else {
            return Ok(());
        };
        self.file.sync_all()?;
        fs::rename(&temporary, &self.path)
    }
}

impl Drop for LedgerFile {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // An incomplete file that stays behind does no harm.
            let _ = fs::remove_file(temporary);
        }
    }
}

fn aborted(path: &Path, reason: impl Into<Aborted>) -> LedgerFileError {
    LedgerFileError {
        path: path.to_owned(),
        source: io::Error::other(reason.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::LedgerFile;

    #[test]
    fn the_file_appears_complete_and_no_temporary_file_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ledger.json");
        let file = LedgerFile::create(&path).unwrap();
        assert!(!path.exists());
        file.write("{}").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{}\n");
        drop(LedgerFile::create(&path).unwrap());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_path_that_cannot_be_written_fails_on_creation() {
        let directory = tempfile::tempdir().unwrap();
        assert!(LedgerFile::create(directory.path()).is_err());
        assert!(LedgerFile::create(&directory.path().join("no/ledger.json")).is_err());
    }
}
