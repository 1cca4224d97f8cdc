//! The books: for each stage of each pipeline, where every record went.
//!
//! `in = out + filtered + dropped + absorbed + unconfirmed + in_flight`, as monotonic totals since
//! start. Records are on a [`Ticket`] from the moment a stage is offered them until their outcome
//! is stated; a ticket that is dropped with records left on it counts them as unaccounted, which
//! must never happen. The runner keeps the books; a component can only state outcomes.

mod books;
mod queues;
mod reloads;
mod report;
mod routes;
mod tally;
mod ticket;

pub use books::Books;
pub(crate) use books::Counts;
pub use reloads::{Reload, ReloadOutcome, Reloads};
pub use report::{EdgeReport, Report, SCHEMA, StageReport};
pub use tally::Tally;
pub use ticket::Ticket;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

use crate::edge::Door;
use crate::tap::{Wanted, Watcher};
use queues::Queues;

/// Reasons for drops that the runner itself states.
pub mod reason {
    /// The inbox of the stage was full and its `when_full` says to drop.
    pub const QUEUE_FULL: &str = "queue_full";
    /// The outbox of a receiver was full, because the pipelines behind it did not keep up.
    pub const PIPELINE_FULL: &str = "pipeline_full";
    /// The stage's inbox knew as many series as it can, and the record was a point of another one.
    /// Its series is handed on again as soon as others have ended.
    pub const TOO_MANY_SERIES: &str = "too_many_series";
    /// The stage had failed or ended before it took the record.
    pub const STAGE_ENDED: &str = "stage_ended";
    /// The grace period ran out before the record was delivered.
    pub const SHUTDOWN_TIMEOUT: &str = "shutdown_timeout";
    /// The grace period ran out before a stage that a reload had taken out delivered the record.
    pub const RELOAD_TIMEOUT: &str = "reload_timeout";
}

/// Whose losses in front of the socket are counted.
pub const UPSTREAM_SOURCES: [&str; 1] = [PERF_RING];

/// The kernel's perf ring, which Cilium's agent reads.
pub(crate) const PERF_RING: &str = "perf_ring";

/// The rule by which an exporter does not get the records that its `signals` leave out.
pub const SIGNALS_RULE: &str = "signals";

/// The note on points of metrics that a newer point of their series replaced while they waited in
/// an inbox. Such a point is absorbed.
pub const SUPERSEDED: &str = "superseded";

/// All books of a running agent; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    rows: Mutex<Vec<Arc<Books>>>,
    queues: Mutex<Queues>,
    upstream_lost: Mutex<BTreeMap<&'static str, u64>>,
    reloads: Mutex<Reloads>,
    desk: Arc<Desk>,
    opened: Opened,
    /// The books of when the end of the run began.
    at_end: Mutex<Option<Vec<StageReport>>>,
}

/// When the books were opened.
#[derive(Debug)]
struct Opened(Instant);

impl Default for Opened {
    fn default() -> Self {
        Self(Instant::now())
    }
}

/// What all books of a ledger lie on.
#[derive(Debug, Default)]
struct Desk {
    /// Whether the grace period is over.
    closed: AtomicBool,
    /// Shared by those who enter records in the books of two stages, as they go from one to the
    /// next. A report has it alone, and so never sees them in both books or in neither.
    crossing: RwLock<()>,
}

impl Ledger {
    /// The books of a stage in a pipeline: those that it has had since the start, or new ones.
    pub fn open(&self, pipeline: &str, stage: &str) -> Arc<Books> {
        let mut rows = lock(&self.shared.rows);
        if let Some(known) = rows
            .iter()
            .find(|books| books.pipeline() == pipeline && books.stage() == stage)
        {
            return Arc::clone(known);
        }
        let books = Arc::new(Books::new(pipeline, stage, Arc::clone(&self.shared.desk)));
        rows.push(Arc::clone(&books));
        books
    }

    /// The books of a stage in all its pipelines.
    pub(crate) fn of(&self, stage: &str) -> Vec<Arc<Books>> {
        lock(&self.shared.rows)
            .iter()
            .filter(|books| books.stage() == stage)
            .cloned()
            .collect()
    }

