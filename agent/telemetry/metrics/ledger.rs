//! The ledger as metrics.

use std::collections::BTreeMap;

use tidegate_runtime::ledger::{EdgeReport, Report, StageReport, UPSTREAM_SOURCES};

use super::family::{MetricFamily, sample_value};
use crate::declared::Declared;

/// A metric with a sample for each stage.
struct StageMetric {
    name: &'static str,
    help: &'static str,
    is_counter: bool,
    count: fn(&StageReport) -> u64,
}

/// A metric with a sample for each stage and each name that the stage counts by.
struct SplitMetric {
    name: &'static str,
    help: &'static str,
    /// The label that has the name.
    label: &'static str,
    /// The names that a stage declares. They have samples from the start, so that the first
    /// increase is visible as a rate.
    declared: fn(&Declared) -> Vec<&'static str>,
    counts: fn(&StageReport) -> &BTreeMap<&'static str, u64>,
}

/// A metric with a sample for each edge.
struct EdgeMetric {
    name: &'static str,
    help: &'static str,
    unit: &'static str,
    is_counter: bool,
    value: fn(&EdgeReport) -> f64,
}

const STAGE_METRICS: [StageMetric; 6] = [
    StageMetric {
        name: "tidegate_stage_records_in_total",
        help: "Records that a stage received or created",
        is_counter: true,
        count: |stage| stage.r#in,
    },
    StageMetric {
        name: "tidegate_stage_records_created_total",
        help: "Records that a stage created",
        is_counter: true,
        count: |stage| stage.created,
    },
    StageMetric {
        name: "tidegate_stage_records_absorbed_total",
        help: "Records that were delivered, or aggregated into metrics",
        is_counter: true,
        count: |stage| stage.absorbed,
    },
    StageMetric {
        name: "tidegate_stage_records_unconfirmed_total",
        help: "Records sent to a peer that did not answer in time: neither known to be delivered \
               nor known to be lost",
        is_counter: true,
        count: |stage| stage.unconfirmed,
    },
    StageMetric {
        name: "tidegate_stage_records_in_flight",
        help: "Records in a stage or in its inbox",
        is_counter: false,
        count: |stage| stage.in_flight,
    },
    StageMetric {
        name: "tidegate_unaccounted_records",
        help: "Records without an outcome; always 0",
        is_counter: false,
        count: |stage| stage.unaccounted,
    },
];

const SPLIT_METRICS: [SplitMetric; 4] = [
    SplitMetric {
        name: "tidegate_stage_records_filtered_total",
        help: "Records removed by configured filters",
        label: "rule",
        declared: |declared| declared.rules().collect(),
        counts: |stage| &stage.filtered,
    },
    SplitMetric {
        name: "tidegate_stage_records_dropped_total",
        help: "Records that a stage lost",
        label: "reason",
        declared: |declared| declared.reasons().collect(),
        counts: |stage| &stage.dropped,
    },
    SplitMetric {
        name: "tidegate_stage_noted_total",
        help: "Observations that are not outcomes of records",
        label: "what",
        declared: |declared| declared.notes.clone(),
        counts: |stage| &stage.noted,
    },
    SplitMetric {
        name: "tidegate_stage_ambiguous_total",
        help: "Choices between interpretations of a record that fit its bytes equally well",
        label: "choice",
        declared: |declared| declared.choices.to_vec(),
        counts: |stage| &stage.ambiguous,
    },
];

const EDGE_METRICS: [EdgeMetric; 5] = [
    EdgeMetric {
        name: "tidegate_edge_queue_records",
        help: "Records in the inbox of a stage",
        unit: "",
        is_counter: false,
        value: |edge| sample_value(edge.queue_records),
    },
    EdgeMetric {
        name: "tidegate_edge_queue_bytes",
        help: "Memory of the records in the inbox of a stage",
        unit: "By",
        is_counter: false,
        value: |edge| sample_value(edge.queue_bytes),
    },
    EdgeMetric {
        name: "tidegate_edge_queue_peak_records",
        help: "Largest number of records in the inbox of a stage since the start",
        unit: "",
        is_counter: false,
        value: |edge| sample_value(edge.peak_records),
    },
    EdgeMetric {
        name: "tidegate_edge_queue_peak_bytes",
        help: "Largest memory of the records in the inbox of a stage since the start; a batch \
               that was alone in it may be left out",
        unit: "By",
        is_counter: false,
        value: |edge| sample_value(edge.peak_bytes),
    },
    EdgeMetric {
        name: "tidegate_edge_blocked_seconds_total",
        help: "Time that senders were blocked by a full inbox",
        unit: "s",
        is_counter: true,
        value: |edge| edge.blocked_seconds,
    },
];

