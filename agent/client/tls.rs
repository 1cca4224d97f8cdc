//! Connections to an agent, with TLS where its admin listener speaks it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueHint;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::target::Target;
use crate::error::Error;
use crate::telemetry::{certificates, key, roots};

/// Files for TLS.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct TlsFiles {
    /// PEM file of who signs the admin listener's certificate; else the system's roots. Implies
    /// https
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    ca_file: Option<PathBuf>,
    /// PEM file of the certificate to show to the admin listener
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "key_file")]
    cert_file: Option<PathBuf>,
    /// PEM file of that certificate's private key
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "cert_file")]
    key_file: Option<PathBuf>,
}

/// How to connect to an agent.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) target: Target,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// A connection of any sort.
pub(super) trait Connection: AsyncRead + AsyncWrite + Unpin + Send {}

impl<C: AsyncRead + AsyncWrite + Unpin + Send> Connection for C {}

impl TlsFiles {
    /// How to connect to the target; reads the files.
    pub(super) fn connector(&self, target: Target) -> Result<Connector, Error> {
        let is_given = self.ca_file.is_some() || self.cert_file.is_some();
        let target = match target {
            Target::Tcp { authority, tls } => Target::Tcp {
                authority,
                tls: tls || is_given,
            },
            Target::Unix(_) if is_given => {
                return Err(Error::Usage("a unix socket has no TLS".to_owned()));
            }
            unix @ Target::Unix(_) => unix,
        };
        let tls = match &target {
            Target::Tcp {
                authority,
                tls: true,
            } => {
                let host = authority
                    .rsplit_once(':')
                    .map_or(authority.as_str(), |(host, _)| host);
                let host = host
                    .trim_start_matches('[')
                    .trim_end_matches(']')
                    .to_owned();
                let name =
                    ServerName::try_from(host).map_err(|error| Error::Usage(error.to_string()))?;
                Some((TlsConnector::from(Arc::new(self.config()?)), name))
            }
            _ => None,
        };
        Ok(Connector { target, tls })
    }

    fn config(&self) -> Result<ClientConfig, Error> {
        let roots = match &self.ca_file {
            Some(path) => roots(path)?,
            None => system_roots(),
        };
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        Ok(match (&self.cert_file, &self.key_file) {
            (Some(certificate), Some(private)) => {
                builder.with_client_auth_cert(certificates(certificate)?, key(private)?)?
            }
            _ => builder.with_no_client_auth(),
        })
    }
}

/// What the system trusts; what of it cannot be read is left out.
fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

impl Connector {
    /// Connects.
    pub(super) async fn connect(&self) -> io::Result<Box<dyn Connection>> {
        Ok(match (&self.target, &self.tls) {
            (Target::Unix(path), _) => Box::new(UnixStream::connect(path).await?),
            (Target::Tcp { authority, .. }, Some((tls, name))) => Box::new(
                tls.connect(name.clone(), TcpStream::connect(authority).await?)
                    .await?,
            ),
            (Target::Tcp { authority, .. }, None) => Box::new(TcpStream::connect(authority).await?),
        })
    }
}
