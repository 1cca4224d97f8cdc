//! The books: for each stage of each pipeline, where every record went.
//!
//! `in = out + filtered + dropped + absorbed + unconfirmed + in_flight`, as monotonic totals since
//! start. Records are on a [`Ticket`] from the moment a stage is offered them until their outcome
//! is stated; a ticket that is dropped with records left on it counts them as unaccounted, which
//! must never happen. The runner keeps the books; a component can only state outcomes.

mod counters;
mod gate;
mod names;
mod queues;
mod reloads;
mod report;
mod routes;
mod ticket;

pub use counters::StageCounters;
pub(crate) use names::PERF_RING;
pub use names::{SIGNALS_RULE, SUPERSEDED, UPSTREAM_SOURCES, reason};
pub(crate) use queues::{QueueProbe, Queued};
pub use reloads::{Reload, ReloadOutcome, Reloads};
pub use report::{EdgeReport, Report, SCHEMA, StageReport};
pub use ticket::Ticket;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::stage_id::StageId;
use crate::sync::lock;
use crate::tap::{RecordFilter, Watcher};
use gate::LedgerGate;
use queues::Queues;

/// All books of a running agent; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    rows: Mutex<Vec<Arc<StageCounters>>>,
    queues: Mutex<Queues>,
    upstream_lost: Mutex<BTreeMap<&'static str, u64>>,
    reloads: Mutex<Reloads>,
    gate: Arc<LedgerGate>,
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

impl Ledger {
    /// The books of a stage in a pipeline: those that it has had since the start, or new ones.
    pub fn open(&self, pipeline: &str, stage: &StageId) -> Arc<StageCounters> {
        let mut rows = lock(&self.shared.rows);
        if let Some(known) = rows
            .iter()
            .find(|counters| counters.pipeline() == pipeline && counters.stage() == stage)
        {
            return Arc::clone(known);
        }
        let counters = Arc::new(StageCounters::new(
            pipeline,
            stage,
            Arc::clone(&self.shared.gate),
        ));
        rows.push(Arc::clone(&counters));
        counters
    }

    /// The books of a stage in all its pipelines.
    pub(crate) fn of(&self, stage: &StageId) -> Vec<Arc<StageCounters>> {
        lock(&self.shared.rows)
            .iter()
            .filter(|counters| counters.stage() == stage)
            .cloned()
            .collect()
    }

    /// Puts the books in the order of the wiring. What is not in it has ended, and stays at the
    /// end, so that the books of the stages around it go on adding up.
    pub(crate) fn arrange(&self, wiring: &[Arc<StageCounters>]) {
        let place = |counters: &Arc<StageCounters>| {
            wiring.iter().position(|one| Arc::ptr_eq(one, counters))
        };
        let mut rows = lock(&self.shared.rows);
        rows.iter()
            .for_each(|counters| counters.mark_ended(place(counters).is_none()));
        rows.sort_by_key(|counters| place(counters).unwrap_or(usize::MAX));
        let is_open = |stage: &StageId| {
            rows.iter()
                .any(|counters| counters.stage() == stage && !counters.has_ended())
        };
        lock(&self.shared.queues).forget(|stage| !is_open(stage));
    }

    /// Shows an edge's queue in the report, under the pipelines that feed it.
    pub(crate) fn watch(&self, pipelines: String, stage: &StageId, probe: Arc<dyn QueueProbe>) {
        lock(&self.shared.queues).watch(pipelines, stage, probe);
    }

    /// Enters the hash of the configuration that runs.
    pub fn set_config_hash(&self, hash: &str) {
        hash.clone_into(&mut lock(&self.shared.reloads).running);
    }

    /// Enters what became of a reload of the configuration whose text has this hash.
    pub fn count_reload(&self, outcome: ReloadOutcome, hash: &str) {
        lock(&self.shared.reloads).enter(outcome, hash);
    }

    /// Counts what Cilium reported as lost before it reached us.
    pub fn count_upstream_lost(&self, source: &'static str, n: u64) {
        if n > 0 {
            let mut lost = lock(&self.shared.upstream_lost);
            let total = lost.entry(source).or_default();
            // The number is the peer's, who may say anything.
            *total = total.saturating_add(n);
        }
    }

    /// From now on, records whose stage is torn down are lost to the end of the grace period.
    pub(crate) fn close(&self) {
        self.begin_shutdown();
        self.shared.gate.closed.store(true, Ordering::Release);
    }

    /// The end of the run begins: all receivers have ended, or what is left is ended by force. Only
    /// the first call counts.
    pub(crate) fn begin_shutdown(&self) {
        let mut at_end = lock(&self.shared.at_end);
        if at_end.is_none() {
            *at_end = Some(self.stages());
        }
    }

    /// The books of every stage as they were when the end of the run began: from then on, what is
    /// given up for want of time is lost to the limits that are set for the end. Empty before that.
    #[must_use]
    pub fn at_shutdown(&self) -> Vec<StageReport> {
        lock(&self.shared.at_end).clone().unwrap_or_default()
    }

    /// Watches what leaves a stage, in all its pipelines or in one; `None` if there is no such
    /// stage. An exporter, which hands nothing on, is watched for what it is offered.
    ///
    /// `rate` is how many records are copied in a second on average, and in one go at most.
    #[must_use]
    pub fn tap(
        &self,
        stage: &StageId,
        pipeline: Option<&str>,
        rate: u32,
        wanted: RecordFilter,
    ) -> Option<Watcher> {
        let rows = lock(&self.shared.rows);
        let of = |counters: &&Arc<StageCounters>| {
            counters.stage() == stage && pipeline.is_none_or(|name| counters.pipeline() == name)
        };
        let at: Vec<_> = rows
            .iter()
            .filter(of)
            .map(|counters| Arc::clone(counters.tap()))
            .collect();
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
            .gate
            .crossing
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        rows.iter().map(|counters| counters.report()).collect()
    }
}
