//! The series of one family: found by their keys, and collected when they have changed.

mod collect;
mod interner;
mod key;
mod label_values;
mod removal;
mod symbols;
mod value;

pub(super) use collect::Collect;
pub(super) use interner::Interner;
pub(super) use key::SeriesKey;
pub(super) use label_values::{LabelValues, NumericLabels, Render, TextLabels};
pub(super) use removal::Remove;
pub(super) use symbols::{Symbol, SymbolTable};
pub(super) use value::{BUCKETS, CounterValue, HistogramValue, SeriesValue};

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use tidegate_model::Timestamp;
use tidegate_model::metric::{Family, Series};

/// The note for an observation with new label values when the family has `max_series` series.
pub const SERIES_LIMIT: &str = "series_limit";

/// The value of every label of the series that counts observations beyond the limit:
/// OpenTelemetry's name for it.
pub const OVERFLOW: &str = "otel.metric.overflow";

/// All series of a family. The row of a removed series is used again.
#[derive(Debug)]
pub(super) struct SeriesTable<V> {
    family: Arc<Family>,
    /// What every observation needs.
    rows: Vec<SeriesRow<V>>,
    /// What only points need, by the index of the row; `None` if the series was removed.
    series: Vec<Option<Arc<Series>>>,
    index: HashTable<u32>,
    seed: u64,
    max_series: usize,
    /// Rows without a series.
    free: Vec<u32>,
    /// Removed series whose end is still to be emitted.
    ended: Vec<Arc<Series>>,
    /// The time of the current round, or that of the first observation.
    now: Seconds,
    /// The row of the overflow series.
    overflow: Option<u32>,
    /// Observations of the overflow series since they were last reported.
    overflowed: u64,
    /// Rows that have changed since the current round began.
    changed: Vec<u32>,
    /// Rows of the current round that are still to be collected.
    pending: Vec<u32>,
}

#[derive(Debug)]
struct SeriesRow<V> {
    key: SeriesKey,
    /// Whether the row is among the changed or pending ones.
    changed: bool,
    /// The round in which the value changed last.
    changed_at: Seconds,
    value: V,
}

/// Seconds since the Unix epoch, in half the size of a [`Timestamp`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Seconds(u32);

impl Seconds {
    fn of(time: Timestamp) -> Self {
        Self(u32::try_from(time.0 / 1_000_000_000).unwrap_or(u32::MAX))
    }
}

impl<V: SeriesValue> SeriesTable<V> {
    pub(super) fn new(family: Family, max_series: usize) -> Self {
        Self {
            family: Arc::new(family),
            rows: Vec::new(),
            series: Vec::new(),
            index: HashTable::new(),
            seed: DefaultHashBuilder::default().hash_one(0),
            max_series,
            free: Vec::new(),
            ended: Vec::new(),
            now: Seconds::default(),
            overflow: None,
            overflowed: 0,
            changed: Vec::new(),
            pending: Vec::new(),
        }
    }

    /// The row of a series, if it exists.
    #[inline]
    pub(super) fn find(&self, key: &SeriesKey) -> Option<u32> {
        let is_match = |row: &u32| self.rows[*row as usize].key == *key;
        self.index.find(key.hash(self.seed), is_match).copied()
    }

    /// The value of a row. Marks the row as changed.
    #[inline]
    pub(super) fn value_mut(&mut self, index: u32) -> &mut V {
        let row = &mut self.rows[index as usize];
        if !row.changed {
            row.changed = true;
            row.changed_at = self.now;
            self.changed.push(index);
        }
        &mut row.value
    }

    /// Whether the limit allows another series.
    pub(super) fn has_room(&self) -> bool {
        self.index.len() < self.max_series && u32::try_from(self.rows.len()).is_ok()
    }

    /// Adds a series that [`Self::find`] did not find and returns its row. Its count starts at
    /// `start`.
    pub(super) fn insert(
        &mut self,
        key: SeriesKey,
        labels: Vec<Arc<str>>,
        start: Timestamp,
    ) -> u32 {
        let index = self.push_row(key, labels, start);
        let rows = &self.rows;
        let seed = self.seed;
        let hash = |row: &u32| rows[*row as usize].key.hash(seed);
        self.index.insert_unique(key.hash(seed), index, hash);
        index
    }

    /// The row of the overflow series for an observation. It is added if it is missing.
    pub(super) fn overflow_row(&mut self, start: Timestamp) -> u32 {
        self.overflowed += 1;
        self.overflow.unwrap_or_else(|| {
            let labels = vec![Arc::from(OVERFLOW); self.family.label_names.len()];
            // Not in the index: no key must find it.
            let index = self.push_row(SeriesKey::new([0; _], 0), labels, start);
            self.overflow = Some(index);
            index
        })
    }

    fn push_row(&mut self, key: SeriesKey, labels: Vec<Arc<str>>, start: Timestamp) -> u32 {
        debug_assert_eq!(labels.len(), self.family.label_names.len());
        self.now = self.now.max(Seconds::of(start));
        let row = SeriesRow {
            key,
            changed: false,
            changed_at: self.now,
            value: V::default(),
        };
        let series = Some(Arc::new(Series {
            family: Arc::clone(&self.family),
            labels,
            start,
        }));
        if let Some(index) = self.free.pop() {
            self.rows[index as usize] = row;
            self.series[index as usize] = series;
            return index;
        }
        let index = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.rows.push(row);
        self.series.push(series);
        index
    }
}
