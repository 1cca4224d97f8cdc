//! The file that is being written: opened without following links, locked against other writers,
//! and always continued at the beginning of a line.

use std::fs::{self, DirBuilder, File, Metadata};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, FileTypeExt as _, MetadataExt as _};
use std::path::Path;
use std::time::SystemTime;

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::failure::PathProblem;
use super::mode::FileMode;
use super::names::FileNames;
use crate::lines::remove_end;

/// The longest end of a line that is looked at after a crash.
const MAX_PARTIAL_LINE: u64 = 1 << 20;

/// What the lines of the JSON format begin with.
const JSON_LINE: &[u8] = b"{\"";

/// How a file is created.
#[derive(Clone, Copy, Debug)]
pub(super) struct Creation {
    pub(super) mode: FileMode,
    /// Whether its directory is created, too.
    pub(super) with_directory: bool,
}

/// The file that is being written.
#[derive(Debug)]
pub(super) struct OutputFile {
    file: File,
    /// Its length, as far as this process knows.
    size: u64,
    /// Whether it is empty or ends with a whole line.
    ends_line: bool,
    /// The time of its first line or, if that was written before it was opened, of its last one.
    began: SystemTime,
    /// Whether something was written since [`Self::sync`].
    is_dirty: bool,
}

impl OutputFile {
    /// Opens the file to append to it, or creates it.
    ///
    /// # Errors
    ///
    /// If it cannot be opened, is no regular file, or is written by another process.
    pub(super) fn open(names: &FileNames, creation: Creation) -> io::Result<Self> {
        let path = names.path();
        if let Ok(metadata) = fs::symlink_metadata(path) {
            check_type(&metadata)?;
        }
        let file = match open(path, OFlags::empty()) {
            Err(Errno::NOENT) => create(names, creation)?,
            opened => opened?,
        };
        let metadata = file.metadata()?;
        check_type(&metadata)?;
        lock(&file)?;
        let mut output = Self {
            file,
            size: metadata.len(),
            ends_line: true,
            began: metadata.modified().unwrap_or_else(|_| SystemTime::now()),
            is_dirty: false,
        };
        output.ends_line = output.has_line_end()?;
        Ok(output)
    }

    /// Its length.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The time of its first line, unless it is empty.
    pub(super) fn began(&self) -> Option<SystemTime> {
        (self.size > 0).then_some(self.began)
    }

    /// Whether the next byte begins a line.
    pub(super) fn ends_line(&self) -> bool {
        self.ends_line
    }

