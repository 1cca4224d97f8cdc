//! Hubble's metrics, one file each: which flows it counts, and under which labels. All follow the
//! handlers in `pkg/hubble/metrics/` of v1.19.4 (`sctp`: v1.20.2), with their names, label order
//! and help texts.

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
mod sctp;
mod tcp;
mod words;

pub(super) use lost_events::LostEvents;

use tidegate_core::flow::{Flow, Seen};

use super::context::Options;
use super::families::{Settings, Sight};
use super::item::Item;
use super::series::Changes;

/// What a flow is about. Metrics are not asked about flows that they cannot count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sighted {
    /// A packet, or whatever else has no message.
    Packet = 0,
    /// A message that a proxy told of.
    Message = 1,
    /// A message that was found in packets. Hubble has no such flows, and the packet's own flow is
    /// counted already: only metrics about requests gain by them.
    OnWire = 2,
}

impl Sighted {
    /// In the order of their numbers.
    pub(super) const ALL: [Self; 3] = [Self::Packet, Self::Message, Self::OnWire];

    #[inline]
    pub(super) fn of(flow: &Flow) -> Self {
        match flow.l7.as_deref().map(|l7| l7.seen) {
            None => Self::Packet,
            Some(Seen::Proxy) => Self::Message,
            Some(Seen::Wire) => Self::OnWire,
        }
    }
}

/// A metric of the list.
pub(super) trait Metric: Send {
    /// Whether it may count such flows.
    fn counts(&self, sighted: Sighted) -> bool {
        sighted != Sighted::OnWire
    }
    /// Counts a flow, or leaves it.
    fn observe(&mut self, sight: &mut Sight<'_>);
    /// Its families' series.
    fn tables(&mut self) -> Vec<&mut dyn Changes>;
}

/// A metric that the list can name.
pub(super) struct Plugin {
    pub(super) name: &'static str,
    /// Its options beside those of the context, in lower case.
    pub(super) options: &'static [&'static str],
    /// Metrics that cannot be counted beside it, because their families have the same names.
    pub(super) conflicts: &'static [&'static str],
    /// Builds it from its item, its context options, and the processor's settings.
    pub(super) build: fn(&Item, &Options, Settings) -> Box<dyn Metric>,
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
    sctp::PLUGIN,
    tcp::PLUGIN,
];
