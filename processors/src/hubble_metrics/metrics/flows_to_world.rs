//! `flows-to-world`: flows whose destination is outside of the cluster. Of dropped flows, only
//! those that a policy denied are counted, or all with the option `any-drop`. `syn-only` limits the
//! metric to the first packets of TCP connections; `port` adds the destination port.

use std::borrow::Cow;

use tidegate_model::flow::{DropReason, Endpoint, Flow, IdentityScope, L4, TcpFlags, Verdict};

use super::labels::{protocol, render_decimal, render_protocol, render_verdict};
use super::{Metric, Plugin};
use crate::hubble_metrics::context;
use crate::hubble_metrics::families::{
    ContextLabels, Description, FamilyBuilder, MetricFamily, Observation,
};
use crate::hubble_metrics::series::{Collect, CounterValue, NumericLabels, SymbolTable};

const POLICY_DENIED: DropReason = DropReason(133);

pub(super) const PLUGIN: Plugin = Plugin {
    name: "flows-to-world",
    options: &["any-drop", "port", "syn-only"],
    conflicts: &[],
    counts: None,
    build: |item, options, settings| {
        let families = FamilyBuilder::new(ContextLabels::Last, options, settings);
        let with_port = item.has("port");
        let labels: &[_] = if with_port {
            &["protocol", "verdict", "port"]
        } else {
            &["protocol", "verdict"]
        };
        let description = Description {
            name: "hubble_flows_to_world_total",
            help: "Total number of flows to reserved:world",
            unit: "{flow}",
        };
        Box::new(FlowsToWorld {
            flows: families.counter(description, labels),
            symbols: SymbolTable::new(),
            any_drop: item.has("any-drop"),
            syn_only: item.has("syn-only"),
            with_port,
        })
    },
};

struct FlowsToWorld {
    flows: MetricFamily<CounterValue>,
    symbols: SymbolTable,
    any_drop: bool,
    syn_only: bool,
    with_port: bool,
}

impl FlowsToWorld {
    fn counts(&self, flow: &Flow) -> bool {
        let is_reply = flow.is_reply == Some(true);
        let is_direction_or_drop_counted = match flow.verdict {
            Verdict::Dropped => self.any_drop || flow.drop_reason == POLICY_DENIED,
            _ => !is_reply,
        };
        let is_syn =
            matches!(flow.l4, L4::Tcp { flags: Some(flags), .. } if flags.has(TcpFlags::SYN));
        is_direction_or_drop_counted
            && (!self.syn_only || (is_syn && !is_reply))
            && flow.message_type != 0
            && flow.l4 != L4::None
            && is_world(&flow.destination)
    }
}

/// The number of a missing port.
const NO_PORT: u32 = u32::MAX;

fn render_port(number: u32) -> Cow<'static, str> {
    if number == NO_PORT {
        "".into()
    } else {
        render_decimal(number)
    }
}

impl Metric for FlowsToWorld {
    fn observe(&mut self, observation: &mut Observation<'_>) {
        let flow = observation.flow;
        if !self.counts(flow) {
            return;
        }
        let protocol = protocol(flow);
        let verdict = flow.verdict as u32;
        let count = if self.with_port {
            let port = flow.l4.ports().map_or(NO_PORT, |(_, port)| port.into());
            let labels = NumericLabels {
                numbers: [protocol, verdict, port],
                render: [render_protocol, render_verdict, render_port],
            };
            self.flows.value(&labels, &mut self.symbols, observation)
        } else {
            let labels = NumericLabels {
                numbers: [protocol, verdict],
                render: [render_protocol, render_verdict],
            };
            self.flows.value(&labels, &mut self.symbols, observation)
        };
        count.add(1);
    }

    fn tables(&mut self) -> Vec<&mut dyn Collect> {
        vec![&mut self.flows.table]
    }

    fn symbols(&mut self) -> &mut SymbolTable {
        &mut self.symbols
    }
}

/// Whether the endpoint is outside of the cluster. Every identity of local scope is, even if its
/// labels are unknown.
fn is_world(endpoint: &Endpoint) -> bool {
    let has_labels = endpoint
        .names
        .as_deref()
        .is_some_and(|names| !names.labels.is_empty());
    if !has_labels && IdentityScope::of(endpoint.identity) == IdentityScope::Local {
        return true;
    }
    context::labels(endpoint).any(|(prefix, rest)| {
        let name = if prefix.is_empty() {
            rest.strip_prefix("reserved:")
        } else {
            Some(rest)
        };
        matches!(name, Some("world" | "world-ipv4" | "world-ipv6"))
    })
}
