//! The losses of a run at its end: texts for the log, and the losses that decide the exit code.

use std::fmt;

use tidegate_runtime::component::Cause;
use tidegate_runtime::ledger::{Report, StageReport};
use tidegate_runtime::stage_id::StageId;

use super::site::{LossSite, loss_sites};
use crate::declared::Declared;

/// Number of sites that a text lists.
const MAX_LISTED: usize = 10;

/// The configuration key of the grace period.
const GRACE_PERIOD: &str = "service.grace_period";

/// Lists everything that was lost in a run; `None` if nothing was.
pub(crate) fn lost_in_run(report: &Report) -> Option<String> {
    list(loss_sites(report))
}

/// Lists what the pipelines lost, without unreadable records and losses of Cilium; `None` if
/// nothing was.
pub(crate) fn lost_in_pipelines(report: &Report) -> Option<String> {
    let mut losses = loss_sites(report);
    losses.retain(|(site, _)| site.is_agent());
    list(losses)
}

/// Lists losses, the largest first; losses of the same size stay in the order of the stages.
fn list(mut losses: Vec<(LossSite, u64)>) -> Option<String> {
    losses.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let listed: Vec<_> = losses
        .iter()
        .take(MAX_LISTED)
        .map(|(site, n)| format!("{n} in {site}"))
        .collect();
    let more = losses.len().saturating_sub(MAX_LISTED);
    let rest = if more > 0 {
        format!(", and in {more} more places")
    } else {
        String::new()
    };
    (!listed.is_empty()).then(|| listed.join(", ") + &rest)
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Every stage drained and ended.
    Drained,
    /// The grace period ended first.
    TimedOut,
    /// A second signal forced the shutdown.
    Forced,
}

/// The records lost during the shutdown because of the agent's own limits: the time and the
/// attempts that a stage has to deliver the rest.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ShutdownLosses {
    dropped: Vec<StageLoss>,
    unconfirmed: Vec<StageLoss>,
    ending: Ending,
}

#[derive(Debug, PartialEq, Eq)]
struct StageLoss {
    stage: StageId,
    records: u64,
    /// The configuration key of the limit.
    key: String,
}

impl ShutdownLosses {
    /// The losses since `before`, the reports of the stages when the shutdown began; `None` without
    /// losses.
    pub(crate) fn new(report: &Report, before: &[StageReport], ending: Ending) -> Option<Self> {
        let mut losses = Self {
            dropped: Vec::new(),
            unconfirmed: Vec::new(),
            ending,
        };
        for (stage, declared) in report.stages.iter().zip(Declared::of_report(report)) {
            let is_same =
                |old: &&StageReport| old.stage == stage.stage && old.pipeline == stage.pipeline;
            losses.add_stage(stage, before.iter().find(is_same), &declared);
        }
        (!losses.dropped.is_empty() || !losses.unconfirmed.is_empty()).then_some(losses)
    }

    fn add_stage(&mut self, stage: &StageReport, old: Option<&StageReport>, declared: &Declared) {
        for (reason, n) in &stage.dropped {
            let Cause::Time(key) = declared.cause(reason) else {
                continue;
            };
            let before = old.and_then(|old| old.dropped.get(reason)).copied();
            let records = n - before.unwrap_or_default();
            add(&mut self.dropped, stage, records, key_path(stage, key));
        }
        let records = stage.unconfirmed - old.map_or(0, |old| old.unconfirmed);
        // The stage's own limit applies unless the run was cut short.
        let own_limit = declared
            .times()
            .find(|key| *key != GRACE_PERIOD && self.ending == Ending::Drained);
        let key = key_path(stage, own_limit.unwrap_or(GRACE_PERIOD));
        add(&mut self.unconfirmed, stage, records, key);
    }
}

/// The path of a key in the configuration: a key without a dot is in the stage's own table.
fn key_path(stage: &StageReport, key: &str) -> String {
    if key.contains('.') {
        key.to_owned()
    } else {
        format!("{}.{key}", stage.stage)
    }
}

/// Adds records to the loss of a stage, over all of its pipelines.
fn add(losses: &mut Vec<StageLoss>, stage: &StageReport, records: u64, key: String) {
    if records == 0 {
        return;
    }
    match losses
        .iter_mut()
        .find(|loss| loss.stage == stage.stage && loss.key == key)
    {
        Some(loss) => loss.records += records,
        None => losses.push(StageLoss {
            stage: stage.stage.clone(),
            records,
            key,
        }),
    }
}

