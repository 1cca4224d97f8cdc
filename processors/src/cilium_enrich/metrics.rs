//! What the agent shows of the table: its entries, the age of its lists, and endpoints of flows that
//! it has no names for.

use std::collections::BTreeMap;

use tidegate_model::Timestamp;
use tidegate_names::{Counts, Unnamed};
use tidegate_runtime::component::BuildContext;
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::{Counter, Gauge, Telemetry};

/// The instruments.
#[derive(Debug)]
pub(super) struct Metrics {
    stage: StageId,
    telemetry: Telemetry,
    entries: BTreeMap<(&'static str, &'static str), Gauge>,
    ages: BTreeMap<(&'static str, &'static str), Gauge>,
    unnamed: [Counter; Unnamed::ALL.len()],
}

impl Metrics {
    pub(super) fn new(context: &BuildContext) -> Self {
        let counter = |cause: Unnamed| {
            let help = "Endpoints of flows without all names, by what is unknown.";
            context.telemetry.counter(
                "tidegate_enrich_unnamed_total",
                help,
                &[("stage", context.stage.as_str()), ("cause", cause.name())],
            )
        };
        let mut metrics = Self {
            stage: context.stage.clone(),
            telemetry: context.telemetry.clone(),
            entries: BTreeMap::new(),
            ages: BTreeMap::new(),
            unnamed: Unnamed::ALL.map(counter),
        };
        metrics.set_entries(&Counts::none());
        metrics
    }

    /// Sets the numbers of entries.
    pub(super) fn set_entries(&mut self, counts: &Counts) {
        for (of, origin, count) in &counts.entries {
            let key = (*of, origin.name());
            let gauge = self.entries.entry(key).or_insert_with(|| {
                let labels = [
                    ("stage", self.stage.as_str()),
                    ("of", key.0),
                    ("source", key.1),
                ];
                let help = "Entries in the table of names, by the source that last stated them.";
                self.telemetry
                    .gauge("tidegate_enrich_entries", help, &labels)
            });
            gauge.set(i64::try_from(*count).unwrap_or(i64::MAX));
        }
    }

    /// Sets the ages of complete lists.
    pub(super) fn set_ages(&mut self, counts: &Counts, now: Timestamp) {
        for (source, list, asked) in &counts.lists {
            let key = (source.name(), list.name());
            let gauge = self.ages.entry(key).or_insert_with(|| {
                let labels = [
                    ("stage", self.stage.as_str()),
                    ("source", key.0),
                    ("list", key.1),
                ];
                let help = "Seconds since the last complete list of names was requested.";
                self.telemetry
                    .gauge("tidegate_enrich_snapshot_age_seconds", help, &labels)
            });
            let age = now.since(*asked).as_secs();
            gauge.set(i64::try_from(age).unwrap_or(i64::MAX));
        }
    }

    /// Adds endpoints without names, in the order of [`Unnamed::ALL`].
    pub(super) fn count_unnamed(&self, counts: [u64; Unnamed::ALL.len()]) {
        for (counter, count) in self.unnamed.iter().zip(counts) {
            if count != 0 {
                counter.add(count);
            }
        }
    }
}
