//! The records lost so far, by place and reason.

#[cfg(test)]
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;

use tidegate_runtime::component::Cause;
use tidegate_runtime::ledger::{Report, StageReport, reason};
use tidegate_runtime::stage_id::StageId;

use crate::declared::Declared;

/// Number of reasons that a text lists.
const MAX_LISTED: usize = 5;

/// A place where records are lost, with the reason.
#[derive(Clone, Debug)]
pub(super) enum LossSite {
    /// A stage had no room or no time for them, or a peer refused them.
    Dropped {
        pipeline: String,
        stage: StageId,
        reason: &'static str,
    },
    /// A stage cannot parse them. All such reasons are one site, since they have one cause.
    Unreadable {
        pipeline: String,
        stage: StageId,
        /// The most frequent reasons, with their counts.
        reasons: String,
    },
    /// They were sent, and the peer did not answer.
    Unconfirmed { pipeline: String, stage: StageId },
    /// Cilium reported that it lost them.
    Upstream { source: &'static str },
}

/// Identifies a site in successive reports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SiteKey {
    Dropped(String, StageId, &'static str),
    Unreadable(String, StageId),
    Unconfirmed(String, StageId),
    Upstream(&'static str),
}

impl LossSite {
    pub(super) fn key(&self) -> SiteKey {
        match self {
            Self::Dropped {
                pipeline,
                stage,
                reason,
            } => SiteKey::Dropped(pipeline.clone(), stage.clone(), reason),
            Self::Unreadable {
                pipeline, stage, ..
            } => SiteKey::Unreadable(pipeline.clone(), stage.clone()),
            Self::Unconfirmed { pipeline, stage } => {
                SiteKey::Unconfirmed(pipeline.clone(), stage.clone())
            }
            Self::Upstream { source } => SiteKey::Upstream(source),
        }
    }

    /// Whether the agent lost the records, rather than Cilium or a sender of unreadable bytes.
    pub(super) fn is_agent(&self) -> bool {
        matches!(self, Self::Dropped { .. } | Self::Unconfirmed { .. })
    }
}

impl fmt::Display for LossSite {
    /// The stage, its pipeline and the reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dropped {
                pipeline,
                stage,
                reason,
            } => write!(f, "{stage} of pipeline {pipeline} ({reason})"),
            Self::Unreadable {
                pipeline,
                stage,
                reasons,
            } => write!(f, "{stage} of pipeline {pipeline} (unreadable: {reasons})"),
            Self::Unconfirmed { pipeline, stage } => {
                write!(
                    f,
                    "{stage} of pipeline {pipeline} (unconfirmed, possibly lost)"
                )
            }
            Self::Upstream { source } => {
                write!(f, "Cilium, before the socket ({source}, a lower bound)")
            }
        }
    }
}

/// Every site that has lost records since the start, with their number. What a stage cannot write
/// because its reader closed the output is not lost.
pub(super) fn loss_sites(report: &Report) -> Vec<(LossSite, u64)> {
    let declared = Declared::of_report(report);
    let stages = || report.stages.iter().zip(&declared);
    let closed: BTreeSet<_> = stages()
        .filter(|(stage, declared)| is_output_closed(stage, declared))
        .map(|(stage, _)| &stage.stage)
        .collect();
    let mut sites: Vec<_> = stages()
        .flat_map(|(stage, declared)| stage_sites(stage, declared, closed.contains(&stage.stage)))
        .collect();
    let upstream = report.upstream_lost.iter();
    sites.extend(upstream.map(|(source, n)| (LossSite::Upstream { source }, *n)));
    sites.retain(|(_, n)| *n > 0);
    sites
}

/// Whether the reader of a stage's output closed it.
fn is_output_closed(report: &StageReport, declared: &Declared) -> bool {
    report
        .dropped
        .keys()
        .any(|reason| declared.cause(reason) == Cause::Unwanted)
}

