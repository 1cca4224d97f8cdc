//! What an output of lines is.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom};

/// An output of lines. A thread of its own calls it, so it may block.
pub(crate) trait LineSink: Send {
    /// Prepares for the next lines. Called before every buffer, and for an empty one when there is
    /// nothing to write. `begins_line` is whether the next byte begins a line: otherwise it
    /// continues one that was written in part.
    fn prepare(&mut self, begins_line: bool) -> io::Result<()> {
        let _ = begins_line;
        Ok(())
    }

    /// Writes some of `bytes`, and returns how many.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Returns the length up to which lines are written together. A write within it is not split,
    /// even if the process ends during it.
    fn atomic_len(&mut self) -> usize {
        usize::MAX
    }

    /// Removes the last `len` bytes, if nothing was written after them. Returns whether it did.
    fn remove_last(&mut self, len: usize) -> bool {
        let _ = len;
        false
    }

    /// A problem that does not prevent writing.
    fn problem(&self) -> Option<String> {
        None
    }
}

/// Removes the last `len` bytes of a regular file if it ends where this process wrote last, so that
/// what other processes append to the same file is kept. Returns whether it did.
pub(crate) fn remove_end(mut file: &File, len: usize) -> bool {
    let mut truncate = || -> io::Result<bool> {
        let end = file.stream_position()?;
        let start = end
            .checked_sub(len as u64)
            .filter(|_| file.metadata().is_ok_and(|metadata| metadata.len() == end));
        let Some(start) = start else { return Ok(false) };
        file.set_len(start)?;
        file.seek(SeekFrom::Start(start))?;
        Ok(true)
    };
    truncate().unwrap_or(false)
}
