//! `policy`: verdicts of the network policy, on packets and on requests and responses.

use tidegate_core::flow::{Direction, Flow, Verdict, message_type};
use tidegate_core::ledger::Tally;

use super::protocol::l7_record;
use super::{Metric, Plugin};
use crate::hubble_metrics::labels::{ContextLabels, Labels};
use crate::hubble_metrics::series::{Changes, Count, Table};

const IDENTITY_HOST: u32 = 1;

pub(super) const PLUGIN: Plugin = Plugin {
    name: "policy",
    options: &[],
    conflicts: &[],
    build: |item, max_series| {
        let labels = Labels::new(item, ContextLabels::Last, max_series)?;
        let about = ("hubble_policy_verdicts_total", "Total number of Cilium network policy verdicts", "{verdict}");
        let verdicts = labels.counter(about, &["direction", "match", "action"]);
        Ok(Box::new(Policy { labels, verdicts }))
    },
};

struct Policy {
    labels: Labels,
    verdicts: Table<Count>,
}

impl Metric for Policy {
    fn observe(&mut self, flow: &Flow, tally: &mut Tally) {
        let matched = match flow.message_type {
            message_type::POLICY_VERDICT if flow.source.identity != IDENTITY_HOST => packet_match(flow),
            message_type::ACCESS_LOG => l7_match(flow),
            _ => return,
        };
        let observation = self.labels.of(flow).name(direction(flow.direction)).name(matched);
        observation.name(action(flow.verdict)).count(&mut self.verdicts, tally);
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        vec![&mut self.verdicts]
    }
}

fn packet_match(flow: &Flow) -> &'static str {
    match flow.policy_match.0 {
        0 => "none",
        1 => "l3-only",
        2 => "l3-l4",
        3 => "l4-only",
        4 => "all",
        5 => "l3-proto",
        6 => "proto-only",
        _ => "unknown",
    }
}

fn l7_match(flow: &Flow) -> &'static str {
    match l7_record(flow) {
        Some("DNS") => "l7/dns",
        Some("HTTP") => "l7/http",
        Some("Kafka") => "l7/kafka",
        _ => "l7/",
    }
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Unknown => "traffic_direction_unknown",
        Direction::Ingress => "ingress",
        Direction::Egress => "egress",
    }
}

fn action(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Unknown => "verdict_unknown",
        Verdict::Forwarded => "forwarded",
        Verdict::Dropped => "dropped",
        Verdict::Error => "error",
        Verdict::Audit => "audit",
        Verdict::Redirected => "redirected",
        Verdict::Traced => "traced",
        Verdict::Translated => "translated",
    }
}
