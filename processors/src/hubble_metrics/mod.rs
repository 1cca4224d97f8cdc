//! `hubble_metrics`: counts flows as the metric handlers of Hubble do (Cilium v1.19.4).
//!
//! Names, labels, label values and counting rules are Hubble's, so that dashboards made for it
//! work. What differs: messages found in packets, which Hubble does not have, are counted by `dns`,
//! `http` and `httpV2` alone, in families of their own unless `wire = "hubble"`; a wrong list is
//! refused instead of warned about, because `validate` should find it; series have a limit; pods
//! that are gone keep their series, as nothing here tells of their end; there are no exemplars.
//!
//! Flows pass unchanged. A series is found by numbers: what a metric looks at is a number as it is,
//! or has one in [`series`], and [`context`] remembers endpoints by the address of their names,
//! once for all metrics with the same options. So a known series costs neither text nor allocation.

mod catalog;
mod config;
mod context;
mod families;
mod item;
mod metrics;
mod series;

pub use config::{Config, KIND, WireFamilies};
pub use series::{OVERFLOW, SERIES_LIMIT};

use std::any::Any;
use std::time::Duration;

use context::Context;
use families::Sight;
use metrics::{LostEvents, Metric, Sighted};
use series::Changes;
use tidegate_core::flow::Flow;
use tidegate_core::ledger::Tally;
use tidegate_core::stage::Processor;
use tidegate_core::{Batch, Record, Timestamp};

/// Points of one tick at most, which bounds the batch that they travel in.
const MAX_POINTS: usize = 4096;
/// How often a tick is asked for while points wait for the next one.
const TICK: Duration = Duration::from_millis(50);

/// The processor.
pub struct HubbleMetrics {
    listing: Listing,
    /// How many flows there were.
    turn: u64,
    max_series: usize,
    lost_events: LostEvents,
    interval: Duration,
    round: Round,
}

/// The metrics of the list, and the contexts that they share.
#[derive(Default)]
struct Listing {
    metrics: Vec<Listed>,
    contexts: Vec<Context>,
}

/// A metric of the list.
struct Listed {
    /// Its item and settings, by which a reload finds it again.
    item: String,
    metric: Box<dyn Metric>,
    /// The place of its context.
    context: usize,
    /// What it may count.
    counts: [bool; Sighted::ALL.len()],
}

/// A round hands on all series that had changed when it began, in as many ticks as it takes; so
/// none waits for ever behind others that change all the time.
#[derive(Debug, Default)]
struct Round {
    began: Timestamp,
    done: bool,
}

impl HubbleMetrics {
    fn new(listing: Listing, max_series: usize, interval: Duration) -> Self {
        let round = Round {
            began: Timestamp::default(),
            done: true,
        };
        Self {
            listing,
            turn: 0,
            max_series,
            lost_events: LostEvents::new(),
            interval,
            round,
        }
    }

    fn count(&mut self, flow: &Flow, tally: &mut Tally) {
        self.turn += 1;
        let (turn, sighted, Listing { metrics, contexts }) =
            (self.turn, Sighted::of(flow), &mut self.listing);
        for Listed {
            metric, context, ..
        } in metrics
            .iter_mut()
            .filter(|listed| listed.counts[sighted as usize])
        {
            metric.observe(&mut Sight {
                flow,
                turn,
                context: &mut contexts[*context],
                tally,
            });
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        let metrics = self.listing.metrics.iter_mut();
        let mut tables: Vec<_> = metrics.flat_map(|listed| listed.metric.tables()).collect();
        tables.push(self.lost_events.table());
        tables
    }

    fn begin_round(&mut self, now: Timestamp) {
        self.lost_events.begin(now);
        self.tables().into_iter().for_each(Changes::begin_round);
        self.round = Round {
            began: now,
            done: false,
        };
    }

    fn hand_on(&mut self, now: Timestamp, out: &mut Batch, mut budget: usize) {
        self.round.done = self
            .tables()
            .into_iter()
            .all(|table| table.hand_on(now, out, &mut budget));
    }
}

impl Processor for HubbleMetrics {
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        for record in batch.records() {
            match record {
                Record::Flow(flow) => self.count(flow, tally),
                Record::Lost(lost) => self.lost_events.observe(lost),
                _ => {}
            }
        }
    }

    fn tick_every(&self) -> Option<Duration> {
        Some(self.interval.min(TICK))
    }

    fn tick(&mut self, now: Timestamp, out: &mut Batch) {
        // A wall clock that was set back must not stop the rounds.
        let due = now.since(self.round.began) >= self.interval || now < self.round.began;
        if self.round.done && due {
            self.begin_round(now);
        }
        if !self.round.done {
            self.hand_on(now, out, MAX_POINTS);
        }
    }

    fn finish(&mut self, now: Timestamp, out: &mut Batch) {
        self.begin_round(now);
        self.hand_on(now, out, MAX_POINTS);
    }

    /// A metric whose item is the same keeps its series, whatever else is changed, and what they
    /// are found by.
    fn adopt(&mut self, old: &mut dyn Processor) {
        let old: &mut dyn Any = old;
        let Some(old) = old.downcast_mut::<Self>() else {
            return;
        };
        std::mem::swap(&mut self.lost_events, &mut old.lost_events);
        for listed in &mut self.listing.metrics {
            if let Some(known) = old
                .listing
                .metrics
                .iter_mut()
                .find(|known| known.item == listed.item)
            {
                std::mem::swap(&mut listed.metric, &mut known.metric);
            }
        }
        // What the contexts found belongs to turns that are over.
        self.turn = old.turn;
        for context in &mut self.listing.contexts {
            let known = old
                .listing
                .contexts
                .iter_mut()
                .find(|known| known.options() == context.options());
            known
                .into_iter()
                .for_each(|known| std::mem::swap(context, known));
        }
        let max_series = self.max_series;
        self.tables()
            .into_iter()
            .for_each(|table| table.limit(max_series));
    }

    /// The series that nobody adopted end.
    fn retire(&mut self, now: Timestamp, out: &mut Batch) {
        let mut budget = MAX_POINTS;
        self.round.done = self
            .tables()
            .into_iter()
            .all(|table| table.end(now, out, &mut budget));
    }

    fn has_more(&self) -> bool {
        !self.round.done
    }

    fn repeat(&mut self) {
        self.tables().into_iter().for_each(Changes::repeat);
    }
}
