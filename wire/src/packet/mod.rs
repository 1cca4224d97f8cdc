//! Packets: decodes the captured bytes of an event into addresses, ports and what Hubble's summary
//! needs.
//!
//! Follows Hubble's `threefour` packet decoder (Cilium 1.19.4) over gopacket 1.5.0: the same layers
//! and errors, and the same ends without an error. If a layer that Hubble decodes is malformed, the
//! whole packet is refused, as Hubble then has no flow; any other layer ends the decoding. There
//! are three deliberate differences: upstream reads bytes past the captured length if the perf ring
//! padded the event, reads VRRP addresses past the IP length, and loops forever on a TCP option of
//! length 0.
//!
//! Nothing is reassembled, checksummed or allocated.

mod decoded;
mod ether;
pub mod fast_path;
mod hop_by_hop;
mod ip;
pub mod ip_protocol;
mod l4;
mod layer;
mod overlay;
mod reason;
mod sctp_chunk;
mod tcp;
mod tcp_flags;
mod transport;
mod walk;

use std::net::IpAddr;

use decoded::Decoders;
pub use l4::L4;
pub use layer::Layer;
pub use overlay::{Overlay, TunnelProtocol};
pub use reason::Reason;
pub use sctp_chunk::SctpChunk;
pub use tcp_flags::TcpFlags;
use walk::walk;

/// The first header of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// An Ethernet header.
    Ethernet,
    /// An IPv4 header, from a layer-3 device.
    Ipv4,
    /// An IPv6 header, from a layer-3 device.
    Ipv6,
}

/// A decoded packet. If a kind of header occurs twice, this is the inner one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Packet<'a> {
    /// The Ethernet addresses.
    pub ethernet: Option<Ethernet>,
    /// The IP addresses.
    pub ip: Option<Ip>,
    /// The header above IP.
    pub l4: L4,
    /// The numbers of the TCP header, if the packet is TCP.
    pub tcp: Option<TcpNumbers>,
    /// The last layer that was decoded; `None` if the packet is empty.
    pub last: Option<Layer>,
    /// The bytes after the last header, if that is TCP, UDP, SCTP or ICMP; otherwise empty.
    pub payload: &'a [u8],
    /// The position of the payload in the decoded bytes.
    pub payload_offset: usize,
    /// Whether a length field exceeds the captured bytes, so that the payload is truncated.
    ///
    /// `false` does not prove a complete payload if IPv4 segmentation offload left the length 0.
    pub truncated: bool,
}

impl<'a> Packet<'a> {
    /// The bytes that a tunnel in this packet would start with: the payload of a UDP packet,
    /// otherwise nothing. Upstream decodes the payload of an earlier packet if this one is not UDP.
    #[must_use]
    pub fn udp_payload(&self) -> &'a [u8] {
        match self.l4 {
            L4::Udp { .. } => self.payload,
            _ => &[],
        }
    }
}

/// The addresses of an Ethernet header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ethernet {
    /// The sender's.
    pub source: [u8; 6],
    /// The receiver's.
    pub destination: [u8; 6],
}

/// The addresses of an IP header, both of the header's version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ip {
    /// The sender's.
    pub source: IpAddr,
    /// The receiver's.
    pub destination: IpAddr,
}

/// The numbers of a TCP header that relate segments to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpNumbers {
    /// The sequence number.
    pub sequence: u32,
    /// The acknowledgment number, if the flag ACK is set.
    pub acknowledgment: Option<u32>,
}

impl Ip {
    /// 4 or 6.
    #[must_use]
    pub fn version(&self) -> u8 {
        if self.source.is_ipv4() { 4 } else { 6 }
    }
}

/// Decodes a packet. Without any bytes, returns an empty packet.
///
/// Takes any packet; [`fast_path::parse`] decodes the common ones in fewer instructions.
///
/// # Errors
///
/// A header that Hubble decodes is malformed or cut short.
pub fn parse(bytes: &[u8], link: Link) -> Result<Packet<'_>, Reason> {
    let mut packet = Packet::default();
    if bytes.is_empty() {
        return Ok(packet);
    }
    let first = match link {
        Link::Ethernet => Layer::Ethernet,
        Link::Ipv4 => Layer::Ipv4,
        Link::Ipv6 => Layer::Ipv6,
    };
    walk(bytes, first, Decoders::Outer, &mut packet)?;
    Ok(packet)
}

/// Decodes a tunnel from its header on: [`Packet::udp_payload`] of the outer packet.
///
/// A header without a payload results in an overlay with an empty packet. As in Hubble, a UDP
/// packet inside to or from port 4789 or 6081 is decoded as one more tunnel, and the innermost VNI
/// of the tunnel's own kind is reported.
///
/// # Errors
///
/// The tunnel header is short, or a header inside that Hubble decodes is malformed or cut short.
pub fn parse_overlay(udp_payload: &[u8], tunnel: TunnelProtocol) -> Result<Overlay<'_>, Reason> {
    let mut inner = Packet::default();
    let vni = walk(udp_payload, tunnel.layer(), Decoders::Overlay, &mut inner)?;
    if inner.last == Some(tunnel.layer()) && inner.ethernet.is_none() && inner.ip.is_none() {
        inner.last = None;
    }
    Ok(Overlay { tunnel, vni, inner })
}
