//! How the values of a table are collected as points.

use std::sync::Arc;

use hashbrown::HashSet;
use tidegate_model::metric::{Point, Value};
use tidegate_model::{Batch, Record, Timestamp};

use super::{Remove, Seconds, SeriesRow, SeriesTable, SeriesValue};

/// Collects the points of a table, whatever the type of its values.
///
/// Changes are collected in rounds. `budget` limits the points of one call and is reduced by the
/// number of points added; what exceeds it is left for the next call.
pub(crate) trait Collect: Remove {
    /// Begins a round: every series that has changed so far becomes pending.
    fn begin_round(&mut self, now: Timestamp);
    /// Adds the ends of removed series and points of pending series to `out`. Returns whether none is
    /// left.
    fn emit_changed(&mut self, now: Timestamp, out: &mut Batch, budget: &mut usize) -> bool;
    /// Marks every series as changed.
    fn mark_all_changed(&mut self);
    /// Adds an end marker for every series to `out` and removes the series. Returns whether none
    /// is left.
    fn emit_ended(&mut self, now: Timestamp, out: &mut Batch, budget: &mut usize) -> bool;
    /// Changes the limit on the number of series. Existing series stay.
    fn set_max_series(&mut self, max_series: usize);
    /// The name of the family.
    fn name(&self) -> &str;
    /// The number of observations beyond the limit since the last call.
    fn take_overflowed(&mut self) -> u64;
    /// The label with the most values, and their number. Looks at every series.
    fn largest_label(&self) -> Option<(&str, usize)>;
}

impl<V: SeriesValue> Collect for SeriesTable<V> {
    fn begin_round(&mut self, now: Timestamp) {
        self.now = Seconds::of(now);
        self.pending.append(&mut self.changed);
    }

    fn emit_changed(&mut self, now: Timestamp, out: &mut Batch, budget: &mut usize) -> bool {
        if !self.emit_removed(now, out, budget) {
            return false;
        }
        let count = self.pending.len().min(*budget);
        *budget -= count;
        for index in self.pending.drain(self.pending.len() - count..) {
            let SeriesRow { value, changed, .. } = &mut self.rows[index as usize];
            *changed = false;
            match &self.series[index as usize] {
                Some(series) => out.push(Record::Metric(Point {
                    series: Arc::clone(series),
                    time: now,
                    value: value.snapshot(),
                })),
                None => self.free.push(index),
            }
        }
        self.pending.is_empty()
    }

    fn mark_all_changed(&mut self) {
        for (index, (row, series)) in (0..).zip(self.rows.iter_mut().zip(&self.series)) {
            if series.is_some() && !std::mem::replace(&mut row.changed, true) {
                self.changed.push(index);
            }
        }
    }

    fn emit_ended(&mut self, now: Timestamp, out: &mut Batch, budget: &mut usize) -> bool {
        self.index.clear();
        self.rows.clear();
        self.free.clear();
        self.changed.clear();
        self.pending.clear();
        self.ended.extend(self.series.drain(..).flatten());
        self.emit_removed(now, out, budget)
    }

    fn set_max_series(&mut self, max_series: usize) {
        self.max_series = max_series;
    }

    fn name(&self) -> &str {
        &self.family.name
    }

    fn take_overflowed(&mut self) -> u64 {
        std::mem::take(&mut self.overflowed)
    }

    fn largest_label(&self) -> Option<(&str, usize)> {
        let labels = self.family.label_names.iter().enumerate();
        let counts = labels.map(|(at, name)| {
            let series = self.series.iter().flatten();
            // Series share the text of a value.
            let values = series.filter_map(|series| Some(Arc::as_ptr(series.labels.get(at)?)));
            let values: HashSet<_> = values.map(<*const str>::addr).collect();
            (name.as_str(), values.len())
        });
        counts.max_by_key(|(_, count)| *count)
    }
}

impl<V: SeriesValue> SeriesTable<V> {
    /// Adds end markers of removed series to `out`. Returns whether none is left.
    fn emit_removed(&mut self, now: Timestamp, out: &mut Batch, budget: &mut usize) -> bool {
        let count = self.ended.len().min(*budget);
        *budget -= count;
        for series in self.ended.drain(self.ended.len() - count..) {
            out.push(Record::Metric(Point {
                series,
                time: now,
                value: Value::Ended,
            }));
        }
        self.ended.is_empty()
    }
}
