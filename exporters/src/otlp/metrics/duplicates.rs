//! Series of one family name with the same labels. Two pipelines can produce them, and a backend
//! accepts one point of each.

use std::hash::BuildHasher as _;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashMap};
use tidegate_model::metric::Series;

/// Finds the series of a family that may have the same labels. Nearly all are unique.
#[derive(Debug, Default)]
pub(super) struct DuplicateIndex {
    hasher: DefaultHashBuilder,
    /// The first series whose labels have a hash.
    first: HashMap<u64, usize>,
    /// Further series whose labels have the same hash.
    others: HashMap<u64, Vec<usize>>,
}

impl DuplicateIndex {
    /// Adds a series by its address.
    pub(super) fn add(&mut self, series: &Series, id: usize) {
        let hash = self.hash(series);
        if *self.first.entry(hash).or_insert(id) != id {
            self.others.entry(hash).or_default().push(id);
        }
    }

    /// Removes a series.
    pub(super) fn remove(&mut self, series: &Series, id: usize) {
        let hash = self.hash(series);
        let mut ids: Vec<_> = self.candidates(hash).filter(|other| *other != id).collect();
        self.first.remove(&hash);
        self.others.remove(&hash);
        if !ids.is_empty() {
            self.first.insert(hash, ids.remove(0));
        }
        if !ids.is_empty() {
            self.others.insert(hash, ids);
        }
    }

    /// Returns the series that may have the labels of this one, including itself; `None` if it is
    /// unique.
    pub(super) fn possible_duplicates(
        &self,
        series: &Series,
    ) -> Option<impl Iterator<Item = usize>> {
        if self.others.is_empty() {
            return None;
        }
        let hash = self.hash(series);
        self.others
            .contains_key(&hash)
            .then(|| self.candidates(hash))
    }

    fn candidates(&self, hash: u64) -> impl Iterator<Item = usize> {
        let others = self.others.get(&hash).into_iter().flatten();
        self.first.get(&hash).into_iter().chain(others).copied()
    }

    /// Hashes the labels independently of their order.
    fn hash(&self, series: &Series) -> u64 {
        let hash_label = |label: (&String, &Arc<str>)| self.hasher.hash_one(label);
        series
            .family
            .label_names
            .iter()
            .zip(&series.labels)
            .map(hash_label)
            .fold(0, u64::wrapping_add)
    }
}

/// Returns whether two series have the same labels, in any order.
pub(super) fn have_same_labels(one: &Series, other: &Series) -> bool {
    let names = &one.family.label_names;
    let other_names = &other.family.label_names;
    let has_label = |name: &String, value: &str| {
        other_names
            .iter()
            .zip(&other.labels)
            .any(|(other_name, other_value)| other_name == name && **other_value == *value)
    };
    names.len() == other_names.len()
        && names
            .iter()
            .zip(&one.labels)
            .all(|(name, value)| has_label(name, value))
}
