//! The ledger: counts what happened to every record, for each stage of each pipeline.
//!
//! `in = out + filtered + dropped + absorbed + unconfirmed + in_flight`, as monotonic totals since
//! start. Records are on a [`Ticket`] from the moment a stage receives them until their outcome is
//! stated. Records on a ticket that is dropped are counted as unaccounted, which is a bug. The
//! runner updates the counters; a component can only state outcomes.

mod counters;
mod gate;
mod names;
mod queues;
mod reloads;
mod report;
mod routes;
mod rule_name;
mod ticket;
mod whereabouts;

pub use counters::StageCounters;
pub(crate) use names::PERF_RING;
pub use names::{RECOVERED, STORED, SUPERSEDED, UPSTREAM_SOURCES, reason};
pub(crate) use queues::{Peak, QueueProbe, Queued};
pub use reloads::{Reload, ReloadOutcome, Reloads};
pub use report::{EdgeReport, Report, SCHEMA, StageReport};
pub use rule_name::RuleName;
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

/// The counters of all stages of a running agent; clones share them.
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
    /// The stages when the shutdown began.
    at_end: Mutex<Option<Vec<StageReport>>>,
}

/// When the ledger was created.
#[derive(Debug)]
struct Opened(Instant);

impl Default for Opened {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Ledger {
    /// Returns the counters of a stage in a pipeline; creates them if they are new.
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

    /// The counters of a stage in all its pipelines.
    pub(crate) fn of(&self, stage: &StageId) -> Vec<Arc<StageCounters>> {
        lock(&self.shared.rows)
            .iter()
            .filter(|counters| counters.stage() == stage)
            .cloned()
            .collect()
    }

    /// Sorts the rows in the order of the wiring. Stages that are not in it have ended. They stay,
    /// at the end, so that the totals of the stages around them still add up.
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

    /// Adds an edge's queue to the report, under the pipelines that feed it.
    pub(crate) fn watch(&self, pipelines: String, stage: &StageId, probe: Arc<dyn QueueProbe>) {
        lock(&self.shared.queues).watch(pipelines, stage, probe);
    }

    /// Sets the hash of the running configuration.
    pub fn set_config_hash(&self, hash: &str) {
        hash.clone_into(&mut lock(&self.shared.reloads).running);
    }

    /// Counts a reload of the configuration whose text has this hash.
    pub fn count_reload(&self, outcome: ReloadOutcome, hash: &str) {
        lock(&self.shared.reloads).enter(outcome, hash);
    }

    /// Counts events that Cilium reported as lost before the socket.
    pub fn count_upstream_lost(&self, source: &'static str, n: u64) {
        if n > 0 {
            let mut lost = lock(&self.shared.upstream_lost);
            let total = lost.entry(source).or_default();
            // The number comes from the peer and may be anything.
            *total = total.saturating_add(n);
        }
    }

    /// Ends the grace period: records of stages that are aborted from now on are lost to it.
    pub(crate) fn close(&self) {
        self.begin_shutdown();
        self.shared.gate.closed.store(true, Ordering::Release);
    }

    /// Marks the beginning of the shutdown: all receivers have ended, or the rest is aborted. Only
    /// the first call has an effect.
    pub(crate) fn begin_shutdown(&self) {
        let mut at_end = lock(&self.shared.at_end);
        if at_end.is_none() {
            *at_end = Some(self.stages());
        }
    }

    /// The stages as they were when the shutdown began: records that are lost to a time limit after
    /// that are lost to the limits of the shutdown. Empty before it.
    #[must_use]
    pub fn at_shutdown(&self) -> Vec<StageReport> {
        lock(&self.shared.at_end).clone().unwrap_or_default()
    }

    /// Watches the records that leave a stage, in all its pipelines or in one; `None` if there is
    /// no such stage. An exporter is watched for the records that enter it.
    ///
    /// `rate` is the number of records that are copied per second on average, and at most in one
    /// burst.
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

    /// A consistent report of all stages.
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
