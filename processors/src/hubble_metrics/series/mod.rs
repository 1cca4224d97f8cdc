//! The series of one family: found by their keys, handed on when they have changed.

mod cell;
mod changes;
mod key;
mod own;
mod symbols;

pub(super) use cell::{BUCKETS, Cell, Count, Observations};
pub(super) use changes::Changes;
pub(super) use key::Key;
pub(super) use own::{Numbers, Own, Texts, Words};
pub(super) use symbols::{Symbol, Symbols};

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use tidegate_core::Timestamp;
use tidegate_core::metric::{Family, Series};

/// The note for an observation of labels that were not seen before, when the family has
/// `max_series`.
pub const SERIES_LIMIT: &str = "series_limit";

/// The value of every label of the series that such observations go to: OpenTelemetry's name for
/// it.
pub const OVERFLOW: &str = "otel.metric.overflow";

/// All series of a family. They are never removed, as in Hubble without its watch on deleted pods.
#[derive(Debug)]
pub(super) struct Table<V> {
    family: Arc<Family>,
    /// What every observation looks at, and apart from it what only points look at.
    rows: Vec<Row<V>>,
    series: Vec<Arc<Series>>,
    index: HashTable<u32>,
    seed: u64,
    max_series: usize,
    overflow: Option<u32>,
    /// Rows that changed in this round, and rows of the last one that are still to be handed on.
    changed: Vec<u32>,
    due: Vec<u32>,
}

#[derive(Debug)]
struct Row<V> {
    key: Key,
    changed: bool,
    value: V,
}

impl<V: Cell> Table<V> {
    pub(super) fn new(family: Family, max_series: usize) -> Self {
        Self {
            family: Arc::new(family),
            rows: Vec::new(),
            series: Vec::new(),
            index: HashTable::new(),
            seed: DefaultHashBuilder::default().hash_one(0),
            max_series,
            overflow: None,
            changed: Vec::new(),
            due: Vec::new(),
        }
    }

    /// The row of a series, if there is one.
    #[inline]
    pub(super) fn find(&self, key: &Key) -> Option<u32> {
        let is_it = |at: &u32| self.rows[*at as usize].key == *key;
        self.index.find(key.hash(self.seed), is_it).copied()
    }

    /// The value of a row, which counts as changed.
    #[inline]
    pub(super) fn value(&mut self, at: u32) -> &mut V {
        let row = &mut self.rows[at as usize];
        if !row.changed {
            row.changed = true;
            self.changed.push(at);
        }
        &mut row.value
    }

    /// Whether there may be one more series.
    pub(super) fn has_room(&self) -> bool {
        let limited = self.rows.len() - usize::from(self.overflow.is_some());
        limited < self.max_series && u32::try_from(self.rows.len()).is_ok()
    }

    /// A series that nothing found, which counts since `start`.
    pub(super) fn add(&mut self, key: Key, labels: Vec<Arc<str>>, start: Timestamp) -> u32 {
        let at = self.push(key, labels, start);
        let (rows, seed) = (&self.rows, self.seed);
        let hash = |at: &u32| rows[*at as usize].key.hash(seed);
        self.index.insert_unique(key.hash(seed), at, hash);
        at
    }

    /// The series of what is beyond the limit.
    pub(super) fn overflow(&mut self, start: Timestamp) -> u32 {
        self.overflow.unwrap_or_else(|| {
            let labels = vec![Arc::from(OVERFLOW); self.family.label_names.len()];
            // Not in the index: nothing finds it by a key.
            let at = self.push(Key::new([0; _], 0), labels, start);
            self.overflow = Some(at);
            at
        })
    }

    fn push(&mut self, key: Key, labels: Vec<Arc<str>>, start: Timestamp) -> u32 {
        debug_assert_eq!(labels.len(), self.family.label_names.len());
        let at = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.rows.push(Row {
            key,
            changed: false,
            value: V::default(),
        });
        self.series.push(Arc::new(Series {
            family: Arc::clone(&self.family),
            labels,
            start,
        }));
        at
    }
}
