//! Fast path for the most common packets: Ethernet, IP without options, extensions or fragments,
//! and TCP or UDP.
//!
//! Everything else is decoded by [`packet::parse`](super::parse). A property test checks that both
//! decode alike.

mod header;

use header::EthernetHeader;
pub use header::{Ipv4Header, Ipv6Header, TcpHeader, UdpHeader};

use super::tcp::check_options;
use super::{Ethernet, Ip, L4, Layer, Packet, TcpNumbers, ip_protocol};

const ETHERNET: usize = 14;
const IPV4: usize = 20;
const IPV6: usize = 40;
const TCP: usize = 20;
const UDP: usize = 8;

const IPV4_TYPE: [u8; 2] = [0x08, 0x00];
const IPV6_TYPE: [u8; 2] = [0x86, 0xdd];
/// Version and length of an IPv4 header. The version of IPv6 is not checked.
const WITHOUT_OPTIONS: u8 = 0x45;
/// The most common options begin so: two paddings, and kind and length of a timestamp.
const TCP_TIMESTAMP: [u8; 4] = [1, 1, 8, 10];

/// A packet with all of these headers.
#[derive(Debug, Clone, Copy)]
pub struct SimplePacket<'a> {
    ethernet: EthernetHeader<'a>,
    /// The IP header.
    pub network: Network<'a>,
    /// The transport header.
    pub transport: Transport<'a>,
    /// What follows the transport header.
    pub payload: &'a [u8],
    /// Where the payload starts in the bytes that were parsed.
    pub payload_offset: usize,
    /// As [`Packet::truncated`].
    pub truncated: bool,
}

/// An IP header.
#[derive(Debug, Clone, Copy)]
pub enum Network<'a> {
    /// IPv4.
    V4(Ipv4Header<'a>),
    /// IPv6.
    V6(Ipv6Header<'a>),
}

/// A transport header.
#[derive(Debug, Clone, Copy)]
pub enum Transport<'a> {
    /// TCP.
    Tcp(TcpHeader<'a>),
    /// UDP.
    Udp(UdpHeader<'a>),
}

impl SimplePacket<'_> {
    /// The Ethernet addresses.
    #[must_use]
    pub fn ethernet(&self) -> Ethernet {
        self.ethernet.addresses()
    }
}

impl Network<'_> {
    fn addresses(self) -> Ip {
        match self {
            Self::V4(header) => Ip {
                source: header.source().into(),
                destination: header.destination().into(),
            },
            Self::V6(header) => Ip {
                source: header.source().into(),
                destination: header.destination().into(),
            },
        }
    }
}

impl Transport<'_> {
    fn layer(self) -> Layer {
        match self {
            Self::Tcp(_) => Layer::Tcp,
            Self::Udp(_) => Layer::Udp,
        }
    }

    fn numbers(self) -> Option<TcpNumbers> {
        match self {
            Self::Tcp(header) => Some(header.numbers()),
            Self::Udp(_) => None,
        }
    }

    fn header(self) -> L4 {
        match self {
            Self::Tcp(header) => L4::Tcp {
                source_port: header.source_port(),
                destination_port: header.destination_port(),
                flags: Some(header.flags()),
            },
            Self::Udp(header) => L4::Udp {
                source_port: header.source_port(),
                destination_port: header.destination_port(),
            },
        }
    }
}

impl<'a> From<SimplePacket<'a>> for Packet<'a> {
    fn from(packet: SimplePacket<'a>) -> Self {
        Self {
            ethernet: Some(packet.ethernet()),
            ip: Some(packet.network.addresses()),
            l4: packet.transport.header(),
            tcp: packet.transport.numbers(),
            last: Some(packet.transport.layer()),
            payload: packet.payload,
            payload_offset: packet.payload_offset,
            truncated: packet.truncated,
        }
    }
}

/// Decodes a packet that starts with an Ethernet header; `None` leaves the packet to
/// [`packet::parse`](super::parse).
#[must_use]
#[inline(always)]
pub fn parse(bytes: &[u8]) -> Option<SimplePacket<'_>> {
    let (ethernet, above) = bytes.split_first_chunk()?;
    let ethernet = EthernetHeader(ethernet);
    let network = network(ethernet, above)?;
    let (len, total_len, protocol) = match network {
        Network::V4(header) => (IPV4, header.total_len(), header.protocol()),
        Network::V6(header) => (IPV6, header.total_len(), header.protocol()),
    };
    let start = ETHERNET + len;
    let end = ETHERNET + total_len;
    let segment = bytes.get(start..end.min(bytes.len()))?;
    let (transport, from, to) = transport(protocol, segment)?;
    Some(SimplePacket {
        ethernet,
        network,
        transport,
        payload: segment.get(from..to.min(segment.len()))?,
        payload_offset: start + from,
        truncated: (end > bytes.len()) | (to > segment.len()),
    })
}

#[inline(always)]
fn network<'a>(ethernet: EthernetHeader<'_>, above: &'a [u8]) -> Option<Network<'a>> {
    match (ethernet.ether_type(), *above.first()?) {
        (IPV4_TYPE, WITHOUT_OPTIONS) => {
            let header = Ipv4Header(above.first_chunk()?);
            (!header.is_fragment()).then_some(Network::V4(header))
        }
        (IPV6_TYPE, _) => Some(Network::V6(Ipv6Header(above.first_chunk()?))),
        _ => None,
    }
}

/// The transport header, and the start and end of its payload in the segment.
#[inline(always)]
fn transport(protocol: u8, segment: &[u8]) -> Option<(Transport<'_>, usize, usize)> {
    match protocol {
        ip_protocol::TCP => {
            let header = TcpHeader(segment.first_chunk()?);
            let len = header.len();
            let is_timestamp =
                (len == TCP + 12) & (segment.get(TCP..TCP + 4) == Some(&TCP_TIMESTAMP));
            if (len != TCP) & !is_timestamp {
                check_options(segment.get(TCP..len)?).ok()?;
            }
            Some((Transport::Tcp(header), len, segment.len()))
        }
        ip_protocol::UDP => {
            let header = UdpHeader(segment.first_chunk()?);
            (header.total_len() >= UDP).then_some((Transport::Udp(header), UDP, header.total_len()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
