//! The backend to connect to: checked when the exporter is built, turned into connection settings
//! when it starts.

use std::time::Duration;

use tidegate_runtime::component::BuildError;
use tidegate_runtime::stage::StageError;
use tokio::task::spawn_blocking;
use tonic::metadata::MetadataMap;
use tonic::transport::Endpoint;

use super::address::{Address, EndpointUrl};
use super::headers::Headers;
use super::tls::TlsConfig;

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
    /// Metadata of every request.
    pub(crate) headers: MetadataMap,
    /// Values in `headers` to mask in logs, longest first.
    pub(crate) secrets: Vec<String>,
}

impl BackendTarget {
    /// Checks the endpoint, the TLS settings and the headers. Opens and reads nothing.
    pub(crate) fn new(
        endpoint: &EndpointUrl,
        tls: &TlsConfig,
        headers: &Headers,
        connect_timeout: Duration,
    ) -> Result<Self, BuildError> {
        let endpoint_error = |message| BuildError {
            key: "endpoint",
            message,
        };
        let address = endpoint.parse().map_err(endpoint_error)?;
        tls.check(address.is_tls)?;
        let endpoint = Endpoint::from(address.uri.clone())
            .user_agent(USER_AGENT)
            .map_err(|source| endpoint_error(source.to_string()))?
            .connect_timeout(connect_timeout)
            .tcp_keepalive(Some(TCP_KEEPALIVE));
        Ok(Self {
            endpoint,
            tls: address.is_tls.then(|| tls.clone()),
            headers: headers.metadata()?,
            secrets: headers.secrets(),
            address,
        })
    }

    /// Returns the settings of a connection, with the certificates read from their files.
    pub(crate) async fn endpoint(&self) -> Result<Endpoint, StageError> {
        let endpoint = self.endpoint.clone();
        let Some(tls) = self.tls.clone() else {
            return Ok(endpoint);
        };
        // This may be a data thread, and the files may be on a slow network file system.
        Ok(spawn_blocking(move || tls.apply(endpoint)).await??)
    }
}
