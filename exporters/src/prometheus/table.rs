//! The latest value of every live series, in the order of the exposition.
//!
//! Families are sorted by name, labels by name and series by label values, as `client_golang` does. Two
//! pipelines can have series with equal names and labels, which may stand in an exposition only once: their
//! counters and histograms are added up, of gauges the latest is shown.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_core::Timestamp;
use tidegate_core::metric::{Family, Histogram, Point, Series, Value};

/// Live series and their values.
#[derive(Debug, Default)]
pub(super) struct Table {
    families: BTreeMap<String, Rows>,
    /// Where a series' value is, by the address of the series, which the slot keeps alive.
    places: HashMap<usize, usize>,
    slots: Vec<Slot>,
    free: Vec<usize>,
}

/// The series of one name.
#[derive(Debug)]
struct Rows {
    family: Arc<Family>,
    rows: BTreeMap<Arc<Labels>, Vec<usize>>,
}

/// Labels of a series, sorted by name.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Labels {
    pub(super) values: Vec<Arc<str>>,
    pub(super) names: Vec<String>,
}

#[derive(Debug)]
struct Slot {
    series: Option<Arc<Series>>,
    value: Value,
    time: Timestamp,
}

/// A family as it is at one moment, apart from the table.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) family: Arc<Family>,
    pub(super) samples: Vec<(Arc<Labels>, Value)>,
}

/// There is a family of that name already, of another kind.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TypeConflict;

impl Table {
    /// Takes in a value; [`Value::Ended`] removes its series.
    pub(super) fn absorb(&mut self, point: &Point) -> Result<(), TypeConflict> {
        let address = Arc::as_ptr(&point.series).addr();
        let at = match (self.places.get(&address), &point.value) {
            (Some(at), Value::Ended) => {
                let at = *at;
                self.remove(address, at);
                return Ok(());
            }
            (None, Value::Ended) => return Ok(()),
            (Some(at), _) => *at,
            (None, _) => self.add(&point.series)?,
        };
        let slot = &mut self.slots[at];
        slot.value = point.value.clone();
        slot.time = point.time;
        Ok(())
    }

    /// Number of live series.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Names of the families, in order.
    pub(super) fn names(&self) -> Vec<String> {
        self.families.keys().cloned().collect()
    }

    /// A family's series, in order; `None` if the last of them has ended.
    pub(super) fn snapshot(&self, name: &str) -> Option<Snapshot> {
        let rows = self.families.get(name)?;
        let sample = |(labels, slots): (&Arc<Labels>, &Vec<usize>)| (Arc::clone(labels), self.merged(slots));
        Some(Snapshot { family: Arc::clone(&rows.family), samples: rows.rows.iter().map(sample).collect() })
    }

    fn add(&mut self, series: &Arc<Series>) -> Result<usize, TypeConflict> {
        let name = &series.family.name;
        let rows = match self.families.get_mut(name) {
            Some(rows) if rows.family.kind != series.family.kind => return Err(TypeConflict),
            Some(rows) => rows,
            None => {
                let rows = Rows { family: Arc::clone(&series.family), rows: BTreeMap::new() };
                self.families.entry(name.clone()).or_insert(rows)
            }
        };
        let slot = Slot { series: Some(Arc::clone(series)), value: Value::Ended, time: Timestamp::default() };
        let at = match self.free.pop() {
            Some(at) => {
                self.slots[at] = slot;
                at
            }
            None => {
                self.slots.push(slot);
                self.slots.len() - 1
            }
        };
        rows.rows.entry(Arc::new(Labels::of(series))).or_default().push(at);
        self.places.insert(Arc::as_ptr(series).addr(), at);
        Ok(at)
    }

    fn remove(&mut self, address: usize, at: usize) {
        self.places.remove(&address);
        self.free.push(at);
        let Some(series) = self.slots[at].series.take() else { return };
        let Some(rows) = self.families.get_mut(&series.family.name) else { return };
        let labels = Labels::of(&series);
        if let Some(slots) = rows.rows.get_mut(&labels) {
            slots.retain(|slot| *slot != at);
            if slots.is_empty() {
                rows.rows.remove(&labels);
            }
        }
        if rows.rows.is_empty() {
            self.families.remove(&series.family.name);
        }
    }

    fn merged(&self, slots: &[usize]) -> Value {
        let mut newest_last: Vec<_> = slots.iter().map(|at| &self.slots[*at]).collect();
        newest_last.sort_by_key(|slot| slot.time);
        let values = newest_last.into_iter().map(|slot| slot.value.clone());
        values.reduce(merge).unwrap_or(Value::Ended)
    }
}

impl Labels {
    fn of(series: &Series) -> Self {
        let mut labels: Vec<_> = series.family.label_names.iter().zip(&series.labels).collect();
        labels.sort();
        let (names, values) = labels.into_iter().map(|(name, value)| (name.clone(), Arc::clone(value))).unzip();
        Self { values, names }
    }
}

fn merge(older: Value, newer: Value) -> Value {
    match (older, newer) {
        (Value::Counter(a), Value::Counter(b)) => Value::Counter(a + b),
        (Value::Histogram(a), Value::Histogram(b)) => Value::Histogram(Arc::new(Histogram {
            buckets: a.buckets.iter().zip(&b.buckets).map(|(a, b)| a + b).collect(),
            sum: a.sum + b.sum,
            count: a.count + b.count,
        })),
        (_, newer) => newer,
    }
}

#[cfg(test)]
mod tests;