impl fmt::Display for ShutdownLosses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = |loss: &StageLoss| match self.ending {
            Ending::Forced => format!("{} records in {}", loss.records, loss.stage),
            Ending::Drained | Ending::TimedOut => format!(
                "{} records in {} (`{}` gives it more time)",
                loss.records, loss.stage, loss.key
            ),
        };
        let all = |losses: &[StageLoss]| losses.iter().map(one).collect::<Vec<_>>().join(", ");
        if !self.dropped.is_empty() {
            write!(f, "lost at the end of the run: {}", all(&self.dropped))?;
        }
        if !self.unconfirmed.is_empty() {
            let separator = if self.dropped.is_empty() { "" } else { "; " };
            let unconfirmed = all(&self.unconfirmed);
            write!(
                f,
                "{separator}possibly lost, sent without an answer in time: {unconfirmed}"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::site::report;
    use super::{Ending, ShutdownLosses, lost_in_pipelines, lost_in_run};

    #[test]
    fn the_largest_losses_of_a_run_are_listed_first() {
        assert_eq!(lost_in_run(&report(&[("exporters.otlp", &[])])), None);
        let mut report = report(&[
            ("processors.l34_flow", &[("tcp_too_short", 3)]),
            ("exporters.otlp", &[("queue_full", 70)]),
        ]);
        report.upstream_lost.insert("perf_ring", 512);
        let expected = "512 in Cilium, before the socket (perf_ring, a lower bound), \
                        70 in exporters.otlp of pipeline flows (queue_full), \
                        3 in processors.l34_flow of pipeline flows (unreadable: tcp_too_short 3)";
        assert_eq!(lost_in_run(&report).as_deref(), Some(expected));
        assert_eq!(
            lost_in_pipelines(&report).as_deref(),
            Some("70 in exporters.otlp of pipeline flows (queue_full)")
        );
    }

    #[test]
    fn a_loss_at_a_time_limit_names_the_key_of_the_limit() {
        let stages: [(&str, &[_]); 2] = [
            ("exporters.otlp", &[("drain_timeout", 9), ("queue_full", 5)]),
            ("exporters.stdout", &[("shutdown_timeout", 4)]),
        ];
        let mut now = report(&stages);
        now.stages[0].unconfirmed = 7;
        let mut before = report(&[("exporters.otlp", &[("drain_timeout", 2)])]).stages;
        before[0].unconfirmed = 1;
        let text = |ending| {
            ShutdownLosses::new(&now, &before, ending)
                .unwrap()
                .to_string()
        };
        assert_eq!(
            text(Ending::Drained),
            "lost at the end of the run: \
             7 records in exporters.otlp (`exporters.otlp.drain_timeout` gives it more time), \
             4 records in exporters.stdout (`service.grace_period` gives it more time); \
             possibly lost, sent without an answer in time: \
             6 records in exporters.otlp (`exporters.otlp.drain_timeout` gives it more time)"
        );
        let timed_out = text(Ending::TimedOut);
        assert!(
            timed_out.ends_with(
                "6 records in exporters.otlp (`service.grace_period` gives it more time)"
            ),
            "{timed_out}"
        );
        assert!(
            !text(Ending::Forced).contains("more time"),
            "a forced shutdown wants no more time"
        );
    }

    #[test]
    fn exhausted_retries_are_a_limit_like_the_drain_timeout() {
        let now = report(&[("exporters.otlp", &[("retries_exhausted", 9)])]);
        let before = report(&[("exporters.otlp", &[("retries_exhausted", 2)])]).stages;
        let expected = "lost at the end of the run: 7 records in exporters.otlp \
                        (`exporters.otlp.retry_on_failure` gives it more time)";
        assert_eq!(
            ShutdownLosses::new(&now, &before, Ending::Drained)
                .unwrap()
                .to_string(),
            expected
        );
    }

    #[test]
    fn losses_before_the_shutdown_or_for_other_reasons_do_not_count() {
        let now = report(&[("exporters.otlp", &[("drain_timeout", 9), ("queue_full", 5)])]);
        assert_eq!(
            ShutdownLosses::new(&now, &now.stages, Ending::Drained),
            None
        );
        let full = report(&[(
            "exporters.otlp",
            &[("queue_full", 5), ("permanent_error", 5)],
        )]);
        assert_eq!(ShutdownLosses::new(&full, &[], Ending::Drained), None);
    }
}
