//! `hubble_metrics`: counts flows like the metric handlers of Hubble (Cilium v1.19.4).
//!
//! Names, labels, label values and counting rules are Hubble's, so that dashboards made for it
//! work. The differences:
//!
//! - Messages found in packets, which Hubble does not have, are counted by `dns`, `http` and
//!   `httpV2` alone, in families of their own unless `wire = "hubble"`.
//! - A mistake in the list is an error instead of a warning, so that `validate` finds it.
//! - The number of series is limited, and those that do not change can expire.
//! - The series of a deleted pod end as in Hubble, but stay if the pod is announced again.
//! - Exemplars are those of the histograms of HTTP; counters have none.
//!
//! Flows pass unchanged. A series is found by numbers: label values are numbers already or have one
//! in [`series`], and [`context`] caches endpoints by the memory address of their names, once for
//! all metrics with the same options. An observation of an existing series therefore neither makes
//! text nor allocates.

mod config;
mod configured;
mod context;
mod deletions;
mod families;
mod inspection;
mod item;
mod metric_list;
mod metrics;
mod mistake;
mod overflow;
mod series;
mod series_ends;

pub use config::Config;
pub use configured::KIND;
pub use families::WireFamilies;
pub use series::{OVERFLOW, SERIES_LIMIT};

use std::any::Any;
use std::time::Duration;

use families::Observation;
use metric_list::{ListedMetric, MetricList};
use metrics::{FlowClass, LostEvents};
use overflow::OverflowReport;
use series::Collect;
use series_ends::SeriesEnds;
use tidegate_model::flow::Flow;
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Record, Timestamp};
use tidegate_runtime::component::BuildContext;
use tidegate_runtime::config::NonZeroDuration;
use tidegate_runtime::stage::{Processor, Stateful};

/// The largest number of points of one tick, which limits the size of their batch.
const MAX_POINTS: usize = 4096;
/// The interval of ticks while points are pending.
const TICK: Duration = Duration::from_millis(50);

/// The processor.
pub struct HubbleMetrics {
    list: MetricList,
    /// The number of flows so far.
    flow_count: u64,
    max_series: usize,
    lost_events: LostEvents,
    ends: SeriesEnds,
    overflows: OverflowReport,
    interval: Duration,
    round: Round,
}

/// A round emits all series that had changed when it began, in as many ticks as that takes. Series
/// that change all the time therefore cannot keep others from being emitted.
#[derive(Debug, Default)]
struct Round {
    began: Timestamp,
    done: bool,
}

impl HubbleMetrics {
    fn new(config: &Config, mut list: MetricList, context: &BuildContext) -> Self {
        let round = Round {
            began: Timestamp::default(),
            done: true,
        };
        Self {
            overflows: OverflowReport::new(list.tables(), context),
            list,
            flow_count: 0,
            max_series: config.max_series.get(),
            lost_events: LostEvents::new(),
            ends: SeriesEnds::new(config.expire_after.map(NonZeroDuration::get)),
            interval: config.interval.get(),
            round,
        }
    }

    fn count(&mut self, flow: &Flow, tally: &mut Tally) {
        self.flow_count += 1;
        let flow_number = self.flow_count;
        let class = FlowClass::of(flow);
        let MetricList { metrics, contexts } = &mut self.list;
        for ListedMetric {
            metric, context, ..
        } in metrics
            .iter_mut()
            .filter(|listed| listed.accepts[class as usize])
        {
            metric.observe(&mut Observation {
                flow,
                flow_number,
                context: &mut contexts[*context],
                tally,
            });
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Collect> {
        let lost_events = [self.lost_events.table()];
        self.list.tables().chain(lost_events).collect()
    }

    fn begin_round(&mut self, now: Timestamp) {
        self.lost_events.start(now);
        self.overflows
            .update(self.list.tables(), self.max_series, now);
        self.ends.remove_due(&mut self.list, now);
        self.tables()
            .into_iter()
            .for_each(|table| table.begin_round(now));
        self.round = Round {
            began: now,
            done: false,
        };
    }

    fn emit_changed(&mut self, now: Timestamp, out: &mut Batch) {
        let mut budget = MAX_POINTS;
        self.round.done = self
            .tables()
            .into_iter()
            .all(|table| table.emit_changed(now, out, &mut budget));
    }
}

impl Processor for HubbleMetrics {
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        for record in batch.records() {
            match record {
                Record::Flow(flow) => self.count(flow, tally),
                Record::Lost(lost) => self.lost_events.observe(lost),
                Record::AgentEvent(event) => self.ends.observe(event),
                _ => {}
            }
        }
    }

    fn tick_every(&self) -> Option<Duration> {
        Some(self.interval.min(TICK))
    }

    fn tick(&mut self, now: Timestamp, out: &mut Batch) {
        // Rounds go on after the wall clock was set back.
        let is_due = now.since(self.round.began) >= self.interval || now < self.round.began;
        if self.round.done && is_due {
            self.begin_round(now);
        }
        if !self.round.done {
            self.emit_changed(now, out);
        }
    }

    fn finish(&mut self, now: Timestamp, out: &mut Batch) {
        self.begin_round(now);
        self.emit_changed(now, out);
    }

    fn has_more(&self) -> bool {
        !self.round.done
    }

    fn as_stateful(&mut self) -> Option<&mut dyn Stateful> {
        Some(self)
    }
}

impl Stateful for HubbleMetrics {
    /// Takes over the series of every metric whose item is unchanged, and the contexts that their
    /// keys refer to.
    fn take_over(&mut self, old: &mut dyn Stateful) {
        let old: &mut dyn Any = old;
        let Some(old) = old.downcast_mut::<Self>() else {
            return;
        };
        std::mem::swap(&mut self.lost_events, &mut old.lost_events);
        self.ends.take_over(&mut old.ends);
        for new in &mut self.list.metrics {
            let mut old_metrics = old.list.metrics.iter_mut();
            if let Some(same) = old_metrics.find(|old| old.reload_key == new.reload_key) {
                std::mem::swap(&mut new.metric, &mut same.metric);
            }
        }
        for new in &mut self.list.contexts {
            let mut old_contexts = old.list.contexts.iter_mut();
            if let Some(same) = old_contexts.find(|old| old.options() == new.options()) {
                std::mem::swap(new, same);
            }
        }
        // The contexts have cached results by the number of the flow.
        self.flow_count = old.flow_count;
        let max_series = self.max_series;
        self.tables()
            .into_iter()
            .for_each(|table| table.set_max_series(max_series));
    }

    /// Ends the series that were not taken over.
    fn retire(&mut self, now: Timestamp, out: &mut Batch) {
        let mut budget = MAX_POINTS;
        self.round.done = self
            .tables()
            .into_iter()
            .all(|table| table.emit_ended(now, out, &mut budget));
    }

    fn resend(&mut self) {
        self.tables()
            .into_iter()
            .for_each(Collect::mark_all_changed);
    }
}