    /// Puts the books in the order of the wiring. What is not in it has ended, and stays at the
    /// end, so that the books of the stages around it go on adding up.
    pub(crate) fn arrange(&self, wiring: &[Arc<Books>]) {
        let place = |books: &Arc<Books>| wiring.iter().position(|one| Arc::ptr_eq(one, books));
        let mut rows = lock(&self.shared.rows);
        rows.iter()
            .for_each(|books| books.mark_ended(place(books).is_none()));
        rows.sort_by_key(|books| place(books).unwrap_or(usize::MAX));
        let is_open = |stage: &str| {
            rows.iter()
                .any(|books| books.stage() == stage && !books.has_ended())
        };
        lock(&self.shared.queues).forget(|stage| !is_open(stage));
    }

    /// Shows an edge's queue in the report, under the pipelines that feed it.
    pub(crate) fn watch(&self, pipelines: String, stage: &str, door: Door) {
        lock(&self.shared.queues).watch(pipelines, stage, door);
    }

    /// Enters the hash of the configuration that runs.
    pub fn runs(&self, hash: &str) {
        hash.clone_into(&mut lock(&self.shared.reloads).running);
    }

    /// Enters what became of a reload of the configuration whose text has this hash.
    pub fn reloaded(&self, outcome: ReloadOutcome, hash: &str) {
        lock(&self.shared.reloads).enter(outcome, hash);
    }

    /// Counts what Cilium reported as lost before it reached us.
    pub fn upstream_lost(&self, source: &'static str, n: u64) {
        if n > 0 {
            let mut lost = lock(&self.shared.upstream_lost);
            let total = lost.entry(source).or_default();
            // The number is the peer's, who may say anything.
            *total = total.saturating_add(n);
        }
    }

    /// From now on, records whose stage is torn down are lost to the end of the grace period.
    pub(crate) fn close(&self) {
        self.begin_end();
        self.shared.desk.closed.store(true, Ordering::Release);
    }

    /// The end of the run begins: all receivers have ended, or what is left is ended by force. Only
    /// the first call counts.
    pub(crate) fn begin_end(&self) {
        let mut at_end = lock(&self.shared.at_end);
        if at_end.is_none() {
            *at_end = Some(self.stages());
        }
    }

    /// The books of every stage as they were when the end of the run began: from then on, what is
    /// given up for want of time is lost to the limits that are set for the end. Empty before that.
    #[must_use]
    pub fn at_end(&self) -> Vec<StageReport> {
        lock(&self.shared.at_end).clone().unwrap_or_default()
    }

    /// Watches what leaves a stage, in all its pipelines or in one; `None` if there is no such
    /// stage. An exporter, which hands nothing on, is watched for what it is offered.
    ///
    /// `rate` is how many records are copied in a second on average, and in one go at most.
    #[must_use]
    pub fn tap(
        &self,
        stage: &str,
        pipeline: Option<&str>,
        rate: u32,
        wanted: Wanted,
    ) -> Option<Watcher> {
        let rows = lock(&self.shared.rows);
        let of = |books: &&Arc<Books>| {
            books.stage() == stage && pipeline.is_none_or(|name| books.pipeline() == name)
        };
        let at: Vec<_> = rows.iter().filter(of).cloned().collect();
        drop(rows);
        (!at.is_empty()).then(|| Watcher::new(at, rate, wanted))
    }

    /// All books as they stand at one moment.
    #[must_use]
    pub fn report(&self) -> Report {
        Report::new(
            self.stages(),
            lock(&self.shared.queues).report(),
            lock(&self.shared.upstream_lost).clone(),
            lock(&self.shared.reloads).clone(),
            self.shared.opened.0.elapsed(),
        )
    }

    fn stages(&self) -> Vec<StageReport> {
        let rows = lock(&self.shared.rows);
        let _alone = self
            .shared
            .desk
            .crossing
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        rows.iter().map(|books| books.report()).collect()
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
