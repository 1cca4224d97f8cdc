//! What a flow's record says of the event behind it: there are far fewer kinds of events than
//! events.

use tidegate_model::flow::{
    Address, AuthType, Direction, DropReason, Flow, FlowType, IpVersion, L4, LastLayer,
    PolicyMatch, SctpChunk, TcpFlags, TracePoint, TraceReason, Verdict, message_type,
};

use super::LINE;
use super::key::key;
use super::piece::Piece;
use super::recent::{Recent, Source};
use super::writer::Writer;
use tidegate_format::hubble::push_type;

/// Places of the table. A node has some dozens of kinds of events.
const PLACES: usize = 512;

/// The parts of a record that tell of the event.
pub(super) type EventPiece = Piece<2>;

/// The end of the line.
pub(super) const LINE_END: usize = 0;
/// Attributes from the protocols to the reason of a trace.
pub(super) const ATTRIBUTES: usize = 1;

/// Pieces of the kinds of events that came last.
#[derive(Debug)]
pub(super) struct Events(Recent<Number, 2>);

impl Events {
    /// None yet.
    pub(super) fn new() -> Self {
        Self(Recent::new(PLACES))
    }

    /// The piece for a flow. That of a request or response tells of more than a [`Kind`]. `text` is
    /// room to make texts in.
    pub(super) fn of(&mut self, flow: &Flow, text: &mut String) -> &EventPiece {
        let kind = Kind::of(flow);
        if flow.l7.is_some() || flow.ip_trace_id != 0 {
            return self.0.other(|piece| make(piece, kind.version, flow, text));
        }
        self.0.of(&kind.number(), |piece| {
            make(piece, kind.version, &kind.flow(), text)
        })
    }
}

fn make(piece: &mut EventPiece, version: IpVersion, flow: &Flow, text: &mut String) {
    text.clear();
    LINE.push_event(text, flow);
    piece.add(LINE_END, |out| out.extend_from_slice(text.as_bytes()));
    piece.add(ATTRIBUTES, |out| {
        let mut out = Writer::piece(out, text);
        write_protocols(&mut out, version, &flow.l4);
        out.text(key!("cilium.flow.type"), flow.flow_type.name());
        write_event(&mut out, flow);
        write_trace(&mut out, flow);
    });
}

/// Their names in lower case, and what their headers say beside addresses and ports.
fn write_protocols(out: &mut Writer<'_>, version: IpVersion, l4: &L4) {
    match version {
        IpVersion::V4 => out.text(key!("network.type"), "ipv4"),
        IpVersion::V6 => out.text(key!("network.type"), "ipv6"),
        IpVersion::NotUsed => {}
    }
    if let Some(name) = l4.name() {
        let lower = name.chars().map(|c| c.to_ascii_lowercase());
        out.made(key!("network.transport"), |text| text.extend(lower));
    }
    match *l4 {
        L4::Tcp {
            flags: Some(flags), ..
        } => {
            let set = TcpFlags::NAMES
                .iter()
                .filter(|(bit, _)| flags.has(*bit))
                .map(|(_, name)| name);
            out.list(key!("cilium.tcp.flags"), set);
        }
        L4::Icmpv4 { icmp_type, code } | L4::Icmpv6 { icmp_type, code } => {
            out.int(key!("cilium.icmp.type"), icmp_type);
            out.int(key!("cilium.icmp.code"), code);
        }
        _ => {}
    }
}

/// All that a piece tells of: it is made of nothing else.
#[derive(Clone, Copy, Debug)]
struct Kind {
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
    last_layer: LastLayer,
    version: IpVersion,
    /// Without ports and addresses.
    l4: L4,
}

