//! The tasks of the stages, and what it means when one ends. An exporter that ends before its input
//! does is alone in that. A stage that a reload has taken out may drain for the grace period; its
//! failure is no failure of the run.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::Instant;

use super::failure::Failure;
use super::place::Place;
use super::runtimes::{Runtimes, Seat};
use crate::edge::Door;
use crate::health::Health;
use crate::ledger::Books;
use crate::stage::{OutputClosed, StageError};

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
    pub(super) door: Door,
    pub(super) health: Health,
    /// Whether it was started with the run, whose configuration is to work as a whole.
    pub(super) began_the_run: bool,
}

/// What the end of a task means.
pub(super) enum End {
    /// The stage has ended as it should.
    Regular,
    /// The run ends.
    Fatal(Failure),
    /// An exporter has ended before its input did, with a failure or without one. The run goes on
    /// while there are others.
    Alone {
        /// The exporter.
        stage: String,
        health: Health,
        why: Early,
    },
}

/// Why an exporter ended before its input did.
pub(super) enum Early {
    Failed(Failure),
    /// Nobody reads its output any more.
    OutputClosed,
    /// It returned.
    Returned,
}

/// A stage that was taken out.
struct Retired {
    /// When it is ended by force; `None` when that was done.
    due: Option<Instant>,
    books: Vec<Arc<Books>>,
}

/// What a task ended with.
pub(super) type Joined = Result<(Id, Result<(), StageError>), JoinError>;

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
        seat: Seat,
        task: impl Future<Output = Result<(), StageError>> + Send + 'static,
    ) -> Id {
        let abort = self.set.spawn_on(task, self.runtimes.of(seat));
        let id = abort.id();
        tracing::debug!(stage = place.stage(), "started");
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
        seat: Seat,
        exporter: ExporterTask,
        task: impl Future<Output = Result<(), StageError>> + Send + 'static,
    ) -> Id {
        let id = self.spawn(place, seat, task);
        if let Some(task) = self.running.get_mut(&id) {
            task.exporter = Some(exporter);
        }
        id
    }

    pub(super) fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// Waits until one has ended; `None` when there is none.
    pub(super) async fn join_next(&mut self) -> Option<Joined> {
        self.set.join_next_with_id().await
    }

    /// The stage of a task is no longer wanted. It may drain for `grace`; these are its books.
    pub(super) fn retire(&mut self, id: Id, grace: Duration, books: Vec<Arc<Books>>) {
        if let Some(task) = self.running.get_mut(&id) {
            tracing::debug!(
                stage = task.place.stage(),
                ?grace,
                "is no longer wanted, and drains"
            );
            task.retired = Some(Retired {
                due: Some(Instant::now() + grace),
                books,
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
            retired.books.iter().for_each(|books| books.force());
            abort.abort();
            tracing::warn!(
                stage = place.stage(),
                "did not drain within the grace period; what it held is lost"
            );
        }
    }

    /// What the end of a task means.
    pub(super) fn settle(&mut self, ended: Joined) -> End {
        let (id, result) = match ended {
            Ok((id, Ok(()))) => (id, Ok(())),
            Ok((id, Err(source))) => (id, Err(Some(source))),
            Err(error) => (
                error.id(),
                if error.is_panic() { Err(None) } else { Ok(()) },
            ),
        };
        let Some(Task {
            place,
            exporter,
            retired,
            ..
        }) = self.running.remove(&id)
        else {
            return End::Regular;
        };
        let stage = place.stage().to_owned();
        tracing::debug!(stage, failed = result.is_err(), "ended");
        let closed = matches!(&result, Err(Some(source)) if source.is::<OutputClosed>());
        let failed = |source| match source {
            Some(source) => Failure::Failed {
                stage: stage.clone(),
                source,
            },
            None => Failure::Panicked {
                stage: stage.clone(),
            },
        };
        if let Some(Retired { due, books }) = retired {
            if due.is_none() {
                books.iter().for_each(|books| books.forced());
            }
            if let Err(source) = result {
                let failure = failed(source);
                tracing::warn!(
                    error = &failure as &dyn std::error::Error,
                    "a stage failed that was no longer wanted"
                );
            }
            return End::Regular;
        }
        let Some(ExporterTask {
            door,
            health,
            began_the_run,
        }) = exporter
        else {
            return result.map_or_else(|source| End::Fatal(failed(source)), |()| End::Regular);
        };
        let why = match result {
            Ok(()) if door.is_open() => Early::Returned,
            Ok(()) => return End::Regular,
            Err(_) if closed => Early::OutputClosed,
            Err(source) if began_the_run && !door.was_read() => return End::Fatal(failed(source)),
            Err(source) => Early::Failed(failed(source)),
        };
        End::Alone { stage, health, why }
    }

    /// Names of the stages whose tasks have not ended.
    pub(super) fn stages(&self) -> Vec<String> {
        let mut stages: Vec<_> = self
            .running
            .values()
            .map(|task| task.place.stage().to_owned())
            .collect();
        stages.sort();
        stages
    }

    /// Ends all by force, and waits until they have.
    pub(super) async fn shutdown(&mut self) {
        self.set.shutdown().await;
    }
}
