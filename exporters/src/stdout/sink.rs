//! What lines are written to: how much at once, and how half a line is taken back.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write};

use rustix::fs::FileType;
use rustix::pipe::PIPE_BUF;

/// An output of lines.
pub(super) trait Sink: Send {
    /// Writes some of `bytes`, and says how many.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Bytes that go out whole or not at all, even if the process ends meanwhile; as far as the
    /// output is of such a kind.
    fn room(&mut self) -> usize {
        usize::MAX
    }

    /// Takes back the last `len` bytes, if nothing was written behind them, and says whether it
    /// did.
    fn take_back(&mut self, len: usize) -> bool {
        let _ = len;
        false
    }
}

/// A writer about which nothing else is known.
pub(super) struct Plain<W>(pub(super) W);

impl<W: Write + Send> Sink for Plain<W> {
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
    /// Fails if the kernel does not say what it is.
    pub(super) fn new(file: File) -> io::Result<Self> {
        let kind = FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode);
        Ok(Self { file, kind })
    }
}

impl Sink for FileSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    /// A write to a pipe is atomic up to `PIPE_BUF` (POSIX, `write`). A longer one to an empty
    /// pipe, as long as it fits, does not block, so nothing can cut it.
    fn room(&mut self) -> usize {
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

    /// A regular file is cut if it ends where this process wrote last, so that lines of others, who
    /// may append to the same file, stay.
    fn take_back(&mut self, len: usize) -> bool {
        if self.kind != FileType::RegularFile {
            return false;
        }
        let cut = || -> io::Result<bool> {
            let mut file = &self.file;
            let end = file.stream_position()?;
            let start = end
                .checked_sub(len as u64)
                .filter(|_| file.metadata().is_ok_and(|is| is.len() == end));
            let Some(start) = start else { return Ok(false) };
            file.set_len(start)?;
            file.seek(SeekFrom::Start(start))?;
            Ok(true)
        };
        cut().unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{File, OpenOptions};
    use std::io::{Read as _, Write as _};
    use std::path::Path;

    use super::{FileSink, PIPE_BUF, Sink};

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
    fn the_end_of_a_file_is_taken_back_unless_another_has_appended() {
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
            assert_eq!(sink.take_back(3), other.is_empty(), "{append}");
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
                    "{append}: the next line follows"
                );
            }
        }
    }

    #[test]
    fn a_pipe_takes_its_capacity_while_it_is_empty_and_else_what_is_atomic() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut sink = FileSink::new(std::os::fd::OwnedFd::from(writer).into()).unwrap();
        let capacity = sink.room();
        assert!(capacity > PIPE_BUF, "{capacity}");
        sink.write(b"x\n").unwrap();
        assert_eq!((sink.room(), sink.take_back(2)), (PIPE_BUF, false));
        reader.read_exact(&mut [0; 2]).unwrap();
        assert_eq!(sink.room(), capacity);
    }

    #[test]
    fn nothing_is_taken_back_from_a_device() {
        let mut sink =
            FileSink::new(File::options().write(true).open("/dev/null").unwrap()).unwrap();
        assert_eq!((sink.room(), sink.take_back(0)), (usize::MAX, false));
    }
}
