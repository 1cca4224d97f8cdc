//! The books of one stage in one pipeline.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, RwLockReadGuard};

use super::tally::add;
use super::{Desk, StageReport, Tally, lock, reason};

/// One row of the ledger. Entered once a batch, under a lock that nobody holds for long, so that a
/// report never sees half an entry.
#[derive(Debug)]
pub struct Books {
    pipeline: String,
    stage: String,
    /// The stages behind it, each of which is offered every record that goes on.
    to: Vec<String>,
    counts: Mutex<Counts>,
    desk: Arc<Desk>,
}

/// Monotonic totals, but for `in_flight`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) received: u64,
    pub(crate) created: u64,
    /// Records that went on, once each.
    pub(crate) forwarded: u64,
    pub(crate) filtered: Vec<(&'static str, u64)>,
    pub(crate) dropped: Vec<(&'static str, u64)>,
    pub(crate) noted: Vec<(&'static str, u64)>,
    pub(crate) ambiguous: Vec<(&'static str, u64)>,
    pub(crate) absorbed: u64,
    pub(crate) in_flight: u64,
    pub(crate) unaccounted: u64,
}

impl Books {
    pub(super) fn new(pipeline: &str, stage: &str, to: &[String], desk: Arc<Desk>) -> Self {
        let (pipeline, stage, to) = (pipeline.to_owned(), stage.to_owned(), to.to_vec());
        Self { pipeline, stage, to, counts: Mutex::default(), desk }
    }

    /// The stage's name, such as `processors.l34_flow`.
    #[must_use]
    pub fn stage(&self) -> &str {
        &self.stage
    }

    pub(super) fn enter(&self, n: u64) {
        let mut counts = lock(&self.counts);
        counts.received += n;
        counts.in_flight += n;
    }

    /// Moves records from in flight to where they went.
    pub(super) fn settle(&self, n: u64, entry: impl FnOnce(&mut Counts)) {
        let mut counts = lock(&self.counts);
        counts.in_flight = counts.in_flight.saturating_sub(n);
        entry(&mut counts);
    }

    /// A record that the stage lost before it could be put on a ticket.
    pub(crate) fn lost_on_arrival(&self, reason: &'static str, n: u64) {
        let mut counts = lock(&self.counts);
        counts.received += n;
        add(&mut counts.dropped, reason, n);
    }

    /// Records that the stage made itself.
    pub(super) fn create(&self, n: u64) {
        let mut counts = lock(&self.counts);
        counts.received += n;
        counts.created += n;
        counts.in_flight += n;
    }

    /// To be held while records go from these books to those of the next stages.
    pub(super) fn crossing(&self) -> RwLockReadGuard<'_, ()> {
        self.desk.crossing.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that were waiting for the stage when it ended, by itself or at the end of the grace
    /// period.
    pub(super) fn ended(&self, n: u64) {
        let closed = self.desk.closed.load(Ordering::Acquire);
        let reason = if closed { reason::SHUTDOWN_TIMEOUT } else { reason::STAGE_ENDED };
        self.settle(n, |counts| add(&mut counts.dropped, reason, n));
    }

    /// Records on a ticket that is dropped: the stage was torn down, or it forgot them.
    pub(super) fn abandon(&self, n: u64) {
        if self.desk.closed.load(Ordering::Acquire) || std::thread::panicking() {
            self.ended(n);
        } else {
            self.settle(n, |counts| counts.unaccounted += n);
            debug_assert!(false, "{n} records of {} have no outcome", self.stage);
        }
    }

    pub(super) fn report(&self) -> StageReport {
        StageReport::new(&self.pipeline, &self.stage, &self.to, &lock(&self.counts))
    }
}

impl Counts {
    /// Enters the outcomes of one batch.
    pub(crate) fn add(&mut self, tally: &Tally) {
        for (rule, n) in &tally.filtered {
            add(&mut self.filtered, rule, *n);
        }
        for (reason, n) in &tally.dropped {
            add(&mut self.dropped, reason, *n);
        }
        for (what, n) in &tally.noted {
            add(&mut self.noted, what, *n);
        }
        for (choice, n) in &tally.ambiguous {
            add(&mut self.ambiguous, choice, *n);
        }
        self.absorbed += tally.absorbed;
    }
}
