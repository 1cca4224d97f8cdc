//! The latest value of every live series, in the order of the exposition.
//!
//! As in `client_golang`, families are sorted by name, labels by name and series by label values.
//! Series of two pipelines can have the same name and labels, but an exposition must not contain
//! both: counters and histograms are added up, of gauges the latest is shown.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_model::Timestamp;
use tidegate_model::metric::{Family, Histogram, Point, Series, Value};

use super::labels::{LabelSorter, SortedLabels};

/// Live series and their values.
#[derive(Debug, Default)]
pub(super) struct SeriesTable {
    families: BTreeMap<String, FamilyEntry>,
    /// Indexes of slots by the address of their series, which the slot keeps alive.
    slot_by_address: HashMap<usize, u32>,
    slots: Vec<SeriesSlot>,
    free_slots: Vec<u32>,
    label_sorter: LabelSorter,
}

/// The series with one name.
#[derive(Debug)]
struct FamilyEntry {
    family: Arc<Family>,
    rows: BTreeMap<SortedLabels, RowSlots>,
}

/// The slots of a row. There are several if several pipelines have the series.
#[derive(Debug)]
enum RowSlots {
    One(u32),
    Several(Box<[u32]>),
}

#[derive(Debug)]
struct SeriesSlot {
    /// `None` if the slot is free.
    series: Option<Arc<Series>>,
    value: Value,
    time: Timestamp,
}

/// A copy of some rows of a family.
#[derive(Debug)]
pub(super) struct FamilyRows {
    pub(super) family: Arc<Family>,
    pub(super) samples: Vec<(SortedLabels, Value)>,
}

/// There is a family of the same name, but another kind.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TypeConflict;

impl SeriesTable {
    /// Stores a value. [`Value::Ended`] removes its series.
    pub(super) fn update(&mut self, point: &Point) -> Result<(), TypeConflict> {
        let existing = self.slot_by_address.get(&address(&point.series)).copied();
        let at = match (existing, &point.value) {
            (Some(at), Value::Ended) => {
                self.remove(&point.series, at);
                return Ok(());
            }
            (None, Value::Ended) => return Ok(()),
            (Some(at), _) => at,
            (None, _) => self.insert(&point.series)?,
        };
        let slot = &mut self.slots[at as usize];
        slot.value = point.value.clone();
        slot.time = point.time;
        Ok(())
    }

    /// Returns the number of live series.
    pub(super) fn len(&self) -> usize {
        self.slot_by_address.len()
    }

    /// Returns the names of the families, in order.
    pub(super) fn names(&self) -> Vec<String> {
        self.families.keys().cloned().collect()
    }

    /// Returns at most `limit` rows of a family, in order, from the one after `after` or from the
    /// first; `None` if the family has no live series.
    pub(super) fn rows(
        &self,
        name: &str,
        after: Option<&SortedLabels>,
        limit: usize,
    ) -> Option<FamilyRows> {
        let FamilyEntry { family, rows } = self.families.get(name)?;
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let samples = rows
            .range((start, Bound::Unbounded))
            .take(limit)
            .map(|(labels, slots)| (labels.clone(), self.merged_value(slots.all())));
        Some(FamilyRows {
            family: Arc::clone(family),
            samples: samples.collect(),
        })
    }

    fn insert(&mut self, series: &Arc<Series>) -> Result<u32, TypeConflict> {
        let name = &series.family.name;
        if let Some(entry) = self.families.get(name)
            && entry.family.kind != series.family.kind
        {
            return Err(TypeConflict);
        }
        let at = self.fill_slot(SeriesSlot {
            series: Some(Arc::clone(series)),
            value: Value::Ended,
            time: Timestamp::default(),
        });
        let labels = self.label_sorter.labels(series);
        self.families
            .entry(name.clone())
            .or_insert_with(|| FamilyEntry {
                family: Arc::clone(&series.family),
                rows: BTreeMap::new(),
            })
            .rows
            .entry(labels)
            .and_modify(|slots| slots.push(at))
            .or_insert(RowSlots::One(at));
        self.slot_by_address.insert(address(series), at);
        Ok(at)
    }

    fn fill_slot(&mut self, slot: SeriesSlot) -> u32 {
        if let Some(at) = self.free_slots.pop() {
            self.slots[at as usize] = slot;
            return at;
        }
        self.slots.push(slot);
        u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
    }

    fn remove(&mut self, series: &Arc<Series>, at: u32) {
        self.slot_by_address.remove(&address(series));
        self.slots[at as usize] = SeriesSlot {
            series: None,
            value: Value::Ended,
            time: Timestamp::default(),
        };
        self.free_slots.push(at);
        self.remove_from_row(series, at);
    }

    fn remove_from_row(&mut self, series: &Arc<Series>, at: u32) {
        let Some(FamilyEntry { rows, .. }) = self.families.get_mut(&series.family.name) else {
            return;
        };
        let removed = rows.remove(&self.label_sorter.labels(series));
        let others: Vec<u32> = removed
            .iter()
            .flat_map(RowSlots::all)
            .copied()
            .filter(|slot| *slot != at)
            .collect();
        // The key of the row refers to the series, so it is replaced by that of a live one.
        let live = others
            .first()
            .and_then(|first| self.slots[*first as usize].series.as_ref());
        if let Some(live) = live {
            rows.insert(
                self.label_sorter.labels(live),
                RowSlots::Several(others.into()),
            );
        }
        if rows.is_empty() {
            self.families.remove(&series.family.name);
        }
    }

    fn merged_value(&self, slots: &[u32]) -> Value {
        if let [only] = slots {
            return self.slots[*only as usize].value.clone();
        }
        let mut oldest_first: Vec<_> = slots.iter().map(|at| &self.slots[*at as usize]).collect();
        oldest_first.sort_by_key(|slot| slot.time);
        let values = oldest_first.into_iter().map(|slot| slot.value.clone());
        values.reduce(merge).unwrap_or(Value::Ended)
    }
}

impl RowSlots {
    fn all(&self) -> &[u32] {
        match self {
            Self::One(only) => std::slice::from_ref(only),
            Self::Several(slots) => slots,
        }
    }

    fn push(&mut self, at: u32) {
        *self = Self::Several([self.all(), &[at]].concat().into());
    }
}

fn address(series: &Arc<Series>) -> usize {
    Arc::as_ptr(series).addr()
}

fn merge(older: Value, newer: Value) -> Value {
    match (older, newer) {
        (Value::Counter(a), Value::Counter(b)) => Value::Counter(a + b),
        (Value::Histogram(a), Value::Histogram(b)) => Value::Histogram(Arc::new(Histogram {
            buckets: a
                .buckets
                .iter()
                .zip(&b.buckets)
                .map(|(a, b)| a + b)
                .collect(),
            sum: a.sum + b.sum,
            count: a.count + b.count,
            ..Histogram::default()
        })),
        (_, newer) => newer,
    }
}

#[cfg(test)]
mod tests;
