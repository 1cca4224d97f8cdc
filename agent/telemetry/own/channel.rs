//! Connections to the backend, by tonic.

use std::path::Path;

use tidegate_exporters::otlp::{ClientCompression, ClientSettings};
use tidegate_runtime::small_file;
use tonic::metadata::MetadataMap;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

use super::error::OwnTelemetryError;

/// The form that the OTLP exporter specification asks for.
const AGENT: &str = concat!("OTel-OTLP-Exporter-tidegate/", env!("CARGO_PKG_VERSION"));

/// Returns a channel that connects at the first request, in the runtime in which this is called.
/// Reads certificates.
pub(super) fn channel(settings: &ClientSettings) -> Result<Channel, OwnTelemetryError> {
    let endpoint = Endpoint::from_shared(settings.uri.clone())
        .and_then(|endpoint| endpoint.user_agent(AGENT))
        .map_err(OwnTelemetryError::Endpoint)?
        .timeout(settings.timeout)
        .connect_timeout(settings.timeout);
    let endpoint = match settings.is_tls {
        true => endpoint
            .tls_config(tls(settings)?)
            .map_err(OwnTelemetryError::Endpoint)?,
        false => endpoint,
    };
    Ok(endpoint.connect_lazy())
}

/// The headers of every request.
pub(super) fn metadata(settings: &ClientSettings) -> MetadataMap {
    MetadataMap::from_headers(settings.headers())
}

/// Whether requests are compressed.
pub(super) fn has_gzip(settings: &ClientSettings) -> bool {
    settings.compression == ClientCompression::Gzip
}

fn tls(settings: &ClientSettings) -> Result<ClientTlsConfig, OwnTelemetryError> {
    let files = &settings.tls;
    let mut tls = match &files.ca_file {
        Some(path) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read(path)?)),
        None => ClientTlsConfig::new().with_native_roots(),
    };
    if let (Some(certificate), Some(key)) = (&files.cert_file, &files.key_file) {
        tls = tls.identity(Identity::from_pem(read(certificate)?, read(key)?));
    }
    Ok(match &files.server_name_override {
        Some(name) => tls.domain_name(name),
        None => tls,
    })
}

fn read(path: &Path) -> Result<Vec<u8>, OwnTelemetryError> {
    small_file::read(path).map_err(|source| OwnTelemetryError::Read {
        path: path.to_owned(),
        source,
    })
}
