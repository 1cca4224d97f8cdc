//! The outcomes of one batch in one stage, before they are entered in the ledger.

use crate::outcome::Outcome;

/// Counts by name, in the order in which the names first appeared. The lists are short: a linear
/// search is faster than a hash.
#[derive(Clone, Debug, Default)]
pub struct NamedCounts(Vec<(&'static str, u64)>);

/// Counts outcomes while a batch is sifted. Reused from batch to batch.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    filtered: NamedCounts,
    dropped: NamedCounts,
    noted: NamedCounts,
    ambiguous: NamedCounts,
    absorbed: u64,
}

impl NamedCounts {
    /// Adds `n` to the count of `name`.
    pub fn add(&mut self, name: &'static str, n: u64) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += n,
            None if n > 0 => self.0.push((name, n)),
            None => {}
        }
    }

    /// Adds all of these counts.
    pub fn add_all(&mut self, counts: &[(&'static str, u64)]) {
        for (name, n) in counts {
            self.add(name, *n);
        }
    }

    /// The names and their counts.
    #[must_use]
    pub fn as_slice(&self) -> &[(&'static str, u64)] {
        &self.0
    }

    fn sum(&self) -> u64 {
        self.0.iter().map(|(_, n)| n).sum()
    }
}

impl Tally {
    /// Counts one record.
    pub fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Keep => {}
            Outcome::Filtered(rule) => self.filtered.add(rule, 1),
            Outcome::Dropped(reason) => self.dropped.add(reason, 1),
            Outcome::Absorbed => self.absorbed += 1,
        }
    }

    /// Counts an occurrence that an operator should see but that is no outcome, such as a record
    /// that was passed on undecoded or a table that was full.
    pub fn note(&mut self, what: &'static str) {
        self.note_times(what, 1);
    }

    /// Counts `n` such occurrences.
    pub fn note_times(&mut self, what: &'static str, n: u64) {
        self.noted.add(what, n);
    }

    /// Counts `n` choices between readings of a record that fit its bytes equally well. This is no
    /// outcome either: the record is kept, but may differ from what its sender meant.
    pub fn ambiguous(&mut self, choice: &'static str, n: u64) {
        self.ambiguous.add(choice, n);
    }

    /// Number of records that left the batch.
    #[must_use]
    pub fn removed(&self) -> u64 {
        self.filtered.sum() + self.dropped.sum() + self.absorbed
    }

    /// Number of records that were absorbed.
    #[must_use]
    pub fn absorbed(&self) -> u64 {
        self.absorbed
    }

    /// Dropped records by reason.
    #[must_use]
    pub fn drops(&self) -> &[(&'static str, u64)] {
        self.dropped.as_slice()
    }

    /// Filtered records by rule.
    #[must_use]
    pub fn filters(&self) -> &[(&'static str, u64)] {
        self.filtered.as_slice()
    }

    /// Notes by name.
    #[must_use]
    pub fn notes(&self) -> &[(&'static str, u64)] {
        self.noted.as_slice()
    }

    /// Ambiguous readings by choice.
    #[must_use]
    pub fn ambiguities(&self) -> &[(&'static str, u64)] {
        self.ambiguous.as_slice()
    }

    /// Sets all counts to zero and keeps their memory.
    pub fn clear(&mut self) {
        let Self {
            filtered,
            dropped,
            noted,
            ambiguous,
            absorbed,
        } = self;
        for counts in [filtered, dropped, noted, ambiguous] {
            counts.0.clear();
        }
        *absorbed = 0;
    }
}
