//! The files that a component reads when it runs, so that they can be checked before it starts.

use std::path::PathBuf;

/// A file that a component reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileUse {
    /// The key that names it, such as `tls.ca_file`.
    pub key: &'static str,
    /// Its path.
    pub path: PathBuf,
    /// What it has to hold.
    pub content: FileContent,
}

/// What a file has to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileContent {
    /// Certificates of authorities that are trusted, in PEM.
    CertificateAuthorities,
    /// A certificate and those between it and its authority, in PEM.
    CertificateChain {
        /// The file of its private key, which is another use.
        private_key: PathBuf,
    },
    /// A private key in PEM.
    PrivateKey,
    /// Bearer tokens, one per line.
    Tokens,
    /// One line that is the value of a header, or a password.
    Text,
    /// A recording of the monitor socket.
    Recording,
}

impl FileUse {
    /// A use of the file that `key` names.
    #[must_use]
    pub fn new(key: &'static str, path: impl Into<PathBuf>, content: FileContent) -> Self {
        Self {
            key,
            path: path.into(),
            content,
        }
    }
}
