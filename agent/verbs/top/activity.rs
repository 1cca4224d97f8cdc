//! The activity of an agent between two reports: rates of stages, queues and the process.

use std::collections::{BTreeMap, HashMap};

use tidegate_runtime::ledger::{EdgeReport, Report, StageReport};
use tidegate_runtime::stage_id::{Role, StageId};

use crate::telemetry::LedgerPage;

/// The last report, and rates since the one before.
#[derive(Clone, Debug)]
pub(super) struct Activity {
    pub(super) now: LedgerPage<String>,
    /// The time that the rates are over, in seconds.
    pub(super) seconds: f64,
    /// Whether the rates are over the whole time since the start of the agent.
    pub(super) since_start: bool,
    pub(super) stages: Vec<StageActivity>,
    pub(super) queues: Vec<QueueActivity>,
    pub(super) totals: Totals,
    /// CPU time per time: 1 is one core.
    pub(super) cpu: Option<f64>,
}

/// A stage in a pipeline. Rates are in records per second.
#[derive(Clone, Debug)]
pub(super) struct StageActivity {
    pub(super) report: StageReport<String>,
    pub(super) r#in: f64,
    pub(super) out: f64,
    pub(super) absorbed: f64,
    pub(super) unconfirmed: f64,
    pub(super) filtered: Vec<Count>,
    pub(super) dropped: Vec<Count>,
    pub(super) noted: Vec<Count>,
    /// Bytes per second that a receiver reads or an exporter delivers.
    pub(super) bytes: Option<f64>,
    /// The stage's inbox, if it has one.
    pub(super) queue: Option<QueueActivity>,
}

/// A named counter with its rate.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Count {
    pub(super) name: String,
    pub(super) total: u64,
    pub(super) rate: f64,
}

/// A queue. Shares are from 0 to 1.
#[derive(Clone, Debug)]
pub(super) struct QueueActivity {
    pub(super) report: EdgeReport,
    /// The larger share of its limits, in records or in bytes, that is used.
    pub(super) fill: f64,
    /// The largest share since the start.
    pub(super) peak: f64,
    /// Share of the time that senders were blocked; more than 1 if several were.
    pub(super) blocked: f64,
}

/// Sums over all pipelines.
#[derive(Clone, Debug, Default)]
pub(super) struct Totals {
    /// Records that receivers read.
    pub(super) read: Count,
    pub(super) filtered: Count,
    pub(super) dropped: Count,
    /// Records that exporters delivered.
    pub(super) delivered: Count,
    pub(super) unconfirmed: Count,
    /// Events that Cilium reported as lost.
    pub(super) upstream_lost: Count,
    /// Bytes that receivers read.
    pub(super) bytes_in: Count,
    /// Bytes that exporters delivered.
    pub(super) bytes_out: Count,
}

impl Activity {
    /// Compares two reports. Without an earlier one, or if the agent restarted in between, the
    /// rates are over the time since its start.
    pub(super) fn between(before: Option<&LedgerPage<String>>, now: LedgerPage<String>) -> Self {
        let uptime = now.report.uptime_seconds;
        let before = before.filter(|page| page.report.uptime_seconds < uptime);
        let seconds = uptime - before.map_or(0.0, |page| page.report.uptime_seconds);
        let rates = RateCalculator { seconds };
        let old = EarlierRows::new(before);
        let queues: Vec<_> = now
            .report
            .edges
            .iter()
            .map(|edge| rates.queue(old.edge(edge), edge))
            .collect();
        let stages: Vec<_> = now
            .report
            .stages
            .iter()
            .map(|stage| StageActivity {
                bytes: rates.bytes(before, &now, stage.stage.as_str()),
                queue: queue_of(stage, &queues).cloned(),
                ..rates.stage(old.stage(stage), stage)
            })
            .collect();
        let cpu = now.process.cpu_seconds.map(|cpu| {
            let used = cpu
                - before
                    .and_then(|page| page.process.cpu_seconds)
                    .unwrap_or(0.0);
            rates.per_second(used.max(0.0))
        });
        Self {
            seconds,
            since_start: before.is_none(),
            totals: rates.totals(before, &now),
            stages,
            queues,
            cpu,
            now,
        }
    }

    /// The names of the pipelines, in the order of the ledger.
    pub(super) fn pipelines(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for stage in &self.stages {
            if !names.contains(&&*stage.report.pipeline) {
                names.push(&*stage.report.pipeline);
            }
        }
        names
    }
}

/// The sum of the rates.
pub(super) fn total_rate(counts: &[Count]) -> f64 {
    counts.iter().map(|count| count.rate).sum()
}

