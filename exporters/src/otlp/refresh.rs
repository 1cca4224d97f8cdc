//! Reads certificates and the token again while the exporter runs.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use tidegate_runtime::stage::{Refresh, StageError};

use super::transport::{BackendTarget, Client};

/// The backend with its files, and the client that uses them.
pub(super) struct Backend {
    pub(super) target: BackendTarget,
    /// The client, once the exporter has started.
    pub(super) client: OnceLock<Arc<Client>>,
}

#[async_trait]
impl Refresh for Backend {
    async fn refresh(&self) -> Result<(), StageError> {
        if let Some(client) = self.client.get() {
            client.use_settings(self.target.settings().await?);
        }
        Ok(())
    }
}
