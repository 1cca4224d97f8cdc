//! The ledger as metrics.

use std::collections::BTreeMap;

use tidegate_runtime::ledger::{EdgeReport, Report, StageReport, UPSTREAM_SOURCES};

use super::page::{Family, number};
use crate::declared::Declared;

/// Everything that the report says. Labels are `pipeline` and `stage`, and what a count is split
/// by, of which everything that a stage can state is there from the start.
pub(super) fn families(report: &Report) -> Vec<Family> {
    let mut families = stages(&report.stages, &Declared::of_report(report));
    families.extend(edges(&report.edges));
    let lost = Family::counter(
        "tidegate_upstream_lost_total",
        "Events that Cilium said it lost before they reached the socket: a lower bound, since it does not report all",
    );
    let reported = |source| {
        report
            .upstream_lost
            .get(source)
            .copied()
            .unwrap_or_default()
    };
    let sample =
        |family: Family, source| family.sample(&[("source", source)], number(reported(source)));
    families.push(UPSTREAM_SOURCES.into_iter().fold(lost, sample));
    families
}

fn stages(stages: &[StageReport], declared: &[Declared]) -> Vec<Family> {
    let split = |about: About, possible: fn(&Declared) -> Vec<&'static str>, counts: Counts| {
        split(about, stages, declared, possible, counts)
    };
    let total = |name, help, count: fn(&StageReport) -> u64| {
        each(Family::counter(name, help), stages, count)
    };
    let gauge =
        |name, help, count: fn(&StageReport) -> u64| each(Family::gauge(name, help), stages, count);
    let mut out = Family::counter(
        "tidegate_stage_records_out_total",
        "Records that a stage handed on to each stage behind it",
    );
    for stage in stages {
        for (to, n) in &stage.out {
            out.add(
                &[
                    ("pipeline", &stage.pipeline),
                    ("stage", &stage.stage),
                    ("to", to),
                ],
                number(*n),
            );
        }
    }
    vec![
        total(
            "tidegate_stage_records_in_total",
            "Records that a stage was offered or made",
            |stage| stage.r#in,
        ),
        total(
            "tidegate_stage_records_created_total",
            "Records that a stage made itself",
            |stage| stage.created,
        ),
        out,
        split(
            (
                "tidegate_stage_records_filtered_total",
                "Records taken out as the configuration says",
                "rule",
            ),
            |declared| declared.rules().collect(),
            |stage| &stage.filtered,
        ),
        split(
            (
                "tidegate_stage_records_dropped_total",
                "Records that a stage lost",
                "reason",
            ),
            |declared| declared.reasons().collect(),
            |stage| &stage.dropped,
        ),
        total(
            "tidegate_stage_records_absorbed_total",
            "Records delivered, or aggregated into metrics",
            |stage| stage.absorbed,
        ),
        total(
            "tidegate_stage_records_unconfirmed_total",
            "Records that were on their way to a peer when the time to wait for its answer ended: neither known to be \
             delivered nor known to be lost",
            |stage| stage.unconfirmed,
        ),
        split(
            (
                "tidegate_stage_noted_total",
                "Things worth seeing that are no outcomes of records",
                "what",
            ),
            |declared| declared.notes.clone(),
            |stage| &stage.noted,
        ),
        split(
            (
                "tidegate_stage_ambiguous_total",
                "Choices between readings of a record that fit its bytes equally well",
                "choice",
            ),
            |declared| declared.choices.to_vec(),
            |stage| &stage.ambiguous,
        ),
        gauge(
            "tidegate_stage_records_in_flight",
            "Records in a stage or in its inbox",
            |stage| stage.in_flight,
        ),
        gauge(
            "tidegate_unaccounted_records",
            "Records without an outcome; always 0",
            |stage| stage.unaccounted,
        ),
    ]
}

fn each(family: Family, stages: &[StageReport], count: fn(&StageReport) -> u64) -> Family {
    let sample = |family: Family, stage: &StageReport| {
        family.sample(
            &[("pipeline", &stage.pipeline), ("stage", &stage.stage)],
            number(count(stage)),
        )
    };
    stages.iter().fold(family, sample)
}

/// Name and help of a family, and the label that it is split by.
type About = (&'static str, &'static str, &'static str);
type Counts = fn(&StageReport) -> &BTreeMap<&'static str, u64>;

fn split(
    (name, help, label): About,
    stages: &[StageReport],
    declared: &[Declared],
    possible: fn(&Declared) -> Vec<&'static str>,
    counts: Counts,
) -> Family {
    let mut family = Family::counter(name, help);
    for (stage, declared) in stages.iter().zip(declared) {
        let mut all: BTreeMap<_, _> = possible(declared).into_iter().map(|key| (key, 0)).collect();
        all.extend(counts(stage));
        for (key, n) in all {
            family.add(
                &[
                    ("pipeline", &stage.pipeline),
                    ("stage", &stage.stage),
                    (label, key),
                ],
                number(n),
            );
        }
    }
    family
}

fn edges(edges: &[EdgeReport]) -> [Family; 3] {
    let records = Family::gauge(
        "tidegate_edge_queue_records",
        "Records that wait in a stage's inbox",
    );
    let bytes = Family::gauge("tidegate_edge_queue_bytes", "Their weight in memory").unit("By");
    let blocked = Family::counter(
        "tidegate_edge_blocked_seconds_total",
        "Time that senders have waited for a full inbox",
    )
    .unit("s");
    let each = |family: Family, value: fn(&EdgeReport) -> f64| {
        let sample = |family: Family, edge: &EdgeReport| {
            family.sample(
                &[("pipeline", &edge.pipeline), ("stage", &edge.stage)],
                value(edge),
            )
        };
        edges.iter().fold(family, sample)
    };
    [
        each(records, |edge| number(edge.queue_records)),
        each(bytes, |edge| number(edge.queue_bytes)),
        each(blocked, |edge| edge.blocked_seconds),
    ]
}
