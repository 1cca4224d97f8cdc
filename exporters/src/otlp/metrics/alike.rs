//! Series of one name with the same labels: two pipelines can have them, and a backend takes one
//! point of each.

use std::hash::BuildHasher as _;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashMap};
use tidegate_core::metric::Series;

/// The series of a family by their labels. Nearly all are alone.
#[derive(Debug, Default)]
pub(super) struct Alike {
    hasher: DefaultHashBuilder,
    /// The first of those whose labels have this hash, and the others where there are any.
    first: HashMap<u64, usize>,
    others: HashMap<u64, Vec<usize>>,
}

impl Alike {
    /// Takes in a series by its address.
    pub(super) fn add(&mut self, series: &Series, id: usize) {
        let hash = self.hash(series);
        if *self.first.entry(hash).or_insert(id) != id {
            self.others.entry(hash).or_default().push(id);
        }
    }

    /// Forgets a series.
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

    /// The series that may have the labels of this one, itself among them; `None` if it is alone.
    pub(super) fn others(&self, series: &Series) -> Option<impl Iterator<Item = usize>> {
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

    /// Of all labels, in whatever order.
    fn hash(&self, series: &Series) -> u64 {
        let one = |pair: (&String, &Arc<str>)| self.hasher.hash_one(pair);
        series
            .family
            .label_names
            .iter()
            .zip(&series.labels)
            .map(one)
            .fold(0, u64::wrapping_add)
    }
}

/// Whether two series have the same labels, in whatever order.
pub(super) fn are_alike(one: &Series, other: &Series) -> bool {
    let labels = |series: &Series| series.family.label_names.len();
    let mut pairs = one.family.label_names.iter().zip(&one.labels);
    let has = |series: &Series, name: &String, value: &str| {
        series
            .family
            .label_names
            .iter()
            .zip(&series.labels)
            .any(|(known, label)| known == name && **label == *value)
    };
    labels(one) == labels(other) && pairs.all(|(name, value)| has(other, name, value))
}
