//! The books: for each stage of each pipeline, where every record went.
//!
//! `in = out + filtered + dropped + absorbed + in_flight`, as monotonic totals since start. Records are
//! on a [`Ticket`] from the moment a stage is offered them until their outcome is stated; a ticket that
//! is dropped with records left on it counts them as unaccounted, which must never happen.
//! The runner keeps the books; a component can only state outcomes.

mod books;
mod report;
mod tally;
mod ticket;

pub use books::Books;
pub(crate) use books::Counts;
pub use report::{EdgeReport, Report, StageReport};
pub use tally::Tally;
pub use ticket::Ticket;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crate::edge::EdgeGauge;

/// Reasons for drops that the runner itself states.
pub mod reason {
    /// The inbox of the stage was full and its `when_full` says to drop.
    pub const QUEUE_FULL: &str = "queue_full";
    /// The outbox of a receiver was full, because the pipelines behind it did not keep up.
    pub const PIPELINE_FULL: &str = "pipeline_full";
    /// The stage had failed or ended before it took the record.
    pub const STAGE_ENDED: &str = "stage_ended";
    /// The grace period ran out before the record was delivered.
    pub const SHUTDOWN_TIMEOUT: &str = "shutdown_timeout";
}

/// The rule by which an exporter does not get the records that its `signals` leave out.
pub const SIGNALS_RULE: &str = "signals";

/// All books of a running agent; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    rows: Mutex<Vec<Arc<Books>>>,
    edges: Mutex<Vec<EdgeGauge>>,
    upstream_lost: Mutex<BTreeMap<&'static str, u64>>,
    desk: Arc<Desk>,
}

/// What all books of a ledger lie on.
#[derive(Debug, Default)]
struct Desk {
    /// Whether the grace period is over.
    closed: AtomicBool,
    /// Shared by those who enter records in the books of two stages, as they go from one to the next. A
    /// report has it alone, and so never sees them in both books or in neither.
    crossing: RwLock<()>,
}

impl Ledger {
    /// Opens the books of a stage in a pipeline. `to` names the stages that it hands records to.
    pub fn open(&self, pipeline: &str, stage: &str, to: &[String]) -> Arc<Books> {
        let books = Arc::new(Books::new(pipeline, stage, to, Arc::clone(&self.shared.desk)));
        lock(&self.shared.rows).push(Arc::clone(&books));
        books
    }

    /// Shows an edge's queue in the report.
    pub(crate) fn watch(&self, edge: EdgeGauge) {
        lock(&self.shared.edges).push(edge);
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
        self.shared.desk.closed.store(true, Ordering::Release);
    }

    /// All books as they stand at one moment.
    #[must_use]
    pub fn report(&self) -> Report {
        Report::new(
            self.stages(),
            lock(&self.shared.edges).iter().map(EdgeGauge::report).collect(),
            lock(&self.shared.upstream_lost).clone(),
        )
    }

    fn stages(&self) -> Vec<StageReport> {
        let rows = lock(&self.shared.rows);
        let _alone = self.shared.desk.crossing.write().unwrap_or_else(PoisonError::into_inner);
        rows.iter().map(|books| books.report()).collect()
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
