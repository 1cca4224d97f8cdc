//! The last value of every series.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_core::Timestamp;
use tidegate_core::metric::{Family, Histogram, Point, Series, Value};

use super::alike::{Alike, are_alike};

/// All series, by the names of their families. As large as the stages before this one make it: they
/// limit the number of series, and say when one has ended.
#[derive(Debug, Default)]
pub(super) struct Table {
    families: BTreeMap<String, Members>,
}

/// The series of one family.
#[derive(Debug)]
pub(super) struct Members {
    pub(super) family: Arc<Family>,
    /// By the address of the series, which is its identity while the table holds it.
    series: HashMap<usize, Entry>,
    alike: Alike,
}

/// One series.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) series: Arc<Series>,
    pub(super) value: Value,
    time: Timestamp,
    /// Since when the value counts.
    pub(super) start: Timestamp,
}

impl Table {
    /// Takes over a value.
    pub(super) fn update(&mut self, point: &Point) {
        let family = &point.series.family;
        let id = Arc::as_ptr(&point.series).addr();
        if !self.families.contains_key(&family.name) {
            let (family, alike) = (Arc::clone(family), Alike::default());
            let members = Members {
                family: Arc::clone(&family),
                series: HashMap::new(),
                alike,
            };
            self.families.insert(family.name.clone(), members);
        }
        let Some(members) = self.families.get_mut(&family.name) else {
            return;
        };
        match &point.value {
            Value::Ended => {
                if members.series.remove(&id).is_some() {
                    members.alike.remove(&point.series, id);
                }
            }
            value => match members.series.get_mut(&id) {
                Some(entry) => {
                    entry.value = value.clone();
                    entry.time = point.time;
                }
                None => {
                    let (series, start) = (Arc::clone(&point.series), point.series.start);
                    members.alike.add(&series, id);
                    members.series.insert(
                        id,
                        Entry {
                            series,
                            value: value.clone(),
                            time: point.time,
                            start,
                        },
                    );
                }
            },
        }
        if members.series.is_empty() {
            self.families.remove(&family.name);
        }
    }

    /// A way past all series that there are, family by family.
    pub(super) fn walk(&self) -> Walk {
        let stretch = |(name, members): (&String, &Members)| Stretch {
            family: name.clone(),
            series: members.series.keys().copied().collect(),
        };
        Walk {
            stretches: self.families.iter().rev().map(stretch).collect(),
        }
    }

    /// How many series there are.
    pub(super) fn len(&self) -> usize {
        self.families
            .values()
            .map(|members| members.series.len())
            .sum()
    }

    /// A family, unless all of its series have ended.
    pub(super) fn family(&self, name: &str) -> Option<&Members> {
        self.families.get(name)
    }
}

impl Members {
    /// A series, unless it has ended. Of those with the same labels the first one has what they
    /// come to together, as in an exposition for Prometheus, and the others are left out.
    pub(super) fn entry(&self, id: usize) -> Option<Cow<'_, Entry>> {
        let entry = self.series.get(&id)?;
        let Some(candidates) = self.alike.others(&entry.series) else {
            return Some(Cow::Borrowed(entry));
        };
        let entries = candidates.filter_map(|id| self.series.get(&id));
        let mut alike: Vec<_> = entries
            .filter(|other| are_alike(&entry.series, &other.series))
            .collect();
        let is_first = alike
            .first()
            .is_some_and(|first| Arc::ptr_eq(&first.series, &entry.series));
        alike.sort_by_key(|entry| entry.time);
        is_first.then(|| alike.into_iter().cloned().reduce(merge).map(Cow::Owned))?
    }
}

/// Counts are added up; of anything else the newer value is taken.
fn merge(older: Entry, newer: Entry) -> Entry {
    let start = older.start.min(newer.start);
    let value = match (older.value, newer.value) {
        (Value::Counter(a), Value::Counter(b)) => Value::Counter(a + b),
        (Value::Histogram(a), Value::Histogram(b)) if a.buckets.len() == b.buckets.len() => {
            Value::Histogram(Arc::new(Histogram {
                buckets: a
                    .buckets
                    .iter()
                    .zip(&b.buckets)
                    .map(|(a, b)| a + b)
                    .collect(),
                sum: a.sum + b.sum,
                count: a.count + b.count,
            }))
        }
        (_, newer) => newer,
    };
    Entry {
        series: newer.series,
        value,
        time: newer.time,
        start,
    }
}

/// The series that an export has still to visit. It borrows nothing, so that the table can change
/// on the way: a series is met with the value that it has then, one that has ended is not met, and
/// a new one has to wait for the next walk. Should it have got the address of one that ended before
/// it was met, it takes that one's place.
#[derive(Debug)]
pub(super) struct Walk {
    /// The next one is the last.
    pub(super) stretches: Vec<Stretch>,
}

/// The series of one family that are still to be visited.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) family: String,
    /// The next one is the last.
    pub(super) series: Vec<usize>,
}
