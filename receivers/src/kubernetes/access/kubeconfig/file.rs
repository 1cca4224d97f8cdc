//! The form of a kubeconfig (`k8s.io/client-go/tools/clientcmd/api/v1`, v0.35.4).

use std::path::PathBuf;

use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Kubeconfig {
    pub(super) current_context: Option<String>,
    contexts: Option<Vec<NamedContext>>,
    clusters: Option<Vec<NamedCluster>>,
    users: Option<Vec<NamedUser>>,
}

#[derive(Deserialize)]
struct NamedContext {
    name: String,
    context: Context,
}

#[derive(Deserialize)]
struct NamedCluster {
    name: String,
    cluster: Cluster,
}

#[derive(Deserialize)]
struct NamedUser {
    name: String,
    user: Option<User>,
}

#[derive(Deserialize)]
pub(super) struct Context {
    pub(super) cluster: String,
    pub(super) user: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Cluster {
    pub(super) server: Option<String>,
    pub(super) certificate_authority: Option<PathBuf>,
    pub(super) certificate_authority_data: Option<String>,
    pub(super) tls_server_name: Option<String>,
    pub(super) insecure_skip_tls_verify: Option<bool>,
    pub(super) proxy_url: Option<String>,
}

/// Who asks. It has no `Debug`, since it has secrets.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct User {
    pub(super) token: Option<String>,
    #[serde(rename = "tokenFile")]
    pub(super) token_file: Option<PathBuf>,
    pub(super) client_certificate: Option<PathBuf>,
    pub(super) client_certificate_data: Option<String>,
    pub(super) client_key: Option<PathBuf>,
    pub(super) client_key_data: Option<String>,
    pub(super) exec: Option<IgnoredAny>,
    pub(super) auth_provider: Option<IgnoredAny>,
    pub(super) username: Option<IgnoredAny>,
    pub(super) r#as: Option<IgnoredAny>,
}

impl Kubeconfig {
    pub(super) fn context(&self, name: &str) -> Option<&Context> {
        let mut all = self.contexts.iter().flatten();
        all.find(|one| one.name == name).map(|one| &one.context)
    }

    pub(super) fn cluster(&self, name: &str) -> Option<&Cluster> {
        let mut all = self.clusters.iter().flatten();
        all.find(|one| one.name == name).map(|one| &one.cluster)
    }

    pub(super) fn user(&self, name: &str) -> Option<&User> {
        let mut all = self.users.iter().flatten();
        all.find(|one| one.name == name)?.user.as_ref()
    }
}
