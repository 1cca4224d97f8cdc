//! A network flow, as Hubble's `flow.Flow` (v1.19.4) defines it, in a small plain value: numbers
//! and addresses only. Names and texts are made where a flow leaves the process.

mod address;
mod dns;
mod drop_reason;
mod endpoint;
mod enums;
mod file;
mod icmp;
mod identity;
mod l7;
mod missing;
mod socket;
mod trace;
mod tunnel;

pub use address::Address;
pub use dns::{qtype_name, rcode_name, rcode_text};
pub use drop_reason::DropReason;
pub use endpoint::{Endpoint, EndpointNames};
pub use enums::{
    AuthType, Direction, FlowType, IpVersion, PolicyMatch, Verdict, reserved_identity,
};
pub use file::{FileNumbering, Numbered, SourceFile};
pub use icmp::{icmpv4_text, icmpv6_text};
pub use identity::IdentityScope;
pub use l7::{
    Dns, DnsAnswer, DnsAnswers, DnsTypes, Generic, Http, Kafka, L7, L7Record, L7Type,
    MessageSource, ObservedLatency, REDACTED, Word, word,
};
pub use missing::{MessagePart, Missing};
pub use socket::{Socket, XlatePoint};
pub use trace::{OriginalSource, TracePoint, TraceReason, capture_point_name};
pub use tunnel::Tunnel;

use std::net::IpAddr;

pub use tidegate_wire::event::message_type;
pub use tidegate_wire::packet::{Ethernet, L4, Layer, SctpChunk, TcpFlags, TunnelProtocol};

use crate::span::Span;
use crate::time::Timestamp;

/// One flow. Fields are Hubble's; what an event does not carry is zero, `None` or `Unknown`.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    /// Time of receipt, as in Hubble; not the kernel's.
    pub time: Timestamp,
    /// Position in the receiver's stream; with the time it makes the flow's UUID.
    pub seq: u64,
    /// L3/L4, L7 or socket flow.
    pub flow_type: FlowType,
    /// `event_type.type`: the monitor message type.
    pub message_type: u8,
    /// `event_type.sub_type`: drop reason, raw observation point, capture point or translation
    /// point.
    pub sub_type: u8,
    /// What became of the packet or request.
    pub verdict: Verdict,
    /// Why it was dropped; 0 where it was not.
    pub drop_reason: DropReason,
    /// `auth_type` of a policy verdict.
    pub auth_type: AuthType,
    /// Ingress or egress, seen from the local endpoint.
    pub direction: Direction,
    /// Whether it is a reply; `None` where the event does not tell.
    pub is_reply: Option<bool>,
    /// Which part of the policy matched; policy verdicts only.
    pub policy_match: PolicyMatch,
    /// Hubble's number for where a trace was taken; traces only.
    pub trace_point: TracePoint,
    /// Hubble's number for the connection tracking state; traces only.
    pub trace_reason: TraceReason,
    /// The MAC addresses, if an Ethernet header was read.
    pub ethernet: Option<Ethernet>,
    /// The IP header, if one was read.
    pub ip: Option<Ip>,
    /// The transport header.
    pub l4: L4,
    /// The innermost layer that was read, which is what Hubble's summary tells.
    pub last_layer: Option<Layer>,
    /// The outer headers of a VXLAN or Geneve packet.
    pub tunnel: Option<Tunnel>,
    /// The sending side.
    pub source: Endpoint,
    /// The receiving side.
    pub destination: Endpoint,
    /// The endpoint that turns `direction` round if it is the source, which the event does not
    /// tell; 0 for none.
    pub turned_by: u16,
    /// Where in the BPF sources the drop was reported; drops only.
    pub file: Option<SourceFile>,
    /// Trace id found in an IP option; 0 for none.
    pub ip_trace_id: u64,
    /// Index of the network interface; 0 for unknown.
    pub interface: u32,
    /// Port of the proxy that it was sent to; 0 for none.
    pub proxy_port: u32,
    /// The request or response, for L7 flows.
    pub l7: Option<Box<L7>>,
    /// The socket whose address was translated, for socket flows.
    pub socket: Option<Box<Socket>>,
    /// Bytes behind the transport header, in the batch, as far as they were captured.
    pub payload: Span,
    /// TCP sequence number, which tells messages of one connection apart; 0 for other protocols.
    pub tcp_seq: u32,
    /// TCP acknowledgment number; `None` without the flag ACK, and for other protocols.
    pub tcp_ack: Option<u32>,
}

impl Flow {
    /// Drops what the flow owns on the heap, so that the rest can be forgotten. A new field that
    /// has to be dropped does not compile here.
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
            turned_by,
            file,
            ip_trace_id,
            interface,
            proxy_port,
            payload,
            tcp_seq,
            tcp_ack,
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
            turned_by,
            file,
            ip_trace_id,
            interface,
            proxy_port,
            payload,
            tcp_seq,
            tcp_ack
        );
        *l7 = None;
        *socket = None;
        for Endpoint {
            id,
            identity,
            names,
        } in [source, destination]
        {
            assert_no_drop!(id, identity);
            *names = None;
        }
    }

    /// Bytes on the heap that only this flow holds.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.l7.as_deref().map_or(0, L7::heap_bytes) + self.socket.as_deref().map_or(0, size_of_val)
    }

    /// The sender's address. An event that is no packet can lack it.
    #[must_use]
    pub fn source_address(&self) -> Option<Address> {
        self.known(self.ip?.source, XlatePoint(self.sub_type).is_reverse())
    }

    /// The receiver's address. An event that is no packet can lack it.
    #[must_use]
    pub fn destination_address(&self) -> Option<Address> {
        self.known(
            self.ip?.destination,
            !XlatePoint(self.sub_type).is_reverse(),
        )
    }

    /// The form in which an address of the flow is written: IPv4-mapped ones as IPv4, unless
    /// [`Socket::keeps_mapped`].
    #[must_use]
    pub fn written(&self, address: Address) -> IpAddr {
        match &self.socket {
            Some(socket) if socket.keeps_mapped => IpAddr::V6(address.0.into()),
            _ => address.to_ip(),
        }
    }

    /// An address, unless it stands for none: it does in the record of a proxy, and on the pod's
    /// side of a socket trace, which tells the peer's address only.
    fn known(&self, address: Address, is_peer: bool) -> Option<Address> {
        let is_told = match self.flow_type {
            FlowType::L7 => false,
            FlowType::Sock => is_peer,
            FlowType::Unknown | FlowType::L34 => true,
        };
        (is_told || address != Address::default()).then_some(address)
    }
}

/// `flow.IP`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ip {
    /// Sender, before source translation where the event tells it.
    pub source: Address,
    /// The header's sender where it differs from `source`.
    pub source_xlated: Option<Address>,
    /// Receiver.
    pub destination: Address,
    /// Version of the header.
    pub version: IpVersion,
    /// Whether Cilium encrypted or decrypted the packet.
    pub encrypted: bool,
}
