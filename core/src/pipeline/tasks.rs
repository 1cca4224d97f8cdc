//! The tasks of the stages. One that a reload has taken out may drain for the grace period; its failure is
//! no failure of the run.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::Instant;

use super::Failure;
use super::place::Place;
use super::runtimes::{Runtimes, Seat};
use crate::ledger::Books;
use crate::stage::StageError;

/// All tasks that have not ended.
pub(super) struct Tasks {
    runtimes: Runtimes,
    set: JoinSet<Result<(), StageError>>,
    running: HashMap<Id, Task>,
}

struct Task {
    place: Place,
    abort: AbortHandle,
    retired: Option<Retired>,
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
        Self { runtimes, set: JoinSet::new(), running: HashMap::new() }
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
        self.running.insert(id, Task { place, abort, retired: None });
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
            tracing::debug!(stage = task.place.stage(), ?grace, "is no longer wanted, and drains");
            task.retired = Some(Retired { due: Some(Instant::now() + grace), books });
        }
    }

    /// When the next one that was retired has had its time.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.running.values().filter_map(|task| task.retired.as_ref()?.due).min()
    }

    /// Ends those whose time is over.
    pub(super) fn end_overdue(&mut self) {
        let now = Instant::now();
        for Task { place, abort, retired } in self.running.values_mut() {
            let Some(retired) = retired.as_mut().filter(|retired| retired.due.is_some_and(|due| due <= now)) else {
                continue;
            };
            retired.due = None;
            retired.books.iter().for_each(|books| books.force());
            abort.abort();
            tracing::warn!(stage = place.stage(), "did not drain within the grace period; what it held is lost");
        }
    }

    /// The failure that an ended task's result is, if it is one.
    pub(super) fn failure(&mut self, ended: Joined) -> Option<Failure> {
        let (id, failure) = match ended {
            Ok((id, Ok(()))) => (id, None),
            Ok((id, Err(source))) => (id, Some(Ok(source))),
            Err(error) => (error.id(), error.is_panic().then_some(Err(()))),
        };
        let Task { place, retired, .. } = self.running.remove(&id)?;
        let stage = place.stage().to_owned();
        tracing::debug!(stage, failed = failure.is_some(), "ended");
        let failure = failure.map(|failure| match failure {
            Ok(source) => Failure::Failed { stage, source },
            Err(()) => Failure::Panicked { stage },
        });
        let Some(Retired { due, books }) = retired else { return failure };
        if due.is_none() {
            books.iter().for_each(|books| books.forced());
        }
        if let Some(failure) = failure {
            tracing::warn!(error = &failure as &dyn std::error::Error, "a stage failed that was no longer wanted");
        }
        None
    }

    /// Names of the stages whose tasks have not ended.
    pub(super) fn stages(&self) -> Vec<String> {
        let mut stages: Vec<_> = self.running.values().map(|task| task.place.stage().to_owned()).collect();
        stages.sort();
        stages
    }

    /// Ends all by force, and waits until they have.
    pub(super) async fn shutdown(&mut self) {
        self.set.shutdown().await;
    }
}
