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

    /// A way past all series that there are, family by family.
    pub(super) fn walk(&self) -> Walk {
        let stretch = |(name, members): (&String, &Members)| Stretch {
            family: name.clone(),
            series: members.series.keys().copied().collect(),
        };
        Walk { stretches: self.families.iter().rev().map(stretch).collect() }
    }

    /// A family, unless all of its series have ended.
    pub(super) fn family(&self, name: &str) -> Option<&Members> {
        self.families.get(name)
    }
}

impl Members {
    /// A series, unless it has ended.
    pub(super) fn entry(&self, id: usize) -> Option<&Entry> {
        self.series.get(&id)
    }
}

/// The series that an export has still to visit. It borrows nothing, so that the table can change on the way: a
/// series is met with the value that it has then, one that has ended is not met, and a new one has to wait for the
/// next walk. Should it have got the address of one that ended before it was met, it takes that one's place.
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
