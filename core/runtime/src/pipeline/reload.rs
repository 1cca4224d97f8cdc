//! The handle for reloads and refreshes, and their results.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::topology::Topology;
use crate::stage::{Refresh, StageError};
use crate::stage_id::StageId;

/// How long a component may take for a refresh, whose files may be on a file system that does not
/// respond.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(5);

/// Requests reloads and refreshes of a running topology; clones share it.
#[derive(Clone, Debug)]
pub struct ReloadHandle {
    requests: mpsc::Sender<Request>,
}

/// A request to the runner. Dropping one answers it with [`ShuttingDown`].
pub(super) enum Request {
    /// To change the topology.
    Reload {
        topology: Topology,
        reply: oneshot::Sender<TopologyChange>,
    },
    /// For the running components that can be refreshed.
    Refreshers {
        reply: oneshot::Sender<Vec<Refresher>>,
    },
}

/// A running component that can be refreshed.
pub(super) struct Refresher {
    pub(super) stage: StageId,
    pub(super) refresh: Arc<dyn Refresh>,
}

/// The outcome of the refresh of one component.
#[derive(Debug)]
pub struct Refreshed {
    /// The component. A processor of several pipelines has an outcome for each.
    pub stage: StageId,
    /// Why it kept what it had, if it did.
    pub result: Result<(), StageError>,
}

/// The error of a refresh that took too long.
#[derive(Debug, thiserror::Error)]
#[error("it did not finish within {REFRESH_TIMEOUT:?}")]
struct TooSlow;

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
            .send(Request::Reload { topology, reply })
            .await
            .map_err(|_| ShuttingDown)?;
        change.await.map_err(|_| ShuttingDown)
    }

    /// [Refreshes](Refresh) every running component at the same time, and returns the outcomes in
    /// the order of the stages. A removed stage that still drains is left out. Must be called
    /// within a runtime.
    ///
    /// # Errors
    ///
    /// Fails during the shutdown, without changing anything.
    pub async fn refresh(&self) -> Result<Vec<Refreshed>, ShuttingDown> {
        let (reply, refreshers) = oneshot::channel();
        self.requests
            .send(Request::Refreshers { reply })
            .await
            .map_err(|_| ShuttingDown)?;
        let mut tasks = JoinSet::new();
        for Refresher { stage, refresh } in refreshers.await.map_err(|_| ShuttingDown)? {
            tasks.spawn(async move {
                let refreshed = timeout(REFRESH_TIMEOUT, refresh.refresh()).await;
                let result = refreshed.unwrap_or_else(|_| Err(TooSlow.into()));
                Refreshed { stage, result }
            });
        }
        let mut outcomes = Vec::new();
        while let Some(joined) = tasks.join_next().await {
            // The panic of a component was reported by the panic handler.
            outcomes.extend(joined.ok());
        }
        outcomes.sort_by(|one, other| one.stage.cmp(&other.stage));
        Ok(outcomes)
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
