//! The tasks of the stages, and what it means when one ends. An exporter that ends before its input
//! does is alone in that. A stage that a reload has taken out may drain for the grace period; its
//! failure is no failure of the run.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::Instant;

use super::error::RunError;
use super::place::Place;
use super::runtimes::{Placement, Runtimes};
use crate::edge::EdgeHandle;
use crate::health::Health;
use crate::ledger::StageCounters;
use crate::stage::{OutputClosed, StageError};
use crate::stage_id::StageId;

/// All tasks that have not ended.
pub(super) struct Tasks {
    runtimes: Runtimes,
    set: JoinSet<Result<(), StageError>>,
    running: HashMap<Id, Task>,
}

struct Task {
    place: Place,
    abort: AbortHandle,
    exporter: Option<ExporterTask>,
    retired: Option<Retired>,
}

/// What the end of an exporter's task is judged by.
pub(super) struct ExporterTask {
    /// Of its inbox.
    pub(super) handle: EdgeHandle,
    pub(super) health: Health,
    /// Whether it was started with the run, whose configuration is to work as a whole.
    pub(super) began_the_run: bool,
}

/// What the end of a task means.
pub(super) enum End {
    /// The stage has ended as it should.
    Regular,
    /// The run ends.
    Fatal(RunError),
    /// An exporter has ended before its input did, with a failure or without one. The run goes on
    /// while there are others.
    Alone {
        /// The exporter.
        stage: StageId,
        health: Health,
        why: EarlyEnd,
    },
}

/// Why an exporter ended before its input did.
pub(super) enum EarlyEnd {
    Failed(RunError),
    /// Nobody reads its output any more.
    OutputClosed,
    /// It returned.
    Returned,
}

/// A stage that was taken out.
struct Retired {
    /// When it is ended by force; `None` when that was done.
    due: Option<Instant>,
    counters: Vec<Arc<StageCounters>>,
}

/// A task that has ended.
pub(super) struct EndedTask {
    id: Id,
    result: Result<(), TaskError>,
}

/// Why a task failed.
enum TaskError {
    /// The stage returned an error.
    Failed(StageError),
    /// The stage panicked.
    Panicked,
}

impl EndedTask {
    /// A task that was aborted has not failed: whoever aborted it has counted that already.
    fn new(joined: Result<(Id, Result<(), StageError>), JoinError>) -> Self {
        match joined {
            Ok((id, result)) => Self {
                id,
                result: result.map_err(TaskError::Failed),
            },
            Err(error) => Self {
                id: error.id(),
                result: if error.is_panic() {
                    Err(TaskError::Panicked)
                } else {
                    Ok(())
                },
            },
        }
    }
}

impl TaskError {
    fn is_output_closed(&self) -> bool {
        matches!(self, Self::Failed(source) if source.is::<OutputClosed>())
    }

    fn of_stage(self, stage: &StageId) -> RunError {
        let stage = stage.clone();
        match self {
            Self::Failed(source) => RunError::StageFailed { stage, source },
            Self::Panicked => RunError::StagePanicked { stage },
        }
    }
}

impl Tasks {
    pub(super) fn new(runtimes: Runtimes) -> Self {
        Self {
            runtimes,
            set: JoinSet::new(),
            running: HashMap::new(),
        }
    }

    pub(super) fn spawn(
        &mut self,
        place: Place,
        placement: Placement,
        task: impl Future<Output = Result<(), StageError>> + Send + 'static,
    ) -> Id {
        let abort = self.set.spawn_on(task, self.runtimes.of(placement));
        let id = abort.id();
        tracing::debug!(stage = place.stage().as_str(), "started");
        self.running.insert(
            id,
            Task {
                place,
                abort,
                exporter: None,
                retired: None,
            },
        );
        id
    }

    /// The same for an exporter.
    pub(super) fn spawn_exporter(
        &mut self,
        place: Place,
        placement: Placement,
        exporter: ExporterTask,
        task: impl Future<Output = Result<(), StageError>> + Send + 'static,
    ) -> Id {
        let id = self.spawn(place, placement, task);
        if let Some(task) = self.running.get_mut(&id) {
            task.exporter = Some(exporter);
        }
        id
    }

    pub(super) fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// Waits until one has ended; `None` when there is none.
    pub(super) async fn join_next(&mut self) -> Option<EndedTask> {
        self.set.join_next_with_id().await.map(EndedTask::new)
    }

    /// The stage of a task is no longer wanted. It may drain for `grace`; these are its books.
    pub(super) fn retire(&mut self, id: Id, grace: Duration, counters: Vec<Arc<StageCounters>>) {
        if let Some(task) = self.running.get_mut(&id) {
            tracing::debug!(
                stage = task.place.stage().as_str(),
                ?grace,
                "is no longer wanted, and drains"
            );
            task.retired = Some(Retired {
                due: Some(Instant::now() + grace),
                counters,
            });
        }
    }

    /// When the next one that was retired has had its time.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.running
            .values()
            .filter_map(|task| task.retired.as_ref()?.due)
            .min()
    }

    /// Ends those whose time is over.
    pub(super) fn end_overdue(&mut self) {
        let now = Instant::now();
        for Task {
            place,
            abort,
            retired,
            ..
        } in self.running.values_mut()
        {
            let Some(retired) = retired
                .as_mut()
                .filter(|retired| retired.due.is_some_and(|due| due <= now))
            else {
                continue;
            };
            retired.due = None;
            retired
                .counters
                .iter()
                .for_each(|counters| counters.force());
            abort.abort();
            tracing::warn!(
                stage = place.stage().as_str(),
                "did not drain within the grace period; what it held is lost"
            );
        }
    }

    /// What the end of a task means.
    pub(super) fn settle(&mut self, EndedTask { id, result }: EndedTask) -> End {
        let Some(Task {
            place,
            exporter,
            retired,
            ..
        }) = self.running.remove(&id)
        else {
            return End::Regular;
        };
        let stage = place.stage().clone();
        tracing::debug!(stage = stage.as_str(), failed = result.is_err(), "ended");
        if let Some(Retired { due, counters }) = retired {
            if due.is_none() {
                counters.iter().for_each(|counters| counters.forced());
            }
            if let Err(error) = result {
                let failure = error.of_stage(&stage);
                tracing::warn!(
                    error = &failure as &dyn std::error::Error,
                    "a stage failed that was no longer wanted"
                );
            }
            return End::Regular;
        }
        let Some(ExporterTask {
            handle,
            health,
            began_the_run,
        }) = exporter
        else {
            return match result {
                Ok(()) => End::Regular,
                Err(error) => End::Fatal(error.of_stage(&stage)),
            };
        };
        let why = match result {
            Ok(()) if handle.is_open() => EarlyEnd::Returned,
            Ok(()) => return End::Regular,
            Err(error) if error.is_output_closed() => EarlyEnd::OutputClosed,
            Err(error) if began_the_run && !handle.was_read() => {
                return End::Fatal(error.of_stage(&stage));
            }
            Err(error) => EarlyEnd::Failed(error.of_stage(&stage)),
        };
        End::Alone { stage, health, why }
    }

    /// Names of the stages whose tasks have not ended.
    pub(super) fn stages(&self) -> Vec<StageId> {
        let mut stages: Vec<_> = self
            .running
            .values()
            .map(|task| task.place.stage().clone())
            .collect();
        stages.sort();
        stages
    }

    /// Ends all by force, and waits until they have.
    pub(super) async fn shutdown(&mut self) {
        self.set.shutdown().await;
    }
}
