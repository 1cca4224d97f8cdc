//! The counters of one stage in one pipeline.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLockReadGuard};

use tidegate_model::record::Kinds;
use tidegate_model::tally::NamedCounts;
use tidegate_model::{Batch, Tally};

use super::gate::LedgerGate;
use super::names::{STORED, reason};
use super::report::StageReport;
use super::routes::Routes;
use super::whereabouts::Whereabouts;
use crate::stage_id::{Role, StageId};
use crate::sync::lock;
use crate::tap::Tap;

/// One row of the ledger. Updated once per batch under a lock, so that a report never sees half an
/// update. A stage that replaces another one of its name continues its counters.
#[derive(Debug)]
pub struct StageCounters {
    pipeline: String,
    stage: StageId,
    /// Whether it is an exporter.
    is_end: bool,
    counts: Mutex<Counts>,
    gate: Arc<LedgerGate>,
    /// Whether a reload has removed the stage from the pipeline.
    ended: AtomicBool,
    /// Number of tasks of the stage that are being aborted because they did not drain in time.
    forced: AtomicU32,
    /// Copies records that leave the stage for watchers.
    tap: Arc<Tap>,
}

/// Totals; all except `in_flight` only increase.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) received: u64,
    pub(crate) created: u64,
    /// Records that were passed on, each counted once.
    pub(crate) forwarded: u64,
    pub(crate) filtered: NamedCounts,
    /// Rules of the present and of former configurations of the stage.
    pub(crate) rules: BTreeSet<&'static str>,
    pub(crate) dropped: NamedCounts,
    pub(crate) noted: NamedCounts,
    pub(crate) ambiguous: NamedCounts,
    pub(crate) absorbed: u64,
    /// Records that a peer may or may not have received.
    pub(crate) unconfirmed: u64,
    pub(crate) in_flight: u64,
    pub(crate) unaccounted: u64,
    /// The next stages, each of which gets every record that is passed on while it is present.
    pub(crate) routes: Routes,
}

impl StageCounters {
    pub(super) fn new(pipeline: &str, stage: &StageId, gate: Arc<LedgerGate>) -> Self {
        Self {
            pipeline: pipeline.to_owned(),
            stage: stage.clone(),
            is_end: stage.role() == Role::Exporter,
            counts: Mutex::default(),
            gate,
            ended: AtomicBool::new(false),
            forced: AtomicU32::new(0),
            tap: Arc::default(),
        }
    }

    /// The pipeline's name.
    pub(crate) fn pipeline(&self) -> &str {
        &self.pipeline
    }

    /// The stage's name, such as `processors.l34_flow`.
    #[must_use]
    pub fn stage(&self) -> &StageId {
        &self.stage
    }

