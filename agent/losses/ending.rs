//! What a run has lost when it is over: a line for the log, and whether it decides the exit code.

use std::fmt;

use tidegate_runtime::component::Cause;
use tidegate_runtime::ledger::{Report, StageReport};

use super::entry::{Entry, entries};
use crate::declared::Declared;

/// Entries that a line names at most.
const NAMED: usize = 10;

/// The key of the grace period.
const GRACE_PERIOD: &str = "service.grace_period";

/// Everything that was lost in a run, for one line in the log; `None` if nothing was.
pub(crate) fn in_this_run(report: &Report) -> Option<String> {
    list(entries(report))
}

/// What was lost that could have gone on: not what cannot be read, and not what Cilium lost. `None`
/// if nothing was.
pub(crate) fn on_the_way(report: &Report) -> Option<String> {
    let ours = |entry: &Entry| !matches!(entry, Entry::Unreadable { .. } | Entry::Upstream { .. });
    list(
        entries(report)
            .into_iter()
            .filter(|(entry, _)| ours(entry))
            .collect(),
    )
}

fn list(mut entries: Vec<(Entry, u64)>) -> Option<String> {
    // Those of one number stay in the order of the wiring.
    entries.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let named: Vec<_> = entries
        .iter()
        .take(NAMED)
        .map(|(entry, n)| format!("{n} in {entry}"))
        .collect();
    let more = entries.len().saturating_sub(NAMED);
    let rest = if more > 0 {
        format!(", and in {more} more places")
    } else {
        String::new()
    };
    (!named.is_empty()).then(|| named.join(", ") + &rest)
}

/// How a run came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Every stage ended by itself.
    Drained,
    /// The grace period was over.
    Overdue,
    /// A second signal asked for it.
    Interrupted,
}

/// What a run lost at its end because of its own limits: the time and the attempts that stages have
/// to deliver what is left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AtEnd {
    dropped: Vec<Loss>,
    unconfirmed: Vec<Loss>,
    manner: Manner,
}

#[derive(Debug, PartialEq, Eq)]
struct Loss {
    stage: String,
    records: u64,
    /// The key that gives more time.
    key: String,
}

impl AtEnd {
    /// `before` are the books of when the end began; `None` if nothing was lost since.
    pub(crate) fn new(report: &Report, before: &[StageReport], manner: Manner) -> Option<Self> {
        let mut this = Self {
            dropped: Vec::new(),
            unconfirmed: Vec::new(),
            manner,
        };
        for (stage, declared) in report.stages.iter().zip(Declared::of_report(report)) {
            let is_it =
                |old: &&StageReport| old.stage == stage.stage && old.pipeline == stage.pipeline;
            let old = before.iter().find(is_it);
            for (reason, n) in &stage.dropped {
                let Cause::Time(key) = declared.cause(reason) else {
                    continue;
                };
                let n = n - old
                    .and_then(|old| old.dropped.get(reason))
                    .copied()
                    .unwrap_or_default();
                add(&mut this.dropped, stage, n, path(stage, key));
            }
            let n = stage.unconfirmed - old.map_or(0, |old| old.unconfirmed);
            let own = declared
                .times()
                .find(|key| *key != GRACE_PERIOD && manner == Manner::Drained);
            add(
                &mut this.unconfirmed,
                stage,
                n,
                path(stage, own.unwrap_or(GRACE_PERIOD)),
            );
        }
        (!this.dropped.is_empty() || !this.unconfirmed.is_empty()).then_some(this)
    }
}

/// Keys of the agent stand as they are, those of a component below its table.
fn path(stage: &StageReport, key: &str) -> String {
    if key.contains('.') {
        key.to_owned()
    } else {
        format!("{}.{key}", stage.stage)
    }
}

/// Adds up over the pipelines of a stage.
fn add(losses: &mut Vec<Loss>, stage: &StageReport, records: u64, key: String) {
    if records == 0 {
        return;
    }
    match losses
        .iter_mut()
        .find(|loss| loss.stage == stage.stage && loss.key == key)
    {
        Some(loss) => loss.records += records,
        None => losses.push(Loss {
            stage: stage.stage.clone(),
            records,
            key,
        }),
    }
}

