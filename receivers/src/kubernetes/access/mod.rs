//! Where the API server is, and as whom it is asked: a service account of the cluster
//! ([`service_account`]), or a [`kubeconfig`].

mod error;
mod kubeconfig;
mod server;
mod service_account;
mod tls;

pub(super) use error::AccessError;
pub(super) use server::Server;
pub(super) use service_account::ServiceAccount;

use std::path::PathBuf;

use crate::http::{HeaderValue, Target};

/// Where credentials come from.
#[derive(Clone, Debug)]
pub(super) enum AccessSource {
    /// The service account of the pod.
    ServiceAccount(ServiceAccount),
    /// A kubeconfig.
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// The context; `None` for the current one.
        context: Option<String>,
        /// The server; `None` for that of the kubeconfig.
        server: Option<Server>,
    },
}

/// A server, and the credentials for it.
pub(super) struct Access {
    pub(super) target: Target,
    /// What is in front of the paths of the API.
    pub(super) prefix: String,
    /// The value of `Authorization`.
    pub(super) token: Option<HeaderValue>,
}

impl AccessSource {
    /// Reads the files. Blocks.
    ///
    /// # Errors
    ///
    /// If they cannot be read, do not have what they should, or ask for what is not supported.
    pub(super) fn read(&self) -> Result<Access, AccessError> {
        match self {
            Self::ServiceAccount(account) => account.read(),
            Self::Kubeconfig {
                path,
                context,
                server,
            } => kubeconfig::read(path, context.as_deref(), server.as_ref()),
        }
    }
}
