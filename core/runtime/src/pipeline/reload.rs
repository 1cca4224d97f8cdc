//! The handle for reloads, and their result.

use std::collections::BTreeSet;

use tokio::sync::{mpsc, oneshot};

use super::topology::Topology;
use crate::stage_id::StageId;

/// Requests reloads of a running topology; clones share it.
#[derive(Clone, Debug)]
pub struct ReloadHandle {
    requests: mpsc::Sender<Request>,
}

pub(super) struct Request {
    pub(super) topology: Topology,
    pub(super) reply: oneshot::Sender<TopologyChange>,
}

/// The error of a reload during the shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the agent is stopping")]
pub struct ShuttingDown;

/// The stages and pipelines that a reload changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopologyChange {
    /// Unchanged stages, which keep running.
    pub kept: BTreeSet<StageId>,
    /// New stages.
    pub added: BTreeSet<StageId>,
    /// Stages with a changed configuration, and exporters that had ended before their input did.
    pub replaced: BTreeSet<StageId>,
    /// Stages that were removed. They still handle the records in their inboxes.
    pub removed: BTreeSet<StageId>,
    /// Pipelines whose stages changed.
    pub rewired: BTreeSet<String>,
}

impl ReloadHandle {
    pub(super) fn new() -> (Self, mpsc::Receiver<Request>) {
        let (requests, inbox) = mpsc::channel(1);
        (Self { requests }, inbox)
    }

    /// Changes the running topology to `topology`. A running stage with the same name and
    /// fingerprint keeps running. When this returns, the new wiring is in effect; removed stages
    /// may still be draining.
    ///
    /// # Errors
    ///
    /// Fails during the shutdown, without changing anything.
    pub async fn reload(&self, topology: Topology) -> Result<TopologyChange, ShuttingDown> {
        let (reply, change) = oneshot::channel();
        self.requests
            .send(Request { topology, reply })
            .await
            .map_err(|_| ShuttingDown)?;
        change.await.map_err(|_| ShuttingDown)
    }
}

impl TopologyChange {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let changed = [&self.added, &self.replaced, &self.removed];
        changed.into_iter().all(BTreeSet::is_empty) && self.rewired.is_empty()
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").finish_non_exhaustive()
    }
}
