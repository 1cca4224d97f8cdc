//! Standard output, and other writers: how much one write may have, and how a partial line is
//! removed.

use std::fs::File;
use std::io::{self, Write};

use rustix::fs::FileType;
use rustix::pipe::PIPE_BUF;

use crate::lines::{LineSink, remove_end};

/// Any writer.
pub(super) struct WriterSink<W>(pub(super) W);

impl<W: Write + Send> LineSink for WriterSink<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.0.write(bytes)?;
        self.0.flush()?;
        Ok(written)
    }
}

/// A file, pipe or device.
pub(super) struct FileSink {
    file: File,
    kind: FileType,
}

impl FileSink {
    /// Fails if the type of the file cannot be determined.
    pub(super) fn new(file: File) -> io::Result<Self> {
        let kind = FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode);
        Ok(Self { file, kind })
    }
}

impl LineSink for FileSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    /// A write to a pipe is atomic up to `PIPE_BUF` (POSIX, `write`). A longer one that fits into
    /// an empty pipe does not block, so it cannot be interrupted.
    fn atomic_len(&mut self) -> usize {
        if self.kind != FileType::Fifo {
            return usize::MAX;
        }
        let is_empty = rustix::io::ioctl_fionread(&self.file).is_ok_and(|waiting| waiting == 0);
        let capacity = if is_empty {
            rustix::pipe::fcntl_getpipe_size(&self.file).unwrap_or(0)
        } else {
            0
        };
        capacity.max(PIPE_BUF)
    }

    /// Truncates a regular file if it ends where this process wrote last, so that the lines of
    /// other processes that append to the same file are kept.
    fn remove_last(&mut self, len: usize) -> bool {
        if self.kind != FileType::RegularFile {
            return false;
        }
        remove_end(&self.file, len)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{File, OpenOptions};
    use std::io::{Read as _, Write as _};
    use std::path::Path;

    use super::{FileSink, LineSink, PIPE_BUF};

    fn open(path: &Path, append: bool) -> File {
        let mut options = OpenOptions::new();
        if append {
            options.append(true)
        } else {
            options.write(true)
        }
        .open(path)
        .unwrap()
    }

    #[test]
    fn the_end_of_a_file_is_removed_unless_another_process_has_appended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        for (append, other, expected) in [
            (true, "", "a\n"),
            (false, "", "a\n"),
            (true, "c\n", "a\nbbbc\n"),
        ] {
            std::fs::write(&path, "").unwrap();
            let mut sink = FileSink::new(open(&path, append)).unwrap();
            sink.write(b"a\nbbb").unwrap();
            open(&path, true).write_all(other.as_bytes()).unwrap();
            assert_eq!(sink.remove_last(3), other.is_empty(), "{append}");
            assert_eq!(
                std::fs::read_to_string(&path).unwrap(),
                expected,
                "{append}"
            );
            if other.is_empty() {
                sink.write(b"d\n").unwrap();
                assert_eq!(
                    std::fs::read_to_string(&path).unwrap(),
                    "a\nd\n",
                    "{append}: the next line follows the last"
                );
            }
        }
    }

    #[test]
    fn writes_to_a_pipe_are_atomic_up_to_its_capacity_only_while_it_is_empty() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut sink = FileSink::new(std::os::fd::OwnedFd::from(writer).into()).unwrap();
        let capacity = sink.atomic_len();
        assert!(capacity > PIPE_BUF, "{capacity}");
        sink.write(b"x\n").unwrap();
        assert_eq!((sink.atomic_len(), sink.remove_last(2)), (PIPE_BUF, false));
        reader.read_exact(&mut [0; 2]).unwrap();
        assert_eq!(sink.atomic_len(), capacity);
    }

    #[test]
    fn nothing_is_removed_from_a_device() {
        let mut sink =
            FileSink::new(File::options().write(true).open("/dev/null").unwrap()).unwrap();
        assert_eq!(
            (sink.atomic_len(), sink.remove_last(0)),
            (usize::MAX, false)
        );
    }
}
