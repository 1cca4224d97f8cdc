//! The shape of nearly every packet, read in one go: Ethernet, IP without options, extensions or fragments, and TCP or
//! UDP.
//!
//! Whatever is unusual in a packet is left to the walk, which reads the usual ones alike: a property holds the two
//! together.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::tcp::check_options;
use super::{Ethernet, Ip, L4, Layer, Packet};

/// Where the IP header is.
const IP: usize = 14;
/// Where it ends.
const BEHIND_IPV4: usize = IP + 20;
const BEHIND_IPV6: usize = IP + 40;
/// EtherType, IP version and header length.
const IPV4_WITHOUT_OPTIONS: [u8; 3] = [0x08, 0x00, 0x45];
/// Two paddings, and the head of a timestamp.
const TCP_TIMESTAMP: [u8; 4] = [1, 1, 8, 10];

/// A packet of that shape: what a [`Packet`] says, with nothing that could be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usual<'a> {
    /// The Ethernet addresses.
    pub ethernet: Ethernet,
    /// Whether the addresses are of IPv6.
    pub is_ipv6: bool,
    /// The source's address; one of IPv4 in its IPv4-mapped form.
    pub src: [u8; 16],
    /// The destination's.
    pub dst: [u8; 16],
    /// The source port.
    pub sport: u16,
    /// The destination port.
    pub dport: u16,
    /// What TCP has and UDP has not.
    pub tcp: Option<UsualTcp>,
    /// What follows the transport header.
    pub payload: &'a [u8],
    /// Where the payload starts in the bytes that were parsed.
    pub payload_offset: usize,
    /// As [`Packet::truncated`].
    pub truncated: bool,
}

/// The rest of [`L4::Tcp`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsualTcp {
    /// The flags.
    pub flags: u16,
    /// The sequence number.
    pub seq: u32,
}

impl<'a> From<Usual<'a>> for Packet<'a> {
    fn from(usual: Usual<'a>) -> Self {
        let Usual { ethernet, is_ipv6, src, dst, sport, dport, tcp, payload, payload_offset, truncated } = usual;
        let ip = if is_ipv6 {
            Ip { src: Ipv6Addr::from(src).into(), dst: Ipv6Addr::from(dst).into() }
        } else {
            let [v4_src, v4_dst] = [src, dst].map(|[.., a, b, c, d]| Ipv4Addr::new(a, b, c, d).into());
            Ip { src: v4_src, dst: v4_dst }
        };
        let (l4, last) = match tcp {
            Some(UsualTcp { flags, seq }) => (L4::Tcp { sport, dport, flags, seq }, Layer::Tcp),
            None => (L4::Udp { sport, dport }, Layer::Udp),
        };
        let (ethernet, ip, l4, last) = (Some(ethernet), Some(ip), Some(l4), Some(last));
        Self { ethernet, ip, l4, last, payload, payload_offset, truncated }
    }
}

/// Reads a packet that starts with an Ethernet header, if it is one of these.
#[must_use]
#[inline(always)]
pub fn parse_usual(bytes: &[u8]) -> Option<Usual<'_>> {
    // Cut in pieces that are copied whole: byte by byte, the addresses alone would take forty instructions.
    let (&dst, rest) = bytes.split_first_chunk()?;
    let (&src, rest) = rest.split_first_chunk()?;
    let ethernet = Ethernet { src, dst };
    let network = match *rest.first_chunk()? {
        IPV4_WITHOUT_OPTIONS => ipv4(bytes)?,
        [0x86, 0xdd, _] => ipv6(bytes)?,
        _ => return None,
    };
    parse_transport(bytes, ethernet, network)
}

/// What the IP header says.
struct Network {
    is_ipv6: bool,
    src: [u8; 16],
    dst: [u8; 16],
    protocol: u8,
    /// Where it ends in the bytes.
    start: usize,
    /// Where the packet ends.
    end: usize,
}

#[inline(always)]
fn ipv4(bytes: &[u8]) -> Option<Network> {
    let header: &[u8; BEHIND_IPV4] = bytes.first_chunk()?;
    let (&[_, _, l0, l1, _, _, f0, f1, _, protocol, _, _], addresses) = header[IP..].split_first_chunk()?;
    let (src, dst) = addresses.split_first_chunk::<4>()?;
    let is_fragment = u16::from_be_bytes([f0 & 0x3f, f1]) != 0;
    let end = IP + usize::from(u16::from_be_bytes([l0, l1]));
    let mapped = |octets: [u8; 4]| Ipv4Addr::from(octets).to_ipv6_mapped().octets();
    let (src, dst) = (mapped(*src), mapped(*dst.first_chunk()?));
    (!is_fragment & (end > BEHIND_IPV4)).then_some(Network {
        is_ipv6: false,
        src,
        dst,
        protocol,
        start: BEHIND_IPV4,
        end,
    })
}

