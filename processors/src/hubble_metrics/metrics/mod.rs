//! Hubble's metrics, one file each: which flows a metric counts, and with which labels. They follow
//! the handlers in `pkg/hubble/metrics/` of v1.19.4 (`sctp`: v1.20.2), including names, label order
//! and help texts.

mod dns;
mod drop;
mod flow;
mod flows_to_world;
mod http;
mod icmp;
mod kafka;
mod labels;
mod lost_events;
mod policy;
mod port_distribution;
mod sctp;
mod tcp;

pub(super) use lost_events::LostEvents;

use tidegate_model::flow::{Flow, MessageSource};
use tidegate_runtime::component::FlowContent;

use super::context::ContextOptions;
use super::families::{FamilySettings, Observation};
use super::item::Item;
use super::series::{Collect, SymbolTable};

/// What a flow describes. A metric only gets the classes that it accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FlowClass {
    /// A packet, or another event without a message.
    Packet = 0,
    /// A message that a proxy reported.
    ProxyMessage = 1,
    /// A message that was found in packets. Hubble has no such flows, and the flow of the packet is
    /// counted as well, so only metrics about requests accept them.
    WireMessage = 2,
}

impl FlowClass {
    /// In the order of their numbers.
    pub(super) const ALL: [Self; 3] = [Self::Packet, Self::ProxyMessage, Self::WireMessage];

    #[inline]
    pub(super) fn of(flow: &Flow) -> Self {
        match flow.l7.as_deref().map(|l7| l7.source) {
            None => Self::Packet,
            Some(MessageSource::Proxy) => Self::ProxyMessage,
            Some(MessageSource::Wire) => Self::WireMessage,
        }
    }
}

/// A metric of the list.
pub(super) trait Metric: Send {
    /// Whether the metric can count flows of a class.
    fn accepts(&self, class: FlowClass) -> bool {
        class != FlowClass::WireMessage
    }
    /// Counts a flow if the metric's rules say so.
    fn observe(&mut self, observation: &mut Observation<'_>);
    /// The series of the metric's families.
    fn tables(&mut self) -> Vec<&mut dyn Collect>;
    /// The texts of its own labels.
    fn symbols(&mut self) -> &mut SymbolTable;
}

/// A metric that the list can contain.
pub(super) struct Plugin {
    pub(super) name: &'static str,
    /// Its options besides those of the context.
    pub(super) options: &'static [&'static str],
    /// Metrics that cannot be combined with it, because their families have the same names.
    pub(super) conflicts: &'static [&'static str],
    /// The messages that it counts, unless it counts packets.
    pub(super) counts: Option<FlowContent>,
    /// Builds it from its item, its context options, and the processor's settings.
    pub(super) build: fn(&Item, &ContextOptions, FamilySettings) -> Box<dyn Metric>,
}

/// All metrics that the list can contain.
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
