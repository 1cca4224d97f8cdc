//! TLS settings of the connection. They are checked when the exporter is built; the files are read
//! when it starts and at each refresh.

use std::io;
use std::path::{Path, PathBuf};

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tidegate_runtime::component::BuildError;
use tidegate_runtime::small_file;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

tidegate_runtime::config_table! {
    /// Certificates for an https endpoint.
    #[derive(Clone, Debug)]
    pub(crate) struct TlsConfig {
        /// PEM file of the certificate authority that signed the backend's certificate. Default:
        /// the system's roots.
        #[sample = "\"/etc/tidegate/ca.pem\""]
        pub(crate) ca_file: Option<PathBuf> = None,
        /// PEM file of the client certificate. Needs `key_file`.
        #[sample = "\"/etc/tidegate/client.pem\""]
        pub(crate) cert_file: Option<PathBuf> = None,
        /// PEM file of the client certificate's private key.
        #[sample = "\"/etc/tidegate/client.key\""]
        pub(crate) key_file: Option<PathBuf> = None,
        /// The name that the backend's certificate must have. Default: the endpoint's host.
        #[sample = "\"otel.example.org\""]
        pub(crate) server_name_override: Option<String> = None,
    }
}

/// An error in the certificate files.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    /// A file could not be read.
    #[error("cannot read `{}`", .path.display())]
    Read {
        /// Path of the file.
        path: PathBuf,
        /// The I/O error.
        source: io::Error,
    },
    /// A file has something else, or is being written.
    #[error("`{}` is not a PEM file of {what}", .path.display())]
    NotPem {
        /// Path of the file.
        path: PathBuf,
        /// What it has to hold.
        what: &'static str,
    },
    /// The files do not form a valid TLS configuration.
    #[error("cannot use the certificates given for `{endpoint}`")]
    Invalid {
        /// URL of the endpoint.
        endpoint: String,
        /// The TLS library's error.
        source: tonic::transport::Error,
    },
}

impl TlsConfig {
    /// Checks the keys against each other and against the endpoint's scheme.
    pub(super) fn check(&self, endpoint_is_tls: bool) -> Result<(), BuildError> {
        let error = |message: String| BuildError {
            key: "tls",
            message,
        };
        if self.cert_file.is_some() != self.key_file.is_some() {
            return Err(error(
                "`cert_file` and `key_file` must be given together".to_owned(),
            ));
        }
        let is_configured = self.ca_file.is_some()
            || self.cert_file.is_some()
            || self.server_name_override.is_some();
        if is_configured && !endpoint_is_tls {
            return Err(error(
                "the endpoint is plain text; begin it with https:// to use certificates".to_owned(),
            ));
        }
        match self.server_name_override.as_deref() {
            Some(name) if ServerName::try_from(name).is_err() => Err(error(format!(
                "`server_name_override` is `{name}`, which is neither a DNS name nor an IP address"
            ))),
            _ => Ok(()),
        }
    }

    /// Whether it names files.
    pub(super) fn has_files(&self) -> bool {
        self.ca_file.is_some() || self.cert_file.is_some()
    }

    /// Reads the files, which may block.
    pub(super) fn read(&self) -> Result<TlsFiles, TlsError> {
        let identity = match (&self.cert_file, &self.key_file) {
            (Some(certificate), Some(key)) => Some((certificates(certificate)?, private_key(key)?)),
            _ => None,
        };
        Ok(TlsFiles {
            ca: self.ca_file.as_deref().map(certificates).transpose()?,
            identity,
        })
    }

    /// Adds TLS to an endpoint, with what was read.
    pub(super) fn apply(&self, endpoint: Endpoint, files: &TlsFiles) -> Result<Endpoint, TlsError> {
        let mut config = ClientTlsConfig::new();
        config = match &files.ca {
            Some(ca) => config.ca_certificate(Certificate::from_pem(ca)),
            None => config.with_enabled_roots(),
        };
        if let Some((certificate, key)) = &files.identity {
            config = config.identity(Identity::from_pem(certificate, key));
        }
        if let Some(name) = &self.server_name_override {
            config = config.domain_name(name);
        }
        let url = endpoint.uri().to_string();
        endpoint
            .tls_config(config)
            .map_err(|source| TlsError::Invalid {
                endpoint: url,
                source,
            })
    }
}

/// The content of the files, in PEM.
#[derive(Clone, Default, PartialEq)]
pub(super) struct TlsFiles {
    ca: Option<Vec<u8>>,
    /// The client certificate and its key.
    identity: Option<(Vec<u8>, Vec<u8>)>,
}

/// Reads a file with at least one certificate.
fn certificates(path: &Path) -> Result<Vec<u8>, TlsError> {
    let bytes = read(path)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(bytes),
        _ => Err(TlsError::NotPem {
            path: path.to_owned(),
            what: "certificates",
        }),
    }
}

/// Reads a file with a private key.
fn private_key(path: &Path) -> Result<Vec<u8>, TlsError> {
    let bytes = read(path)?;
    match PrivateKeyDer::from_pem_slice(&bytes) {
        Ok(_) => Ok(bytes),
        Err(_) => Err(TlsError::NotPem {
            path: path.to_owned(),
            what: "a private key",
        }),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    small_file::read(path).map_err(|source| TlsError::Read {
        path: path.to_owned(),
        source,
    })
}
