//! The file that gets the final ledger. It appears whole or not at all, and that it can be written
//! is known before anything runs. Where it is no regular file, such as `/dev/stdout`, it is written
//! to as it is; a named pipe is waited for until it has a reader, and until that has read, or
//! somebody stops the agent.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tidegate_runtime::shutdown::Shutdown;
use tokio::task::{JoinError, spawn_blocking};

/// How long a file that blocks may take after a stop at once.
const AT_ONCE: Duration = Duration::from_secs(1);

/// A file beside the one that it is going to be.
#[derive(Debug)]
pub(crate) struct LedgerFile {
    path: PathBuf,
    /// The name that it has until it is whole.
    temporary: Option<PathBuf>,
    file: File,
}

/// Why there is no ledger file.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the ledger to {}", .path.display())]
pub(crate) struct Unwritable {
    path: PathBuf,
    source: io::Error,
}

/// A stop came while a pipe had no reader, or its reader did not read.
#[derive(Debug, thiserror::Error)]
enum Abandoned {
    #[error("nobody reads it, and the agent is to stop")]
    Unread,
    #[error("the thread that writes has failed")]
    Failed(#[from] JoinError),
}

impl LedgerFile {
    /// [`Self::create`], until somebody wants a stop.
    pub(super) async fn create_unless(
        path: &Path,
        shutdown: &Shutdown,
    ) -> Result<Self, Unwritable> {
        if fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo()) {
            tracing::info!(path = %path.display(), "waiting until somebody reads the ledger's pipe");
        }
        let creating = path.to_owned();
        tokio::select! {
            biased;
            created = spawn_blocking(move || Self::create(&creating)) => created.map_err(|error| abandoned(path, error))?,
            () = shutdown.requested() => Err(abandoned(path, Abandoned::Unread)),
        }
    }

    /// [`Self::write`], until somebody wants a stop at once.
    pub(super) async fn write_unless(
        self,
        text: String,
        shutdown: &Shutdown,
    ) -> Result<(), Unwritable> {
        let path = self.path.clone();
        let at_once = async {
            shutdown.forced().await;
            tokio::time::sleep(AT_ONCE).await;
        };
        tokio::select! {
            biased;
            written = spawn_blocking(move || self.write(&text)) => written.map_err(|error| abandoned(&path, error))?,
            () = at_once => Err(abandoned(&path, Abandoned::Unread)),
        }
    }

    /// Makes sure that the file can be written.
    fn create(path: &Path) -> Result<Self, Unwritable> {
        let unwritable = |source| Unwritable {
            path: path.to_owned(),
            source,
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = path.with_file_name(format!(".{name}.{}", std::process::id()));
        let in_place = path.exists() && !path.is_file();
        let file = if in_place {
            File::options().write(true).open(path)
        } else {
            File::create(&temporary)
        };
        let temporary = (!in_place).then_some(temporary);
        Ok(Self {
            path: path.to_owned(),
            temporary,
            file: file.map_err(unwritable)?,
        })
    }

    /// Writes the text and gives the file its name.
    fn write(mut self, text: &str) -> Result<(), Unwritable> {
        self.finish(text).map_err(|source| Unwritable {
            path: self.path.clone(),
            source,
        })
    }
}

fn abandoned(path: &Path, why: impl Into<Abandoned>) -> Unwritable {
    Unwritable {
        path: path.to_owned(),
        source: io::Error::other(why.into()),
    }
}

impl LedgerFile {
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
            // It is not whole, and nobody asked for it.
            let _ = fs::remove_file(temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LedgerFile;

    #[test]
    fn the_file_appears_whole_and_leaves_nothing_beside_it() {
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
    fn what_cannot_be_written_is_known_at_once() {
        let directory = tempfile::tempdir().unwrap();
        assert!(LedgerFile::create(directory.path()).is_err());
        assert!(LedgerFile::create(&directory.path().join("no/ledger.json")).is_err());
    }
}
