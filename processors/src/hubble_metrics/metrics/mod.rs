//! Hubble's metrics, one file each: which flows it counts, and under which labels. All follow the handlers
//! in `pkg/hubble/metrics/` of v1.19.4, with their names, label order and help texts.

mod dns;
mod drop;
mod flow;
mod flows_to_world;
mod http;
mod icmp;
mod kafka;
mod lost_events;
mod policy;
mod port_distribution;
mod protocol;
mod tcp;

pub(super) use lost_events::LostEvents;

use tidegate_core::flow::{Direction, Flow};
use tidegate_core::ledger::Tally;

use super::item::{Item, ItemError};
use super::series::Changes;

/// A metric of the list.
pub(super) trait Metric: Send {
    /// Counts a flow, or leaves it.
    fn observe(&mut self, flow: &Flow, tally: &mut Tally);
    /// Whether it counts messages that were found in packets. Hubble has no such flows, and the packet's
    /// own flow is counted already: only metrics about requests gain by them.
    fn counts_wire(&self) -> bool {
        false
    }
    /// Its families' series.
    fn tables(&mut self) -> Vec<&mut dyn Changes>;
}

/// A metric, or what is wrong with its item.
pub(super) type Built = Result<Box<dyn Metric>, ItemError>;

/// A metric that the list can name.
pub(super) struct Plugin {
    pub(super) name: &'static str,
    /// Its options beside those of the context, in lower case.
    pub(super) options: &'static [&'static str],
    /// Metrics that cannot be counted beside it, because their families have the same names.
    pub(super) conflicts: &'static [&'static str],
    /// Builds it from its item and the limit of series.
    pub(super) build: fn(&Item, usize) -> Built,
}

/// All metrics that can be counted.
pub(super) const PLUGINS: &[Plugin] = &[
    dns::PLUGIN,
    drop::PLUGIN,
    flow::PLUGIN,
    flows_to_world::PLUGIN,
    http::V1,
    http::V2,
    icmp::PLUGIN,
    kafka::PLUGIN,
    policy::PLUGIN,
    port_distribution::PLUGIN,
    tcp::PLUGIN,
];

/// Metrics that Hubble has and that cannot be counted here, and why.
pub(super) const UNSUPPORTED: &[(&str, &str)] =
    &[("sctp", "flows do not carry the chunk type of SCTP packets, which Hubble has from 1.20 on")];

/// The `reporter` label of requests: on whose node it was seen.
fn reporter(flow: &Flow) -> &'static str {
    match flow.direction {
        Direction::Egress => "client",
        Direction::Ingress => "server",
        Direction::Unknown => "unknown",
    }
}
