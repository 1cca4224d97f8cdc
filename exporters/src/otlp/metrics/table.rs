//! The last value of every series.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_model::Timestamp;
use tidegate_model::metric::{Family, Histogram, Point, Series, Value};

use super::duplicates::{DuplicateIndex, have_same_labels};
use super::temporality::{Temporality, difference};

/// Series that have ended with a change that is not delivered yet, of one family at most. With
/// delta temporality they are kept until it is.
const MAX_ENDED: usize = 1000;

/// All series, by the names of their families. The previous stages limit their number and report
/// when one has ended.
#[derive(Debug)]
pub(super) struct SeriesTable {
    families: BTreeMap<String, FamilyTable>,
    temporality: Temporality,
}

/// A series as it was sent.
#[derive(Debug)]
pub(super) struct SentSeries {
    series: Arc<Series>,
    /// The cumulative value.
    value: Value,
    time: Timestamp,
}

/// The series of one family.
#[derive(Debug)]
pub(super) struct FamilyTable {
    pub(super) family: Arc<Family>,
    /// By the address of the series, which identifies it while the table holds it.
    series: HashMap<usize, SeriesEntry>,
    duplicates: DuplicateIndex,
    temporality: Temporality,
    /// How many series have ended and are kept.
    ended: usize,
}

/// One series with its last value.
#[derive(Clone, Debug)]
pub(super) struct SeriesEntry {
    pub(super) series: Arc<Series>,
    pub(super) value: Value,
    time: Timestamp,
    /// Start of the time that the value covers.
    pub(super) start: Timestamp,
    /// The cumulative value that was delivered last, with delta temporality.
    delivered: Option<Value>,
    is_ended: bool,
}

/// The series that an export has still to send. It borrows nothing, so that the table can change
/// meanwhile: a series has its current value when it is reached, one that has ended is skipped, and
/// a new one has to wait for the next export, unless it has the address of one that ended before it
/// was reached.
#[derive(Debug, Default)]
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

impl SeriesCursor {
    /// The number of series.
    pub(super) fn len(&self) -> usize {
        let families = self.families.iter();
        families.map(|family| family.series.len()).sum()
    }

    /// Adds a series.
    pub(super) fn push(&mut self, family: &str, id: usize) {
        match self.families.last_mut() {
            Some(last) if last.family == family => last.series.push(id),
            _ => self.families.push(FamilySeries {
                family: family.to_owned(),
                series: vec![id],
            }),
        }
    }

    /// Takes the next `n` series.
    pub(super) fn split_off(&mut self, n: usize) -> Self {
        let mut taken = Self::default();
        let mut missing = n;
        while missing > 0
            && let Some(last) = self.families.last_mut()
        {
            let start = last.series.len().saturating_sub(missing);
            let series = last.series.split_off(start);
            missing -= series.len();
            taken.families.push(FamilySeries {
                family: last.family.clone(),
                series,
            });
            if last.series.is_empty() {
                self.families.pop();
            }
        }
        taken.families.reverse();
        taken
    }
}

impl SeriesTable {
    pub(super) fn new(temporality: Temporality) -> Self {
        Self {
            families: BTreeMap::new(),
            temporality,
        }
    }

    /// What values cover.
    pub(super) fn temporality(&self) -> Temporality {
        self.temporality
    }

    /// Records that series were delivered, so that their next values begin there.
    pub(super) fn delivered(&mut self, sent: Vec<SentSeries>) {
        for SentSeries {
            series,
            value,
            time,
        } in sent
        {
            let name = &series.family.name;
            let Some(table) = self.families.get_mut(name) else {
                continue;
            };
            table.delivered(&series, value, time);
            if table.series.is_empty() {
                self.families.remove(name);
            }
        }
    }

