//! How the values of a table leave it.

use std::sync::Arc;

use tidegate_core::metric::{Point, Value};
use tidegate_core::{Batch, Record, Timestamp};

use super::{Cell, Row, Table};

/// Tables of all kinds of values, when their changes are handed on.
pub(in super::super) trait Changes {
    /// Makes everything that changed until now due.
    fn begin_round(&mut self);
    /// Hands on what is due, as long as `budget` lasts. Returns whether that was all.
    fn hand_on(&mut self, now: Timestamp, out: &mut Batch, budget: &mut usize) -> bool;
    /// Counts every series as changed.
    fn repeat(&mut self);
    /// Hands on that series have ended, as long as `budget` lasts, and forgets them. Returns
    /// whether that was all.
    fn end(&mut self, now: Timestamp, out: &mut Batch, budget: &mut usize) -> bool;
    /// From now on, there are so many series at most; those that there are stay.
    fn limit(&mut self, max_series: usize);
}

impl<V: Cell> Changes for Table<V> {
    fn begin_round(&mut self) {
        self.due.append(&mut self.changed);
    }

    fn hand_on(&mut self, now: Timestamp, out: &mut Batch, budget: &mut usize) -> bool {
        let now_due = self.due.len().min(*budget);
        *budget -= now_due;
        for at in self.due.drain(self.due.len() - now_due..) {
            let Row { value, changed, .. } = &mut self.rows[at as usize];
            *changed = false;
            let series = Arc::clone(&self.series[at as usize]);
            out.push(Record::Metric(Point {
                series,
                time: now,
                value: value.value(),
            }));
        }
        self.due.is_empty()
    }

    fn repeat(&mut self) {
        for (at, row) in (0..).zip(&mut self.rows) {
            if !std::mem::replace(&mut row.changed, true) {
                self.changed.push(at);
            }
        }
    }

    fn end(&mut self, now: Timestamp, out: &mut Batch, budget: &mut usize) -> bool {
        self.index.clear();
        self.rows.clear();
        self.changed.clear();
        self.due.clear();
        let ended = self.series.len().min(*budget);
        *budget -= ended;
        for series in self.series.drain(self.series.len() - ended..) {
            out.push(Record::Metric(Point {
                series,
                time: now,
                value: Value::Ended,
            }));
        }
        self.series.is_empty()
    }

    fn limit(&mut self, max_series: usize) {
        self.max_series = max_series;
    }
}
