//! Records whose outcome is outstanding.

use std::sync::Arc;

use tidegate_model::{Batch, Tally};

use super::counters::{Counts, StageCounters};
use super::names::{RECOVERED, SUPERSEDED};
use super::whereabouts::Whereabouts;

/// Records of one stage that are in flight. Stating an outcome takes records off the ticket. A
/// receiver that feeds several pipelines has one ticket for all of them.
#[derive(Debug)]
#[must_use = "records on a dropped ticket are unaccounted for"]
pub struct Ticket {
    rows: Vec<Arc<StageCounters>>,
    left: u64,
    /// The stage that sent the records, which may be aborted while it waits to.
    from: Option<Arc<StageCounters>>,
    /// Whether a peer may have received the records.
    at_peer: bool,
    /// Whether the records are in a queue on disk.
    is_stored: bool,
}

impl Ticket {
    /// Counts `n` records as received.
    pub(crate) fn enter(rows: Vec<Arc<StageCounters>>, n: u64) -> Self {
        for counters in &rows {
            counters.enter(n);
        }
        Self {
            rows,
            left: n,
            from: None,
            at_peer: false,
            is_stored: false,
        }
    }

    /// Counts `n` records that the stage created.
    pub(crate) fn create(counters: &Arc<StageCounters>, n: u64) -> Self {
        counters.create(n);
        Self {
            rows: vec![Arc::clone(counters)],
            left: n,
            from: None,
            at_peer: false,
            is_stored: false,
        }
    }

    /// Counts `n` records that an earlier run of the stage left in a queue on disk.
    pub(crate) fn recover(counters: &Arc<StageCounters>, n: u64) -> Self {
        counters.settle(0, |counts| counts.noted.add(RECOVERED, n));
        Self::create(counters, n)
    }

    /// The number of records whose outcome is outstanding.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Whether the records are counted in these counters.
    pub(crate) fn is_in(&self, counters: &Arc<StageCounters>) -> bool {
        self.rows.iter().any(|row| Arc::ptr_eq(row, counters))
    }

    /// States that `n` records were delivered or aggregated.
    pub fn absorbed(&mut self, n: u64) {
        self.settle(n, |counts, n| counts.absorbed += n);
    }

    /// States that `n` metric points were replaced by newer ones of their series: they are
    /// absorbed, and noted.
    pub(crate) fn superseded(&mut self, n: u64) {
        self.settle(n, |counts, n| {
            counts.absorbed += n;
            counts.noted.add(SUPERSEDED, n);
        });
    }

    /// States that `n` records were removed by a configured filter.
    pub fn filtered(&mut self, rule: &'static str, n: u64) {
        self.settle(n, |counts, n| counts.filtered.add(rule, n));
    }

    /// States that `n` records are lost.
    pub fn dropped(&mut self, reason: &'static str, n: u64) {
        self.settle(n, |counts, n| counts.dropped.add(reason, n));
    }

    /// States that `n` records were sent to a peer whose answer did not arrive in time: whether
    /// they were delivered is not known.
    pub fn unconfirmed(&mut self, n: u64) {
        self.settle(n, |counts, n| counts.unconfirmed += n);
    }

    /// States whether a peer may have received the records, because a request or a write with them
    /// is in progress. If the stage is aborted meanwhile, they are
    /// [unconfirmed](Self::unconfirmed) rather than dropped.
    pub fn set_at_peer(&mut self, at_peer: bool) {
        self.at_peer = at_peer;
    }

    /// Whether a peer may have received the records.
    #[must_use]
    pub fn is_at_peer(&self) -> bool {
        self.at_peer
    }

    /// States whether the records are in a queue on disk, from which the stage's next run sends
    /// them. If the stage is aborted meanwhile, they are [stored](Self::stored_all).
    pub fn set_stored(&mut self, is_stored: bool) {
        self.is_stored = is_stored;
    }

