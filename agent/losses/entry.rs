//! What was lost so far, by place and reason.

#[cfg(test)]
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;

use tidegate_runtime::component::Cause;
use tidegate_runtime::ledger::{Report, StageReport, reason};

use crate::declared::Declared;

/// Reasons that one line names at most.
const NAMED: usize = 5;

/// A place where records are lost, with the reason.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    /// A stage had no room or no time for them, or a peer refused them.
    Dropped {
        pipeline: String,
        stage: String,
        reason: &'static str,
    },
    /// A stage cannot read them. The reasons are many, and tell of the same trouble, so they are
    /// one entry.
    Unreadable {
        pipeline: String,
        stage: String,
        reasons: String,
    },
    /// They were sent, and nobody answered.
    Unconfirmed { pipeline: String, stage: String },
    /// Cilium lost them, and said so.
    Upstream { source: &'static str },
}

/// What tells entries apart from one reading of the books to the next.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Dropped(String, String, &'static str),
    Unreadable(String, String),
    Unconfirmed(String, String),
    Upstream(&'static str),
}

impl Entry {
    pub(super) fn key(&self) -> Key {
        match self {
            Self::Dropped {
                pipeline,
                stage,
                reason,
            } => Key::Dropped(pipeline.clone(), stage.clone(), reason),
            Self::Unreadable {
                pipeline, stage, ..
            } => Key::Unreadable(pipeline.clone(), stage.clone()),
            Self::Unconfirmed { pipeline, stage } => {
                Key::Unconfirmed(pipeline.clone(), stage.clone())
            }
            Self::Upstream { source } => Key::Upstream(source),
        }
    }
}

impl fmt::Display for Entry {
    /// Where, in which pipeline, and for what.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dropped {
                pipeline,
                stage,
                reason,
            } => write!(f, "{stage} of {pipeline} ({reason})"),
            Self::Unreadable {
                pipeline,
                stage,
                reasons,
            } => write!(f, "{stage} of {pipeline} (unreadable: {reasons})"),
            Self::Unconfirmed { pipeline, stage } => {
                write!(f, "{stage} of {pipeline} (unconfirmed, perhaps lost)")
            }
            Self::Upstream { source } => {
                write!(f, "Cilium, before the socket ({source}, at least)")
            }
        }
    }
}

/// Everything that was lost since the start, with the number of records. What a reader does not get
/// that has closed the output is not lost.
pub(super) fn entries(report: &Report) -> Vec<(Entry, u64)> {
    let declared = Declared::of_report(report);
    let stages = || report.stages.iter().zip(&declared);
    let left: BTreeSet<_> = stages()
        .filter(|(stage, declared)| has_left(stage, declared))
        .map(|(stage, _)| &*stage.stage)
        .collect();
    let mut entries: Vec<_> = stages()
        .flat_map(|(stage, declared)| of_stage(stage, declared, left.contains(&*stage.stage)))
        .collect();
    entries.extend(
        report
            .upstream_lost
            .iter()
            .map(|(source, n)| (Entry::Upstream { source }, *n)),
    );
    entries.retain(|(_, n)| *n > 0);
    entries
}

/// Whether the reader of a stage's output has closed it.
fn has_left(report: &StageReport, declared: &Declared) -> bool {
    report
        .dropped
        .keys()
        .any(|reason| declared.cause(reason) == Cause::Unwanted)
}

fn of_stage(report: &StageReport, declared: &Declared, has_left: bool) -> Vec<(Entry, u64)> {
    let StageReport {
        pipeline,
        stage,
        dropped,
        unconfirmed,
        ..
    } = report;
    let place = || (pipeline.clone(), stage.clone());
    let is_wanted = |reason: &str| {
        !has_left || (declared.cause(reason) != Cause::Unwanted && reason != reason::STAGE_ENDED)
    };
    let dropped = dropped
        .iter()
        .map(|(reason, n)| (*reason, *n))
        .filter(|(reason, _)| is_wanted(reason));
    let (unreadable, others): (Vec<_>, Vec<_>) =
        dropped.partition(|(reason, _)| declared.cause(reason) == Cause::Input);
    let mut entries: Vec<_> = others
        .into_iter()
        .map(|(reason, n)| {
            let (pipeline, stage) = place();
            (
                Entry::Dropped {
                    pipeline,
                    stage,
                    reason,
                },
                n,
            )
        })
        .collect();
    let (pipeline, stage) = place();
    let total = unreadable.iter().map(|(_, n)| n).sum();
    entries.push((
        Entry::Unreadable {
            pipeline,
            stage,
            reasons: most(unreadable),
        },
        total,
    ));
    let (pipeline, stage) = place();
    entries.push((Entry::Unconfirmed { pipeline, stage }, *unconfirmed));
    entries
}