    /// Whether it is the file at the path, to which it may have been renamed.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        let identity = |metadata: Metadata| (metadata.dev(), metadata.ino());
        let there = fs::symlink_metadata(path).map(identity).ok();
        there.is_some() && there == self.file.metadata().map(identity).ok()
    }

    /// Whether no name leads to it any more.
    pub(super) fn is_removed(&self) -> bool {
        self.file
            .metadata()
            .is_ok_and(|metadata| metadata.nlink() == 0)
    }

    /// Takes notice of a change of its length by another process, such as `copytruncate` of
    /// logrotate.
    pub(super) fn update_size(&mut self) -> io::Result<()> {
        let size = self.file.metadata()?.len();
        if size != self.size {
            self.size = size;
            self.ends_line = self.has_line_end()?;
        }
        Ok(())
    }

    /// Writes some of `bytes` to its end, and returns how many.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        if self.size == 0 {
            self.began = SystemTime::now();
        }
        self.size += written as u64;
        if let Some(last) = bytes[..written].last() {
            self.ends_line = *last == b'\n';
            self.is_dirty = true;
        }
        Ok(written)
    }

    /// Removes the last `len` bytes, if nothing was written after them. Returns whether it did.
    pub(super) fn remove_last(&mut self, len: usize) -> bool {
        let is_removed = remove_end(&self.file, len);
        if is_removed {
            self.size = self.size.saturating_sub(len as u64);
            self.ends_line = true;
        }
        is_removed
    }

    /// Makes the next byte begin a line: a line of JSON that was written in part is removed, and
    /// anything else is ended.
    pub(super) fn end_line(&mut self) -> io::Result<()> {
        if self.ends_line {
            return Ok(());
        }
        let partial = self.partial_line()?;
        if let Some(line) = partial.filter(|line| line.starts_with(JSON_LINE)) {
            let size = self.size - line.len() as u64;
            self.file.set_len(size)?;
            self.size = size;
            self.ends_line = true;
            return Ok(());
        }
        self.write(b"\n").map(drop)
    }

    /// Writes the content to the disk, if it has changed.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        if self.is_dirty {
            self.file.sync_data()?;
            self.is_dirty = false;
        }
        Ok(())
    }

    fn has_line_end(&self) -> io::Result<bool> {
        let Some(last) = self.size.checked_sub(1) else {
            return Ok(true);
        };
        let mut byte = [0];
        self.file.read_exact_at(&mut byte, last)?;
        Ok(byte == *b"\n")
    }

    /// The bytes after the last line end; `None` if there are too many.
    fn partial_line(&self) -> io::Result<Option<Vec<u8>>> {
        let len = self.size.min(MAX_PARTIAL_LINE);
        let mut end = vec![0; usize::try_from(len).unwrap_or(0)];
        self.file.read_exact_at(&mut end, self.size - len)?;
        Ok(match end.iter().rposition(|byte| *byte == b'\n') {
            Some(line_end) => Some(end.split_off(line_end + 1)),
            None => (len == self.size).then_some(end),
        })
    }
}

fn open(path: &Path, flags: OFlags) -> Result<File, Errno> {
    // A device or a pipe at the path must not block, or become the controlling terminal.
    let always = OFlags::RDWR
        | OFlags::APPEND
        | OFlags::NOFOLLOW
        | OFlags::NONBLOCK
        | OFlags::NOCTTY
        | OFlags::CLOEXEC;
    rustix::fs::open(path, always | flags, Mode::RUSR | Mode::WUSR).map(File::from)
}

/// Creates the file with its mode, whatever the umask is. If another process creates it meanwhile,
/// that file is opened.
fn create(names: &FileNames, creation: Creation) -> io::Result<File> {
    let path = names.path();
    let new = || open(path, OFlags::CREATE | OFlags::EXCL);
    let created = match new() {
        Err(Errno::NOENT) if creation.with_directory => {
            let mut directory = DirBuilder::new();
            directory
                .recursive(true)
                .mode(0o750)
                .create(names.directory())?;
            new()
        }
        created => created,
    };
    match created {
        Ok(file) => {
            rustix::fs::fchmod(&file, creation.mode.get())?;
            Ok(file)
        }
        Err(Errno::EXIST) => Ok(open(path, OFlags::empty())?),
        Err(Errno::NOENT) => Err(PathProblem::NoDirectory(names.directory().to_owned()).into()),
        Err(error) => Err(error.into()),
    }
}

fn check_type(metadata: &Metadata) -> io::Result<()> {
    let kind = metadata.file_type();
    let problem = if kind.is_file() {
        return Ok(());
    } else if kind.is_symlink() {
        PathProblem::SymbolicLink
    } else if kind.is_dir() {
        PathProblem::NotRegular("directory")
    } else if kind.is_fifo() {
        PathProblem::NotRegular("pipe")
    } else if kind.is_socket() {
        PathProblem::NotRegular("socket")
    } else {
        PathProblem::NotRegular("device")
    };
    Err(problem.into())
}

/// Locks the file against other writers that lock it. A file system without locks is used without.
fn lock(file: &File) -> io::Result<()> {
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => Err(PathProblem::InUse.into()),
        Err(error) if io::Error::from(error).kind() == ErrorKind::Interrupted => lock(file),
        Err(error) => {
            tracing::debug!(%error, "the file system has no locks");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
