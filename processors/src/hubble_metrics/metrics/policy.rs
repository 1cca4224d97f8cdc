//! `policy`: verdicts of the network policy on packets, requests and responses.

use std::borrow::Cow;

use tidegate_model::flow::{Verdict, message_type};

use super::labels::l7_record;
use super::{Metric, Plugin};
use crate::hubble_metrics::families::{
    ContextLabels, Description, FamilyBuilder, MetricFamily, Observation,
};
use crate::hubble_metrics::series::{Collect, CounterValue, NumericLabels, SymbolTable};

const IDENTITY_HOST: u32 = 1;

pub(super) const PLUGIN: Plugin = Plugin {
    name: "policy",
    options: &[],
    conflicts: &[],
    counts: None,
    build: |_, options, settings| {
        let families = FamilyBuilder::new(ContextLabels::Last, options, settings);
        let description = Description {
            name: "hubble_policy_verdicts_total",
            help: "Total number of Cilium network policy verdicts",
            unit: "{verdict}",
        };
        Box::new(Policy {
            verdicts: families.counter(description, &["direction", "match", "action"]),
            symbols: SymbolTable::new(),
        })
    },
};

struct Policy {
    verdicts: MetricFamily<CounterValue>,
    symbols: SymbolTable,
}

impl Metric for Policy {
    fn observe(&mut self, observation: &mut Observation<'_>) {
        let flow = observation.flow;
        let matched = match flow.message_type {
            message_type::POLICY_VERDICT if flow.source.identity != IDENTITY_HOST => {
                flow.policy_match.0.min(UNKNOWN_MATCH).into()
            }
            message_type::ACCESS_LOG => L7_MATCH + l7_record(flow).unwrap_or_default(),
            _ => return,
        };
        let labels = NumericLabels {
            numbers: [flow.direction as u32, matched, flow.verdict as u32],
            render: [render_direction, render_match, render_action],
        };
        self.verdicts
            .value(&labels, &mut self.symbols, observation)
            .add(1);
    }

    fn tables(&mut self) -> Vec<&mut dyn Collect> {
        vec![&mut self.verdicts.table]
    }

    fn symbols(&mut self) -> &mut SymbolTable {
        &mut self.symbols
    }
}

/// The match types of packets, then those of L7 records.
const MATCHES: [&str; 12] = [
    "none",
    "l3-only",
    "l3-l4",
    "l4-only",
    "all",
    "l3-proto",
    "proto-only",
    "unknown",
    "l7/",
    "l7/dns",
    "l7/http",
    "l7/kafka",
];
const UNKNOWN_MATCH: u8 = 7;
const L7_MATCH: u32 = 8;

fn render_match(number: u32) -> Cow<'static, str> {
    MATCHES[number as usize].into()
}

fn render_direction(number: u32) -> Cow<'static, str> {
    ["traffic_direction_unknown", "ingress", "egress"][number as usize].into()
}

fn render_action(number: u32) -> Cow<'static, str> {
    let action = match Verdict::ALL[number as usize] {
        Verdict::Unknown => "verdict_unknown",
        Verdict::Forwarded => "forwarded",
        Verdict::Dropped => "dropped",
        Verdict::Error => "error",
        Verdict::Audit => "audit",
        Verdict::Redirected => "redirected",
        Verdict::Traced => "traced",
        Verdict::Translated => "translated",
    };
    action.into()
}
