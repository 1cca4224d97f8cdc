//! A network flow as defined by Hubble's `flow.Flow` (v1.19.4), as a small value of numbers and
//! addresses. Exporters convert them to names and texts.

mod address;
mod connection;
mod dns;
mod drop_reason;
mod endpoint;
mod enums;
mod file;
mod icmp;
mod id;
mod identity;
mod l7;
mod missing;
mod policy;
mod policy_effect;
mod sampling;
mod socket;
mod trace;
mod trace_context;
mod tunnel;

pub use address::Address;
pub use dns::{qtype_name, rcode_name, rcode_text};
pub use drop_reason::DropReason;
pub use endpoint::{Endpoint, EndpointNames, NodeView, ServiceName};
pub use enums::{
    AuthType, Direction, FlowType, IpVersion, PolicyMatch, Verdict, reserved_identity,
};
pub use file::{FileNumbering, ResolvedNumbering, SourceFile};
pub use icmp::{icmpv4_text, icmpv6_text};
pub use id::{FlowIds, uuid_text};
pub use identity::IdentityScope;
pub use l7::{
    CommonText, Dns, DnsAnswer, DnsAnswers, DnsTypes, Generic, Http, Kafka, L7, L7Record, L7Type,
    MessageSource, ObservedLatency, REDACTED, common_text,
};
pub use missing::{MessagePart, Missing};
pub use policy::{AppliedPolicies, Policy};
pub use policy_effect::PolicyEffect;
pub use sampling::Sampling;
pub use socket::{Socket, XlatePoint};
pub use trace::{OriginalSource, TracePoint, TraceReason, capture_point_name};
pub use trace_context::TraceContext;
pub use tunnel::Tunnel;

use std::net::IpAddr;
use std::sync::Arc;

pub use tidegate_wire::event::message_type;
pub use tidegate_wire::packet::{Ethernet, L4, Layer, SctpChunk, TcpFlags, TunnelProtocol};

use crate::span::Span;
use crate::time::Timestamp;

/// One flow. Fields have Hubble's meaning; those that an event does not carry are zero, `None` or
/// `Unknown`.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    /// When the event was received, as in Hubble; not the time of the packet.
    pub time: Timestamp,
    /// Position in the receiver's stream. The flow's UUID is built from it and the time.
    pub seq: u64,
    /// L3/L4, L7 or socket flow.
    pub flow_type: FlowType,
    /// `event_type.type`: the monitor message type.
    pub message_type: u8,
    /// `event_type.sub_type`: drop reason, raw observation point, capture point or translation
    /// point.
    pub sub_type: u8,
    /// What happened to the packet or request.
    pub verdict: Verdict,
    /// Why the packet was dropped; 0 if it was not.
    pub drop_reason: DropReason,
    /// `auth_type` of a policy verdict.
    pub auth_type: AuthType,
    /// Ingress or egress, seen from the local endpoint.
    pub direction: Direction,
    /// Whether it is a reply; `None` if the event does not contain that.
    pub is_reply: Option<bool>,
    /// The part of the policy that matched; policy verdicts only.
    pub policy_match: PolicyMatch,
    /// Hubble's number of the observation point; traces only.
    pub trace_point: TracePoint,
    /// Hubble's number of the connection tracking state; traces only.
    pub trace_reason: TraceReason,
    /// The MAC addresses, if an Ethernet header was read.
    pub ethernet: Option<Ethernet>,
    /// The IP header, if one was read.
    pub ip: Option<Ip>,
    /// The transport header.
    pub l4: L4,
    /// The innermost layer that was read, which Hubble's summary describes.
    pub last_layer: Option<Layer>,
    /// The outer headers of a VXLAN or Geneve packet.
    pub tunnel: Option<Tunnel>,
    /// The sender.
    pub source: Endpoint,
    /// The receiver.
    pub destination: Endpoint,
    /// Id of an endpoint; if the source turns out to be this endpoint, `direction` is reversed. 0
    /// for none.
    pub reversing_endpoint: u16,
    /// The location in the BPF sources that reported the drop; drops only.
    pub file: Option<SourceFile>,
    /// Trace id from an IP option; 0 for none.
    pub ip_trace_id: u64,
    /// Index of the network interface; 0 if unknown.
    pub interface: u32,
    /// Name of the interface, labels of the node, and the policies of a verdict, if they are known.
    pub node: Option<Arc<NodeView>>,
    /// Port of the proxy that the packet was redirected to; 0 for none.
    pub proxy_port: u32,
    /// The request or response, for L7 flows.
    pub l7: Option<Box<L7>>,
    /// The socket whose address was translated, for socket flows.
    pub socket: Option<Box<Socket>>,
    /// The captured bytes after the transport header, in the batch's bytes.
    pub payload: Span,
    /// TCP sequence number, which distinguishes messages of a connection; 0 for other protocols.
    pub tcp_seq: u32,
    /// TCP acknowledgment number; `None` without the ACK flag, and for other protocols.
    pub tcp_ack: Option<u32>,
    /// Of how many flows this one was kept, if they were sampled.
    pub sampling: Sampling,
}

