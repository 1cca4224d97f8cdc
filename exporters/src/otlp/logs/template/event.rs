//! Templates for the event that a flow reports. There are far fewer kinds of events than events.

use std::net::Ipv4Addr;
use tidegate_format::hubble::push_type;
use tidegate_model::flow::{
    AuthType, Direction, DropReason, Flow, FlowType, IpVersion, L4, Layer, PolicyMatch, SctpChunk,
    TcpFlags, TracePoint, TraceReason, Verdict, message_type,
};

use super::cache::{CacheKey, TemplateCache};
use super::sections::Template;
use crate::otlp::logs::attribute_key::key;
use crate::otlp::logs::record_writer::{BODY_FORMAT, LogRecordWriter};

/// Slots of the cache. A node has some dozens of kinds of events.
const SLOTS: usize = 512;

/// The sections for an event: [`LINE_END`] and [`ATTRIBUTES`].
pub(crate) type EventTemplate = Template<2>;

/// The end of the line.
pub(crate) const LINE_END: usize = 0;
/// Attributes from the protocols to the trace reason.
pub(crate) const ATTRIBUTES: usize = 1;

/// Templates of the most recent kinds of events.
#[derive(Debug)]
pub(crate) struct EventTemplates(TemplateCache<EventKey, 2>);

impl EventTemplates {
    pub(crate) fn new() -> Self {
        Self(TemplateCache::new(SLOTS))
    }

    /// Returns the template for a flow. Those of requests and responses depend on more than the
    /// [`EventKind`] and are not cached. `scratch` is a buffer for texts.
    pub(crate) fn get(&mut self, flow: &Flow, scratch: &mut String) -> &EventTemplate {
        let kind = EventKind::of(flow);
        if flow.l7.is_some() || flow.ip_trace_id != 0 {
            return self
                .0
                .build_uncached(|template| build(template, kind.version, flow, scratch));
        }
        self.0.get_or_build(&kind.key(), |template| {
            build(template, kind.version, &kind.to_flow(), scratch);
        })
    }
}

fn build(template: &mut EventTemplate, version: IpVersion, flow: &Flow, scratch: &mut String) {
    scratch.clear();
    BODY_FORMAT.push_event(scratch, flow);
    template.add_section(LINE_END, |out| out.extend_from_slice(scratch.as_bytes()));
    template.add_section(ATTRIBUTES, |out| {
        let mut out = LogRecordWriter::attributes_only(out, scratch);
        write_protocols(&mut out, version, &flow.l4);
        out.string(key!("cilium.flow.type"), flow.flow_type.name());
        write_event(&mut out, flow);
        write_trace(&mut out, flow);
    });
}

/// Writes the names of the protocols, and header fields other than addresses and ports.
fn write_protocols(out: &mut LogRecordWriter<'_>, version: IpVersion, l4: &L4) {
    match version {
        IpVersion::V4 => out.string(key!("network.type"), "ipv4"),
        IpVersion::V6 => out.string(key!("network.type"), "ipv6"),
        IpVersion::NotUsed => {}
    }
    if let Some(name) = l4.name() {
        let lower = name.chars().map(|c| c.to_ascii_lowercase());
        out.string_with(key!("network.transport"), |text| text.extend(lower));
    }
    match *l4 {
        L4::Tcp {
            flags: Some(flags), ..
        } => {
            let set = TcpFlags::NAMES
                .iter()
                .filter(|(bit, _)| flags.has(*bit))
                .map(|(_, name)| name);
            out.strings(key!("cilium.tcp.flags"), set);
        }
        L4::Icmpv4 { icmp_type, code } | L4::Icmpv6 { icmp_type, code } => {
            out.int(key!("cilium.icmp.type"), icmp_type);
            out.int(key!("cilium.icmp.code"), code);
        }
        _ => {}
    }
}

/// All fields of a flow that its event template depends on.
#[derive(Clone, Copy, Debug)]
struct EventKind {
    flow_type: FlowType,
    message_type: u8,
    sub_type: u8,
    verdict: Verdict,
    drop_reason: DropReason,
    auth_type: AuthType,
    direction: Direction,
    is_reply: Option<bool>,
    policy_match: PolicyMatch,
    trace_point: TracePoint,
    trace_reason: TraceReason,
    last_layer: Option<Layer>,
    version: IpVersion,
    /// Without ports and addresses.
    l4: L4,
}

impl EventKind {
    fn of(flow: &Flow) -> Self {
        Self {
            flow_type: flow.flow_type,
            message_type: flow.message_type,
            sub_type: flow.sub_type,
            verdict: flow.verdict,
            drop_reason: flow.drop_reason,
            auth_type: flow.auth_type,
            direction: flow.direction,
            is_reply: flow.is_reply,
            policy_match: flow.policy_match,
            trace_point: flow.trace_point,
            trace_reason: flow.trace_reason,
            last_layer: flow.last_layer,
            version: flow.ip.map_or(IpVersion::NotUsed, |ip| ip.version),
            l4: without_ports_and_addresses(flow.l4),
        }
    }

    /// Returns a flow of this kind.
    fn to_flow(self) -> Flow {
        Flow {
            flow_type: self.flow_type,
            message_type: self.message_type,
            sub_type: self.sub_type,
            verdict: self.verdict,
            drop_reason: self.drop_reason,
            auth_type: self.auth_type,
            direction: self.direction,
            is_reply: self.is_reply,
            policy_match: self.policy_match,
            trace_point: self.trace_point,
            trace_reason: self.trace_reason,
            last_layer: self.last_layer,
            l4: self.l4,
            ..Flow::default()
        }
    }

