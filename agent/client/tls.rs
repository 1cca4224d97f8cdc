//! Connections to an agent, with or without TLS.

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

/// The arguments with the files for TLS.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct TlsFiles {
    /// PEM file of the CA of the admin listener's certificate [default: the system's roots].
    /// Implies https
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    ca_file: Option<PathBuf>,
    /// PEM file of the client certificate for the admin listener
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "key_file")]
    cert_file: Option<PathBuf>,
    /// PEM file of the private key of the client certificate
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "cert_file")]
    key_file: Option<PathBuf>,
}

/// Connects to one agent.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) target: Target,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// A connection of any kind.
pub(super) trait Connection: AsyncRead + AsyncWrite + Unpin + Send {}

impl<C: AsyncRead + AsyncWrite + Unpin + Send> Connection for C {}

impl TlsFiles {
    /// Creates a connector for a target; reads the files.
    pub(super) fn connector(&self, target: Target) -> Result<Connector, Error> {
        let has_files = self.ca_file.is_some() || self.cert_file.is_some();
        let target = match target {
            Target::Tcp { authority, tls } => Target::Tcp {
                authority,
                tls: tls || has_files,
            },
            Target::Unix(_) if has_files => {
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

/// The root certificates of the system, without those that cannot be read.
fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

impl Connector {
    /// Opens a connection.
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
