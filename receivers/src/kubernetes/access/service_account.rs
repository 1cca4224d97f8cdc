//! The service account that Kubernetes mounts into a pod: a token, which is replaced about once an
//! hour, and the certificate of the cluster's authority.

use std::path::{Path, PathBuf};

use tidegate_runtime::small_file;

use super::Access;
use super::error::AccessError;
use super::server::Server;
use super::tls::{self, TlsError};
use crate::http::HeaderValue;

/// A directory with `token` and `ca.crt`.
#[derive(Clone, Debug)]
pub(in crate::kubernetes) struct ServiceAccount {
    /// The directory.
    pub(in crate::kubernetes) directory: PathBuf,
    /// The server; `None` for that of the environment.
    pub(in crate::kubernetes) server: Option<Server>,
}

impl ServiceAccount {
    pub(super) fn read(&self) -> Result<Access, AccessError> {
        let server = match &self.server {
            Some(server) => server.clone(),
            None => server_of_environment()?,
        };
        if !server.is_tls {
            // Plain text is for `kubectl proxy`, which has credentials of its own.
            return Ok(Access {
                target: server.target(None),
                prefix: server.prefix,
                token: None,
            });
        }
        let path = self.directory.join("ca.crt");
        let config = tls::config(Some(&read(&path)?), None).map_err(|error| match error {
            TlsError::Part(part) => AccessError::no(part.name(), &path),
            TlsError::Rejected(error) => AccessError::Tls(error),
        })?;
        Ok(Access {
            target: server.target(Some((config, server.name()?))),
            token: Some(read_token(&self.directory.join("token"))?),
            prefix: server.prefix,
        })
    }
}

/// `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`, which every container of a cluster has.
fn server_of_environment() -> Result<Server, AccessError> {
    let variable = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
    let host = variable("KUBERNETES_SERVICE_HOST").ok_or(AccessError::NotInACluster)?;
    let port = variable("KUBERNETES_SERVICE_PORT").and_then(|port| port.parse().ok());
    Ok(Server::of_host(host, port.unwrap_or(443)))
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, AccessError> {
    small_file::read(path).map_err(|source| AccessError::Read {
        path: path.to_owned(),
        source,
    })
}

/// Reads a file with a token.
pub(super) fn read_token(path: &Path) -> Result<HeaderValue, AccessError> {
    let bytes = read(path)?;
    let token = String::from_utf8(bytes).ok();
    let header = token.and_then(|token| bearer(&token));
    header.ok_or_else(|| AccessError::no("token", path))
}

/// The header of a token.
pub(super) fn bearer(token: &str) -> Option<HeaderValue> {
    let token = token.trim();
    let mut header = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    header.set_sensitive(true);
    (!token.is_empty()).then_some(header)
}
