//! TLS of the admin listener, with client certificates if a CA for them is configured.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tidegate_runtime::small_file;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};

use crate::config::Tls;

/// TLS with the files as they were read.
#[derive(Clone)]
pub(super) struct ServerTls {
    pub(super) acceptor: TlsAcceptor,
    pub(super) files: FileHashes,
}

/// Hashes of the files, to detect a change.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FileHashes {
    /// Of the certificate and its key.
    pub(super) certificate: [u8; 32],
    /// Of the certificate authority of clients.
    pub(super) client_ca: Option<[u8; 32]>,
}

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error("cannot read {}", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} is not a PEM file of {what}", .path.display())]
    NotPem {
        path: PathBuf,
        what: &'static str,
        source: pem::Error,
    },
    #[error("{} has no certificate", .0.display())]
    NoCertificate(PathBuf),
    #[error("cannot use the certificates in {}", .path.display())]
    Unusable {
        path: PathBuf,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl ServerTls {
    /// Reads the files.
    pub(super) fn read(tls: &Tls) -> Result<Self, TlsError> {
        let files = FileHashes {
            certificate: hash(&[&tls.cert_file, &tls.key_file])?,
            client_ca: tls
                .client_ca_file
                .as_ref()
                .map(|path| hash(&[path]))
                .transpose()?,
        };
        let verifier = tls.client_ca_file.as_deref().map(verifier).transpose()?;
        let unusable = |source: rustls::Error| TlsError::Unusable {
            path: tls.cert_file.clone(),
            source: source.into(),
        };
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder
            .with_safe_default_protocol_versions()
            .map_err(unusable)?;
        let builder = match verifier {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder
            .with_single_cert(certificates(&tls.cert_file)?, key(&tls.key_file)?)
            .map_err(unusable)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            files,
        })
    }
}

/// The hash of the content of files.
fn hash(paths: &[&Path]) -> Result<[u8; 32], TlsError> {
    let mut hash = Sha256::new();
    for path in paths {
        hash.update(bytes(path)?);
    }
    Ok(hash.finalize().into())
}

fn verifier(path: &Path) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let built =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots(path)?), provider).build();
    built.map_err(|source| TlsError::Unusable {
        path: path.to_owned(),
        source: source.into(),
    })
}

/// Reads the certificates of a file as trusted roots.
pub(crate) fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        let added = roots.add(certificate);
        added.map_err(|source| TlsError::Unusable {
            path: path.to_owned(),
            source: source.into(),
        })?;
    }
    Ok(roots)
}

/// Reads the certificates of a PEM file.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = bytes(path)?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let read = read.map_err(|source| TlsError::NotPem {
        path: path.to_owned(),
        what: "certificates",
        source,
    })?;
    if read.is_empty() {
        Err(TlsError::NoCertificate(path.to_owned()))
    } else {
        Ok(read)
    }
}

/// Reads the private key of a PEM file.
pub(crate) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let read = PrivateKeyDer::from_pem_slice(&bytes(path)?);
    read.map_err(|source| TlsError::NotPem {
        path: path.to_owned(),
        what: "a private key",
        source,
    })
}

fn bytes(path: &Path) -> Result<Vec<u8>, TlsError> {
    small_file::read(path).map_err(|source| TlsError::Unreadable {
        path: path.to_owned(),
        source,
    })
}
