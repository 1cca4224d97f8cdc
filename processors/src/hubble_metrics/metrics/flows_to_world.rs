//! `flows-to-world`: flows whose destination is outside of the cluster. Drops count if the policy
//! denied them, with option `any-drop` all; `syn-only` leaves out all but the first packets of TCP
//! connections; `port` adds the destination port.

use tidegate_core::flow::{DropReason, Endpoint, Flow, IdentityScope, L4, TcpFlags, Verdict};

use super::words::{DECIMAL, PROTOCOL, VERDICT, protocol};
use super::{Metric, Plugin};
use crate::hubble_metrics::context;
use crate::hubble_metrics::families::{ContextLabels, Families, Series, Sight};
use crate::hubble_metrics::series::{Changes, Count, Numbers, Symbols, Words};

const POLICY_DENIED: DropReason = DropReason(133);

pub(super) const PLUGIN: Plugin = Plugin {
    name: "flows-to-world",
    options: &["any-drop", "port", "syn-only"],
    conflicts: &[],
    build: |item, options, settings| {
        let families = Families::new(ContextLabels::Last, options, settings);
        let with_port = item.has("port");
        let names: &[_] = if with_port {
            &["protocol", "verdict", "port"]
        } else {
            &["protocol", "verdict"]
        };
        let about = (
            "hubble_flows_to_world_total",
            "Total number of flows to reserved:world",
            "{flow}",
        );
        let flows = families.counter(about, names);
        let (any_drop, syn_only) = (item.has("any-drop"), item.has("syn-only"));
        Box::new(FlowsToWorld {
            flows,
            symbols: Symbols::new(),
            any_drop,
            syn_only,
            with_port,
        })
    },
};

struct FlowsToWorld {
    flows: Series<Count>,
    symbols: Symbols,
    any_drop: bool,
    syn_only: bool,
    with_port: bool,
}

impl FlowsToWorld {
    fn counts(&self, flow: &Flow) -> bool {
        let is_reply = flow.is_reply == Some(true);
        let counts_as_such = match flow.verdict {
            Verdict::Dropped => self.any_drop || flow.drop_reason == POLICY_DENIED,
            _ => !is_reply,
        };
        let is_syn =
            matches!(flow.l4, L4::Tcp { flags: Some(flags), .. } if flags.has(TcpFlags::SYN));
        counts_as_such
            && (!self.syn_only || (is_syn && !is_reply))
            && flow.message_type != 0
            && flow.l4 != L4::None
            && is_world(&flow.destination)
    }
}

/// A port, or none.
const PORT: Words = |number| {
    if number == NO_PORT {
        "".into()
    } else {
        DECIMAL(number)
    }
};
const NO_PORT: u32 = u32::MAX;

impl Metric for FlowsToWorld {
    fn observe(&mut self, sight: &mut Sight<'_>) {
        let flow = sight.flow;
        if !self.counts(flow) {
            return;
        }
        let (protocol, verdict) = (protocol(flow), flow.verdict as u32);
        let count = if self.with_port {
            let port = flow.l4.ports().map_or(NO_PORT, |(_, port)| port.into());
            let own = Numbers([protocol, verdict, port], [PROTOCOL, VERDICT, PORT]);
            self.flows.of(&own, &mut self.symbols, sight)
        } else {
            let own = Numbers([protocol, verdict], [PROTOCOL, VERDICT]);
            self.flows.of(&own, &mut self.symbols, sight)
        };
        count.add(1);
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        vec![&mut self.flows.table]
    }
}

/// Every identity of local scope has one of the world's labels, whether it is known which or not.
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
