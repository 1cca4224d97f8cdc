//! The backend of a signal: checked when the exporter is built, turned into settings when it starts
//! and whenever its files have changed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::Uri;
use hyper::header::{HeaderMap, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use rustls_pki_types::ServerName;
use tidegate_runtime::component::BuildError;
use tidegate_runtime::stage::StageError;
use tokio::task::spawn_blocking;
use tokio_rustls::rustls::ClientConfig;

use super::address::{Address, EndpointUrl, EndpointUse};
use super::balancer::BalancerName;
use super::connect::{Proxy, ProxyConfig, Route, TlsRoute};
use super::credentials::Credentials;
use super::keepalive::Keepalive;
use super::protocol::Protocol;
use super::secrets::Secrets;
use super::tls::{TlsConfig, TlsFiles};
use crate::otlp::signal::Signal;

/// The form that the OTLP exporter specification asks for.
const AGENT: &str = concat!("OTel-OTLP-Exporter-tidegate/", env!("CARGO_PKG_VERSION"));

/// The settings of a signal, as they are configured.
#[derive(Clone, Debug)]
pub(crate) struct BackendConfig {
    /// The signal whose endpoints these are alone; `None` if they are for all.
    pub(crate) signal: Option<Signal>,
    /// The key of the endpoints.
    pub(crate) key: &'static str,
    pub(crate) endpoints: Vec<EndpointUrl>,
    pub(crate) balancer: BalancerName,
    pub(crate) protocol: Protocol,
    pub(crate) tls: TlsConfig,
    pub(crate) credentials: Credentials,
    pub(crate) proxy: ProxyConfig,
    pub(crate) keepalive: Keepalive,
    pub(crate) timeout: Duration,
}

/// A checked backend.
#[derive(Clone, Debug)]
pub(crate) struct BackendTarget {
    pub(super) endpoints: Vec<EndpointTarget>,
    pub(super) balancer: BalancerName,
    /// `None` if all endpoints are plain text.
    tls: Option<TlsConfig>,
    credentials: Credentials,
    pub(super) timeout: Duration,
    /// What is masked in logs.
    pub(crate) secrets: Secrets,
}

/// A checked endpoint.
#[derive(Clone, Debug)]
pub(crate) struct EndpointTarget {
    pub(crate) address: Address,
    pub(crate) protocol: Protocol,
    /// URLs of the requests of each signal.
    uris: [Uri; Signal::ALL.len()],
    server_name: Option<ServerName<'static>>,
    proxy: Option<Proxy>,
    pub(super) keepalive: Keepalive,
}

/// What a backend's files have, in the form of their use.
pub(crate) struct BackendSettings {
    pub(super) tls: Option<Arc<ClientConfig>>,
    /// Headers of every request.
    pub(super) headers: HeaderMap,
    /// What `tls` is made of.
    pub(super) files: TlsFiles,
}

impl BackendTarget {
    /// Checks endpoints, TLS settings and headers. Opens and reads nothing.
    pub(crate) fn new(config: &BackendConfig) -> Result<Self, BuildError> {
        config.tls.check_name()?;
        let endpoints: Result<Vec<_>, _> = config
            .endpoints
            .iter()
            .map(|url| EndpointTarget::new(url, config))
            .collect();
        let endpoints = endpoints?;
        let is_tls = endpoints.iter().any(|endpoint| endpoint.address.is_tls);
        config.tls.check(is_tls)?;
        config.credentials.check()?;
        Ok(Self {
            tls: is_tls.then(|| config.tls.clone()),
            secrets: Secrets::of_values(config.credentials.headers.values()),
            credentials: config.credentials.clone(),
            balancer: config.balancer,
            timeout: config.timeout,
            endpoints,
        })
    }

    /// The addresses, as shown in logs.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.endpoints.iter().map(|endpoint| &endpoint.address)
    }

    /// The files that it uses.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let of_tls = self.tls.iter().flat_map(TlsConfig::files);
        let files = of_tls.chain(self.credentials.files());
        files.map(ToOwned::to_owned).collect()
    }

    /// Returns the settings, with certificates and credentials read from their files.
    pub(super) async fn settings(&self) -> Result<BackendSettings, StageError> {
        let target = self.clone();
        // This may be a data thread, and the files may be on a slow network file system.
        spawn_blocking(move || target.read()).await?
    }

    fn read(&self) -> Result<BackendSettings, StageError> {
        let mut headers = self.credentials.read(&self.secrets)?;
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(AGENT));
        let Some(tls) = &self.tls else {
            return Ok(BackendSettings {
                tls: None,
                headers,
                files: TlsFiles::default(),
            });
        };
        let files = tls.read()?;
        // The endpoints of a backend have the same protocol.
        let protocols: &[&str] = match self.endpoints.first().map(|one| one.protocol) {
            Some(Protocol::HttpProtobuf | Protocol::HttpJson) => &["h2", "http/1.1"],
            _ => &["h2"],
        };
        Ok(BackendSettings {
            tls: Some(files.client_config(protocols)?),
            headers,
            files,
        })
    }
}

impl EndpointTarget {
    fn new(url: &EndpointUrl, config: &BackendConfig) -> Result<Self, BuildError> {
        let error = |message| BuildError {
            key: config.key,
            message,
        };
        let address = url
            .parse(EndpointUse {
                protocol: config.protocol,
                is_insecure: config.tls.insecure.unwrap_or(false),
                signal: config.signal,
            })
            .map_err(error)?;
        let uri = |signal: Signal| {
            let url = match config.protocol {
                Protocol::Grpc => format!("{}{}", address.origin(), signal.grpc_path()),
                _ => address.http_url(signal),
            };
            url.parse::<Uri>()
                .map_err(|source| error(format!("`{address}` is not a URL: {source}")))
        };
        let [logs, metrics, traces] = Signal::ALL.map(uri);
        let server_name = match address.is_tls {
            true => Some(config.tls.server_name(address.host())?),
            false => None,
        };
        Ok(Self {
            uris: [logs?, metrics?, traces?],
            protocol: config.protocol,
            server_name,
            proxy: config.proxy.proxy(&address, config.protocol),
            keepalive: config.keepalive.clone(),
            address,
        })
    }

    /// The URL of the requests of a signal.
    pub(super) fn uri(&self, signal: Signal) -> Uri {
        self.uris[signal as usize].clone()
    }

    /// How connections are opened. `tls` is used if the endpoint asks for it.
    pub(super) fn route(&self, tls: Option<Arc<ClientConfig>>, connect_timeout: Duration) -> Route {
        let tls = tls.zip(self.server_name.clone());
        Route {
            address: self.address.clone(),
            proxy: self.proxy.clone(),
            tls: tls.map(|(config, server_name)| TlsRoute {
                config,
                server_name,
            }),
            needs_http2: self.protocol == Protocol::Grpc,
            connect_timeout,
            tcp_keepalive: self.keepalive.tcp(),
        }
    }

    /// Adds the proxy's credentials to a request that it forwards. For a tunnel, they are in the
    /// request for it.
    pub(super) fn add_proxy_authorization(&self, headers: &mut HeaderMap) {
        let is_forwarded = !self.address.is_tls && self.protocol != Protocol::Grpc;
        let proxy = self.proxy.as_ref().filter(|_| is_forwarded);
        if let Some(value) = proxy.and_then(Proxy::authorization) {
            headers.insert(PROXY_AUTHORIZATION, value);
        }
    }
}
