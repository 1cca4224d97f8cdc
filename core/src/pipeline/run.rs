//! A running topology, and how it ends: receivers first, then every stage whose inbox is drained and
//! closed, all within one grace period.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

use super::place::Place;
use crate::ledger::Ledger;
use crate::stage::{OutputClosed, StageError, Stop};

/// Why a run did not end as it should.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A stage returned an error.
    #[error("stage `{stage}` failed")]
    Failed {
        /// The stage's name.
        stage: String,
        /// What it said.
        source: StageError,
    },
    /// A stage panicked: a fault of tidegate.
    #[error("stage `{stage}` panicked")]
    Panicked {
        /// The stage's name.
        stage: String,
    },
    /// Stages had not ended when the grace period was over.
    #[error("{} did not end within the grace period of {grace:?}", .stages.join(", "))]
    Overdue {
        /// Their names.
        stages: Vec<String>,
        /// The period.
        grace: Duration,
    },
    /// Stages were ended before they had drained, because somebody wanted it so.
    #[error("{} ended at once, on request", .stages.join(", "))]
    Interrupted {
        /// Their names.
        stages: Vec<String>,
    },
}

/// How long the tear-down waits for stages that do not let themselves be cancelled, because they
/// block their thread.
const UNCANCELLABLE: Duration = Duration::from_secs(1);

/// Started stages.
pub struct Running {
    tasks: Tasks,
    stop: Stop,
    grace: Duration,
    ledger: Ledger,
}

pub(super) struct Tasks {
    runtime: Handle,
    set: JoinSet<Result<(), StageError>>,
    places: HashMap<Id, Place>,
}

impl Tasks {
    pub(super) fn new(runtime: Handle) -> Self {
        Self { runtime, set: JoinSet::new(), places: HashMap::new() }
    }

    pub(super) fn spawn(&mut self, place: Place, task: impl Future<Output = Result<(), StageError>> + Send + 'static) {
        let id = self.set.spawn_on(task, &self.runtime).id();
        self.places.insert(id, place);
    }

    /// The first failure among the ended tasks' results.
    fn failure(&mut self, ended: Result<(Id, Result<(), StageError>), JoinError>) -> Option<Failure> {
        let (id, failure) = match ended {
            Ok((id, Ok(()))) => (id, None),
            Ok((id, Err(source))) => (id, Some(Ok(source))),
            Err(error) => (error.id(), error.is_panic().then_some(Err(()))),
        };
        let stage = self.places.remove(&id).map_or_else(String::new, |place| place.stage().to_owned());
        Some(match failure? {
            Ok(source) => Failure::Failed { stage, source },
            Err(()) => Failure::Panicked { stage },
        })
    }
}

impl Running {
    pub(super) fn new(tasks: Tasks, stop: Stop, grace: Duration, ledger: Ledger) -> Self {
        Self { tasks, stop, grace, ledger }
    }

    /// Waits until every stage has ended. A stage that fails has the receivers stop, so that the others
    /// drain; the first failure is returned. So does one whose output is closed, which is no failure.
    pub async fn ended(mut self) -> Result<(), Failure> {
        let mut first = None;
        let mut deadline = None;
        loop {
            let ended = tokio::select! {
                ended = self.tasks.set.join_next_with_id() => ended,
                () = self.stop.requested(), if deadline.is_none() => {
                    deadline = Some(Instant::now() + self.grace);
                    continue;
                }
                () = self.stop.requested_at_once() => {
                    let stages = self.tear_down().await;
                    return Err(first.unwrap_or(Failure::Interrupted { stages }));
                }
                () = tokio::time::sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    let stages = self.tear_down().await;
                    return Err(first.unwrap_or(Failure::Overdue { stages, grace: self.grace }));
                }
            };
            let Some(ended) = ended else { break };
            match self.tasks.failure(ended) {
                None => {}
                Some(Failure::Failed { stage, source }) if source.is::<OutputClosed>() => {
                    tracing::debug!(stage, "{source}, stopping");
                    self.stop.request();
                }
                Some(failure) => {
                    tracing::error!(error = &failure as &dyn std::error::Error, "stopping");
                    first.get_or_insert(failure);
                    self.stop.request();
                }
            }
        }
        first.map_or(Ok(()), Err)
    }

    /// Ends what is left by force and names it; its records are counted as lost to the end of the grace
    /// period.
    async fn tear_down(&mut self) -> Vec<String> {
        self.ledger.close();
        let mut stages: Vec<_> = self.tasks.places.values().map(|place| place.stage().to_owned()).collect();
        stages.sort();
        // A stage that is stuck keeps its records in flight, and the report says so.
        let _ = tokio::time::timeout(UNCANCELLABLE, self.tasks.set.shutdown()).await;
        stages
    }
}
