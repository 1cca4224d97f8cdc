//! The kind of a flow's event, which its template is cached by.

use std::net::Ipv4Addr;

use tidegate_model::flow::{
    AuthType, Direction, DropReason, Flow, FlowType, IpVersion, L4, Layer, PolicyMatch, SctpChunk,
    TcpFlags, TracePoint, TraceReason, Verdict,
};

use super::cache::CacheKey;

/// All fields of a flow that its event template depends on.
#[derive(Clone, Copy, Debug)]
pub(super) struct EventKind {
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
    pub(super) version: IpVersion,
    /// Without ports and addresses.
    l4: L4,
}

impl EventKind {
    pub(super) fn of(flow: &Flow) -> Self {
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
    pub(super) fn to_flow(self) -> Flow {
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
    pub(super) fn key(self) -> EventKey {
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
pub(super) struct EventKey([u64; 2]);

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
