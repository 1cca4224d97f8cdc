//! How the values of a table are collected as points.

use std::sync::Arc;

use tidegate_model::metric::{Point, Value};
use tidegate_model::{Batch, Record, Timestamp};

use super::{SeriesRow, SeriesTable, SeriesValue};

/// Collects the points of a table, whatever the type of its values.
///
/// Changes are collected in rounds. `budget` limits the points of one call and is reduced by the
/// number of points added; what exceeds it is left for the next call.
pub(crate) trait Collect {
    /// Begins a round: every series that has changed so far becomes pending.
    fn begin_round(&mut self);
    /// Adds points of pending series to `out`. Returns whether none is left.
    fn emit_changed(&mut self, now: Timestamp, out: &mut Batch, budget: &mut usize) -> bool;
    /// Marks every series as changed.
    fn mark_all_changed(&mut self);
    /// Adds an end marker for every series to `out` and removes the series. Returns whether none
    /// is left.
    fn emit_ended(&mut self, now: Timestamp, out: &mut Batch, budget: &mut usize) -> bool;
    /// Changes the limit on the number of series. Existing series stay.
    fn set_max_series(&mut self, max_series: usize);
}

impl<V: SeriesValue> Collect for SeriesTable<V> {
    fn begin_round(&mut self) {
        self.pending.append(&mut self.changed);
    }

    fn emit_changed(&mut self, now: Timestamp, out: &mut Batch, budget: &mut usize) -> bool {
        let count = self.pending.len().min(*budget);
        *budget -= count;
        for index in self.pending.drain(self.pending.len() - count..) {
            let SeriesRow { value, changed, .. } = &mut self.rows[index as usize];
            *changed = false;
            let series = Arc::clone(&self.series[index as usize]);
            out.push(Record::Metric(Point {
                series,
                time: now,
                value: value.snapshot(),
            }));
        }
        self.pending.is_empty()
    }

    fn mark_all_changed(&mut self) {
        for (index, row) in (0..).zip(&mut self.rows) {
            if !std::mem::replace(&mut row.changed, true) {
                self.changed.push(index);
            }
        }
    }

    fn emit_ended(&mut self, now: Timestamp, out: &mut Batch, budget: &mut usize) -> bool {
        self.index.clear();
        self.rows.clear();
        self.changed.clear();
        self.pending.clear();
        let count = self.series.len().min(*budget);
        *budget -= count;
        for series in self.series.drain(self.series.len() - count..) {
            out.push(Record::Metric(Point {
                series,
                time: now,
                value: Value::Ended,
            }));
        }
        self.series.is_empty()
    }

    fn set_max_series(&mut self, max_series: usize) {
        self.max_series = max_series;
    }
}
