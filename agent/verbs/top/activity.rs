//! What happened between two reports of an agent: rates of stages and edges.

use std::collections::{BTreeMap, HashMap};

use tidegate_runtime::ledger::{EdgeReport, Report, StageReport};

use crate::telemetry::Page;

/// What the screen shows.
#[derive(Clone, Debug)]
pub(super) struct Activity {
    pub(super) now: Page<String>,
    /// What the rates are over, in seconds.
    pub(super) over: f64,
    /// Whether that is all the time that the agent has run.
    pub(super) since_start: bool,
    pub(super) lost: Vec<Count>,
    pub(super) stages: Vec<Stage>,
    pub(super) edges: Vec<Edge>,
}

/// Rates of a stage, in records a second.
#[derive(Clone, Debug, Default)]
pub(super) struct Stage {
    pub(super) r#in: f64,
    pub(super) out: f64,
    pub(super) absorbed: f64,
    pub(super) unconfirmed: f64,
    pub(super) filtered: Vec<Count>,
    pub(super) dropped: Vec<Count>,
    pub(super) noted: Vec<Count>,
}

/// A count by its name, with its rate.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Count {
    pub(super) name: String,
    pub(super) total: u64,
    pub(super) rate: f64,
}

/// An edge, between 0 and 1.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Edge {
    pub(super) records: f64,
    pub(super) bytes: f64,
    /// Share of the time that senders waited; more than 1 where several did.
    pub(super) blocked: f64,
}

impl Activity {
    /// Of two reports of one agent, or of one alone. An agent that is younger than before is
    /// another one.
    pub(super) fn between(before: Option<&Page<String>>, now: Page<String>) -> Self {
        let uptime = now.report.uptime_seconds;
        let before = before
            .map(|page| &page.report)
            .filter(|report| report.uptime_seconds < uptime);
        let over = uptime - before.map_or(0.0, |report| report.uptime_seconds);
        let clock = Clock { over };
        let old = Old::new(before);
        let stages = now
            .report
            .stages
            .iter()
            .map(|stage| clock.stage(old.stage(stage), stage))
            .collect();
        let edges = now
            .report
            .edges
            .iter()
            .map(|edge| clock.edge(old.edge(edge), edge))
            .collect();
        let lost = clock.counts(
            before.map(|report| &report.upstream_lost),
            &now.report.upstream_lost,
        );
        Self {
            over,
            since_start: before.is_none(),
            lost,
            stages,
            edges,
            now,
        }
    }
}

impl Stage {
    /// All of some counts, in records a second.
    pub(super) fn sum(counts: &[Count]) -> f64 {
        counts.iter().map(|count| count.rate).sum()
    }
}

/// The rows of the earlier report, by pipeline and stage.
struct Old<'a> {
    stages: HashMap<(&'a str, &'a str), &'a StageReport<String>>,
    edges: HashMap<(&'a str, &'a str), &'a EdgeReport>,
}

impl<'a> Old<'a> {
    fn new(report: Option<&'a Report<String>>) -> Self {
        let stages = report.into_iter().flat_map(|report| &report.stages);
        let edges = report.into_iter().flat_map(|report| &report.edges);
        Self {
            stages: stages
                .map(|stage| ((&*stage.pipeline, &*stage.stage), stage))
                .collect(),
            edges: edges
                .map(|edge| ((&*edge.pipeline, &*edge.stage), edge))
                .collect(),
        }
    }

    fn stage(&self, now: &StageReport<String>) -> Option<&'a StageReport<String>> {
        self.stages.get(&(&*now.pipeline, &*now.stage)).copied()
    }

    fn edge(&self, now: &EdgeReport) -> Option<&'a EdgeReport> {
        self.edges.get(&(&*now.pipeline, &*now.stage)).copied()
    }
}

/// Makes rates.
#[derive(Clone, Copy)]
struct Clock {
    over: f64,
}

impl Clock {
    fn stage(self, old: Option<&StageReport<String>>, now: &StageReport<String>) -> Stage {
        let rate = |of: fn(&StageReport<String>) -> u64| self.rate(old.map_or(0, of), of(now));
        Stage {
            r#in: rate(|stage| stage.r#in),
            out: rate(|stage| stage.forwarded),
            absorbed: rate(|stage| stage.absorbed),
            unconfirmed: rate(|stage| stage.unconfirmed),
            filtered: self.counts(old.map(|stage| &stage.filtered), &now.filtered),
            dropped: self.counts(old.map(|stage| &stage.dropped), &now.dropped),
            noted: self.counts(old.map(|stage| &stage.noted), &now.noted),
        }
    }

    fn edge(self, old: Option<&EdgeReport>, now: &EdgeReport) -> Edge {
        let blocked = now.blocked_seconds - old.map_or(0.0, |edge| edge.blocked_seconds);
        Edge {
            records: share(now.queue_records, now.max_records),
            bytes: share(now.queue_bytes, now.max_bytes),
            blocked: if self.over > 0.0 {
                blocked.max(0.0) / self.over
            } else {
                0.0
            },
        }
    }

    fn counts(
        self,
        old: Option<&BTreeMap<String, u64>>,
        now: &BTreeMap<String, u64>,
    ) -> Vec<Count> {
        let before = |name: &String| old.and_then(|old| old.get(name)).copied().unwrap_or(0);
        let count = |(name, total): (&String, &u64)| {
            let rate = self.rate(before(name), *total);
            Count {
                name: name.clone(),
                total: *total,
                rate,
            }
        };
        now.iter().map(count).collect()
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "rates are shown with a decimal at most"
    )]
    fn rate(self, before: u64, now: u64) -> f64 {
        if self.over > 0.0 {
            now.saturating_sub(before) as f64 / self.over
        } else {
            0.0
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "it is shown as a bar")]
fn share(of: u64, all: u64) -> f64 {
    if all == 0 {
        0.0
    } else {
        (of as f64 / all as f64).min(1.0)
    }
}
