//! Reads certificates and credentials again while the exporter runs.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use tidegate_runtime::stage::{Refresh, StageError};

use super::transport::{Client, Targets};

/// The backends with their files, and the client that uses them.
pub(super) struct Backends {
    pub(super) targets: Targets,
    /// The client, once the exporter has started.
    pub(super) client: OnceLock<Arc<Client>>,
}

#[async_trait]
impl Refresh for Backends {
    async fn refresh(&self) -> Result<(), StageError> {
        match self.client.get() {
            Some(client) => client.refresh().await,
            None => Ok(()),
        }
    }
}
