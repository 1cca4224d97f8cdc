//! The last value of every series.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_core::metric::{Family, Point, Series, Value};

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
}

/// One series.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) series: Arc<Series>,
    pub(super) value: Value,
}

impl Table {
    /// Takes over a value.
    pub(super) fn update(&mut self, point: &Point) {
        let family = &point.series.family;
        let id = Arc::as_ptr(&point.series).addr();
        if !self.families.contains_key(&family.name) {
            let members = Members { family: Arc::clone(family), series: HashMap::new() };
            self.families.insert(family.name.clone(), members);
        }
        let Some(members) = self.families.get_mut(&family.name) else { return };
        match &point.value {
            Value::Ended => drop(members.series.remove(&id)),
            value => {
                members
                    .series
                    .entry(id)
                    .and_modify(|entry| entry.value = value.clone())
                    .or_insert_with(|| Entry { series: Arc::clone(&point.series), value: value.clone() });
            }
        }
        if members.series.is_empty() {
            self.families.remove(&family.name);
        }
    }

    /// The families, by name. None is empty.
    pub(super) fn families(&self) -> impl Iterator<Item = &Members> {
        self.families.values()
    }
}

impl Members {
    /// The series, in no order.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.series.values()
    }
}
