//! The shape of nearly every packet, read in one go: Ethernet, IP without options, extensions or
//! fragments, and TCP or UDP.
//!
//! Whatever is unusual in a packet is left to the walk, which reads the usual ones alike: a
//! property holds the two together.

mod header;

use header::EthernetHeader;
pub use header::{Ipv4Header, Ipv6Header, TcpHeader, UdpHeader};

use super::tcp::check_options;
use super::{Ethernet, Ip, L4, Layer, Packet};

const ETHERNET: usize = 14;
const IPV4: usize = 20;
const IPV6: usize = 40;
const TCP: usize = 20;
const UDP: usize = 8;

const IPV4_TYPE: [u8; 2] = [0x08, 0x00];
const IPV6_TYPE: [u8; 2] = [0x86, 0xdd];
/// Version and length of an IPv4 header; of IPv6, the version is not looked at.
const WITHOUT_OPTIONS: u8 = 0x45;
/// Two paddings, and the head of a timestamp.
const TCP_TIMESTAMP: [u8; 4] = [1, 1, 8, 10];

/// A packet of that shape, with nothing that could be missing.
#[derive(Debug, Clone, Copy)]
pub struct Usual<'a> {
    ethernet: EthernetHeader<'a>,
    /// The IP header.
    pub network: Network<'a>,
    /// The transport header.
    pub transport: Transport<'a>,
    /// What follows it.
    pub payload: &'a [u8],
    /// Where the payload starts in the bytes that were parsed.
    pub payload_offset: usize,
    /// As [`Packet::truncated`].
    pub truncated: bool,
}

/// An IP header.
#[derive(Debug, Clone, Copy)]
pub enum Network<'a> {
    /// Of IPv4.
    V4(Ipv4Header<'a>),
    /// Of IPv6.
    V6(Ipv6Header<'a>),
}

/// A transport header.
#[derive(Debug, Clone, Copy)]
pub enum Transport<'a> {
    /// Of TCP.
    Tcp(TcpHeader<'a>),
    /// Of UDP.
    Udp(UdpHeader<'a>),
}

impl Usual<'_> {
    /// The Ethernet addresses.
    #[must_use]
    pub fn ethernet(&self) -> Ethernet {
        self.ethernet.addresses()
    }
}

impl<'a> From<Usual<'a>> for Packet<'a> {
    fn from(usual: Usual<'a>) -> Self {
        let ip = match usual.network {
            Network::V4(header) => Ip {
                src: header.src().into(),
                dst: header.dst().into(),
            },
            Network::V6(header) => Ip {
                src: header.src().into(),
                dst: header.dst().into(),
            },
        };
        let (l4, last) = match usual.transport {
            Transport::Tcp(header) => {
                let (sport, dport) = (header.sport(), header.dport());
                (
                    L4::Tcp {
                        sport,
                        dport,
                        flags: header.flags(),
                        seq: header.seq(),
                        ack: header.ack(),
                    },
                    Layer::Tcp,
                )
            }
            Transport::Udp(header) => (
                L4::Udp {
                    sport: header.sport(),
                    dport: header.dport(),
                },
                Layer::Udp,
            ),
        };
        let Usual {
            payload,
            payload_offset,
            truncated,
            ..
        } = usual;
        let (ethernet, ip, l4, last) = (Some(usual.ethernet()), Some(ip), Some(l4), Some(last));
        Self {
            ethernet,
            ip,
            l4,
            last,
            payload,
            payload_offset,
            truncated,
        }
    }
}

