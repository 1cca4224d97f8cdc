//! `policy`: verdicts of the network policy, on packets and on requests and responses.

use tidegate_core::flow::{Flow, Verdict, message_type};

use super::words::l7_record;
use super::{Metric, Plugin};
use crate::hubble_metrics::families::{ContextLabels, Families, Series, Sight};
use crate::hubble_metrics::series::{Changes, Count, Numbers, Symbols, Words};

const IDENTITY_HOST: u32 = 1;

pub(super) const PLUGIN: Plugin = Plugin {
    name: "policy",
    options: &[],
    conflicts: &[],
    build: |_, options, settings| {
        let families = Families::new(ContextLabels::Last, options, settings);
        let about = (
            "hubble_policy_verdicts_total",
            "Total number of Cilium network policy verdicts",
            "{verdict}",
        );
        let verdicts = families.counter(about, &["direction", "match", "action"]);
        Box::new(Policy {
            verdicts,
            symbols: Symbols::new(),
        })
    },
};

struct Policy {
    verdicts: Series<Count>,
    symbols: Symbols,
}

impl Metric for Policy {
    fn observe(&mut self, sight: &mut Sight<'_>) {
        let flow = sight.flow;
        let matched = match flow.message_type {
            message_type::POLICY_VERDICT if flow.source.identity != IDENTITY_HOST => {
                packet_match(flow)
            }
            message_type::ACCESS_LOG => L7 + l7_record(flow).unwrap_or_default(),
            _ => return,
        };
        let own = Numbers(
            [flow.direction as u32, matched, flow.verdict as u32],
            [DIRECTION, MATCH, ACTION],
        );
        self.verdicts.of(&own, &mut self.symbols, sight).add(1);
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        vec![&mut self.verdicts.table]
    }
}

/// By the match type, then by the L7 record.
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
const UNKNOWN: u8 = 7;
const L7: u32 = 8;

const MATCH: Words = |number| MATCHES[number as usize].into();

fn packet_match(flow: &Flow) -> u32 {
    flow.policy_match.0.min(UNKNOWN).into()
}

const DIRECTION: Words =
    |number| ["traffic_direction_unknown", "ingress", "egress"][number as usize].into();

const ACTION: Words = |number| {
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
};