/// `udp_too_short 12, tcp_bad_offset 3 and 2 more`: the most frequent ones.
fn most(mut reasons: Vec<(&'static str, u64)>) -> String {
    reasons.sort_by_key(|(reason, n)| (std::cmp::Reverse(*n), *reason));
    let named: Vec<_> = reasons
        .iter()
        .take(NAMED)
        .map(|(reason, n)| format!("{reason} {n}"))
        .collect();
    match reasons.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// A report of stages with these drops by reason, for tests.
#[cfg(test)]
pub(super) fn report(stages: &[(&str, &[(&'static str, u64)])]) -> Report {
    let stages = stages.iter().map(|(stage, dropped)| {
        let dropped: BTreeMap<_, _> = dropped.iter().copied().collect();
        let lost = dropped.values().sum();
        StageReport {
            pipeline: "flows".to_owned(),
            stage: (*stage).to_owned(),
            ended: false,
            r#in: lost,
            created: 0,
            out: BTreeMap::new(),
            filtered: BTreeMap::new(),
            dropped,
            absorbed: 0,
            unconfirmed: 0,
            in_flight: 0,
            unaccounted: 0,
            noted: BTreeMap::new(),
            ambiguous: BTreeMap::new(),
            forwarded: 0,
        }
    });
    Report {
        schema: tidegate_runtime::ledger::SCHEMA,
        balanced: true,
        uptime_seconds: 1.0,
        unaccounted: 0,
        upstream_lost: BTreeMap::new(),
        stages: stages.collect(),
        edges: Vec::new(),
        reloads: Default::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, entries, report};

    #[test]
    fn what_cannot_be_read_is_one_entry_and_everything_else_has_its_own() {
        let few = [
            ("tcp_too_short", 2),
            ("udp_too_short", 7),
            ("shutdown_timeout", 1),
        ];
        let many = [("queue_full", 5), ("drain_timeout", 3)];
        let mut report = report(&[("processors.l34_flow", &few), ("exporters.otlp", &many)]);
        report.stages[1].unconfirmed = 4;
        report.upstream_lost.insert("perf_ring", 512);
        let found: Vec<_> = entries(&report)
            .iter()
            .map(|(entry, n)| format!("{:?} {n}", entry.key()))
            .collect();
        let expected = [
            r#"Dropped("flows", "processors.l34_flow", "shutdown_timeout") 1"#,
            r#"Unreadable("flows", "processors.l34_flow") 9"#,
            r#"Dropped("flows", "exporters.otlp", "drain_timeout") 3"#,
            r#"Dropped("flows", "exporters.otlp", "queue_full") 5"#,
            r#"Unconfirmed("flows", "exporters.otlp") 4"#,
            r#"Upstream("perf_ring") 512"#,
        ];
        assert_eq!(found, expected);
        let Entry::Unreadable { reasons, .. } = &entries(&report)[1].0 else {
            panic!()
        };
        assert_eq!(reasons, "udp_too_short 7, tcp_too_short 2");
    }

    #[test]
    fn what_a_reader_that_has_left_does_not_get_is_not_lost() {
        let report = report(&[(
            "exporters.stdout",
            &[("output_closed", 9), ("stage_ended", 70), ("queue_full", 2)],
        )]);
        let found: Vec<_> = entries(&report)
            .iter()
            .map(|(entry, n)| format!("{entry} {n}"))
            .collect();
        assert_eq!(found, ["exporters.stdout of flows (queue_full) 2"]);
    }

    #[test]
    fn a_line_names_the_most_frequent_reasons() {
        let reasons: Vec<_> = [
            "igmp_too_short",
            "icmpv4_too_short",
            "vrrp_too_short",
            "sctp_too_short",
            "udp_too_short",
            "tcp_too_short",
        ]
        .into_iter()
        .zip(1..)
        .collect();
        let report = report(&[("processors.l34_flow", &reasons)]);
        let Entry::Unreadable { reasons, .. } = &entries(&report)[0].0 else {
            panic!()
        };
        assert!(
            reasons.starts_with("tcp_too_short 6, udp_too_short 5, ")
                && reasons.ends_with(" and 1 more"),
            "{reasons}"
        );
    }
}