/// The inbox of a stage.
fn queue_of<'a>(
    stage: &StageReport<String>,
    queues: &'a [QueueActivity],
) -> Option<&'a QueueActivity> {
    queues.iter().find(|queue| {
        let mut pipelines = queue.report.pipeline.split(',');
        queue.report.stage == stage.stage
            && pipelines.any(|pipeline| pipeline.trim() == stage.pipeline)
    })
}

/// The rows of the earlier report, by pipeline and stage.
struct EarlierRows<'a> {
    stages: HashMap<(&'a str, &'a StageId), &'a StageReport<String>>,
    edges: HashMap<(&'a str, &'a StageId), &'a EdgeReport>,
}

impl<'a> EarlierRows<'a> {
    fn new(page: Option<&'a LedgerPage<String>>) -> Self {
        let stages = page.into_iter().flat_map(|page| &page.report.stages);
        let edges = page.into_iter().flat_map(|page| &page.report.edges);
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
            report: now.clone(),
            r#in: rate(|stage| stage.r#in),
            out: rate(|stage| stage.forwarded),
            absorbed: rate(|stage| stage.absorbed),
            unconfirmed: rate(|stage| stage.unconfirmed),
            filtered: self.counts(old.map(|stage| &stage.filtered), &now.filtered),
            dropped: self.counts(old.map(|stage| &stage.dropped), &now.dropped),
            noted: self.counts(old.map(|stage| &stage.noted), &now.noted),
            bytes: None,
            queue: None,
        }
    }

    fn queue(self, old: Option<&EdgeReport>, now: &EdgeReport) -> QueueActivity {
        let blocked = now.blocked_seconds - old.map_or(0.0, |edge| edge.blocked_seconds);
        let fill =
            |records, bytes| share(records, now.max_records).max(share(bytes, now.max_bytes));
        QueueActivity {
            fill: fill(now.queue_records, now.queue_bytes),
            peak: fill(now.peak_records, now.peak_bytes),
            blocked: self.per_second(blocked.max(0.0)),
            report: now.clone(),
        }
    }

    fn totals(self, before: Option<&LedgerPage<String>>, now: &LedgerPage<String>) -> Totals {
        let count = |of: &dyn Fn(&LedgerPage<String>) -> u64| Count {
            name: String::new(),
            total: of(now),
            rate: self.rate(before.map_or(0, of), of(now)),
        };
        Totals {
            read: count(&|page| sum(&page.report, Some(Role::Receiver), |stage| stage.r#in)),
            filtered: count(&|page| sum(&page.report, None, |stage| stage.filtered.values().sum())),
            dropped: count(&|page| sum(&page.report, None, |stage| stage.dropped.values().sum())),
            delivered: count(&|page| {
                sum(&page.report, Some(Role::Exporter), |stage| stage.absorbed)
            }),
            unconfirmed: count(&|page| sum(&page.report, None, |stage| stage.unconfirmed)),
            upstream_lost: count(&|page| page.report.upstream_lost.values().sum()),
            bytes_in: count(&|page| bytes_of(page, Role::Receiver)),
            bytes_out: count(&|page| bytes_of(page, Role::Exporter)),
        }
    }

    fn bytes(
        self,
        before: Option<&LedgerPage<String>>,
        now: &LedgerPage<String>,
        stage: &str,
    ) -> Option<f64> {
        let total = *now.bytes.get(stage)?;
        let old = before.and_then(|page| page.bytes.get(stage)).copied();
        Some(self.rate(old.unwrap_or(0), total))
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
        self.per_second(now.saturating_sub(before) as f64)
    }

    fn per_second(self, amount: f64) -> f64 {
        if self.seconds > 0.0 {
            amount / self.seconds
        } else {
            0.0
        }
    }
}

fn sum(
    report: &Report<String>,
    role: Option<Role>,
    of: impl Fn(&StageReport<String>) -> u64,
) -> u64 {
    report
        .stages
        .iter()
        .filter(|stage| role.is_none_or(|role| stage.stage.role() == role))
        .map(of)
        .sum()
}

/// The bytes of all components of a role. One that is in several pipelines counts once.
fn bytes_of(page: &LedgerPage<String>, role: Role) -> u64 {
    page.bytes
        .iter()
        .filter(|(name, _)| {
            let mut stages = page.report.stages.iter();
            stages.any(|stage| stage.stage.role() == role && stage.stage.as_str() == *name)
        })
        .map(|(_, bytes)| bytes)
        .sum()
}

#[expect(clippy::cast_precision_loss, reason = "it is shown as a percentage")]
fn share(of: u64, all: u64) -> f64 {
    if all == 0 {
        0.0
    } else {
        (of as f64 / all as f64).min(1.0)
    }
}
