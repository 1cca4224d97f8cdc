//! Proof that somebody owes an outcome for some records.

use std::sync::Arc;

use tidegate_model::{Batch, Tally};

use super::counters::{Counts, StageCounters};
use super::names::SUPERSEDED;

/// Some records of one stage that are in flight. Every exit path takes records off it by stating
/// their outcome. A receiver that feeds several pipelines has one ticket in all their books.
#[derive(Debug)]
#[must_use = "a ticket that is dropped with records on it is a hole in the books"]
pub struct Ticket {
    rows: Vec<Arc<StageCounters>>,
    left: u64,
    /// Who handed the records over, and may be torn down while it waits to.
    from: Option<Arc<StageCounters>>,
    /// Whether a peer may have the records.
    at_peer: bool,
}

impl Ticket {
    /// Enters `n` records as received.
    pub(crate) fn enter(rows: Vec<Arc<StageCounters>>, n: u64) -> Self {
        for counters in &rows {
            counters.enter(n);
        }
        Self {
            rows,
            left: n,
            from: None,
            at_peer: false,
        }
    }

    /// Enters `n` records that the stage made itself.
    pub(crate) fn create(counters: &Arc<StageCounters>, n: u64) -> Self {
        counters.create(n);
        Self {
            rows: vec![Arc::clone(counters)],
            left: n,
            from: None,
            at_peer: false,
        }
    }

    /// Records whose outcome is still owed.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Whether these books have the records.
    pub(crate) fn is_in(&self, counters: &Arc<StageCounters>) -> bool {
        self.rows.iter().any(|row| Arc::ptr_eq(row, counters))
    }

    /// `n` records were delivered, or went into an aggregation table.
    pub fn absorbed(&mut self, n: u64) {
        self.settle(n, |counts, n| counts.absorbed += n);
    }

    /// `n` points of metrics went into newer ones of their series: absorbed, and noted as what they
    /// are.
    pub(crate) fn superseded(&mut self, n: u64) {
        self.settle(n, |counts, n| {
            counts.absorbed += n;
            counts.noted.add(SUPERSEDED, n);
        });
    }

    /// `n` records were taken out by a rule that the operator asked for.
    pub fn filtered(&mut self, rule: &'static str, n: u64) {
        self.settle(n, |counts, n| counts.filtered.add(rule, n));
    }

    /// `n` records are lost.
    pub fn dropped(&mut self, reason: &'static str, n: u64) {
        self.settle(n, |counts, n| counts.dropped.add(reason, n));
    }

    /// `n` records were on their way to a peer when the time to wait for its answer ended: they are
    /// neither known to be delivered nor known to be lost.
    pub fn unconfirmed(&mut self, n: u64) {
        self.settle(n, |counts, n| counts.unconfirmed += n);
    }

    /// States whether a peer may have the records by now, because they are in a request or a write
    /// under way. If the stage is ended by force meanwhile, they are
    /// [unconfirmed](Self::unconfirmed) rather than dropped.
    pub fn set_at_peer(&mut self, at_peer: bool) {
        self.at_peer = at_peer;
    }

    /// Whether a peer may have the records.
    #[must_use]
    pub fn is_at_peer(&self) -> bool {
        self.at_peer
    }

    /// Moves `n` of the records to a ticket of their own, for a stage whose parts of a batch come
    /// to different ends.
    pub fn split(&mut self, n: u64) -> Self {
        debug_assert!(n <= self.left, "more records split off than there are");
        let n = n.min(self.left);
        self.left -= n;
        Self {
            rows: self.rows.clone(),
            left: n,
            from: self.from.clone(),
            at_peer: self.at_peer,
        }
    }

    /// Takes over the records of another ticket, which is in the same books.
    pub(crate) fn merge(&mut self, mut other: Self) {
        debug_assert!(
            self.rows.iter().all(|counters| other.is_in(counters)),
            "tickets of different books"
        );
        self.left += std::mem::take(&mut other.left);
    }

    /// All records that are left were delivered.
    pub fn absorb_all(mut self) {
        self.absorbed(self.left);
    }

    /// All records that are left are lost.
    pub fn drop_all(mut self, reason: &'static str) {
        self.dropped(reason, self.left);
    }

    /// All records that are left were on their way to a peer when the time to wait for its answer
    /// ended.
    pub fn unconfirmed_all(mut self) {
        self.unconfirmed(self.left);
    }

    /// The stage ended, or was ended, before it took the records that are left.
    pub(crate) fn abandon_all(mut self) {
        let n = std::mem::take(&mut self.left);
        self.rows
            .iter()
            .for_each(|counters| counters.ended(n, false));
    }

    /// A ticket for each of the books that the records are in.
    pub(crate) fn apart(mut self) -> Vec<Self> {
        let left = std::mem::take(&mut self.left);
        let rows = std::mem::take(&mut self.rows).into_iter();
        rows.map(|counters| Self {
            rows: vec![counters],
            left,
            from: None,
            at_peer: false,
        })
        .collect()
    }

    /// The records go on to the one stage behind this one.
    pub(crate) fn forward_to(self, next: &Arc<StageCounters>, batch: &Batch) -> Self {
        self.cross(batch, |n| Self::enter(vec![Arc::clone(next)], n))
    }

    /// The records go on to every stage behind this one.
    pub(crate) fn fan_out<'a>(
        self,
        next: impl Iterator<Item = &'a Arc<StageCounters>>,
        batch: &Batch,
    ) -> Vec<Self> {
        let from = self.rows.first().cloned();
        let enter = |counters, n| {
            let mut ticket = Self::enter(vec![Arc::clone(counters)], n);
            ticket.from.clone_from(&from);
            ticket
        };
        self.cross(batch, |n| next.map(|counters| enter(counters, n)).collect())
    }

    /// Enters the records in the next stages' books and as forwarded in their own, which a report
    /// sees as one. Before that, those who watch may look at them.
    fn cross<T>(mut self, batch: &Batch, enter: impl FnOnce(u64) -> T) -> T {
        self.rows.iter().for_each(|counters| counters.show(batch));
        let n = std::mem::take(&mut self.left);
        let _crossing = self.rows.first().map(|counters| counters.crossing());
        self.rows
            .iter()
            .for_each(|counters| counters.settle(n, |counts| counts.forwarded += n));
        enter(n)
    }

    /// Enters what a processor did with a whole batch. The `kept` records that are left are still
    /// owed; those that the processor made itself are entered as created.
    pub(crate) fn processed(&mut self, tally: &Tally, kept: u64) {
        let n = std::mem::replace(&mut self.left, kept);
        let out = kept + tally.removed();
        let (created, missing) = (out.saturating_sub(n), n.saturating_sub(out));
        for counters in &self.rows {
            counters.settle(n, |counts| {
                counts.received += created;
                counts.created += created;
                counts.in_flight += kept;
                counts.unaccounted += missing;
                counts.add(tally);
            });
        }
        debug_assert_eq!(missing, 0, "a processor removed records without an outcome");
    }

    fn settle(&mut self, n: u64, entry: impl Fn(&mut Counts, u64)) {
        debug_assert!(n <= self.left, "more outcomes than records");
        let n = n.min(self.left);
        self.left -= n;
        if n > 0 {
            self.rows
                .iter()
                .for_each(|counters| counters.settle(n, |counts| entry(counts, n)));
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.left > 0 {
            let is_forced = self
                .from
                .as_ref()
                .is_some_and(|counters| counters.is_forced());
            self.rows
                .iter()
                .for_each(|counters| counters.abandon(self.left, is_forced, self.at_peer));
        }
    }
}