    /// Stores the value of a series, or removes the series if it has ended.
    pub(super) fn update(&mut self, point: &Point) {
        let family = &point.series.family;
        if !self.families.contains_key(&family.name) {
            let table = FamilyTable::new(Arc::clone(family), self.temporality);
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
    fn new(family: Arc<Family>, temporality: Temporality) -> Self {
        Self {
            family,
            series: HashMap::new(),
            duplicates: DuplicateIndex::default(),
            temporality,
            ended: 0,
        }
    }

    fn update(&mut self, point: &Point) {
        let id = Arc::as_ptr(&point.series).addr();
        match &point.value {
            Value::Ended => self.end(&point.series, id),
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
                        delivered: None,
                        is_ended: false,
                    };
                    self.series.insert(id, entry);
                }
            },
        }
    }

    /// Removes a series that has ended, unless it has a change that is still to be delivered.
    fn end(&mut self, series: &Series, id: usize) {
        let Some(entry) = self.series.get_mut(&id).filter(|entry| !entry.is_ended) else {
            return;
        };
        let is_changed = difference(&entry.value, entry.delivered.as_ref()).is_some();
        if self.temporality == Temporality::Delta && is_changed && self.ended < MAX_ENDED {
            entry.is_ended = true;
            self.ended += 1;
        } else {
            self.remove(series, id);
        }
    }

    fn remove(&mut self, series: &Series, id: usize) {
        if self.series.remove(&id).is_some() {
            self.duplicates.remove(series, id);
        }
    }

    fn delivered(&mut self, series: &Arc<Series>, value: Value, time: Timestamp) {
        let id = Arc::as_ptr(series).addr();
        let Some(entry) = self.series.get_mut(&id) else {
            return;
        };
        entry.delivered = Some(value);
        entry.start = time;
        if entry.is_ended {
            self.ended -= 1;
            self.remove(series, id);
        }
    }

    /// Returns the series that [`Self::entry`] has for an id, with their cumulative values.
    pub(super) fn sent(&self, id: usize, time: Timestamp) -> Vec<SentSeries> {
        let Some(entry) = self.series.get(&id) else {
            return Vec::new();
        };
        self.duplicates_of(entry)
            .map(|entry| SentSeries {
                series: Arc::clone(&entry.series),
                value: entry.value.clone(),
                time,
            })
            .collect()
    }

    /// Returns all series with the labels of this one, including itself.
    fn duplicates_of<'a>(
        &'a self,
        entry: &'a SeriesEntry,
    ) -> impl Iterator<Item = &'a SeriesEntry> {
        let candidates = self.duplicates.possible_duplicates(&entry.series);
        let duplicates = candidates.map(|ids| {
            ids.filter_map(|id| self.series.get(&id))
                .filter(|other| have_same_labels(&entry.series, &other.series))
        });
        let single = duplicates.is_none().then_some(entry);
        single.into_iter().chain(duplicates.into_iter().flatten())
    }

    /// Returns a series with the value to send, unless it has ended or there is nothing to send. The first of several series with the same labels has
    /// their merged value, as in the Prometheus exporter; the others are left out.
    pub(super) fn entry(&self, id: usize) -> Option<Cow<'_, SeriesEntry>> {
        let entry = self.series.get(&id)?;
        if self.duplicates.possible_duplicates(&entry.series).is_none() {
            return entry.to_send(self.temporality);
        }
        let mut duplicates: Vec<_> = self.duplicates_of(entry).collect();
        let is_first = duplicates
            .first()
            .is_some_and(|first| Arc::ptr_eq(&first.series, &entry.series));
        if !is_first {
            return None;
        }
        duplicates.sort_by_key(|entry| entry.time);
        duplicates
            .into_iter()
            .filter_map(|entry| entry.to_send(self.temporality))
            .map(Cow::into_owned)
            .reduce(merge)
            .map(Cow::Owned)
    }
}

impl SeriesEntry {
    /// Returns the series with the value to send; `None` if there is nothing to send.
    fn to_send(&self, temporality: Temporality) -> Option<Cow<'_, Self>> {
        match temporality {
            Temporality::Cumulative => Some(Cow::Borrowed(self)),
            Temporality::Delta => Some(Cow::Owned(Self {
                value: difference(&self.value, self.delivered.as_ref())?,
                delivered: None,
                series: Arc::clone(&self.series),
                ..*self
            })),
        }
    }
}

/// Adds up counts; of other values the newer one is taken.
fn merge(older: SeriesEntry, newer: SeriesEntry) -> SeriesEntry {
    let start = older.start.min(newer.start);
    let value =
        match (older.value, newer.value) {
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
                    exemplars: [&*a.exemplars, &b.exemplars].concat(),
                    exponential: a.exponential.as_ref().zip(b.exponential.as_ref()).map(
                        |(a, b)| {
                            let mut sum = a.clone();
                            sum.add(b);
                            sum
                        },
                    ),
                }))
            }
            (_, newer) => newer,
        };
    SeriesEntry {
        series: newer.series,
        value,
        time: newer.time,
        start,
        delivered: None,
        is_ended: false,
    }
}