#[inline(always)]
fn ipv6(bytes: &[u8]) -> Option<Network> {
    let header: &[u8; BEHIND_IPV6] = bytes.first_chunk()?;
    let (&[_, _, _, _, l0, l1, protocol, _], addresses) = header[IP..].split_first_chunk()?;
    let (&src, dst) = addresses.split_first_chunk()?;
    let end = BEHIND_IPV6 + usize::from(u16::from_be_bytes([l0, l1]));
    (end > BEHIND_IPV6).then_some(Network {
        is_ipv6: true,
        src,
        dst: *dst.first_chunk()?,
        protocol,
        start: BEHIND_IPV6,
        end,
    })
}

#[inline(always)]
fn parse_transport(bytes: &[u8], ethernet: Ethernet, network: Network) -> Option<Usual<'_>> {
    let Network { is_ipv6, src, dst, protocol, start, end } = network;
    let segment = bytes.get(start..end.min(bytes.len()))?;
    let found = match protocol {
        6 => tcp(segment)?,
        17 => udp(segment)?,
        _ => return None,
    };
    Some(Usual {
        ethernet,
        is_ipv6,
        src,
        dst,
        sport: found.sport,
        dport: found.dport,
        tcp: found.tcp,
        payload: segment.get(found.start..found.end.min(segment.len()))?,
        payload_offset: start + found.start,
        truncated: (end > bytes.len()) | (found.end > segment.len()),
    })
}

/// A transport header, and where its payload is in the segment.
struct Transport {
    sport: u16,
    dport: u16,
    tcp: Option<UsualTcp>,
    start: usize,
    end: usize,
}

#[inline(always)]
fn tcp(segment: &[u8]) -> Option<Transport> {
    let header: &[u8; 20] = segment.first_chunk()?;
    let start = usize::from(header[12] >> 4) * 4;
    // What most have for options, if any.
    let is_stamped = (start == 32) & (segment.get(20..24) == Some(&TCP_TIMESTAMP));
    if (start != 20) & !is_stamped {
        check_options(segment.get(20..start)?).ok()?;
    }
    let tcp = UsualTcp {
        flags: u16::from_be_bytes([header[12] & 0x01, header[13]]),
        seq: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
    };
    let [sport, dport] = ports([header[0], header[1], header[2], header[3]]);
    Some(Transport { sport, dport, tcp: Some(tcp), start, end: segment.len() })
}

#[inline(always)]
fn udp(segment: &[u8]) -> Option<Transport> {
    let [s0, s1, d0, d1, l0, l1, _, _] = *segment.first_chunk()?;
    let end = usize::from(u16::from_be_bytes([l0, l1]));
    let [sport, dport] = ports([s0, s1, d0, d1]);
    (end >= 8).then_some(Transport { sport, dport, tcp: None, start: 8, end })
}

#[inline(always)]
fn ports([s0, s1, d0, d1]: [u8; 4]) -> [u16; 2] {
    [u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1])]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::walk::{Decoders, walk};
    use super::*;

    /// The walk's answer, and this module's if it has one.
    fn both(bytes: &[u8]) -> (Option<Packet<'_>>, Option<Packet<'_>>) {
        let mut walked = Packet::default();
        let walked = walk(bytes, Layer::Ethernet, Decoders::Plain, &mut walked).ok().map(|_| walked);
        (walked, parse_usual(bytes).map(Packet::from))
    }

    /// Ethernet, IP, and `transport` with its protocol's number; `length` is what the IP header says of it.
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
        let tcp = [[0, 80, 1, 2, 0, 0, 0, 9, 0, 0, 0, 0, 0x50, 0x18].as_slice(), &[0; 6], b"GET"].concat();
        let mut stamped = [&tcp[..20], &TCP_TIMESTAMP, &[7; 8], b"GET"].concat();
        stamped[12] = 0x80;
        let mut syn = [&tcp[..20], &[2, 4, 5, 0xb4, 1, 3, 3, 7], b"GET"].concat();
        syn[12] = 0x70;
        let udp = [0, 53, 1, 2, 0, 11, 0, 0, b'a', b'b', b'c'];
        for (protocol, transport) in [(6, &tcp[..]), (6, &stamped), (6, &syn), (17, &udp)] {
            for is_ipv6 in [false, true] {
                let bytes = packet(is_ipv6, protocol, transport.len() as u16, transport);
                let (walked, usual) = both(&bytes);
                assert_eq!(usual.expect("a usual packet").payload.len(), 3, "{protocol}");
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
            let at = if is_ipv6 { BEHIND_IPV6 } else { BEHIND_IPV4 };
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
