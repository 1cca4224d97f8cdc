//! Where the backend is and how to present oneself: checked when the exporter is built, turned into
//! a connection's settings when it runs. Certificates are read only then.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustls_pki_types::ServerName;
use serde::Deserialize;
use tidegate_core::component::BuildError;
use tidegate_core::stage::StageError;
use tokio::task::spawn_blocking;
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue, MetadataMap};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

use super::address::Address;
use super::config::{Config, Tls};

/// The form that the specification asks for.
const USER_AGENT: &str = concat!("OTel-OTLP-Exporter-tidegate/", env!("CARGO_PKG_VERSION"));

/// Lets the kernel notice that an idle connection is gone. Pings of HTTP/2 would notice it on a
/// busy one too, but servers answer them with GOAWAY when they come more often than every five
/// minutes.
const TCP_KEEPALIVE: Duration = Duration::from_secs(30);

/// A checked endpoint with all that belongs to it.
#[derive(Debug)]
pub(super) struct Target {
    endpoint: Endpoint,
    /// What the log calls it.
    pub(super) address: Address,
    /// `None` for plain text.
    tls: Option<Tls>,
    /// Metadata of every request.
    pub(super) headers: MetadataMap,
    /// Its values, and the credentials in them.
    pub(super) secrets: Vec<String>,
}

/// Why a connection cannot even be tried.
#[derive(Debug, thiserror::Error)]
pub(super) enum TargetError {
    /// A certificate or key could not be read.
    #[error("cannot read `{}`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The files do not make a usable configuration.
    #[error("cannot use the certificates given for `{endpoint}`")]
    Tls {
        /// The endpoint.
        endpoint: String,
        /// Why.
        source: tonic::transport::Error,
    },
}

impl Target {
    /// Checks the endpoint, the headers and the keys of `tls`.
    pub(super) fn new(config: &Config) -> Result<Self, BuildError> {
        let error = |key, message: &str| BuildError {
            key,
            message: message.to_owned(),
        };
        let address = config.endpoint.parse().map_err(|message| BuildError {
            key: "endpoint",
            message,
        })?;
        let tls = config.tls.clone();
        let any_tls =
            tls.ca_file.is_some() || tls.cert_file.is_some() || tls.server_name_override.is_some();
        if tls.cert_file.is_some() != tls.key_file.is_some() {
            return Err(error("tls", "`cert_file` and `key_file` need each other"));
        }
        if any_tls && !address.is_tls {
            return Err(error(
                "tls",
                "the endpoint is plain text; begin it with https:// to use certificates",
            ));
        }
        if let Some(name) = tls
            .server_name_override
            .as_deref()
            .filter(|name| ServerName::try_from(*name).is_err())
        {
            let message = format!(
                "`server_name_override` is `{name}`, which is neither a DNS name nor an IP address"
            );
            return Err(BuildError {
                key: "tls",
                message,
            });
        }
        let endpoint = Endpoint::from(address.uri.clone())
            .user_agent(USER_AGENT)
            .map_err(|source| error("endpoint", &source.to_string()))?
            .connect_timeout(config.timeout.0)
            .tcp_keepalive(Some(TCP_KEEPALIVE));
        Ok(Self {
            endpoint,
            tls: address.is_tls.then_some(tls),
            headers: config.headers.metadata()?,
            secrets: config.headers.secrets(),
            address,
        })
    }

    /// The settings of a connection; reads certificates.
    pub(super) async fn endpoint(&self) -> Result<Endpoint, StageError> {
        let endpoint = self.endpoint.clone();
        let Some(tls) = self.tls.clone() else {
            return Ok(endpoint);
        };
        // Records pass on this thread, and a file may be far away.
        Ok(spawn_blocking(move || with_tls(endpoint, &tls)).await??)
    }
}

fn with_tls(endpoint: Endpoint, tls: &Tls) -> Result<Endpoint, TargetError> {
    let mut config = ClientTlsConfig::new();
    config = match &tls.ca_file {
        Some(path) => config.ca_certificate(Certificate::from_pem(read(path)?)),
        None => config.with_enabled_roots(),
    };
    if let (Some(cert), Some(key)) = (&tls.cert_file, &tls.key_file) {
        config = config.identity(Identity::from_pem(read(cert)?, read(key)?));
    }
    if let Some(name) = &tls.server_name_override {
        config = config.domain_name(name);
    }
    let uri = endpoint.uri().to_string();
    endpoint
        .tls_config(config)
        .map_err(|source| TargetError::Tls {
            endpoint: uri,
            source,
        })
}

fn read(path: &Path) -> Result<Vec<u8>, TargetError> {
    std::fs::read(path).map_err(|source| TargetError::Read {
        path: path.to_owned(),
        source,
    })
}

/// Headers that would break a request. gRPC's own begin with `grpc-`.
const RESERVED: [&str; 10] = [
    "connection",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A value that is shorter is a part of many words.
const SHORTEST_SECRET: usize = 4;

/// Metadata of requests. Its values are secrets: they show in no output.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Headers(BTreeMap<String, String>);

impl Headers {
    fn metadata(&self) -> Result<MetadataMap, BuildError> {
        let error = |name: &str, what: &str| BuildError {
            key: "headers",
            message: format!("`{name}` {what}"),
        };
        let mut metadata = MetadataMap::new();
        for (name, value) in &self.0 {
            let lower = name.to_ascii_lowercase();
            if RESERVED.contains(&&*lower) || lower.starts_with("grpc-") {
                return Err(error(
                    name,
                    "is set by the exporter itself, or is no header of HTTP/2",
                ));
            }
            let key = AsciiMetadataKey::from_bytes(lower.as_bytes())
                .map_err(|_| error(name, "is not a name that a header can have"))?;
            let mut value = AsciiMetadataValue::try_from(value.as_str())
                .map_err(|_| error(name, "has a value that a header cannot have"))?;
            value.set_sensitive(true);
            metadata.insert(key, value);
        }
        Ok(metadata)
    }

    /// What a peer could repeat of them: values, and their parts, such as the token in `Bearer
    /// ...`.
    fn secrets(&self) -> Vec<String> {
        let parts = self
            .0
            .values()
            .flat_map(|value| value.split_whitespace().chain([value.as_str()]));
        let mut secrets: Vec<_> = parts
            .filter(|part| part.len() >= SHORTEST_SECRET)
            .map(str::to_owned)
            .collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets
    }
}

impl std::fmt::Debug for Headers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
