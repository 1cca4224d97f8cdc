//! The last value of every series.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_model::Timestamp;
use tidegate_model::metric::{Family, Histogram, Point, Series, Value};

use super::duplicates::{DuplicateIndex, have_same_labels};

/// All series, by the names of their families. The previous stages limit their number and report
/// when one has ended.
#[derive(Debug, Default)]
pub(super) struct SeriesTable {
    families: BTreeMap<String, FamilyTable>,
}

/// The series of one family.
#[derive(Debug)]
pub(super) struct FamilyTable {
    pub(super) family: Arc<Family>,
    /// By the address of the series, which identifies it while the table holds it.
    series: HashMap<usize, SeriesEntry>,
    duplicates: DuplicateIndex,
}

/// One series with its last value.
#[derive(Clone, Debug)]
pub(super) struct SeriesEntry {
    pub(super) series: Arc<Series>,
    pub(super) value: Value,
    time: Timestamp,
    /// Start of the time that a cumulative value covers.
    pub(super) start: Timestamp,
}

/// The series that an export has still to send. It borrows nothing, so that the table can change
/// meanwhile: a series has its current value when it is reached, one that has ended is skipped, and
/// a new one has to wait for the next export, unless it has the address of one that ended before it
/// was reached.
#[derive(Debug)]
pub(super) struct SeriesCursor {
    /// In reverse order.
    pub(super) families: Vec<FamilySeries>,
}

/// The series of one family that are still to be sent.
#[derive(Debug)]
pub(super) struct FamilySeries {
    pub(super) family: String,
    /// Addresses, in reverse order.
    pub(super) series: Vec<usize>,
}

impl SeriesTable {
    /// Stores the value of a series, or removes the series if it has ended.
    pub(super) fn update(&mut self, point: &Point) {
        let family = &point.series.family;
        if !self.families.contains_key(&family.name) {
            let table = FamilyTable::new(Arc::clone(family));
            self.families.insert(family.name.clone(), table);
        }
        let Some(table) = self.families.get_mut(&family.name) else {
            return;
        };
        table.update(point);
        if table.series.is_empty() {
            self.families.remove(&family.name);
        }
    }

    /// Returns a cursor over all current series, family by family.
    pub(super) fn cursor(&self) -> SeriesCursor {
        let series = |(name, table): (&String, &FamilyTable)| FamilySeries {
            family: name.clone(),
            series: table.series.keys().copied().collect(),
        };
        SeriesCursor {
            families: self.families.iter().rev().map(series).collect(),
        }
    }

    /// Returns the number of series.
    pub(super) fn len(&self) -> usize {
        self.families.values().map(|table| table.series.len()).sum()
    }

    /// Returns a family, unless all of its series have ended.
    pub(super) fn family(&self, name: &str) -> Option<&FamilyTable> {
        self.families.get(name)
    }
}

impl FamilyTable {
    fn new(family: Arc<Family>) -> Self {
        Self {
            family,
            series: HashMap::new(),
            duplicates: DuplicateIndex::default(),
        }
    }

    fn update(&mut self, point: &Point) {
        let id = Arc::as_ptr(&point.series).addr();
        match &point.value {
            Value::Ended => {
                if self.series.remove(&id).is_some() {
                    self.duplicates.remove(&point.series, id);
                }
            }
            value => match self.series.get_mut(&id) {
                Some(entry) => {
                    entry.value = value.clone();
                    entry.time = point.time;
                }
                None => {
                    self.duplicates.add(&point.series, id);
                    let entry = SeriesEntry {
                        series: Arc::clone(&point.series),
                        value: value.clone(),
                        time: point.time,
                        start: point.series.start,
                    };
                    self.series.insert(id, entry);
                }
            },
        }
    }

    /// Returns a series, unless it has ended. The first of several series with the same labels has
    /// their merged value, as in the Prometheus exporter; the others are left out.
    pub(super) fn entry(&self, id: usize) -> Option<Cow<'_, SeriesEntry>> {
        let entry = self.series.get(&id)?;
        let Some(candidates) = self.duplicates.possible_duplicates(&entry.series) else {
            return Some(Cow::Borrowed(entry));
        };
        let mut duplicates: Vec<_> = candidates
            .filter_map(|id| self.series.get(&id))
            .filter(|other| have_same_labels(&entry.series, &other.series))
            .collect();
        let is_first = duplicates
            .first()
            .is_some_and(|first| Arc::ptr_eq(&first.series, &entry.series));
        if !is_first {
            return None;
        }
        duplicates.sort_by_key(|entry| entry.time);
        duplicates
            .into_iter()
            .cloned()
            .reduce(merge)
            .map(Cow::Owned)
    }
}

/// Adds up counts; of other values the newer one is taken.
fn merge(older: SeriesEntry, newer: SeriesEntry) -> SeriesEntry {
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
    SeriesEntry {
        series: newer.series,
        value,
        time: newer.time,
        start,
    }
}
