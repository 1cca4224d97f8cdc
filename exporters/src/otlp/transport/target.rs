//! The backend to connect to: checked when the exporter is built, turned into connection settings
//! when it starts and at each refresh.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tidegate_runtime::component::BuildError;
use tidegate_runtime::stage::StageError;
use tokio::task::spawn_blocking;
use tonic::metadata::MetadataMap;
use tonic::transport::Endpoint;

use super::address::{Address, EndpointUrl};
use super::headers::Headers;
use super::secrets::Secrets;
use super::tls::{TlsConfig, TlsFiles};
use super::token_file::Token;

/// The header of the token.
const AUTHORIZATION: &str = "authorization";

/// The form that the OTLP exporter specification asks for.
const USER_AGENT: &str = concat!("OTel-OTLP-Exporter-tidegate/", env!("CARGO_PKG_VERSION"));

/// Detects idle connections that are gone. HTTP/2 pings would detect it on busy ones too, but
/// servers answer with GOAWAY if pings come more often than every five minutes.
const TCP_KEEPALIVE: Duration = Duration::from_secs(30);

/// A checked endpoint with its TLS settings and headers.
#[derive(Debug)]
pub(crate) struct BackendTarget {
    endpoint: Endpoint,
    /// The address, as shown in logs.
    pub(crate) address: Address,
    /// `None` for plain text.
    tls: Option<TlsConfig>,
    /// The file of the bearer token.
    token_file: Option<PathBuf>,
    /// The configured metadata of every request.
    headers: MetadataMap,
    /// What is masked in logs.
    pub(crate) secrets: Secrets,
}

/// How to connect, with what files had when they were read.
pub(crate) struct ConnectionSettings {
    pub(super) endpoint: Endpoint,
    /// Metadata of every request.
    pub(super) headers: MetadataMap,
    pub(super) files: TlsFiles,
}

/// The settings of a backend, as they are configured.
pub(crate) struct BackendConfig<'a> {
    pub(crate) endpoint: &'a EndpointUrl,
    pub(crate) tls: &'a TlsConfig,
    pub(crate) headers: &'a Headers,
    pub(crate) token_file: Option<&'a Path>,
    pub(crate) connect_timeout: Duration,
}

impl BackendTarget {
    /// Checks the endpoint, the TLS settings and the headers. Opens and reads nothing.
    pub(crate) fn new(config: &BackendConfig<'_>) -> Result<Self, BuildError> {
        let endpoint_error = |message| BuildError {
            key: "endpoint",
            message,
        };
        let address = config.endpoint.parse().map_err(endpoint_error)?;
        config.tls.check(address.is_tls)?;
        if config.token_file.is_some() && config.headers.has(AUTHORIZATION) {
            return Err(BuildError {
                key: "token_file",
                message: format!("`headers` has `{AUTHORIZATION}`, too; remove one of them"),
            });
        }
        let endpoint = Endpoint::from(address.uri.clone())
            .user_agent(USER_AGENT)
            .map_err(|source| endpoint_error(source.to_string()))?
            .connect_timeout(config.connect_timeout)
            .tcp_keepalive(Some(TCP_KEEPALIVE));
        Ok(Self {
            endpoint,
            tls: address.is_tls.then(|| config.tls.clone()),
            token_file: config.token_file.map(Path::to_owned),
            headers: config.headers.metadata()?,
            secrets: config.headers.secrets(),
            address,
        })
    }

    /// Whether it uses files.
    pub(crate) fn has_files(&self) -> bool {
        self.token_file.is_some() || self.tls.as_ref().is_some_and(TlsConfig::has_files)
    }

    /// Returns the settings of a connection, with certificates and token read from their files.
    pub(crate) async fn settings(&self) -> Result<ConnectionSettings, StageError> {
        let endpoint = self.endpoint.clone();
        let tls = self.tls.clone();
        let token_file = self.token_file.clone();
        // This may be a data thread, and the files may be on a slow network file system.
        let read = spawn_blocking(move || read(endpoint, tls.as_ref(), token_file.as_deref()));
        let (endpoint, files, token) = read.await??;
        let mut headers = self.headers.clone();
        if let Some(token) = token {
            self.secrets.set_token(token.expose());
            if let Some(value) = token.authorization() {
                headers.insert(AUTHORIZATION, value);
            }
        }
        Ok(ConnectionSettings {
            endpoint,
            headers,
            files,
        })
    }
}

fn read(
    endpoint: Endpoint,
    tls: Option<&TlsConfig>,
    token_file: Option<&Path>,
) -> Result<(Endpoint, TlsFiles, Option<Token>), StageError> {
    let token = token_file.map(Token::read).transpose()?;
    let Some(tls) = tls else {
        return Ok((endpoint, TlsFiles::default(), token));
    };
    let files = tls.read()?;
    Ok((tls.apply(endpoint, &files)?, files, token))
}