    /// Packs all fields into a key, without loss.
    fn key(self) -> EventKey {
        let (protocol, protocol_detail) = protocol_key(self.l4);
        let is_reply = self.is_reply.map_or(0, |is_reply| 1 + u8::from(is_reply));
        let small_fields = is_reply
            | (self.flow_type as u8) << 2
            | (self.direction as u8) << 4
            | (self.version as u8) << 6;
        let [p0, p1] = protocol_detail.to_be_bytes();
        let [d0, d1, d2, d3] = self.drop_reason.0.to_be_bytes();
        let high = [
            small_fields,
            self.message_type,
            self.sub_type,
            self.verdict as u8,
            self.auth_type.0,
            self.policy_match.0,
            p0,
            p1,
        ];
        let low = [
            d0,
            d1,
            d2,
            d3,
            self.trace_point.0,
            self.trace_reason.0,
            self.last_layer.map_or(0, |layer| 1 + layer as u8),
            protocol,
        ];
        EventKey([high, low].map(u64::from_be_bytes))
    }
}

/// A packed [`EventKind`].
#[derive(Clone, Copy, Debug)]
struct EventKey([u64; 2]);

impl CacheKey for EventKey {
    type Stored = Self;

    fn to_stored(&self) -> Self {
        *self
    }

    fn matches(&self, stored: &Self) -> bool {
        self.0 == stored.0
    }

    fn hash(&self) -> u64 {
        let [high, low] = self.0;
        high ^ low.rotate_left(23)
    }
}

fn without_ports_and_addresses(l4: L4) -> L4 {
    match l4 {
        L4::Tcp { flags, .. } => L4::Tcp {
            source_port: 0,
            destination_port: 0,
            flags,
        },
        L4::Udp { .. } => L4::Udp {
            source_port: 0,
            destination_port: 0,
        },
        L4::Sctp { .. } => L4::Sctp {
            source_port: 0,
            destination_port: 0,
            chunk_type: SctpChunk::Unsupported,
        },
        L4::Vrrp { .. } => L4::Vrrp {
            vrrp_type: 0,
            vrid: 0,
            priority: 0,
        },
        L4::Igmp { igmp_type, .. } => L4::Igmp {
            igmp_type,
            group: Ipv4Addr::UNSPECIFIED,
        },
        l4 @ (L4::None | L4::Icmpv4 { .. } | L4::Icmpv6 { .. }) => l4,
    }
}

/// Returns a number for the protocol, and one for its header fields.
fn protocol_key(l4: L4) -> (u8, u16) {
    match l4 {
        L4::None => (0, 0),
        L4::Tcp { flags: None, .. } => (1, 0),
        L4::Tcp {
            flags: Some(TcpFlags(flags)),
            ..
        } => (2, flags),
        L4::Udp { .. } => (3, 0),
        L4::Sctp { .. } => (4, 0),
        L4::Icmpv4 { icmp_type, code } => (5, u16::from_be_bytes([icmp_type, code])),
        L4::Icmpv6 { icmp_type, code } => (6, u16::from_be_bytes([icmp_type, code])),
        L4::Vrrp { .. } => (7, 0),
        L4::Igmp { igmp_type, .. } => (8, igmp_type.into()),
    }
}

fn write_event(out: &mut LogRecordWriter<'_>, flow: &Flow) {
    out.string(key!("cilium.verdict"), flow.verdict.name());
    if flow.drop_reason.0 != 0 {
        match flow.drop_reason.name() {
            Some(name) => out.string(key!("cilium.drop_reason"), name),
            None => out.display(key!("cilium.drop_reason"), flow.drop_reason.0),
        }
    }
    match event_type_name(flow.message_type) {
        Some(name) => out.string(key!("cilium.event.type"), name),
        None => out.display(key!("cilium.event.type"), flow.message_type),
    }
    out.string_with(key!("cilium.event.sub_type"), |text| push_type(text, flow));
    out.string(key!("cilium.traffic_direction"), flow.direction.name());
    if let Some(is_reply) = flow.is_reply {
        out.bool(key!("cilium.is_reply"), is_reply);
    }
    if flow.message_type == message_type::POLICY_VERDICT {
        out.string(key!("cilium.policy_match_type"), flow.policy_match.name());
    }
    if flow.auth_type != AuthType::default() {
        match flow.auth_type.name() {
            Some(name) => out.string(key!("cilium.auth_type"), name),
            None => out.display(key!("cilium.auth_type"), flow.auth_type.0),
        }
    }
}

/// Returns the name of a message type, as in `pkg/monitor/api` (v1.19.4).
fn event_type_name(message_type: u8) -> Option<&'static str> {
    Some(match message_type {
        message_type::DROP => "drop",
        message_type::DEBUG => "debug",
        message_type::CAPTURE => "capture",
        message_type::TRACE => "trace",
        message_type::POLICY_VERDICT => "policy-verdict",
        message_type::RECORDER => "recorder",
        message_type::TRACE_SOCK => "trace-sock",
        message_type::ACCESS_LOG => "l7",
        message_type::AGENT => "agent",
        _ => return None,
    })
}

fn write_trace(out: &mut LogRecordWriter<'_>, flow: &Flow) {
    if flow.message_type == message_type::TRACE {
        match flow.trace_point.name() {
            Some(name) => out.string(key!("cilium.trace_observation_point"), name),
            None => out.display(key!("cilium.trace_observation_point"), flow.trace_point.0),
        }
        match flow.trace_reason.name() {
            Some(name) => out.string(key!("cilium.trace_reason"), name),
            None => out.display(key!("cilium.trace_reason"), flow.trace_reason.0),
        }
    }
}
