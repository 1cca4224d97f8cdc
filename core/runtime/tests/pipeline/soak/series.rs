//! Metric series that processors generate, and the tables of series that exporters keep.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use fastrand::Rng;
use tidegate_model::metric::{Family, MetricKind, Point, Series, Value};
use tidegate_model::{Batch, Record, Timestamp};

/// The series of a stage: values by name.
pub(super) type Table = BTreeMap<String, f64>;

/// A table that is shared with the test, and the id of the latest generator.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedTable(Arc<Mutex<Table>>, Arc<AtomicU64>);

impl SharedTable {
    pub(super) fn get(&self) -> Table {
        self.0.lock().unwrap().clone()
    }

    /// Whether a series belongs to the latest generator.
    pub(super) fn is_current(&self, name: &str) -> bool {
        name.split_once('/').unwrap().0 == self.1.load(Ordering::Relaxed).to_string()
    }

    /// Sets the id of the latest generator.
    pub(super) fn set_current(&self, id: u64) {
        self.1.store(id, Ordering::Relaxed);
    }

    /// Applies a point, as an exporter does.
    pub(super) fn update(&self, point: &Point) {
        let mut table = self.0.lock().unwrap();
        let name = point.series.labels[0].to_string();
        match point.value {
            Value::Ended => drop(table.remove(&name)),
            Value::Counter(value) => drop(table.insert(name, value)),
            ref other => panic!("{other:?}"),
        }
    }
}

/// The series of one processor, which emits those that have changed.
pub(super) struct SeriesGenerator {
    id: u64,
    made: u64,
    /// The series of all processors with this name in this pipeline.
    table: SharedTable,
    series: BTreeMap<String, Arc<Series>>,
    changed: BTreeSet<String>,
    ended: Vec<Arc<Series>>,
}

impl SeriesGenerator {
    pub(super) fn new(id: u64, table: SharedTable) -> Self {
        Self {
            id,
            made: 0,
            table,
            series: BTreeMap::new(),
            changed: BTreeSet::new(),
            ended: Vec::new(),
        }
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// Randomly increments, starts and ends series.
    pub(super) fn churn(&mut self, rng: &mut Rng) {
        for _ in 0..rng.usize(0..6) {
            let names: Vec<_> = self.series.keys().cloned().collect();
            let one = rng.choice(&names).cloned();
            match (rng.u8(0..8), one) {
                (0, Some(name)) => self.end(&name),
                (1..5, Some(name)) => self.count(name),
                _ => self.begin(),
            }
        }
    }

    fn begin(&mut self) {
        self.made += 1;
        let name = format!("{}/{}", self.id, self.made);
        let family = Arc::new(Family {
            name: "m_total".to_owned(),
            help: String::new(),
            unit: String::new(),
            kind: MetricKind::Counter,
            label_names: vec!["name".to_owned()],
        });
        let series = Series {
            family,
            labels: vec![Arc::from(name.as_str())],
            start: Timestamp(1),
        };
        self.series.insert(name.clone(), Arc::new(series));
        self.table.0.lock().unwrap().insert(name.clone(), 0.0);
        self.changed.insert(name);
    }

    fn count(&mut self, name: String) {
        *self.table.0.lock().unwrap().get_mut(&name).unwrap() += 1.0;
        self.changed.insert(name);
    }

    fn end(&mut self, name: &str) {
        self.table.0.lock().unwrap().remove(name);
        self.changed.remove(name);
        self.ended.extend(self.series.remove(name));
    }

    /// Emits at max `max` points. Returns whether there are more.
    pub(super) fn emit(&mut self, max: usize, out: &mut Batch) -> bool {
        let mut push = |series: &Arc<Series>, value| {
            out.push(Record::Metric(Point {
                series: Arc::clone(series),
                time: Timestamp(2),
                value,
            }));
        };
        let ends = self.ended.len().min(max);
        self.ended
            .drain(..ends)
            .for_each(|series| push(&series, Value::Ended));
        for _ in ends..max {
            let Some(name) = self.changed.pop_first() else {
                break;
            };
            push(
                &self.series[&name],
                Value::Counter(self.table.0.lock().unwrap()[&name]),
            );
        }
        !self.ended.is_empty() || !self.changed.is_empty()
    }

    pub(super) fn resend(&mut self) {
        self.changed = self.series.keys().cloned().collect();
    }

    pub(super) fn end_all(&mut self) {
        let names: Vec<_> = self.series.keys().cloned().collect();
        names.iter().for_each(|name| self.end(name));
    }
}
