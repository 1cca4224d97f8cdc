//! The directory of the log, which only one process uses at a time.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::error::OpenError;

/// The file that is locked, with the identifier of the process.
const LOCK: &str = "queue.lock";

/// The suffix of the names of segments.
const SEGMENT: &str = ".segment";

/// A directory that is locked until this is dropped.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    /// Has the lock.
    _lock: File,
}

impl Directory {
    /// Creates the directory for its owner alone, unless it exists, and locks it.
    ///
    /// # Errors
    ///
    /// If another process has locked it, or it belongs to something else.
    pub(super) fn lock(path: &Path) -> Result<Self, OpenError> {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(path).map_err(OpenError::io(path))?;
        let lock_path = path.join(LOCK);
        if !lock_path.exists() && !is_empty(path).map_err(OpenError::io(path))? {
            return Err(OpenError::NotAQueue(path.to_owned()));
        }
        fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(OpenError::io(path))?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let opened = options.mode(0o600).open(&lock_path);
        let mut lock = opened.map_err(OpenError::io(&lock_path))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                let path = path.to_owned();
                let process = owner(&mut lock);
                return Err(OpenError::InUse { path, process });
            }
            Err(error) => return Err(OpenError::io(lock_path)(error.into())),
        }
        name_owner(&mut lock);
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// The path of the segment with this number.
    pub(super) fn segment(&self, number: u64) -> PathBuf {
        self.path.join(format!("{number:020}{SEGMENT}"))
    }

    /// The numbers of all segments, in order.
    pub(super) fn segments(&self) -> Result<Vec<u64>, OpenError> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(OpenError::io(&self.path))? {
            let name = entry.map_err(OpenError::io(&self.path))?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(SEGMENT));
            numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Waits until the names of all files are on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        #[cfg(test)]
        super::tests::check_sync("directory")?;
        File::open(&self.path)?.sync_all()
    }
}

fn is_empty(path: &Path) -> io::Result<bool> {
    Ok(fs::read_dir(path)?.next().is_none())
}

/// The identifier of the process that has the lock.
fn owner(lock: &mut File) -> Option<String> {
    let mut text = String::new();
    lock.take(32).read_to_string(&mut text).ok()?;
    let text = text.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.to_owned())
}

/// Writes the identifier of this process into the lock, for the message of another one. The lock
/// does not depend on it.
fn name_owner(lock: &mut File) {
    let written = lock
        .set_len(0)
        .and_then(|()| writeln!(lock, "{}", std::process::id()));
    if let Err(error) = written {
        tracing::debug!(%error, "cannot write the identifier of the process into a lock");
    }
}
