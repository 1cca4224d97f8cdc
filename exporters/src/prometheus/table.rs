//! The latest value of every live series, in the order of the exposition.
//!
//! Families are sorted by name, labels by name and series by label values, as `client_golang` does.
//! Two pipelines can have series with equal names and labels, which may stand in an exposition only
//! once: their counters and histograms are added up, of gauges the latest is shown.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;
use tidegate_model::Timestamp;
use tidegate_model::metric::{Family, Histogram, Point, Series, Value};

use super::labels::{Labels, Orders};

/// Live series and their values.
#[derive(Debug, Default)]
pub(super) struct Table {
    families: BTreeMap<String, Rows>,
    /// Slots by the address of their series, which they keep alive.
    places: HashTable<u32>,
    hasher: DefaultHashBuilder,
    slots: Vec<Slot>,
    free: Vec<u32>,
    orders: Orders,
}

/// The series of one name.
#[derive(Debug)]
struct Rows {
    family: Arc<Family>,
    rows: BTreeMap<Labels, Slots>,
}

/// Where the values of a row are: of more than one pipeline in rare cases.
#[derive(Debug)]
enum Slots {
    One(u32),
    Several(Box<[u32]>),
}

#[derive(Debug)]
struct Slot {
    /// `None` if the slot is free.
    series: Option<Arc<Series>>,
    value: Value,
    time: Timestamp,
}

/// Some rows of a family as they are at one moment, apart from the table.
#[derive(Debug)]
pub(super) struct Portion {
    pub(super) family: Arc<Family>,
    pub(super) samples: Vec<(Labels, Value)>,
}

/// There is a family of that name already, of another kind.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TypeConflict;

impl Table {
    /// Takes in a value; [`Value::Ended`] removes its series.
    pub(super) fn absorb(&mut self, point: &Point) -> Result<(), TypeConflict> {
        let at = match (self.place(&point.series), &point.value) {
            (Some(at), Value::Ended) => {
                self.remove(&point.series, at);
                return Ok(());
            }
            (None, Value::Ended) => return Ok(()),
            (Some(at), _) => at,
            (None, _) => self.add(&point.series)?,
        };
        let slot = &mut self.slots[at as usize];
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

    /// A family's rows behind one of them, or from the first on, in order and `most` at once;
    /// `None` if its last series has ended.
    pub(super) fn portion(
        &self,
        name: &str,
        behind: Option<&Labels>,
        most: usize,
    ) -> Option<Portion> {
        let Rows { family, rows } = self.families.get(name)?;
        let range = (
            behind.map_or(Bound::Unbounded, Bound::Excluded),
            Bound::Unbounded,
        );
        let sample =
            |(labels, slots): (&Labels, &Slots)| (labels.clone(), self.merged(slots.all()));
        Some(Portion {
            family: Arc::clone(family),
            samples: rows.range(range).take(most).map(sample).collect(),
        })
    }

    fn place(&self, series: &Arc<Series>) -> Option<u32> {
        let is_it = |at: &u32| {
            self.slots[*at as usize]
                .series
                .as_ref()
                .is_some_and(|known| Arc::ptr_eq(known, series))
        };
        self.places
            .find(address_hash(&self.hasher, series), is_it)
            .copied()
    }

    fn add(&mut self, series: &Arc<Series>) -> Result<u32, TypeConflict> {
        let name = &series.family.name;
        if let Some(rows) = self.families.get(name)
            && rows.family.kind != series.family.kind
        {
            return Err(TypeConflict);
        }
        let at = self.occupy(Slot {
            series: Some(Arc::clone(series)),
            value: Value::Ended,
            time: Timestamp::default(),
        });
        let labels = self.orders.labels(series);
        if !self.families.contains_key(name) {
            let rows = Rows {
                family: Arc::clone(&series.family),
                rows: BTreeMap::new(),
            };
            self.families.insert(name.clone(), rows);
        }
        if let Some(Rows { rows, .. }) = self.families.get_mut(name) {
            rows.entry(labels)
                .and_modify(|slots| slots.push(at))
                .or_insert(Slots::One(at));
        }
        let (slots, hasher) = (&self.slots, &self.hasher);
        let rehash = |at: &u32| {
            slots[*at as usize]
                .series
                .as_ref()
                .map_or(0, |series| address_hash(hasher, series))
        };
        self.places
            .insert_unique(address_hash(hasher, series), at, rehash);
        Ok(at)
    }

    fn occupy(&mut self, slot: Slot) -> u32 {
        if let Some(at) = self.free.pop() {
            self.slots[at as usize] = slot;
            return at;
        }
        self.slots.push(slot);
        u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
    }

    fn remove(&mut self, series: &Arc<Series>, at: u32) {
        if let Ok(place) = self
            .places
            .find_entry(address_hash(&self.hasher, series), |known| *known == at)
        {
            place.remove();
        }
        self.slots[at as usize] = Slot {
            series: None,
            value: Value::Ended,
            time: Timestamp::default(),
        };
        self.free.push(at);
        let Some(Rows { rows, .. }) = self.families.get_mut(&series.family.name) else {
            return;
        };
        let slots = rows.remove(&self.orders.labels(series));
        let rest = slots.map(|slots| {
            slots
                .all()
                .iter()
                .copied()
                .filter(|slot| *slot != at)
                .collect::<Vec<_>>()
        });
        // What is left has the labels of a series that lives.
        let first = rest
            .as_ref()
            .and_then(|rest| self.slots[*rest.first()? as usize].series.as_ref());
        if let (Some(first), Some(rest)) = (first, &rest) {
            rows.insert(
                self.orders.labels(first),
                Slots::Several(rest.as_slice().into()),
            );
        }
        if rows.is_empty() {
            self.families.remove(&series.family.name);
        }
    }

    fn merged(&self, slots: &[u32]) -> Value {
        if let [only] = slots {
            return self.slots[*only as usize].value.clone();
        }
        let mut newest_last: Vec<_> = slots.iter().map(|at| &self.slots[*at as usize]).collect();
        newest_last.sort_by_key(|slot| slot.time);
        let values = newest_last.into_iter().map(|slot| slot.value.clone());
        values.reduce(merge).unwrap_or(Value::Ended)
    }
}

impl Slots {
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

fn address_hash(hasher: &DefaultHashBuilder, series: &Arc<Series>) -> u64 {
    hasher.hash_one(Arc::as_ptr(series).addr())
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
        })),
        (_, newer) => newer,
    }
}

#[cfg(test)]
mod tests;
