//! How series are removed. Their ends are emitted before the next points, and their rows and texts
//! are used again.

use std::time::Duration;

use tidegate_model::Timestamp;

use super::{Seconds, SeriesTable, SeriesValue};

/// Removes series of a table, whatever the type of its values.
pub(crate) trait Remove {
    /// Removes the series with context labels of these numbers. Returns how many.
    fn remove_contexts(&mut self, is_removed: &dyn Fn(u64) -> bool) -> usize;
    /// Removes the series that have not changed for this long. Returns how many.
    fn remove_idle(&mut self, now: Timestamp, idle: Duration) -> usize;
    /// Shows the number of the context labels of each series.
    fn for_each_context(&self, show: &mut dyn FnMut(u64));
    /// The number of series without the overflow series.
    fn len(&self) -> usize;
}

impl<V: SeriesValue> Remove for SeriesTable<V> {
    fn remove_contexts(&mut self, is_removed: &dyn Fn(u64) -> bool) -> usize {
        self.remove_where(|row| is_removed(row.key.context()))
    }

    fn remove_idle(&mut self, now: Timestamp, idle: Duration) -> usize {
        let now = Seconds::of(now);
        let idle = u32::try_from(idle.as_secs()).unwrap_or(u32::MAX);
        self.remove_where(|row| now.0.saturating_sub(row.changed_at.0) > idle)
    }

    fn for_each_context(&self, show: &mut dyn FnMut(u64)) {
        for row in &self.index {
            show(self.rows[*row as usize].key.context());
        }
    }

    fn len(&self) -> usize {
        self.index.len()
    }
}

impl<V: SeriesValue> SeriesTable<V> {
    /// Removes series other than the overflow series, which is not in the index.
    fn remove_where(&mut self, is_removed: impl Fn(&super::SeriesRow<V>) -> bool) -> usize {
        let rows = &mut self.rows;
        let removed = self
            .index
            .extract_if(|row| is_removed(&rows[*row as usize]));
        let removed: Vec<_> = removed.collect();
        for index in &removed {
            let row = &mut rows[*index as usize];
            row.value = V::default();
            self.ended.extend(self.series[*index as usize].take());
            // A row that is listed as changed is free when the round has passed it.
            if !row.changed {
                self.free.push(*index);
            }
        }
        removed.len()
    }
}
