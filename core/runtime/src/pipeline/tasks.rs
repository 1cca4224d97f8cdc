//! The tasks of the stages, and the effect of their ends on the run. The run continues when an
//! exporter ends before its input does. A stage that a reload has removed may drain for the grace
//! period; its failure does not fail the run.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::Instant;

use super::error::RunError;
use super::runtimes::{Placement, Runtimes};
use super::stage_cursor::StageCursor;
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
    place: StageCursor,
    abort: AbortHandle,
    exporter: Option<ExporterTask>,
    retired: Option<Retired>,
}

/// What decides the effect of an exporter's end.
pub(super) struct ExporterTask {
    /// The handle of its inbox.
    pub(super) handle: EdgeHandle,
    pub(super) health: Health,
    /// Whether it was started with the run: then a failure to start ends the run.
    pub(super) began_the_run: bool,
}

/// The effect of the end of a task.
pub(super) enum TaskOutcome {
    /// The stage has ended in order.
    Regular,
    /// The run ends.
    Fatal(RunError),
    /// An exporter has ended before its input did. The run continues while there are others.
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
    /// The reader of its output has closed it.
    OutputClosed,
    /// It returned.
    Returned,
}

/// A stage that a reload has removed.
struct Retired {
    /// When it is aborted; `None` when it was aborted.
    due: Option<Instant>,
    counters: Vec<Arc<StageCounters>>,
}

impl Retired {
    /// The effect of the end of the task of a removed stage.
    fn settle(self, stage: &StageId, result: Result<(), TaskError>) {
        if self.due.is_none() {
            self.counters.iter().for_each(|counters| counters.forced());
        }
        if let Err(error) = result {
            let failure = error.of_stage(stage);
            tracing::warn!(
                error = &failure as &dyn std::error::Error,
                "a removed stage failed"
            );
        }
    }
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
    /// A task that was aborted has not failed: its abort was counted already.
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
        place: StageCursor,
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

    /// Spawns the task of an exporter.
    pub(super) fn spawn_exporter(
        &mut self,
        place: StageCursor,
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

    /// Waits until a task has ended; `None` when there is none.
    pub(super) async fn join_next(&mut self) -> Option<EndedTask> {
        self.set.join_next_with_id().await.map(EndedTask::new)
    }

    /// Marks the stage of a task as removed. It may drain for `grace`; these are its counters.
    pub(super) fn retire(&mut self, id: Id, grace: Duration, counters: Vec<Arc<StageCounters>>) {
        if let Some(task) = self.running.get_mut(&id) {
            tracing::debug!(
                stage = task.place.stage().as_str(),
                ?grace,
                "the stage was removed and is draining"
            );
            task.retired = Some(Retired {
                due: Some(Instant::now() + grace),
                counters,
            });
        }
    }

    /// When the grace period of the next removed stage is over.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.running
            .values()
            .filter_map(|task| task.retired.as_ref()?.due)
            .min()
    }

    /// Aborts the removed stages whose grace period is over.
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
                "the stage did not drain within the grace period; its records are lost"
            );
        }
    }

    /// The effect of the end of a task.
    pub(super) fn settle(&mut self, EndedTask { id, result }: EndedTask) -> TaskOutcome {
        let Some(Task {
            place,
            exporter,
            retired,
            ..
        }) = self.running.remove(&id)
        else {
            return TaskOutcome::Regular;
        };
        let stage = place.stage().clone();
        tracing::debug!(stage = stage.as_str(), failed = result.is_err(), "ended");
        if let Some(retired) = retired {
            retired.settle(&stage, result);
            return TaskOutcome::Regular;
        }
        let Some(ExporterTask {
            handle,
            health,
            began_the_run,
        }) = exporter
        else {
            return match result {
                Ok(()) => TaskOutcome::Regular,
                Err(error) => TaskOutcome::Fatal(error.of_stage(&stage)),
            };
        };
        let why = match result {
            Ok(()) if handle.is_open() => EarlyEnd::Returned,
            Ok(()) => return TaskOutcome::Regular,
            Err(error) if error.is_output_closed() => EarlyEnd::OutputClosed,
            Err(error) if began_the_run && !handle.was_read() => {
                return TaskOutcome::Fatal(error.of_stage(&stage));
            }
            Err(error) => EarlyEnd::Failed(error.of_stage(&stage)),
        };
        TaskOutcome::Alone { stage, health, why }
    }

    /// The stages whose tasks have not ended.
    pub(super) fn stages(&self) -> Vec<StageId> {
        let mut stages: Vec<_> = self
            .running
            .values()
            .map(|task| task.place.stage().clone())
            .collect();
        stages.sort();
        stages
    }

    /// Aborts all tasks and waits for them.
    pub(super) async fn shutdown(&mut self) {
        self.set.shutdown().await;
    }
}
