//! Reports metrics that have reached their limit of series.

use std::time::Duration;

use hashbrown::HashMap;
use tidegate_model::Timestamp;
use tidegate_runtime::component::BuildContext;
use tidegate_runtime::telemetry::Counter;

use super::series::Collect;

/// The shortest time between two warnings of a metric.
const WARNINGS: Duration = Duration::from_secs(600);

/// What was reported of each metric.
#[derive(Debug, Default)]
pub(super) struct OverflowReport(HashMap<String, Reported>);

#[derive(Debug)]
struct Reported {
    counter: Counter,
    warned: Option<Timestamp>,
}

impl OverflowReport {
    /// A report of these metrics, with counters that begin at 0.
    pub(super) fn new<'t>(
        tables: impl Iterator<Item = &'t mut dyn Collect>,
        context: &BuildContext,
    ) -> Self {
        let reported = |table: &mut dyn Collect| {
            let labels = [("stage", context.stage.as_str()), ("metric", table.name())];
            let counter = context.telemetry.counter(
                "tidegate_series_overflow_total",
                "Observations that were counted in the overflow series of a metric, because it had max_series \
                 series.",
                &labels,
            );
            let warned = None;
            (table.name().to_owned(), Reported { counter, warned })
        };
        Self(tables.map(reported).collect())
    }

    /// Adds what has happened since the last call.
    pub(super) fn update<'t>(
        &mut self,
        tables: impl Iterator<Item = &'t mut dyn Collect>,
        max_series: usize,
        now: Timestamp,
    ) {
        for table in tables {
            let overflowed = table.take_overflowed();
            if overflowed == 0 {
                continue;
            }
            let Some(reported) = self.0.get_mut(table.name()) else {
                continue;
            };
            reported.counter.add(overflowed);
            let is_due = |at: Timestamp| now.since(at) >= WARNINGS || now < at;
            if reported.warned.is_none_or(is_due) {
                reported.warned = Some(now);
                warn(table, max_series);
            }
        }
    }
}

fn warn(table: &dyn Collect, max_series: usize) {
    let (label, values) = table.largest_label().unwrap_or_default();
    tracing::warn!(
        metric = table.name(),
        max_series,
        label,
        values,
        "a metric has max_series series; further ones are counted as one. The label has the most values: \
         leave it out, raise max_series, or set expire_after"
    );
}
