//! The outcomes of one batch in one stage, before they are added to the ledger.

use crate::outcome::Outcome;

/// Counts by name, in order of first appearance. The lists are short, so that a linear search is
/// faster than a hash map.
#[derive(Clone, Debug, Default)]
pub struct NamedCounts(Vec<(&'static str, u64)>);

/// Counts the outcomes of a batch's records. Reused for all batches of a stage.
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
    #[inline]
    pub fn add(&mut self, name: &'static str, n: u64) {
        match self.0.first_mut() {
            // Most often it is the same text in memory, which is faster to compare.
            Some((first, count)) if std::ptr::eq(*first, name) => *count += n,
            _ => self.add_by_text(name, n),
        }
    }

    #[inline(never)]
    fn add_by_text(&mut self, name: &'static str, n: u64) {
        match self.0.iter_mut().find(|(other, _)| *other == name) {
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
    /// Counts the outcome of one record.
    #[inline]
    pub fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Keep => {}
            Outcome::Filtered(rule) => self.filtered.add(rule, 1),
            Outcome::Dropped(reason) => self.dropped.add(reason, 1),
            Outcome::Absorbed => self.absorbed += 1,
        }
    }

    /// Counts an event that an operator should see but that is not an outcome, such as a record
    /// that was passed on undecoded or a full table.
    pub fn note(&mut self, name: &'static str) {
        self.note_times(name, 1);
    }

    /// Counts `n` such events.
    pub fn note_times(&mut self, name: &'static str, n: u64) {
        self.noted.add(name, n);
    }

    /// Counts `n` records whose bytes allow several interpretations, one of which was chosen. This
    /// is not an outcome either: the record is kept, but may differ from what its sender meant.
    pub fn ambiguous(&mut self, choice: &'static str, n: u64) {
        self.ambiguous.add(choice, n);
    }

    /// Number of records that were removed from the batch.
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

    /// Ambiguous records by choice.
    #[must_use]
    pub fn ambiguities(&self) -> &[(&'static str, u64)] {
        self.ambiguous.as_slice()
    }

    /// Resets all counts and keeps their allocations.
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