impl Flow {
    /// Drops the heap memory that the flow owns, so that the flow can be overwritten without
    /// running its destructor. Destructuring and [`assert_no_drop`] make a new field with a
    /// destructor a compile error.
    #[expect(clippy::too_many_lines, reason = "a list of all fields")]
    pub(crate) fn release(&mut self) {
        let Self {
            source,
            destination,
            l7,
            socket,
            time,
            seq,
            flow_type,
            message_type,
            sub_type,
            verdict,
            drop_reason,
            auth_type,
            direction,
            is_reply,
            policy_match,
            trace_point,
            trace_reason,
            ethernet,
            ip,
            l4,
            last_layer,
            tunnel,
            reversing_endpoint,
            file,
            ip_trace_id,
            interface,
            node,
            proxy_port,
            payload,
            tcp_seq,
            tcp_ack,
            sampling,
        } = self;
        assert_no_drop!(
            time,
            seq,
            flow_type,
            message_type,
            sub_type,
            verdict,
            drop_reason,
            auth_type,
            direction,
            is_reply,
            policy_match,
            trace_point,
            trace_reason,
            ethernet,
            ip,
            l4,
            last_layer,
            tunnel,
            reversing_endpoint,
            file,
            ip_trace_id,
            interface,
            proxy_port,
            payload,
            tcp_seq,
            tcp_ack,
            sampling
        );
        *l7 = None;
        *socket = None;
        *node = None;
        for Endpoint {
            id,
            identity,
            names,
            service,
        } in [source, destination]
        {
            assert_no_drop!(id, identity);
            *names = None;
            *service = None;
        }
    }

    /// Bytes on the heap that this flow owns; shared texts are not counted.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.l7.as_deref().map_or(0, L7::heap_bytes) + self.socket.as_deref().map_or(0, size_of_val)
    }

    /// The sender's address; `None` if an event without a packet does not contain it.
    #[must_use]
    pub fn source_address(&self) -> Option<Address> {
        self.present(self.ip?.source, XlatePoint(self.sub_type).is_reverse())
    }

    /// The receiver's address; `None` if an event without a packet does not contain it.
    #[must_use]
    pub fn destination_address(&self) -> Option<Address> {
        self.present(
            self.ip?.destination,
            !XlatePoint(self.sub_type).is_reverse(),
        )
    }

    /// The form in which an address of the flow is displayed: IPv4-mapped addresses as IPv4, unless
    /// [`Socket::keeps_mapped`] is set.
    #[must_use]
    pub fn display_ip(&self, address: Address) -> IpAddr {
        match &self.socket {
            Some(socket) if socket.keeps_mapped => IpAddr::V6(address.0.into()),
            _ => address.to_ip(),
        }
    }

    /// Returns the address unless it is absent. The unspecified address means an absent one in
    /// access-log records, and on the pod's side of socket traces, which contain only the peer's
    /// address.
    fn present(&self, address: Address, is_peer: bool) -> Option<Address> {
        let is_always_present = match self.flow_type {
            FlowType::L7 => false,
            FlowType::Sock => is_peer,
            FlowType::Unknown | FlowType::L34 => true,
        };
        (is_always_present || address != Address::default()).then_some(address)
    }
}

/// `flow.IP`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ip {
    /// Sender, before source translation if the event contains that.
    pub source: Address,
    /// The sender in the header, if it differs from `source`.
    pub source_xlated: Option<Address>,
    /// Receiver.
    pub destination: Address,
    /// Version of the header.
    pub version: IpVersion,
    /// Whether Cilium encrypted or decrypted the packet.
    pub encrypted: bool,
}