fn stage_sites(
    report: &StageReport,
    declared: &Declared,
    output_closed: bool,
) -> Vec<(LossSite, u64)> {
    let pipeline = &report.pipeline;
    let stage = &report.stage;
    let is_loss = |reason: &str| {
        !output_closed
            || (declared.cause(reason) != Cause::Unwanted && reason != reason::STAGE_ENDED)
    };
    let dropped = report
        .dropped
        .iter()
        .map(|(reason, n)| (*reason, *n))
        .filter(|(reason, _)| is_loss(reason));
    let (unreadable, others): (Vec<_>, Vec<_>) =
        dropped.partition(|(reason, _)| declared.cause(reason) == Cause::Input);
    let dropped = others.into_iter().map(|(reason, n)| {
        let site = LossSite::Dropped {
            pipeline: pipeline.clone(),
            stage: stage.clone(),
            reason,
        };
        (site, n)
    });
    let mut sites: Vec<_> = dropped.collect();
    let total = unreadable.iter().map(|(_, n)| n).sum();
    let unreadable = LossSite::Unreadable {
        pipeline: pipeline.clone(),
        stage: stage.clone(),
        reasons: most_frequent(unreadable),
    };
    sites.push((unreadable, total));
    let unconfirmed = LossSite::Unconfirmed {
        pipeline: pipeline.clone(),
        stage: stage.clone(),
    };
    sites.push((unconfirmed, report.unconfirmed));
    sites
}

/// Lists the most frequent reasons: `udp_too_short 12, tcp_bad_offset 3 and 2 more`.
fn most_frequent(mut reasons: Vec<(&'static str, u64)>) -> String {
    reasons.sort_by_key(|(reason, n)| (std::cmp::Reverse(*n), *reason));
    let listed: Vec<_> = reasons
        .iter()
        .take(MAX_LISTED)
        .map(|(reason, n)| format!("{reason} {n}"))
        .collect();
    match reasons.len().saturating_sub(MAX_LISTED) {
        0 => listed.join(", "),
        more => format!("{} and {more} more", listed.join(", ")),
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
            stage: stage.parse().unwrap(),
            ended: false,
            r#in: lost,
            created: 0,
            out: BTreeMap::new(),
            filtered: BTreeMap::new(),
            rules: Vec::new(),
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
    use super::{LossSite, loss_sites, report};

    #[test]
    fn unreadable_records_of_a_stage_are_one_site_and_each_other_reason_is_its_own() {
        let few = [
            ("tcp_too_short", 2),
            ("udp_too_short", 7),
            ("shutdown_timeout", 1),
        ];
        let many = [("queue_full", 5), ("drain_timeout", 3)];
        let mut report = report(&[("processors.l34_flow", &few), ("exporters.otlp", &many)]);
        report.stages[1].unconfirmed = 4;
        report.upstream_lost.insert("perf_ring", 512);
        let found: Vec<_> = loss_sites(&report)
            .iter()
            .map(|(site, n)| format!("{:?} {n}", site.key()))
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
        let LossSite::Unreadable { reasons, .. } = &loss_sites(&report)[1].0 else {
            panic!()
        };
        assert_eq!(reasons, "udp_too_short 7, tcp_too_short 2");
    }

    #[test]
    fn records_for_a_closed_output_are_not_lost() {
        let report = report(&[(
            "exporters.stdout",
            &[("output_closed", 9), ("stage_ended", 70), ("queue_full", 2)],
        )]);
        let found: Vec<_> = loss_sites(&report)
            .iter()
            .map(|(site, n)| format!("{site} {n}"))
            .collect();
        assert_eq!(found, ["exporters.stdout of pipeline flows (queue_full) 2"]);
    }

    #[test]
    fn the_most_frequent_reasons_are_listed() {
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
        let LossSite::Unreadable { reasons, .. } = &loss_sites(&report)[0].0 else {
            panic!()
        };
        assert!(
            reasons.starts_with("tcp_too_short 6, udp_too_short 5, ")
                && reasons.ends_with(" and 1 more"),
            "{reasons}"
        );
    }
}
