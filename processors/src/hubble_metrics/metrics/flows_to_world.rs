//! `flows-to-world`: flows whose destination is outside of the cluster. Drops count if the policy denied
//! them, with option `any-drop` all; `syn-only` leaves out all but the first packets of TCP connections;
//! `port` adds the destination port.

use tidegate_core::flow::{DropReason, Endpoint, Flow, L4, TcpFlags, Verdict};
use tidegate_core::ledger::Tally;

use super::protocol::protocol;
use super::{Metric, Plugin};
use crate::hubble_metrics::context;
use crate::hubble_metrics::labels::{ContextLabels, Labels};
use crate::hubble_metrics::series::{Changes, Count, Table};

const POLICY_DENIED: DropReason = DropReason(133);

pub(super) const PLUGIN: Plugin = Plugin {
    name: "flows-to-world",
    options: &["any-drop", "port", "syn-only"],
    conflicts: &[],
    build: |item, max_series| {
        let labels = Labels::new(item, ContextLabels::Last, max_series)?;
        let with_port = item.has("port");
        let names: &[_] = if with_port { &["protocol", "verdict", "port"] } else { &["protocol", "verdict"] };
        let about = ("hubble_flows_to_world_total", "Total number of flows to reserved:world", "{flow}");
        let flows = labels.counter(about, names);
        let (any_drop, syn_only) = (item.has("any-drop"), item.has("syn-only"));
        Ok(Box::new(FlowsToWorld { labels, flows, any_drop, syn_only, with_port }))
    },
};

struct FlowsToWorld {
    labels: Labels,
    flows: Table<Count>,
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
        let is_syn = matches!(flow.l4, L4::Tcp { flags: Some(flags), .. } if flags.has(TcpFlags::SYN));
        counts_as_such
            && (!self.syn_only || (is_syn && !is_reply))
            && flow.message_type != 0
            && flow.l4 != L4::None
            && is_world(&flow.destination)
    }
}

impl Metric for FlowsToWorld {
    fn observe(&mut self, flow: &Flow, tally: &mut Tally) {
        if !self.counts(flow) {
            return;
        }
        let observation = self.labels.of(flow).name(protocol(flow)).name(flow.verdict.name());
        let observation = match flow.l4.ports() {
            _ if !self.with_port => observation,
            Some((_, port)) => observation.number(port),
            None => observation.name(""),
        };
        observation.count(&mut self.flows, tally);
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        vec![&mut self.flows]
    }
}

fn is_world(endpoint: &Endpoint) -> bool {
    context::labels(endpoint).any(|(prefix, rest)| {
        let name = if prefix.is_empty() { rest.strip_prefix("reserved:") } else { Some(rest) };
        matches!(name, Some("world" | "world-ipv4" | "world-ipv6"))
    })
}
