//! Packets: the captured bytes of an event as addresses, ports and what Hubble needs for its
//! summary.
//!
//! Follows Hubble's `threefour` packet decoder (Cilium 1.19.4) over gopacket 1.5.0: the same
//! layers, the same errors, the same silent stops. A listed layer that does not decode refuses the
//! whole packet, as Hubble then has no flow; an unlisted one ends the walk. Not followed: bytes
//! past the captured length, which upstream reads when the perf ring padded them, or past the IP
//! length, which it reads as VRRP addresses; and a TCP option of length 0 on which gopacket never
//! returns.
//!
//! Nothing is reassembled or checksummed, and nothing is allocated.

mod decoded;
mod ether;
pub mod fast_path;
mod hop_by_hop;
mod ip;
mod layer;
mod overlay;
mod reason;
mod tcp;
mod transport;
mod walk;

use std::net::{IpAddr, Ipv4Addr};

use decoded::Decoders;
pub use layer::Layer;
pub use overlay::{Overlay, Tunnel};
pub use reason::Reason;
use walk::walk;

/// What a packet starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// An Ethernet header.
    Ethernet,
    /// An IPv4 header: a layer-3 device.
    Ipv4,
    /// An IPv6 header: a layer-3 device.
    Ipv6,
}

/// What was decoded. Where a kind of header occurs twice the inner one is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Packet<'a> {
    /// The Ethernet addresses.
    pub ethernet: Option<Ethernet>,
    /// The IP addresses.
    pub ip: Option<Ip>,
    /// The header above IP.
    pub l4: Option<L4>,
    /// The last layer that was decoded; `None` if the packet is empty.
    pub last: Option<Layer>,
    /// What follows the last header, if that is TCP, UDP, SCTP or ICMP; else empty.
    pub payload: &'a [u8],
    /// Where the payload starts in the bytes that were parsed.
    pub payload_offset: usize,
    /// Whether a length field promised more bytes than were captured, so that the payload is cut
    /// short.
    ///
    /// `false` is no proof of a whole payload where IPv4 segmentation offload left its length 0.
    pub truncated: bool,
}

impl<'a> Packet<'a> {
    /// What a tunnel of this packet would start in: the payload if the packet is UDP, else nothing.
    ///
    /// Upstream decodes an earlier packet's payload when this one is not UDP.
    #[must_use]
    pub fn udp_payload(&self) -> &'a [u8] {
        match self.l4 {
            Some(L4::Udp { .. }) => self.payload,
            _ => &[],
        }
    }
}

/// Ethernet addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ethernet {
    /// The source's.
    pub src: [u8; 6],
    /// The destination's.
    pub dst: [u8; 6],
}

/// IP addresses; both of one version, which is the header's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ip {
    /// The source's.
    pub src: IpAddr,
    /// The destination's.
    pub dst: IpAddr,
}

impl Ip {
    /// 4 or 6.
    #[must_use]
    pub fn version(&self) -> u8 {
        if self.src.is_ipv4() { 4 } else { 6 }
    }
}

/// The header above IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum L4 {
    /// TCP.
    Tcp {
        /// The source port.
        sport: u16,
        /// The destination port.
        dport: u16,
        /// FIN in bit 0 to CWR in bit 7, NS in bit 8: see [`tcp_flag`].
        flags: u16,
        /// The sequence number.
        seq: u32,
        /// The acknowledgment number, if the flag ACK is set.
        ack: Option<u32>,
    },
    /// UDP.
    Udp {
        /// The source port.
        sport: u16,
        /// The destination port.
        dport: u16,
    },
    /// SCTP; of its chunks only the first one's type is read.
    Sctp {
        /// The source port.
        sport: u16,
        /// The destination port.
        dport: u16,
        /// The type of the first chunk (RFC 9260, section 3.2); `None` if none was captured.
        chunk: Option<u8>,
    },
    /// ICMP of IPv4.
    Icmpv4 {
        /// The type.
        kind: u8,
        /// The code.
        code: u8,
    },
    /// ICMP of IPv6.
    Icmpv6 {
        /// The type.
        kind: u8,
        /// The code.
        code: u8,
    },
    /// VRRP, read as version 2.
    Vrrp {
        /// The type, always 1.
        kind: u8,
        /// The virtual router.
        vrid: u8,
        /// The sender's priority.
        priority: u8,
    },
    /// IGMP, read as version 1 or 2.
    Igmp {
        /// The type.
        kind: u8,
        /// The group's address.
        group: Ipv4Addr,
    },
}

impl L4 {
    /// Source and destination port, if the protocol has ports.
    #[must_use]
    pub fn ports(&self) -> Option<(u16, u16)> {
        match *self {
            Self::Tcp { sport, dport, .. }
            | Self::Udp { sport, dport }
            | Self::Sctp { sport, dport, .. } => Some((sport, dport)),
            _ => None,
        }
    }
}

/// The bits of [`L4::Tcp`]'s flags.
pub mod tcp_flag {
    /// No more data from the sender.
    pub const FIN: u16 = 0x001;
    /// Opens a connection.
    pub const SYN: u16 = 0x002;
    /// Aborts a connection.
    pub const RST: u16 = 0x004;
    /// Push to the application.
    pub const PSH: u16 = 0x008;
    /// The acknowledgment number counts.
    pub const ACK: u16 = 0x010;
    /// The urgent pointer counts.
    pub const URG: u16 = 0x020;
    /// Congestion was experienced, or can be told.
    pub const ECE: u16 = 0x040;
    /// The congestion window was reduced.
    pub const CWR: u16 = 0x080;
    /// The nonce sum.
    pub const NS: u16 = 0x100;
}

/// Decodes a packet. No bytes make an empty packet.
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

/// Decodes what a tunnel carries, from its header on: [`Packet::udp_payload`] of the outer packet.
///
/// A header with nothing behind it makes an overlay with an empty packet. As in Hubble, a UDP
/// packet inside to or from port 4789 or 6081 is decoded as one more tunnel, and the innermost VNI
/// of the tunnel's own kind is reported.
///
/// # Errors
///
/// The tunnel header is short, or a header inside that Hubble decodes is malformed or cut short.
pub fn parse_overlay(udp_payload: &[u8], tunnel: Tunnel) -> Result<Overlay<'_>, Reason> {
    let mut inner = Packet::default();
    let vni = walk(udp_payload, tunnel.layer(), Decoders::Overlay, &mut inner)?;
    if inner.last == Some(tunnel.layer()) && inner.ethernet.is_none() && inner.ip.is_none() {
        inner.last = None;
    }
    Ok(Overlay { tunnel, vni, inner })
}
