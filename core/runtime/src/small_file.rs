//! Reads the files of certificates, keys and tokens, none of which is large: a device such as
//! `/dev/zero`, or a log that is named by mistake, is not read into memory.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

/// The largest size of such a file, which is more than any bundle of certificates has.
pub const MAX_BYTES: usize = 8 << 20;

/// Reads a file.
///
/// # Errors
///
/// It cannot be read, or has more than [`MAX_BYTES`].
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_BYTES {
        let message = format!("it has more than {} MiB", MAX_BYTES >> 20);
        return Err(io::Error::new(ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// Reads a file of text.
///
/// # Errors
///
/// As of [`read`], or it is not UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?)
        .map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not text in UTF-8"))
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::path::Path;

    use super::{MAX_BYTES, read, read_text};

    #[test]
    fn a_file_is_read_up_to_the_largest_size() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for (len, expected) in [
            (0, Ok(0)),
            (MAX_BYTES, Ok(MAX_BYTES)),
            (MAX_BYTES + 1, Err(ErrorKind::FileTooLarge)),
        ] {
            std::fs::write(&path, vec![b'a'; len]).unwrap();
            let found = read(&path).map(|bytes| bytes.len());
            assert_eq!(found.map_err(|error| error.kind()), expected);
        }
        let endless = read(Path::new("/dev/zero")).map_err(|error| error.kind());
        assert_eq!(endless, Err(ErrorKind::FileTooLarge));
    }

    #[test]
    fn text_is_utf_8() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for (bytes, expected) in [
            (&b"token\n"[..], Ok("token\n".to_owned())),
            (b"\xff", Err(ErrorKind::InvalidData)),
        ] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(read_text(&path).map_err(|error| error.kind()), expected);
        }
    }
}