    /// Replaces the next stages. No record may be moving from this stage to the next ones during
    /// the call.
    pub(crate) fn route<'a>(&self, to: impl Iterator<Item = &'a StageId>) {
        let mut counts = lock(&self.counts);
        let forwarded = counts.forwarded;
        counts.routes.set(to, forwarded);
    }

    /// Adds rules that come from the stage's configuration, which are counted from 0.
    pub(crate) fn add_rules(&self, rules: &[&'static str]) {
        lock(&self.counts).rules.extend(rules);
    }

    /// Whether the stage has no record in flight.
    pub(crate) fn is_idle(&self) -> bool {
        lock(&self.counts).in_flight == 0
    }

    pub(super) fn mark_ended(&self, ended: bool) {
        self.ended.store(ended, Ordering::Relaxed);
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// Marks the beginning of an abort: records that the task holds are lost to the grace period.
    pub(crate) fn force(&self) {
        self.forced.fetch_add(1, Ordering::AcqRel);
    }

    /// Marks the end of an abort.
    pub(crate) fn forced(&self) {
        self.forced.fetch_sub(1, Ordering::AcqRel);
    }

    /// Whether a task of the stage, or the whole run, is being aborted.
    pub(super) fn is_forced(&self) -> bool {
        self.gate.closed.load(Ordering::Acquire) || self.forced.load(Ordering::Acquire) > 0
    }

    pub(crate) fn tap(&self) -> &Arc<Tap> {
        &self.tap
    }

    /// Offers records that leave this stage to the watchers.
    pub(super) fn show(&self, batch: &Batch) {
        self.tap.show(batch, Kinds::ALL);
    }

    /// Offers records that enter this stage to the watchers, if it is an exporter.
    pub(crate) fn show_at_end(&self, batch: &Batch, wanted: Kinds) {
        if self.is_end {
            self.tap.show(batch, wanted);
        }
    }

    pub(super) fn enter(&self, n: u64) {
        let mut counts = lock(&self.counts);
        counts.received += n;
        counts.in_flight += n;
    }

    /// Moves records from in flight to their outcome.
    pub(super) fn settle(&self, n: u64, entry: impl FnOnce(&mut Counts)) {
        let mut counts = lock(&self.counts);
        counts.in_flight = counts.in_flight.saturating_sub(n);
        entry(&mut counts);
    }

    /// Counts records that were dropped before they were put on a ticket.
    pub(crate) fn lost_on_arrival(&self, reason: &'static str, n: u64) {
        let mut counts = lock(&self.counts);
        counts.received += n;
        counts.dropped.add(reason, n);
    }

    /// Counts records that the stage created.
    pub(super) fn create(&self, n: u64) {
        let mut counts = lock(&self.counts);
        counts.received += n;
        counts.created += n;
        counts.in_flight += n;
    }

    /// The guard to hold while records move to the counters of the next stages.
    pub(super) fn crossing(&self) -> RwLockReadGuard<'_, ()> {
        self.gate
            .crossing
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops records that were queued for the stage when it ended or was aborted, or that a stage
    /// in front of it was waiting to send when that was aborted.
    pub(super) fn ended(&self, n: u64, by_force: bool) {
        let closed = self.gate.closed.load(Ordering::Acquire);
        let reason = match (closed, by_force || self.is_forced()) {
            (true, _) => reason::SHUTDOWN_TIMEOUT,
            (false, true) => reason::RELOAD_TIMEOUT,
            (false, false) => reason::STAGE_ENDED,
        };
        self.settle(n, |counts| counts.dropped.add(reason, n));
    }

    /// Settles the records of a dropped ticket: the stage or the one in front of it was aborted, or
    /// it has a fault. Records that a peer may have received are not known to be lost.
    pub(super) fn abandon(&self, n: u64, by_force: bool, at: Whereabouts) {
        if by_force || self.is_forced() || std::thread::panicking() {
            match at {
                Whereabouts::Stored => self.settle(n, |counts| counts.store(n)),
                Whereabouts::AtPeer => self.settle(n, |counts| counts.unconfirmed += n),
                Whereabouts::Here => self.ended(n, by_force),
            }
        } else {
            self.settle(n, |counts| counts.unaccounted += n);
            debug_assert!(false, "{n} records of {} have no outcome", self.stage);
        }
    }

    pub(super) fn report(&self) -> StageReport {
        let counts = lock(&self.counts);
        let named = |counts: &NamedCounts| counts.as_slice().iter().copied().collect();
        let mut filtered: BTreeMap<_, _> = counts.rules.iter().map(|rule| (*rule, 0)).collect();
        filtered.extend(counts.filtered.as_slice().iter().copied());
        StageReport {
            pipeline: self.pipeline.clone(),
            stage: self.stage.clone(),
            ended: self.has_ended(),
            r#in: counts.received,
            created: counts.created,
            out: counts.routes.out(counts.forwarded),
            filtered,
            rules: counts.rules.iter().copied().collect(),
            dropped: named(&counts.dropped),
            absorbed: counts.absorbed,
            unconfirmed: counts.unconfirmed,
            in_flight: counts.in_flight,
            unaccounted: counts.unaccounted,
            noted: named(&counts.noted),
            ambiguous: named(&counts.ambiguous),
            forwarded: counts.forwarded,
        }
    }
}

impl Counts {
    /// Counts records that stay in a queue on disk.
    pub(super) fn store(&mut self, n: u64) {
        self.absorbed += n;
        self.noted.add(STORED, n);
    }

    /// Adds the outcomes of one batch.
    pub(super) fn add(&mut self, tally: &Tally) {
        self.filtered.add_all(tally.filters());
        self.dropped.add_all(tally.drops());
        self.noted.add_all(tally.notes());
        self.ambiguous.add_all(tally.ambiguities());
        self.absorbed += tally.absorbed();
    }
}
