//! The queues in front of the stages, as the report shows them. While a replaced stage drains, its
//! inbox and that of its replacement are shown as one, and the time that senders were blocked is
//! the sum.

use std::sync::Arc;
use std::time::Duration;

use super::report::EdgeReport;
use crate::limits::Limits;
use crate::stage_id::StageId;

/// The state of a queue for the report.
pub(crate) trait QueueProbe: std::fmt::Debug + Send + Sync {
    /// Its limits.
    fn limits(&self) -> Limits;
    /// Its contents.
    fn queued(&self) -> Queued;
    /// The fullest that it was.
    fn peak(&self) -> Peak;
    /// The time that senders were blocked, added up over all of them.
    fn blocked(&self) -> Duration;
    /// Whether its reader has ended.
    fn is_over(&self) -> bool;
}

/// The contents of an edge.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Queued {
    /// Records other than metric points.
    pub(crate) records: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Metric series with a queued point.
    pub(crate) series: u64,
}

/// The largest contents of a queue since the start. A batch that found it empty is weighed only if
/// another one follows, so `bytes` leaves it out if it was alone.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Peak {
    /// Records other than metric points.
    pub(crate) records: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
}

impl Peak {
    /// The larger of each.
    pub(crate) fn max(self, other: Self) -> Self {
        Self {
            records: self.records.max(other.records),
            bytes: self.bytes.max(other.bytes),
        }
    }
}

impl std::ops::AddAssign for Queued {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.bytes += other.bytes;
        self.series += other.series;
    }
}

/// All queues, by the pipelines that feed them and the stage that reads them.
#[derive(Debug, Default)]
pub(super) struct Queues(Vec<Row>);

#[derive(Debug)]
struct Row {
    pipelines: String,
    stage: StageId,
    /// The limits of the newest queue.
    limits: Limits,
    probes: Vec<Arc<dyn QueueProbe>>,
    /// The time that senders were blocked by queues that have ended.
    blocked: Duration,
    /// The fullest that one of the queues was.
    peak: Peak,
}

impl Queues {
    /// Adds a queue, and removes it from the row that it was in before.
    pub(super) fn watch(&mut self, pipelines: String, stage: &StageId, probe: Arc<dyn QueueProbe>) {
        self.0
            .iter_mut()
            .for_each(|row| row.probes.retain(|other| !Arc::ptr_eq(other, &probe)));
        let known = self
            .0
            .iter_mut()
            .find(|row| row.pipelines == pipelines && row.stage == *stage);
        match known {
            Some(row) => {
                row.limits = probe.limits();
                row.probes.push(probe);
            }
            None => {
                let row = Row {
                    pipelines,
                    stage: stage.clone(),
                    limits: probe.limits(),
                    probes: vec![probe],
                    blocked: Duration::ZERO,
                    peak: Peak::default(),
                };
                self.0.push(row);
            }
        }
    }

    /// Removes the rows of stages that have ended and whose queues are drained.
    pub(super) fn forget(&mut self, has_ended: impl Fn(&StageId) -> bool) {
        self.0.iter_mut().for_each(Row::settle);
        self.0
            .retain(|row| !row.probes.is_empty() || !has_ended(&row.stage));
    }

    pub(super) fn report(&mut self) -> Vec<EdgeReport> {
        self.0.iter_mut().map(Row::report).collect()
    }
}

impl Row {
    fn settle(&mut self) {
        let blocked = &mut self.blocked;
        let peaks = self.probes.iter().map(|probe| probe.peak());
        self.peak = peaks.fold(self.peak, Peak::max);
        self.probes.retain(|probe| {
            let over = probe.is_over();
            *blocked += if over {
                probe.blocked()
            } else {
                Duration::ZERO
            };
            !over
        });
    }

    fn report(&mut self) -> EdgeReport {
        self.settle();
        let mut queued = Queued::default();
        self.probes
            .iter()
            .for_each(|probe| queued += probe.queued());
        self.peak = self.peak.max(Peak {
            records: queued.records,
            bytes: queued.bytes,
        });
        let blocked = self
            .probes
            .iter()
            .fold(self.blocked, |sum, probe| sum + probe.blocked());
        EdgeReport {
            pipeline: self.pipelines.clone(),
            stage: self.stage.clone(),
            queue_records: queued.records,
            queue_bytes: queued.bytes,
            queue_series: queued.series,
            peak_records: self.peak.records,
            peak_bytes: self.peak.bytes,
            max_records: self.limits.records as u64,
            max_bytes: self.limits.bytes as u64,
            max_series: self.limits.series as u64,
            when_full: self.limits.when_full,
            blocked_seconds: blocked.as_secs_f64(),
        }
    }
}
