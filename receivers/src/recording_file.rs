//! What can be wrong with a file that is given as a recording, apart from the frames in it.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use tidegate_wire::file_type::{self, FileType};
use tidegate_wire::recording::{self, UnsupportedFormat};

/// Why a file is not a recording that this version can read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotARecording {
    /// A directory.
    #[error("it is a directory")]
    Directory,
    /// A unix socket, with its path.
    #[error(
        "it is a socket; `tidegate record --socket {0}` records it, and a receiver `monitor1_2` \
         reads it"
    )]
    Socket(String),
    /// A file of another type; what to do is in the text, if there is something.
    #[error("it is {}{}", .found.description(), advice(*.found, .name))]
    OtherType {
        /// The type.
        found: FileType,
        /// The name of the file.
        name: String,
    },
    /// A recording of a later version.
    #[error(transparent)]
    LaterFormat(#[from] UnsupportedFormat),
}

/// Refuses directories and sockets. A path that does not exist, and `-`, are accepted.
///
/// # Errors
/// The path is that of a directory or a socket.
pub fn check_path(path: &Path) -> Result<(), NotARecording> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(NotARecording::Directory),
        Ok(found) if found.file_type().is_socket() => {
            Err(NotARecording::Socket(path.display().to_string()))
        }
        _ => Ok(()),
    }
}

/// Refuses files whose first bytes are those of another type, or of a later format. `path` is the
/// file for the message. Returns [`FileType::Recording`], [`FileType::Empty`] or
/// [`FileType::Unknown`] otherwise.
///
/// # Errors
/// The file is not a recording.
pub fn check_start(start: &[u8], path: &Path) -> Result<FileType, NotARecording> {
    let found = FileType::detect(start);
    match found {
        FileType::Recording => {
            recording::read_start(start)?;
            Ok(found)
        }
        FileType::Empty | FileType::Unknown => Ok(found),
        _ => Err(NotARecording::OtherType {
            found,
            name: path.display().to_string(),
        }),
    }
}

/// The type of a file, by its first bytes; unknown if it cannot be read.
#[must_use]
pub fn file_type(path: &Path) -> FileType {
    let mut start = Vec::new();
    let read = fs::File::open(path)
        .and_then(|file| file.take(file_type::START as u64).read_to_end(&mut start));
    read.map_or(FileType::Unknown, |_| FileType::detect(&start))
}

fn advice(found: FileType, name: &str) -> String {
    found
        .instead_of_recording(name)
        .map_or_else(String::new, |advice| format!("; {advice}"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::path::Path;

    use tidegate_wire::recording;

    use super::{check_path, check_start};

    #[test]
    fn directories_and_sockets_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("s.sock");
        let _listener = UnixListener::bind(&socket).unwrap();
        let refused = |path: &Path| check_path(path).unwrap_err().to_string();
        assert_eq!(refused(directory.path()), "it is a directory");
        let expected = format!("`tidegate record --socket {} ", socket.display());
        assert!(refused(&socket).contains(expected.trim_end()));
        for path in ["-", "/no/such/file", "/dev/null"] {
            assert_eq!(check_path(Path::new(path)), Ok(()), "{path}");
        }
    }

    #[test]
    fn other_files_are_refused_with_what_they_are() {
        let refused = |start: &[u8]| {
            let checked = check_start(start, Path::new("f"));
            checked.map_err(|error| error.to_string()).unwrap_err()
        };
        assert_eq!(
            refused(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0]),
            "it is a capture of packets (pcap or pcapng); \
             `tidegate record --pcap f --out FILE` makes a recording of it"
        );
        assert_eq!(refused(b"hello\n"), "it is text");
        let mut later = recording::header();
        let digit = later.iter().position(|byte| *byte == b'1').unwrap();
        later[digit] = b'8';
        assert_eq!(
            refused(&later),
            "the recording has format 8, and this version reads formats up to 1"
        );
        for start in [&[][..], &[0, 1, 2], &recording::header()] {
            assert!(check_start(start, Path::new("f")).is_ok(), "{start:?}");
        }
    }
}
