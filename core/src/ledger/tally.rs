//! The outcomes of one batch in one stage, before they are entered in the books.

use crate::batch::Outcome;

/// Counts outcomes while a batch is sifted. Reused from batch to batch.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub(crate) filtered: Vec<(&'static str, u64)>,
    pub(crate) dropped: Vec<(&'static str, u64)>,
    pub(crate) noted: Vec<(&'static str, u64)>,
    pub(crate) ambiguous: Vec<(&'static str, u64)>,
    pub(crate) absorbed: u64,
}

impl Tally {
    /// Counts one record.
    pub fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Keep => {}
            Outcome::Filtered(rule) => add(&mut self.filtered, rule, 1),
            Outcome::Dropped(reason) => add(&mut self.dropped, reason, 1),
            Outcome::Absorbed => self.absorbed += 1,
        }
    }

    /// Counts something that an operator should see but that is no outcome: a record passed on
    /// undecoded, a table that was full.
    pub fn note(&mut self, what: &'static str) {
        self.note_times(what, 1);
    }

    /// As [`Self::note`], `n` times.
    pub fn note_times(&mut self, what: &'static str, n: u64) {
        add(&mut self.noted, what, n);
    }

    /// Counts `n` choices between readings of a record that fit its bytes equally well. No outcome
    /// either: the record goes on, but it may say something else than its sender meant.
    pub fn ambiguous(&mut self, choice: &'static str, n: u64) {
        add(&mut self.ambiguous, choice, n);
    }

    /// Records that left the batch.
    pub(crate) fn removed(&self) -> u64 {
        let sum = |counts: &[(&str, u64)]| counts.iter().map(|(_, n)| n).sum::<u64>();
        sum(&self.filtered) + sum(&self.dropped) + self.absorbed
    }

    pub(crate) fn clear(&mut self) {
        self.filtered.clear();
        self.dropped.clear();
        self.noted.clear();
        self.ambiguous.clear();
        self.absorbed = 0;
    }

    /// What was counted as dropped, by reason: for tests of processors.
    #[must_use]
    pub fn drops(&self) -> &[(&'static str, u64)] {
        &self.dropped
    }

    /// What was counted as filtered, by rule: for tests of processors.
    #[must_use]
    pub fn filters(&self) -> &[(&'static str, u64)] {
        &self.filtered
    }

    /// What was noted: for tests of processors.
    #[must_use]
    pub fn notes(&self) -> &[(&'static str, u64)] {
        &self.noted
    }

    /// What was counted as ambiguous, by choice: for tests of processors.
    #[must_use]
    pub fn ambiguities(&self) -> &[(&'static str, u64)] {
        &self.ambiguous
    }
}

/// Adds to the count of `key`; the lists are a handful long.
pub(crate) fn add(counts: &mut Vec<(&'static str, u64)>, key: &'static str, n: u64) {
    match counts.iter_mut().find(|(name, _)| *name == key) {
        Some((_, count)) => *count += n,
        None if n > 0 => counts.push((key, n)),
        None => {}
    }
}