impl Kind {
    fn of(flow: &Flow) -> Self {
        let (source_port, destination_port) = (0, 0);
        let l4 = match flow.l4 {
            L4::Tcp { flags, .. } => L4::Tcp {
                source_port,
                destination_port,
                flags,
            },
            L4::Udp { .. } => L4::Udp {
                source_port,
                destination_port,
            },
            L4::Sctp { .. } => L4::Sctp {
                source_port,
                destination_port,
                chunk_type: SctpChunk::Unsupported,
            },
            L4::Vrrp { .. } => L4::Vrrp {
                vrrp_type: 0,
                vrid: 0,
                priority: 0,
            },
            L4::Igmp { igmp_type, .. } => L4::Igmp {
                igmp_type,
                group: Address::default(),
            },
            l4 @ (L4::None | L4::Icmpv4 { .. } | L4::Icmpv6 { .. }) => l4,
        };
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
            l4,
        }
    }

    /// A flow of this kind.
    fn flow(self) -> Flow {
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

    /// Kinds that differ have numbers that differ.
    fn number(self) -> Number {
        let (protocol, number) = match self.l4 {
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
        };
        let reply = self.is_reply.map_or(0, |is_reply| 1 + u8::from(is_reply));
        let small = reply
            | (self.flow_type as u8) << 2
            | (self.direction as u8) << 4
            | (self.version as u8) << 6;
        let [n0, n1] = number.to_be_bytes();
        let [d0, d1, d2, d3] = self.drop_reason.0.to_be_bytes();
        let (verdict, layer) = (self.verdict as u8, self.last_layer as u8);
        let (auth, policy, point, reason) = (
            self.auth_type.0,
            self.policy_match.0,
            self.trace_point.0,
            self.trace_reason.0,
        );
        let high = [
            small,
            self.message_type,
            self.sub_type,
            verdict,
            auth,
            policy,
            n0,
            n1,
        ];
        let low = [d0, d1, d2, d3, point, reason, layer, protocol];
        Number([high, low].map(u64::from_be_bytes))
    }
}

/// A [`Kind`] as a number.
#[derive(Clone, Copy, Debug)]
struct Number([u64; 2]);

impl Source for Number {
    type Known = Self;

    fn known(&self) -> Self {
        *self
    }

    fn is(&self, known: &Self) -> bool {
        self.0 == known.0
    }

    fn hash(&self) -> u64 {
        let [high, low] = self.0;
        high ^ low.rotate_left(23)
    }
}

fn write_event(out: &mut Writer<'_>, flow: &Flow) {
    out.text(key!("cilium.verdict"), flow.verdict.name());
    if flow.drop_reason.0 != 0 {
        match flow.drop_reason.name() {
            Some(name) => out.text(key!("cilium.drop_reason"), name),
            None => out.shown(key!("cilium.drop_reason"), flow.drop_reason.0),
        }
    }
    match event_type(flow.message_type) {
        Some(name) => out.text(key!("cilium.event.type"), name),
        None => out.shown(key!("cilium.event.type"), flow.message_type),
    }
    out.made(key!("cilium.event.sub_type"), |text| push_type(text, flow));
    out.text(key!("cilium.traffic_direction"), flow.direction.name());
    if let Some(is_reply) = flow.is_reply {
        out.bool(key!("cilium.is_reply"), is_reply);
    }
    if flow.message_type == message_type::POLICY_VERDICT {
        out.text(key!("cilium.policy_match_type"), flow.policy_match.name());
    }
    if flow.auth_type != AuthType::default() {
        match flow.auth_type.name() {
            Some(name) => out.text(key!("cilium.auth_type"), name),
            None => out.shown(key!("cilium.auth_type"), flow.auth_type.0),
        }
    }
}

/// Names of message types, as `pkg/monitor/api` (v1.19.4) has them.
fn event_type(message_type: u8) -> Option<&'static str> {
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

fn write_trace(out: &mut Writer<'_>, flow: &Flow) {
    if flow.message_type == message_type::TRACE {
        match flow.trace_point.name() {
            Some(name) => out.text(key!("cilium.trace_observation_point"), name),
            None => out.shown(key!("cilium.trace_observation_point"), flow.trace_point.0),
        }
        match flow.trace_reason.name() {
            Some(name) => out.text(key!("cilium.trace_reason"), name),
            None => out.shown(key!("cilium.trace_reason"), flow.trace_reason.0),
        }
    }
}
