//! The file that a verb writes. One that has something in it is not overwritten by accident.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use tidegate_receivers::recording_file;
use tidegate_wire::file_type::FileType;

/// Why a file cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutputError {
    /// The file exists, and is not empty.
    #[error("{} exists; --force overwrites it", .0.display())]
    Exists(PathBuf),
    /// The system refuses.
    #[error("cannot create {}", .file.display())]
    Create { file: PathBuf, source: io::Error },
    /// A write failed, for example because the disk is full.
    #[error("cannot write to {}", .file.display())]
    Write { file: PathBuf, source: io::Error },
}

impl OutputError {
    /// The error for a write that failed.
    pub(crate) fn write(file: &Path, source: io::Error) -> Self {
        Self::Write {
            file: file.to_owned(),
            source,
        }
    }
}

/// The files with content that may be overwritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overwrite {
    /// None.
    Nothing,
    /// Recordings.
    Recordings,
    /// All.
    Anything,
}

impl Overwrite {
    fn allows(self, path: &Path) -> bool {
        match self {
            Self::Nothing => false,
            Self::Recordings => recording_file::file_type(path) == FileType::Recording,
            Self::Anything => true,
        }
    }
}

/// Creates a file. An empty one, as `mktemp` makes it, and an existing device or pipe are used as
/// they are.
pub(crate) fn create(path: &Path, overwrite: Overwrite) -> Result<File, OutputError> {
    let cannot = |source| OutputError::Create {
        file: path.to_owned(),
        source,
    };
    let created = OpenOptions::new().write(true).create_new(true).open(path);
    match created {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        other => return other.map_err(cannot),
    }
    let found = path.metadata().map_err(cannot)?;
    if found.is_file() && found.len() > 0 && !overwrite.allows(path) {
        return Err(OutputError::Exists(path.to_owned()));
    }
    OpenOptions::new()
        .write(true)
        .truncate(found.is_file())
        .open(path)
        .map_err(cannot)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Overwrite, create};
    use tidegate_wire::recording;

    #[test]
    fn a_file_with_content_is_overwritten_only_if_that_is_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out");
        let recorded = recording::header();
        for content in [&b""[..], b"mine", &recorded] {
            for (overwrite, is_allowed) in [
                (Overwrite::Nothing, content.is_empty()),
                (Overwrite::Recordings, content != b"mine"),
                (Overwrite::Anything, true),
            ] {
                std::fs::write(&path, content).unwrap();
                let created = create(&path, overwrite).map_err(|error| error.to_string());
                assert_eq!(created.is_ok(), is_allowed, "{content:?} {overwrite:?}");
                if let Err(error) = created {
                    assert!(
                        error.ends_with("out exists; --force overwrites it"),
                        "{error}"
                    );
                    assert_eq!(std::fs::read(&path).unwrap(), content);
                }
            }
        }
        assert!(create(Path::new("/dev/null"), Overwrite::Nothing).is_ok());
        let missing = create(Path::new("/no/such/directory/out"), Overwrite::Anything).unwrap_err();
        assert_eq!(missing.to_string(), "cannot create /no/such/directory/out");
    }
}