/// Reads a packet that starts with an Ethernet header, if it is one of these.
#[must_use]
#[inline(always)]
pub fn parse_usual(bytes: &[u8]) -> Option<Usual<'_>> {
    let (ethernet, above) = bytes.split_first_chunk()?;
    let ethernet = EthernetHeader(ethernet);
    let network = network(ethernet, above)?;
    let (len, total_len, protocol) = match network {
        Network::V4(header) => (IPV4, header.total_len(), header.protocol()),
        Network::V6(header) => (IPV6, header.total_len(), header.protocol()),
    };
    let (start, end) = (ETHERNET + len, ETHERNET + total_len);
    let segment = bytes.get(start..end.min(bytes.len()))?;
    let (transport, from, to) = transport(protocol, segment)?;
    Some(Usual {
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

/// The header, and where its payload begins and ends in the segment.
#[inline(always)]
fn transport(protocol: u8, segment: &[u8]) -> Option<(Transport<'_>, usize, usize)> {
    match protocol {
        6 => {
            let header = TcpHeader(segment.first_chunk()?);
            let len = header.len();
            // What most have for options, if any.
            let is_stamped =
                (len == TCP + 12) & (segment.get(TCP..TCP + 4) == Some(&TCP_TIMESTAMP));
            if (len != TCP) & !is_stamped {
                check_options(segment.get(TCP..len)?).ok()?;
            }
            Some((Transport::Tcp(header), len, segment.len()))
        }
        17 => {
            let header = UdpHeader(segment.first_chunk()?);
            (header.total_len() >= UDP).then_some((Transport::Udp(header), UDP, header.total_len()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::packet::walk::{Decoders, walk};

    /// The walk's answer, and this module's if it has one.
    fn both(bytes: &[u8]) -> (Option<Packet<'_>>, Option<Packet<'_>>) {
        let mut walked = Packet::default();
        let walked = walk(bytes, Layer::Ethernet, Decoders::Plain, &mut walked)
            .ok()
            .map(|_| walked);
        (walked, parse_usual(bytes).map(Packet::from))
    }

    /// Ethernet, IP, and `transport` with its protocol's number; `length` is what the IP header
    /// says of it.
    fn packet(is_ipv6: bool, protocol: u8, length: u16, transport: &[u8]) -> Vec<u8> {
        let mut bytes = vec![2; 12];
        if is_ipv6 {
            bytes.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
            bytes.extend(length.to_be_bytes());
            bytes.extend([protocol, 64]);
            bytes.extend(1..=32);
        } else {
            bytes.extend([8, 0, 0x45, 0]);
            bytes.extend((20 + length).to_be_bytes());
            bytes.extend([0, 1, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        }
        bytes.extend(transport);
        bytes
    }

    #[test]
    fn usual_packets_are_read_here() {
        let tcp = [
            [0, 80, 1, 2, 0, 0, 0, 9, 0, 0, 0, 0, 0x50, 0x18].as_slice(),
            &[0; 6],
            b"GET",
        ]
        .concat();
        let mut stamped = [&tcp[..20], &TCP_TIMESTAMP, &[7; 8], b"GET"].concat();
        stamped[12] = 0x80;
        let mut syn = [&tcp[..20], &[2, 4, 5, 0xb4, 1, 3, 3, 7], b"GET"].concat();
        syn[12] = 0x70;
        let udp = [0, 53, 1, 2, 0, 11, 0, 0, b'a', b'b', b'c'];
        for (protocol, transport) in [(6, &tcp[..]), (6, &stamped), (6, &syn), (17, &udp)] {
            for is_ipv6 in [false, true] {
                let bytes = packet(is_ipv6, protocol, transport.len() as u16, transport);
                let (walked, usual) = both(&bytes);
                assert_eq!(
                    usual.expect("a usual packet").payload.len(),
                    3,
                    "{protocol}"
                );
                assert_eq!(usual, walked, "{protocol}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_read_here_the_walk_reads_alike(
            is_ipv6: bool,
            protocol in prop::sample::select(vec![0_u8, 1, 6, 17, 58]),
            length in 0_u16..70,
            transport in prop::collection::vec(any::<u8>(), 0..70),
            (offset, timestamp) in (0x4_u8..0xa, any::<bool>()),
            patch in prop::option::of((0_usize..80, any::<u8>())),
            cut in 0_usize..130,
        ) {
            let mut bytes = packet(is_ipv6, protocol, length, &transport);
            let at = ETHERNET + if is_ipv6 { IPV6 } else { IPV4 };
            if let Some(byte) = bytes.get_mut(at + 12) {
                *byte = offset << 4;
            }
            if let Some(options) = bytes.get_mut(at + 20..at + 24).filter(|_| timestamp) {
                options.copy_from_slice(&TCP_TIMESTAMP);
            }
            if let Some((at, byte)) = patch && at < bytes.len() {
                bytes[at] = byte;
            }
            bytes.truncate(cut);
            let (walked, usual) = both(&bytes);
            prop_assert!(usual.is_none() || usual == walked, "{usual:?}\n{walked:?}");
        }
    }
}
