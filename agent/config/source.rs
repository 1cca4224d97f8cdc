//! The text of a configuration file.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// The name of standard input in messages.
pub(super) const STDIN_NAME: &str = "<stdin>";

/// A text and its name in error messages.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The path as given on the command line.
    pub(crate) name: String,
    /// The content.
    pub(crate) text: String,
}

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("cannot read {}", .path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} is larger than {} MiB, which is not a configuration", .path.display(), MAX_BYTES >> 20)]
    TooLarge { path: PathBuf },
    #[error("{} is not text: it is {what}", .path.display())]
    Binary { path: PathBuf, what: &'static str },
    #[error("{} is not UTF-8: the first bad byte is in line {line}, column {column}", .path.display())]
    NotUtf8 {
        path: PathBuf,
        line: usize,
        column: usize,
    },
    #[error(
        "there is no configuration: neither {} nor {} exists",
        .folder.join(&.tried[0]).display(),
        .tried[1].display()
    )]
    NoneFound {
        folder: PathBuf,
        tried: [PathBuf; 2],
    },
}

impl Source {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self, ReadError> {
        let file = File::open(path).map_err(|source| ReadError::Io {
            path: path.to_owned(),
            source,
        })?;
        Self::read_from(path, file)
    }

    /// Reads `input` until its end; `path` is its name in messages.
    pub(crate) fn read_from(path: &Path, input: impl Read) -> Result<Self, ReadError> {
        let mut bytes = Vec::new();
        input
            .take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(|source| ReadError::Io {
                path: path.to_owned(),
                source,
            })?;
        let path_of = || path.to_owned();
        if bytes.len() as u64 > MAX_BYTES {
            return Err(ReadError::TooLarge { path: path_of() });
        }
        if let Some(what) = binary(&bytes) {
            return Err(ReadError::Binary {
                path: path_of(),
                what,
            });
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self {
                name: path.display().to_string(),
                text,
            }),
            Err(error) => {
                let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                let (line, column) = position(&String::from_utf8_lossy(good));
                Err(ReadError::NotUtf8 {
                    path: path_of(),
                    line,
                    column,
                })
            }
        }
    }
}

impl Source {
    /// Whether the text came from standard input.
    pub(crate) fn is_stdin(&self) -> bool {
        self.name == STDIN_NAME
    }

    /// A digest of the text: the first 16 digits that `sha256sum` prints.
    pub(crate) fn hash(&self) -> String {
        let digest = Sha256::digest(self.text.as_bytes());
        digest
            .iter()
            .take(8)
            .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }
}

impl ReadError {
    /// The message, with its cause and help.
    pub(crate) fn render(&self) -> String {
        let mut text = format!("error: {self}");
        match self {
            Self::Io { source, .. } => {
                let _ = write!(text, ": {source}");
                text.push_str(match source.kind() {
                    io::ErrorKind::NotFound => {
                        "\nhelp: name a configuration file with `--config FILE`"
                    }
                    io::ErrorKind::IsADirectory => "\nhelp: name a file in the directory",
                    io::ErrorKind::PermissionDenied => {
                        "\nhelp: give the user that runs tidegate the right to read it"
                    }
                    _ => "",
                });
            }
            Self::NoneFound { .. } => text.push_str(
                "\nhelp: name one with `--config FILE` (`-` is standard input) or in TIDEGATE_CONFIG, \
                 or write the shipped one with `tidegate config > pipeline.toml`",
            ),
            Self::NotUtf8 { .. } => text.push_str("\nhelp: save the file as UTF-8"),
            Self::TooLarge { .. } | Self::Binary { .. } => {
                text.push_str("\nhelp: name a TOML file with `--config FILE`");
            }
        }
        text
    }
}

/// The largest configuration. Many thousand components fit in.
const MAX_BYTES: u64 = 8 << 20;

/// The first bytes of files that are no text.
const MAGIC: [(&[u8], &str); 8] = [
    (b"\x7fELF", "a program"),
    (b"\x1f\x8b", "compressed with gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\xff\xfe", "UTF-16; save it as UTF-8"),
    (b"\xfe\xff", "UTF-16; save it as UTF-8"),
    (b"\xd4\xc3\xb2\xa1", "a packet capture"),
    (b"\x0a\x0d\x0d\x0a", "a packet capture"),
];

/// What a file is that is not text.
fn binary(bytes: &[u8]) -> Option<&'static str> {
    let known = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic));
    let has_nul = bytes.contains(&0).then_some("binary, with NUL bytes");
    known.map(|(_, what)| *what).or(has_nul)
}

/// Line and column after the end of `text`, from 1; columns are characters.
fn position(text: &str) -> (usize, usize) {
    let line = text.matches('\n').count() + 1;
    let column = text.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}
