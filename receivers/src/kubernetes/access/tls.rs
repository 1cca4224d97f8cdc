//! TLS to the API server, with the provider of the rest of the agent.

use std::sync::Arc;

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, Error, RootCertStore};

/// A certificate and its key, in PEM.
pub(super) struct ClientCertificate {
    pub(super) chain: Vec<u8>,
    pub(super) key: Vec<u8>,
}

/// A part of the certificates that is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadPart {
    Authorities,
    Chain,
    Key,
}

/// Why there is no configuration.
pub(super) enum TlsError {
    Part(BadPart),
    Rejected(Error),
}

impl BadPart {
    /// What is expected.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Authorities => "certificates of authorities in PEM",
            Self::Chain => "client certificate in PEM",
            Self::Key => "private key in PEM",
        }
    }
}

/// The configuration of connections that trust these authorities (in PEM), or the system's.
pub(super) fn config(
    authorities: Option<&[u8]>,
    client: Option<&ClientCertificate>,
) -> Result<Arc<ClientConfig>, TlsError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Rejected)?
        .with_root_certificates(roots(authorities)?);
    let config = match client {
        Some(ClientCertificate { chain, key }) => {
            let chain = certificates(chain).ok_or(TlsError::Part(BadPart::Chain))?;
            let key = PrivateKeyDer::from_pem_slice(key);
            let key = key.map_err(|_| TlsError::Part(BadPart::Key))?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(TlsError::Rejected)?
        }
        None => builder.with_no_client_auth(),
    };
    Ok(Arc::new(config))
}

fn roots(authorities: Option<&[u8]>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    let Some(pem) = authorities else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    };
    let certificates = certificates(pem).ok_or(TlsError::Part(BadPart::Authorities))?;
    for certificate in certificates {
        roots.add(certificate).map_err(TlsError::Rejected)?;
    }
    Ok(roots)
}

/// At least one certificate.
fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    all.ok().filter(|all| !all.is_empty())
}
