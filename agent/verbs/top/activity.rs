//! The activity of an agent between two reports: rates of stages and edges.

use std::collections::{BTreeMap, HashMap};

use tidegate_runtime::ledger::{EdgeReport, Report, StageReport};
use tidegate_runtime::stage_id::StageId;

use crate::telemetry::LedgerPage;

/// The last report, and rates since the one before.
#[derive(Clone, Debug)]
pub(super) struct Activity {
    pub(super) now: LedgerPage<String>,
    /// The time that the rates are over, in seconds.
    pub(super) seconds: f64,
    /// Whether the rates are over the whole time since the start of the agent.
    pub(super) since_start: bool,
    /// Events that Cilium reported as lost.
    pub(super) upstream_lost: Vec<Count>,
    pub(super) stages: Vec<StageActivity>,
    pub(super) edges: Vec<EdgeActivity>,
}

/// Rates of a stage, in records per second.
#[derive(Clone, Debug, Default)]
pub(super) struct StageActivity {
    pub(super) r#in: f64,
    pub(super) out: f64,
    pub(super) absorbed: f64,
    pub(super) unconfirmed: f64,
    pub(super) filtered: Vec<Count>,
    pub(super) dropped: Vec<Count>,
    pub(super) noted: Vec<Count>,
}

/// A named counter with its rate.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Count {
    pub(super) name: String,
    pub(super) total: u64,
    pub(super) rate: f64,
}

/// The load of an edge, as shares from 0 to 1.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct EdgeActivity {
    pub(super) records: f64,
    pub(super) bytes: f64,
    /// Share of the time that senders were blocked; more than 1 if several were.
    pub(super) blocked: f64,
}

impl Activity {
    /// Compares two reports. Without an earlier one, or if the agent restarted in between, the
    /// rates are over the time since its start.
    pub(super) fn between(before: Option<&LedgerPage<String>>, now: LedgerPage<String>) -> Self {
        let uptime = now.report.uptime_seconds;
        let before = before
            .map(|page| &page.report)
            .filter(|report| report.uptime_seconds < uptime);
        let seconds = uptime - before.map_or(0.0, |report| report.uptime_seconds);
        let rates = RateCalculator { seconds };
        let old = EarlierRows::new(before);
        let stages = now
            .report
            .stages
            .iter()
            .map(|stage| rates.stage(old.stage(stage), stage))
            .collect();
        let edges = now
            .report
            .edges
            .iter()
            .map(|edge| rates.edge(old.edge(edge), edge))
            .collect();
        let upstream_lost = rates.counts(
            before.map(|report| &report.upstream_lost),
            &now.report.upstream_lost,
        );
        Self {
            seconds,
            since_start: before.is_none(),
            upstream_lost,
            stages,
            edges,
            now,
        }
    }
}

impl StageActivity {
    /// The sum of the rates.
    pub(super) fn total_rate(counts: &[Count]) -> f64 {
        counts.iter().map(|count| count.rate).sum()
    }
}

/// The rows of the earlier report, by pipeline and stage.
struct EarlierRows<'a> {
    stages: HashMap<(&'a str, &'a StageId), &'a StageReport<String>>,
    edges: HashMap<(&'a str, &'a StageId), &'a EdgeReport>,
}

impl<'a> EarlierRows<'a> {
    fn new(report: Option<&'a Report<String>>) -> Self {
        let stages = report.into_iter().flat_map(|report| &report.stages);
        let edges = report.into_iter().flat_map(|report| &report.edges);
        Self {
            stages: stages
                .map(|stage| ((&*stage.pipeline, &stage.stage), stage))
                .collect(),
            edges: edges
                .map(|edge| ((&*edge.pipeline, &edge.stage), edge))
                .collect(),
        }
    }

    fn stage(&self, now: &StageReport<String>) -> Option<&'a StageReport<String>> {
        self.stages.get(&(&*now.pipeline, &now.stage)).copied()
    }

    fn edge(&self, now: &EdgeReport) -> Option<&'a EdgeReport> {
        self.edges.get(&(&*now.pipeline, &now.stage)).copied()
    }
}

/// Computes rates over a time.
#[derive(Clone, Copy)]
struct RateCalculator {
    seconds: f64,
}

impl RateCalculator {
    fn stage(self, old: Option<&StageReport<String>>, now: &StageReport<String>) -> StageActivity {
        let rate = |of: fn(&StageReport<String>) -> u64| self.rate(old.map_or(0, of), of(now));
        StageActivity {
            r#in: rate(|stage| stage.r#in),
            out: rate(|stage| stage.forwarded),
            absorbed: rate(|stage| stage.absorbed),
            unconfirmed: rate(|stage| stage.unconfirmed),
            filtered: self.counts(old.map(|stage| &stage.filtered), &now.filtered),
            dropped: self.counts(old.map(|stage| &stage.dropped), &now.dropped),
            noted: self.counts(old.map(|stage| &stage.noted), &now.noted),
        }
    }

    fn edge(self, old: Option<&EdgeReport>, now: &EdgeReport) -> EdgeActivity {
        let blocked = now.blocked_seconds - old.map_or(0.0, |edge| edge.blocked_seconds);
        EdgeActivity {
            records: share(now.queue_records, now.max_records),
            bytes: share(now.queue_bytes, now.max_bytes),
            blocked: if self.seconds > 0.0 {
                blocked.max(0.0) / self.seconds
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
        if self.seconds > 0.0 {
            now.saturating_sub(before) as f64 / self.seconds
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
