//! How a reload reaches what runs, and what it says it changed.

use std::collections::BTreeSet;

use tokio::sync::{mpsc, oneshot};

use super::topology::Topology;
use crate::stage_id::StageId;

/// Asks what runs to become another topology. Clones ask the same.
#[derive(Clone, Debug)]
pub struct ReloadHandle {
    requests: mpsc::Sender<Request>,
}

pub(super) struct Request {
    pub(super) topology: Topology,
    pub(super) reply: oneshot::Sender<TopologyChange>,
}

/// Everything is about to end, so nothing is changed any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the agent is stopping")]
pub struct ShuttingDown;

/// What a reload changed, as names of stages and pipelines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopologyChange {
    /// Stages that go on as they are.
    pub kept: BTreeSet<StageId>,
    /// Stages that there were not.
    pub added: BTreeSet<StageId>,
    /// Stages whose configuration is another one, and exporters that had ended before their input
    /// did.
    pub replaced: BTreeSet<StageId>,
    /// Stages that there are no more. What is on its way to them is still handled.
    pub removed: BTreeSet<StageId>,
    /// Pipelines that join other stages than before.
    pub rewired: BTreeSet<String>,
}

impl ReloadHandle {
    pub(super) fn new() -> (Self, mpsc::Receiver<Request>) {
        let (requests, inbox) = mpsc::channel(1);
        (Self { requests }, inbox)
    }

    /// Has what runs become `topology`. Stages with the name and the fingerprint of a running one
    /// are not started; the running ones go on. When this returns, the new wiring holds; stages
    /// that it leaves out may still drain.
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
    /// Whether everything is as it was.
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