impl fmt::Display for AtEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = |loss: &Loss| match self.manner {
            Manner::Interrupted => format!("{} records in {}", loss.records, loss.stage),
            _ => format!(
                "{} records in {} (`{}` gives it more time)",
                loss.records, loss.stage, loss.key
            ),
        };
        let all = |losses: &[Loss]| losses.iter().map(one).collect::<Vec<_>>().join(", ");
        if !self.dropped.is_empty() {
            write!(f, "lost at the end of the run: {}", all(&self.dropped))?;
        }
        if !self.unconfirmed.is_empty() {
            let gap = if self.dropped.is_empty() { "" } else { "; " };
            write!(
                f,
                "{gap}perhaps lost, since sent and not answered for in time: {}",
                all(&self.unconfirmed)
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::report;
    use super::{AtEnd, Manner, in_this_run, on_the_way};

    #[test]
    fn what_was_lost_is_one_line_with_the_most_first() {
        assert_eq!(in_this_run(&report(&[("exporters.otlp", &[])])), None);
        let mut report = report(&[
            ("processors.l34_flow", &[("tcp_too_short", 3)]),
            ("exporters.otlp", &[("queue_full", 70)]),
        ]);
        report.upstream_lost.insert("perf_ring", 512);
        let expected = "512 in Cilium, before the socket (perf_ring, at least), 70 in exporters.otlp of flows (queue_full), \
                        3 in processors.l34_flow of flows (unreadable: tcp_too_short 3)";
        assert_eq!(in_this_run(&report).as_deref(), Some(expected));
        assert_eq!(
            on_the_way(&report).as_deref(),
            Some("70 in exporters.otlp of flows (queue_full)")
        );
    }

    #[test]
    fn what_is_lost_to_the_time_at_the_end_names_the_key_that_gives_more() {
        let stages: [(&str, &[_]); 2] = [
            ("exporters.otlp", &[("drain_timeout", 9), ("queue_full", 5)]),
            ("exporters.stdout", &[("shutdown_timeout", 4)]),
        ];
        let mut now = report(&stages);
        now.stages[0].unconfirmed = 7;
        let mut before = report(&[("exporters.otlp", &[("drain_timeout", 2)])]).stages;
        before[0].unconfirmed = 1;
        let text = |manner| AtEnd::new(&now, &before, manner).unwrap().to_string();
        assert_eq!(
            text(Manner::Drained),
            "lost at the end of the run: 7 records in exporters.otlp (`exporters.otlp.drain_timeout` gives it more time), \
             4 records in exporters.stdout (`service.grace_period` gives it more time); perhaps lost, since sent and not \
             answered for in time: 6 records in exporters.otlp (`exporters.otlp.drain_timeout` gives it more time)"
        );
        let overdue = text(Manner::Overdue);
        assert!(
            overdue.ends_with(
                "6 records in exporters.otlp (`service.grace_period` gives it more time)"
            ),
            "{overdue}"
        );
        assert!(
            !text(Manner::Interrupted).contains("more time"),
            "more time was not wanted"
        );
    }

    #[test]
    fn retries_that_end_before_the_drain_timeout_are_a_limit_too() {
        let now = report(&[("exporters.otlp", &[("retries_exhausted", 9)])]);
        let before = report(&[("exporters.otlp", &[("retries_exhausted", 2)])]).stages;
        let expected = "lost at the end of the run: 7 records in exporters.otlp (`exporters.otlp.retry_on_failure` gives it more \
                        time)";
        assert_eq!(
            AtEnd::new(&now, &before, Manner::Drained)
                .unwrap()
                .to_string(),
            expected
        );
    }

    #[test]
    fn what_was_lost_before_or_for_another_reason_is_not_lost_at_the_end() {
        let now = report(&[("exporters.otlp", &[("drain_timeout", 9), ("queue_full", 5)])]);
        assert_eq!(AtEnd::new(&now, &now.stages, Manner::Drained), None);
        let full = report(&[(
            "exporters.otlp",
            &[("queue_full", 5), ("permanent_error", 5)],
        )]);
        assert_eq!(AtEnd::new(&full, &[], Manner::Drained), None);
    }
}
