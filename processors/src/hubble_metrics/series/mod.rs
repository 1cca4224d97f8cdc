//! The series of one family: found by the symbols of their labels, handed on when they have changed.

mod cell;
mod row;
mod symbols;

pub(super) use cell::{Cell, Count, Observations};
pub(super) use row::Row;
pub(super) use symbols::{Symbol, Symbols};

use std::sync::Arc;

use hashbrown::HashTable;
use tidegate_core::ledger::Tally;
use tidegate_core::metric::{Family, Point, Series, Value};
use tidegate_core::{Batch, Record, Timestamp};

/// The note for an observation of labels that were not seen before, when the family has `max_series`.
pub const SERIES_LIMIT: &str = "series_limit";

/// The value of every label of the series that such observations go to: OpenTelemetry's name for it.
pub const OVERFLOW: &str = "otel.metric.overflow";

/// All series of a family. They are never removed, as in Hubble without its watch on deleted pods.
#[derive(Debug)]
pub(super) struct Table<V> {
    family: Arc<Family>,
    rows: Vec<Entry<V>>,
    /// The symbols of row after row.
    keys: Vec<Symbol>,
    index: HashTable<usize>,
    max_series: usize,
    overflow: Option<usize>,
    /// Rows that changed in this round, and rows of the last one that are still to be handed on.
    changed: Vec<usize>,
    due: Vec<usize>,
}

#[derive(Debug)]
struct Entry<V> {
    series: Arc<Series>,
    value: V,
    changed: bool,
}

/// Tables of all kinds of values, when their changes are handed on.
pub(super) trait Changes {
    /// Makes everything that changed until now due.
    fn begin_round(&mut self);
    /// Hands on what is due, as long as `budget` lasts. Returns whether that was all.
    fn hand_on(&mut self, now: Timestamp, out: &mut Batch, budget: &mut usize) -> bool;
    /// Counts every series as changed.
    fn repeat(&mut self);
    /// Hands on that every series has ended.
    fn end(&mut self, now: Timestamp, out: &mut Batch);
    /// From now on, there are so many series at most; those that there are stay.
    fn limit(&mut self, max_series: usize);
}

impl<V: Cell> Table<V> {
    pub(super) fn new(family: Family, max_series: usize) -> Self {
        Self {
            family: Arc::new(family),
            rows: Vec::new(),
            keys: Vec::new(),
            index: HashTable::new(),
            max_series,
            overflow: None,
            changed: Vec::new(),
            due: Vec::new(),
        }
    }

    /// The value of the series with the row's labels. A new series counts since `start`.
    pub(super) fn value(
        &mut self,
        row: &mut Row,
        symbols: &mut Symbols,
        start: Timestamp,
        tally: &mut Tally,
    ) -> &mut V {
        let at = match row.cells().and_then(|cells| self.find(cells)) {
            Some(at) => at,
            None if self.rows.len() < self.max_series + usize::from(self.overflow.is_some()) => {
                self.add(row.settle(symbols), symbols, start)
            }
            None => {
                tally.note(SERIES_LIMIT);
                self.overflow(symbols, start)
            }
        };
        let entry = &mut self.rows[at];
        if !entry.changed {
            entry.changed = true;
            self.changed.push(at);
        }
        &mut entry.value
    }

    fn find(&self, cells: &[Symbol]) -> Option<usize> {
        self.index.find(hash(cells), |at| key(&self.keys, &self.family, *at) == cells).copied()
    }

    fn add(&mut self, cells: &[Symbol], symbols: &Symbols, start: Timestamp) -> usize {
        let labels = cells.iter().map(|symbol| symbols.text(*symbol)).collect();
        let series = Arc::new(Series { family: Arc::clone(&self.family), labels, start });
        let at = self.rows.len();
        self.rows.push(Entry { series, value: V::new(&self.family.kind), changed: false });
        self.keys.extend_from_slice(cells);
        let (keys, family) = (&self.keys, &self.family);
        self.index.insert_unique(hash(cells), at, |at| hash(key(keys, family, *at)));
        at
    }

    fn overflow(&mut self, symbols: &mut Symbols, start: Timestamp) -> usize {
        if let Some(at) = self.overflow {
            return at;
        }
        let cells = vec![symbols.intern(OVERFLOW); self.family.label_names.len()];
        let at = self.find(&cells).unwrap_or_else(|| self.add(&cells, symbols, start));
        self.overflow = Some(at);
        at
    }
}

/// Symbols count up as texts come: nobody outside chooses them, so that a few multiplications spread them well enough.
fn hash(cells: &[Symbol]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let hash = cells.iter().fold(0, |hash: u64, cell| (hash.rotate_left(23) ^ cell.number()).wrapping_mul(FACTOR));
    hash ^ hash >> 32
}

fn key<'a>(keys: &'a [Symbol], family: &Family, at: usize) -> &'a [Symbol] {
    let width = family.label_names.len();
    &keys[at * width..(at + 1) * width]
}

impl<V: Cell> Changes for Table<V> {
    fn begin_round(&mut self) {
        self.due.append(&mut self.changed);
    }

    fn hand_on(&mut self, now: Timestamp, out: &mut Batch, budget: &mut usize) -> bool {
        let now_due = self.due.len().min(*budget);
        *budget -= now_due;
        for at in self.due.drain(self.due.len() - now_due..) {
            let Entry { series, value, changed } = &mut self.rows[at];
            *changed = false;
            out.push(Record::Metric(Point { series: Arc::clone(series), time: now, value: value.value() }));
        }
        self.due.is_empty()
    }

    fn repeat(&mut self) {
        for (at, entry) in self.rows.iter_mut().enumerate() {
            if !std::mem::replace(&mut entry.changed, true) {
                self.changed.push(at);
            }
        }
    }

    fn end(&mut self, now: Timestamp, out: &mut Batch) {
        for entry in &self.rows {
            out.push(Record::Metric(Point { series: Arc::clone(&entry.series), time: now, value: Value::Ended }));
        }
    }

    fn limit(&mut self, max_series: usize) {
        self.max_series = max_series;
    }
}
