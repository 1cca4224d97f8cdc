//! A kubeconfig: the file with which `kubectl` finds a cluster and a user. [`mod@file`] is its form.

mod file;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio_rustls::rustls::pki_types::ServerName;

use self::file::{Cluster, Kubeconfig, User};
use super::Access;
use super::error::AccessError;
use super::server::Server;
use super::service_account::{bearer, read as read_file, read_token};
use super::tls::{self, BadPart, ClientCertificate, TlsError};
use crate::http::HeaderValue;

/// Reads a kubeconfig, and the files that it names. `server` replaces its server.
pub(super) fn read(
    path: &Path,
    context: Option<&str>,
    server: Option<&Server>,
) -> Result<Access, AccessError> {
    let reader = Reader { path };
    let kubeconfig = reader.parse(&read_file(path)?)?;
    let (cluster, user) = reader.select(&kubeconfig, context)?;
    reader.check_cluster(cluster)?;
    reader.check_user(&user)?;
    let server = match (server, cluster.server.as_deref()) {
        (Some(server), _) => server.clone(),
        (None, Some(url)) => Server::parse(url)?,
        (None, None) => return Err(reader.error("has no `server`")),
    };
    let token = reader.token(&user)?;
    if !server.is_tls {
        return Ok(Access {
            target: server.target(None),
            prefix: server.prefix,
            token,
        });
    }
    let authorities = reader.content(
        "certificate-authority-data",
        cluster.certificate_authority_data.as_deref(),
        cluster.certificate_authority.as_deref(),
    )?;
    let client = reader.client_certificate(&user)?;
    let config = tls::config(authorities.as_deref(), client.as_ref());
    let config = config.map_err(|error| match error {
        TlsError::Part(part) => reader.error(format!("has no {}", reader.part(part))),
        TlsError::Rejected(error) => AccessError::Tls(error),
    })?;
    let name = match &cluster.tls_server_name {
        Some(name) => ServerName::try_from(name.clone())
            .map_err(|_| reader.error("has a `tls-server-name` that is no name"))?,
        None => server.name()?,
    };
    Ok(Access {
        target: server.target(Some((config, name))),
        prefix: server.prefix,
        token,
    })
}

struct Reader<'p> {
    path: &'p Path,
}

impl Reader<'_> {
    fn error(&self, problem: impl Into<String>) -> AccessError {
        AccessError::Kubeconfig {
            path: self.path.to_owned(),
            problem: problem.into(),
        }
    }

    fn parse(&self, bytes: &[u8]) -> Result<Kubeconfig, AccessError> {
        yaml_serde::from_slice(bytes).map_err(|error| {
            let place = error.location();
            let place = place.map(|at| format!(" at line {} column {}", at.line(), at.column()));
            // The parser's own text can repeat what is in the file, which has secrets.
            self.error(format!("cannot be parsed{}", place.unwrap_or_default()))
        })
    }

    /// The cluster and the user of a context.
    fn select<'k>(
        &self,
        kubeconfig: &'k Kubeconfig,
        context: Option<&str>,
    ) -> Result<(&'k Cluster, Cow<'k, User>), AccessError> {
        let current = kubeconfig.current_context.as_deref();
        let name = context.or(current.filter(|name| !name.is_empty()));
        let name = name.ok_or_else(|| self.error("has no current context; set `context`"))?;
        let missing = |what: &str, name: &str| self.error(format!("has no {what} named {name:?}"));
        let context = kubeconfig
            .context(name)
            .ok_or_else(|| missing("context", name))?;
        let cluster = kubeconfig.cluster(&context.cluster);
        let cluster = cluster.ok_or_else(|| missing("cluster", &context.cluster))?;
        // Without a name, requests have no credentials.
        let user = match context.user.as_deref().filter(|name| !name.is_empty()) {
            Some(name) => {
                Cow::Borrowed(kubeconfig.user(name).ok_or_else(|| missing("user", name))?)
            }
            None => Cow::default(),
        };
        Ok((cluster, user))
    }

    fn check_cluster(&self, cluster: &Cluster) -> Result<(), AccessError> {
        if cluster.insecure_skip_tls_verify == Some(true) {
            let help = "give the authority as `certificate-authority-data` instead";
            return Err(self.error(format!(
                "has `insecure-skip-tls-verify`, with which anyone could answer; {help}"
            )));
        }
        if cluster.proxy_url.is_some() {
            return Err(self.error("has `proxy-url`, which is not supported"));
        }
        Ok(())
    }

    fn check_user(&self, user: &User) -> Result<(), AccessError> {
        let token = "use a token, a token file or a client certificate";
        let unsupported = [
            ("exec", user.exec.is_some()),
            ("auth-provider", user.auth_provider.is_some()),
            ("username", user.username.is_some()),
            ("as", user.r#as.is_some()),
        ];
        match unsupported.iter().find(|(_, is_given)| *is_given) {
            Some((key, _)) => Err(self.error(format!(
                "has a user with `{key}`, which is not supported; {token}"
            ))),
            None => Ok(()),
        }
    }

    /// The token; a file of it goes before one in the kubeconfig.
    fn token(&self, user: &User) -> Result<Option<HeaderValue>, AccessError> {
        match (&user.token_file, &user.token) {
            (Some(file), _) => read_token(&self.resolve(file)).map(Some),
            (None, Some(token)) => match bearer(token) {
                Some(header) => Ok(Some(header)),
                None => Err(self.error("has a `token` that is none")),
            },
            (None, None) => Ok(None),
        }
    }

    fn client_certificate(&self, user: &User) -> Result<Option<ClientCertificate>, AccessError> {
        let chain = self.content(
            "client-certificate-data",
            user.client_certificate_data.as_deref(),
            user.client_certificate.as_deref(),
        )?;
        let key = self.content(
            "client-key-data",
            user.client_key_data.as_deref(),
            user.client_key.as_deref(),
        )?;
        match (chain, key) {
            (Some(chain), Some(key)) => Ok(Some(ClientCertificate { chain, key })),
            (None, None) => Ok(None),
            _ => Err(self.error("has a client certificate without its key, or a key alone")),
        }
    }

    /// Data of the kubeconfig, which goes before a file that it names.
    fn content(
        &self,
        key: &str,
        data: Option<&str>,
        file: Option<&Path>,
    ) -> Result<Option<Vec<u8>>, AccessError> {
        match (data, file) {
            (Some(data), _) if !data.is_empty() => {
                let bytes = STANDARD.decode(data.trim());
                let bytes =
                    bytes.map_err(|_| self.error(format!("has a `{key}` that is not base64")));
                bytes.map(Some)
            }
            (_, Some(file)) => read_file(&self.resolve(file)).map(Some),
            _ => Ok(None),
        }
    }

    /// Where a part of the certificates was expected.
    fn part(&self, part: BadPart) -> String {
        let key = match part {
            BadPart::Authorities => "certificate-authority",
            BadPart::Chain => "client-certificate",
            BadPart::Key => "client-key",
        };
        format!("{} as `{key}`", part.name())
    }

    /// Paths are relative to the kubeconfig.
    fn resolve(&self, file: &Path) -> PathBuf {
        match self.path.parent() {
            Some(directory) => directory.join(file),
            None => file.to_owned(),
        }
    }
}