/// The metrics of a report. Labels are `pipeline` and `stage`, and the label of a split metric.
pub(super) fn families(report: &Report) -> Vec<MetricFamily> {
    let declared = Declared::of_report(report);
    let stages = STAGE_METRICS
        .iter()
        .map(|metric| stage_family(metric, &report.stages));
    let split = SPLIT_METRICS
        .iter()
        .map(|metric| split_family(metric, &report.stages, &declared));
    let edges = EDGE_METRICS
        .iter()
        .map(|metric| edge_family(metric, &report.edges));
    let mut families = vec![records_out(&report.stages)];
    families.extend(stages.chain(split).chain(edges));
    families.push(upstream_lost(report));
    families
}

fn records_out(stages: &[StageReport]) -> MetricFamily {
    let mut family = MetricFamily::counter(
        "tidegate_stage_records_out_total",
        "Records that a stage sent to each of the next stages",
    );
    for stage in stages {
        for (to, n) in &stage.out {
            let labels = [
                ("pipeline", stage.pipeline.as_str()),
                ("stage", stage.stage.as_str()),
                ("to", to.as_str()),
            ];
            family.add(&labels, sample_value(*n));
        }
    }
    family
}

fn stage_family(metric: &StageMetric, stages: &[StageReport]) -> MetricFamily {
    let mut family = if metric.is_counter {
        MetricFamily::counter(metric.name, metric.help)
    } else {
        MetricFamily::gauge(metric.name, metric.help)
    };
    for stage in stages {
        let labels = [
            ("pipeline", stage.pipeline.as_str()),
            ("stage", stage.stage.as_str()),
        ];
        family.add(&labels, sample_value((metric.count)(stage)));
    }
    family
}

fn split_family(
    metric: &SplitMetric,
    stages: &[StageReport],
    declared: &[Declared],
) -> MetricFamily {
    let mut family = MetricFamily::counter(metric.name, metric.help);
    for (stage, declared) in stages.iter().zip(declared) {
        let names = (metric.declared)(declared);
        let mut counts: BTreeMap<_, _> = names.into_iter().map(|name| (name, 0)).collect();
        counts.extend((metric.counts)(stage));
        for (name, n) in counts {
            let labels = [
                ("pipeline", stage.pipeline.as_str()),
                ("stage", stage.stage.as_str()),
                (metric.label, name),
            ];
            family.add(&labels, sample_value(n));
        }
    }
    family
}

fn edge_family(metric: &EdgeMetric, edges: &[EdgeReport]) -> MetricFamily {
    let mut family = if metric.is_counter {
        MetricFamily::counter(metric.name, metric.help)
    } else {
        MetricFamily::gauge(metric.name, metric.help)
    };
    family = family.unit(metric.unit);
    for edge in edges {
        let labels = [
            ("pipeline", edge.pipeline.as_str()),
            ("stage", edge.stage.as_str()),
        ];
        family.add(&labels, (metric.value)(edge));
    }
    family
}

fn upstream_lost(report: &Report) -> MetricFamily {
    let mut family = MetricFamily::counter(
        "tidegate_upstream_lost_total",
        "Events that Cilium reported as lost before the socket; a lower bound, since it does not \
         report all of them",
    );
    for source in UPSTREAM_SOURCES {
        let n = report.upstream_lost.get(source).copied();
        family.add(&[("source", source)], sample_value(n.unwrap_or_default()));
    }
    family
}