    /// Moves `n` of the records to a new ticket, for parts of a batch with different outcomes.
    pub fn split(&mut self, n: u64) -> Self {
        debug_assert!(n <= self.left, "more records split off than there are");
        let n = n.min(self.left);
        self.left -= n;
        Self {
            rows: self.rows.clone(),
            left: n,
            from: self.from.clone(),
            at_peer: self.at_peer,
            is_stored: self.is_stored,
        }
    }

    /// Adds the records of another ticket of the same stage.
    pub(crate) fn merge(&mut self, mut other: Self) {
        debug_assert!(
            self.rows.iter().all(|counters| other.is_in(counters)),
            "tickets of different stages"
        );
        self.left += std::mem::take(&mut other.left);
    }

    /// Adds the records of another ticket, if both are counted in the same rows.
    ///
    /// # Errors
    ///
    /// Returns the other ticket if they are not.
    pub fn try_merge(&mut self, other: Self) -> Result<(), Self> {
        let is_same = self.rows.len() == other.rows.len()
            && self.rows.iter().all(|counters| other.is_in(counters));
        if !is_same {
            return Err(other);
        }
        self.merge(other);
        Ok(())
    }

    /// States that all remaining records stay in a queue on disk, from which the stage's next run
    /// sends them: they are absorbed, and noted.
    pub fn stored_all(mut self) {
        self.settle(self.left, Counts::store);
    }

    /// States that all remaining records were delivered.
    pub fn absorb_all(mut self) {
        self.absorbed(self.left);
    }

    /// States that all remaining records are lost.
    pub fn drop_all(mut self, reason: &'static str) {
        self.dropped(reason, self.left);
    }

    /// States that all remaining records were sent to a peer whose answer did not arrive in time.
    pub fn unconfirmed_all(mut self) {
        self.unconfirmed(self.left);
    }

    /// Drops the remaining records because the stage ended before it took them.
    pub(crate) fn abandon_all(mut self) {
        let n = std::mem::take(&mut self.left);
        self.rows
            .iter()
            .for_each(|counters| counters.ended(n, false));
    }

    /// Splits the ticket into one for each pipeline.
    pub(crate) fn apart(mut self) -> Vec<Self> {
        let left = std::mem::take(&mut self.left);
        let rows = std::mem::take(&mut self.rows).into_iter();
        rows.map(|counters| Self {
            rows: vec![counters],
            left,
            from: None,
            at_peer: false,
            is_stored: false,
        })
        .collect()
    }

    /// Moves the records to the only next stage.
    pub(crate) fn forward_to(self, next: &Arc<StageCounters>, batch: &Batch) -> Self {
        self.cross(batch, |n| Self::enter(vec![Arc::clone(next)], n))
    }

    /// Moves the records to every next stage.
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

    /// Counts the records as forwarded and as received by the next stages, which a report sees as
    /// one step. Offers them to the watchers before.
    fn cross<T>(mut self, batch: &Batch, enter: impl FnOnce(u64) -> T) -> T {
        self.rows.iter().for_each(|counters| counters.show(batch));
        let n = std::mem::take(&mut self.left);
        let _crossing = self.rows.first().map(|counters| counters.crossing());
        self.rows
            .iter()
            .for_each(|counters| counters.settle(n, |counts| counts.forwarded += n));
        enter(n)
    }

    /// Enters the outcomes of a whole batch in a processor. The `kept` records remain on the
    /// ticket; those that the processor added are counted as created.
    pub(crate) fn processed(&mut self, tally: &Tally, kept: u64) {
        let n = std::mem::replace(&mut self.left, kept);
        let out = kept + tally.removed();
        let created = out.saturating_sub(n);
        let missing = n.saturating_sub(out);
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

    fn whereabouts(&self) -> Whereabouts {
        match (self.is_stored, self.at_peer) {
            (true, _) => Whereabouts::Stored,
            (false, true) => Whereabouts::AtPeer,
            (false, false) => Whereabouts::Here,
        }
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
                .for_each(|counters| counters.abandon(self.left, is_forced, self.whereabouts()));
        }
    }
}
