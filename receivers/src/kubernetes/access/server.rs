//! The URL of an API server.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::Uri;
use tidegate_runtime::config::mask_url;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use super::error::AccessError;
use crate::http::Target;

/// The parts of a URL of an API server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::kubernetes) struct Server {
    /// Whether the scheme is https.
    pub(in crate::kubernetes) is_tls: bool,
    /// The host, without brackets.
    host: String,
    port: u16,
    /// What is in front of the paths of the API.
    pub(super) prefix: String,
}

impl Server {
    /// Parses a URL. Plain http is accepted for this host only, as `kubectl proxy` serves it.
    pub(in crate::kubernetes) fn parse(url: &str) -> Result<Self, AccessError> {
        let error = |problem| AccessError::Url {
            url: mask_url(url).into_owned(),
            problem,
        };
        let uri: Uri = url.parse().map_err(|_| error("it is no URL"))?;
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(error("it has to begin with https://")),
        };
        let authority = uri.authority().ok_or_else(|| error("it has no host"))?;
        if authority.as_str().contains('@') || uri.query().is_some() {
            return Err(error("it has more than a host, a port and a path"));
        }
        let host = authority
            .host()
            .trim_start_matches('[')
            .trim_end_matches(']');
        let rest = authority.as_str().strip_prefix(authority.host());
        let port = match rest.and_then(|rest| rest.strip_prefix(':')) {
            None => Some(if is_tls { 443 } else { 80 }),
            Some(port) => port.parse().ok().filter(|port| *port != 0),
        };
        let server = Self {
            is_tls,
            host: host.to_owned(),
            port: port.ok_or_else(|| error("its port is not a number from 1 to 65535"))?,
            prefix: uri.path().trim_end_matches('/').to_owned(),
        };
        if !is_tls && !server.is_local() {
            return Err(error(
                "only https is accepted for another host than this one",
            ));
        }
        Ok(server)
    }

    /// The server of a pod's environment.
    pub(super) fn of_host(host: String, port: u16) -> Self {
        Self {
            is_tls: true,
            host,
            port,
            prefix: String::new(),
        }
    }

    /// The name that its certificate must have.
    pub(super) fn name(&self) -> Result<ServerName<'static>, AccessError> {
        ServerName::try_from(self.host.clone()).map_err(|_| AccessError::Url {
            url: self.host.clone(),
            problem: "it is neither a DNS name nor an IP address",
        })
    }

    /// Where it is; with `tls` for https.
    pub(super) fn target(&self, tls: Option<(Arc<ClientConfig>, ServerName<'static>)>) -> Target {
        let Self { host, port, .. } = self;
        let authority = match host.contains(':') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        };
        match tls {
            Some((config, name)) => Target::Tls {
                authority,
                name,
                config,
            },
            None => Target::Tcp(authority),
        }
    }

    fn is_local(&self) -> bool {
        let address: Option<IpAddr> = self.host.parse().ok();
        self.host == "localhost" || address.is_some_and(|address| address.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::Server;

    #[test]
    fn urls_have_a_host_a_port_and_a_path() {
        let cases = [
            ("https://10.96.0.1", "https://10.96.0.1:443 "),
            ("https://10.96.0.1:6443/", "https://10.96.0.1:6443 "),
            ("https://[fd00::1]", "https://[fd00::1]:443 "),
            ("https://[fd00::1]:6443", "https://[fd00::1]:6443 "),
            (
                "https://rancher.example/k8s/clusters/c-1",
                "https://rancher.example:443 /k8s/clusters/c-1",
            ),
            ("http://127.0.0.1:8001", "http://127.0.0.1:8001 "),
            ("http://localhost", "http://localhost:80 "),
            ("http://[::1]:8001", "http://[::1]:8001 "),
        ];
        for (url, expected) in cases {
            let server = Server::parse(url).unwrap();
            let scheme = if server.is_tls { "https" } else { "http" };
            let target = server.target(None).to_string();
            let target = target.trim_start_matches("http");
            assert_eq!(format!("{scheme}{target} {}", server.prefix), expected);
        }
    }

    #[test]
    fn the_error_of_another_url_has_a_reason_and_no_secret() {
        let cases = [
            ("10.96.0.1:443", "it has to begin with https://"),
            ("ftp://10.96.0.1", "it has to begin with https://"),
            ("https://", "it is no URL"),
            ("https://a b", "it is no URL"),
            (
                "https://alice:s3cret@host",
                "it has more than a host, a port and a path",
            ),
            (
                "https://host/?token=s3cret",
                "it has more than a host, a port and a path",
            ),
            (
                "https://host:99999",
                "its port is not a number from 1 to 65535",
            ),
            ("https://host:0", "its port is not a number from 1 to 65535"),
            (
                "http://10.96.0.1",
                "only https is accepted for another host than this one",
            ),
        ];
        for (url, expected) in cases {
            let error = Server::parse(url).unwrap_err().to_string();
            assert!(error.ends_with(expected), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
