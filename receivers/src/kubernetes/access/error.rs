//! Why there are no credentials.

use std::io;
use std::path::{Path, PathBuf};

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub(in crate::kubernetes) enum AccessError {
    /// The environment of a pod is missing.
    #[error(
        "KUBERNETES_SERVICE_HOST is not set, so this is not a pod of a cluster; \
         set `server` or `kubeconfig`"
    )]
    NotInACluster,
    /// A file could not be read.
    #[error("cannot read `{}`: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file does not have what it should.
    #[error("`{}` has no {what}", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is expected in it.
        what: String,
    },
    /// The kubeconfig cannot be used.
    #[error("the kubeconfig `{}` {problem}", .path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// The URL of the server cannot be used.
    #[error("`{url}` is not the URL of an API server: {problem}")]
    Url {
        /// The URL.
        url: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// Certificates cannot be used together.
    #[error("cannot use the certificates for the API server: {0}")]
    Tls(#[from] tokio_rustls::rustls::Error),
    /// The thread that reads files ended.
    #[error("reading the credentials was interrupted")]
    Interrupted,
}

impl AccessError {
    pub(super) fn no(what: impl Into<String>, path: &Path) -> Self {
        Self::Content {
            path: path.to_owned(),
            what: what.into(),
        }
    }
}
