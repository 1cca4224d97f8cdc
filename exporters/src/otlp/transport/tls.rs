//! TLS settings of the connection. They are checked when the exporter is built; the files are read
//! when it starts and at each refresh.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tidegate_runtime::component::BuildError;
use tidegate_runtime::small_file;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, Error, RootCertStore};

tidegate_runtime::config_table! {
    /// Certificates for an https endpoint.
    #[derive(Clone, Debug, PartialEq)]
    pub struct TlsConfig {
        /// Whether a gRPC endpoint without a scheme, such as "collector:4317", is plain text. With a
        /// scheme, that decides. Default: false.
        #[sample = "true"]
        pub insecure: Option<bool> = None,
        /// PEM file of the certificate authority that signed the backend's certificate. Default:
        /// the system's roots.
        #[sample = "\"/etc/tidegate/ca.pem\""]
        pub ca_file: Option<PathBuf> = None,
        /// PEM file of the client certificate. Needs `key_file`.
        #[sample = "\"/etc/tidegate/client.pem\""]
        pub cert_file: Option<PathBuf> = None,
        /// PEM file of the client certificate's private key.
        #[sample = "\"/etc/tidegate/client.key\""]
        pub key_file: Option<PathBuf> = None,
        /// The name that the backend's certificate must have. Default: the endpoint's host.
        #[sample = "\"otel.example.org\""]
        pub server_name_override: Option<String> = None,
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
    #[error("cannot use the certificates of `tls`")]
    Invalid(#[source] Error),
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
        if self.is_given() && !endpoint_is_tls {
            return Err(error(
                "the endpoint is plain text; begin it with https:// to use certificates".to_owned(),
            ));
        }
        Ok(())
    }

    /// Checks the name by itself.
    pub(super) fn check_name(&self) -> Result<(), BuildError> {
        match self.server_name_override.as_deref() {
            Some(name) if ServerName::try_from(name).is_err() => Err(BuildError {
                key: "tls",
                message: format!(
                    "`server_name_override` is `{name}`, which is neither a DNS name nor an IP \
                     address"
                ),
            }),
            _ => Ok(()),
        }
    }

    /// These settings where they are given, and `general` otherwise.
    pub(crate) fn or(&self, general: &Self) -> Self {
        let mut merged = self.clone();
        merged.insecure = merged.insecure.or(general.insecure);
        merged.ca_file = merged.ca_file.or_else(|| general.ca_file.clone());
        if merged.cert_file.is_none() && merged.key_file.is_none() {
            merged.cert_file.clone_from(&general.cert_file);
            merged.key_file.clone_from(&general.key_file);
        }
        let name = &general.server_name_override;
        merged.server_name_override = merged.server_name_override.or_else(|| name.clone());
        merged
    }

    /// These settings, each from `general` where it is not given: a certificate and its key need not
    /// come from the same place.
    pub(crate) fn filled(&self, general: &Self) -> Self {
        let or = |own: &Option<PathBuf>, other: &Option<PathBuf>| own.clone().or(other.clone());
        Self {
            cert_file: or(&self.cert_file, &general.cert_file),
            key_file: or(&self.key_file, &general.key_file),
            ..self.or(general)
        }
    }

    /// Whether it names files.
    fn has_files(&self) -> bool {
        self.ca_file.is_some() || self.cert_file.is_some()
    }

    /// The files that it names.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let files = [&self.ca_file, &self.cert_file, &self.key_file];
        files.into_iter().flatten().map(PathBuf::as_path)
    }

    /// The name that the certificate of a backend at `host` must have.
    pub(super) fn server_name(&self, host: &str) -> Result<ServerName<'static>, BuildError> {
        let name = self.server_name_override.as_deref().unwrap_or(host);
        ServerName::try_from(name.to_owned()).map_err(|_| BuildError {
            key: "tls",
            message: format!("`{name}` is neither a DNS name nor an IP address"),
        })
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

    /// Whether a setting is given that only TLS has.
    pub(crate) fn is_given(&self) -> bool {
        self.has_files() || self.key_file.is_some() || self.server_name_override.is_some()
    }
}

impl TlsFiles {
    /// Returns the configuration of a connection that speaks one of the protocols, which are named
    /// as in ALPN. Without authorities of its own it reads the system's, which may block.
    pub(super) fn client_config(&self, protocols: &[&str]) -> Result<Arc<ClientConfig>, TlsError> {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Invalid)?
            .with_root_certificates(self.roots()?);
        let mut config = match &self.identity {
            Some((chain, key)) => {
                let chain: Result<_, _> = CertificateDer::pem_slice_iter(chain).collect();
                let pair = chain.ok().zip(PrivateKeyDer::from_pem_slice(key).ok());
                let (chain, key) = pair.ok_or_else(|| {
                    TlsError::Invalid(Error::General("the files have changed".to_owned()))
                })?;
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(TlsError::Invalid)?
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().into())
            .collect();
        Ok(Arc::new(config))
    }

    fn roots(&self) -> Result<RootCertStore, TlsError> {
        let mut roots = RootCertStore::empty();
        match &self.ca {
            Some(pem) => {
                for certificate in CertificateDer::pem_slice_iter(pem).flatten() {
                    roots.add(certificate).map_err(TlsError::Invalid)?;
                }
            }
            None => {
                let system = rustls_native_certs::load_native_certs();
                roots.add_parsable_certificates(system.certs);
            }
        }
        Ok(roots)
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
