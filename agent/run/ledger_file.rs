//! The file that gets the final ledger. It appears whole or not at all, and that it can be written is
//! known before anything runs. Where it is no regular file, such as `/dev/stdout`, it is written to as it is.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

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

impl LedgerFile {
    /// Makes sure that the file can be written.
    pub(crate) fn create(path: &Path) -> Result<Self, Unwritable> {
        let unwritable = |source| Unwritable { path: path.to_owned(), source };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let temporary = path.with_file_name(format!(".{name}.{}", std::process::id()));
        let in_place = path.exists() && !path.is_file();
        let file = if in_place { File::options().write(true).open(path) } else { File::create(&temporary) };
        let temporary = (!in_place).then_some(temporary);
        Ok(Self { path: path.to_owned(), temporary, file: file.map_err(unwritable)? })
    }

    /// Writes the text and gives the file its name.
    pub(crate) fn write(mut self, text: &str) -> Result<(), Unwritable> {
        self.finish(text).map_err(|source| Unwritable { path: self.path.clone(), source })
    }
}

impl LedgerFile {
    fn finish(&mut self, text: &str) -> io::Result<()> {
        self.file.write_all(format!("{text}\n").as_bytes())?;
        let Some(temporary) = self.temporary.take() else { return Ok(()) };
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
