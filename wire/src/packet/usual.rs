//! The shape of nearly every packet, read in one go: Ethernet, IPv4 without options or fragments, and TCP or UDP.
//!
//! Whatever is unusual in a packet is left to the walk, which reads the usual ones alike: a property holds the two
//! together.

use super::tcp::check_options;
use super::{Ethernet, Ip, L4, Layer, Packet};
use std::net::Ipv4Addr;

const IPV4: usize = 14;
const TRANSPORT: usize = 34;
/// EtherType, IP version and header length.
const IPV4_WITHOUT_OPTIONS: [u8; 3] = [0x08, 0x00, 0x45];
/// Two paddings, and the head of a timestamp.
const TCP_TIMESTAMP: [u8; 4] = [1, 1, 8, 10];

/// A packet of that shape: what a [`Packet`] says, with nothing that could be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usual<'a> {
    /// The Ethernet addresses.
    pub ethernet: Ethernet,
    /// The source's address.
    pub src: Ipv4Addr,
    /// The destination's address.
    pub dst: Ipv4Addr,
    /// TCP or UDP.
    pub l4: L4,
    /// Which of them.
    pub layer: Layer,
    /// What follows its header.
    pub payload: &'a [u8],
    /// Where the payload starts in the bytes that were parsed.
    pub payload_offset: usize,
    /// As [`Packet::truncated`].
    pub truncated: bool,
}

impl<'a> From<Usual<'a>> for Packet<'a> {
    fn from(usual: Usual<'a>) -> Self {
        let Usual { ethernet, src, dst, l4, layer, payload, payload_offset, truncated } = usual;
        let ip = Ip { src: src.into(), dst: dst.into() };
        let (ethernet, ip, l4, last) = (Some(ethernet), Some(ip), Some(l4), Some(layer));
        Self { ethernet, ip, l4, last, payload, payload_offset, truncated }
    }
}

/// Reads a packet that starts with an Ethernet header, if it is one of these.
#[must_use]
#[inline]
pub fn parse_usual(bytes: &[u8]) -> Option<Usual<'_>> {
    let header: &[u8; TRANSPORT] = bytes.first_chunk()?;
    // Cut in pieces that are copied whole: byte by byte, the addresses alone would take forty instructions.
    let (&to, rest) = header.split_first_chunk()?;
    let (&from, rest) = rest.split_first_chunk()?;
    let (&version, rest) = rest.split_first_chunk()?;
    let (&[_, l0, l1, _, _, f0, f1, _, protocol, _, _], rest) = rest.split_first_chunk()?;
    let (&src, rest) = rest.split_first_chunk::<4>()?;
    let (&dst, _) = rest.split_first_chunk::<4>()?;
    let fragment = u16::from_be_bytes([f0 & 0x3f, f1]) != 0;
    let end = IPV4 + usize::from(u16::from_be_bytes([l0, l1]));
    if version != IPV4_WITHOUT_OPTIONS || fragment || end <= TRANSPORT {
        return None;
    }
    let segment = &bytes[TRANSPORT..end.min(bytes.len())];
    let found = match protocol {
        6 => tcp(segment)?,
        17 => udp(segment)?,
        _ => return None,
    };
    Some(Usual {
        ethernet: Ethernet { src: from, dst: to },
        src: src.into(),
        dst: dst.into(),
        l4: found.l4,
        layer: found.layer,
        payload: &segment[found.start..found.end.min(segment.len())],
        payload_offset: TRANSPORT + found.start,
        truncated: end > bytes.len() || found.end > segment.len(),
    })
}

/// A transport header, and where its payload is in the segment.
struct Transport {
    l4: L4,
    layer: Layer,
    start: usize,
    end: usize,
}

#[inline]
fn tcp(segment: &[u8]) -> Option<Transport> {
    let header: &[u8; 20] = segment.first_chunk()?;
    let start = match header[12] >> 4 {
        5 => 20,
        8 if segment.len() >= 32 && segment[20..24] == TCP_TIMESTAMP => 32,
        words => {
            let start = usize::from(words) * 4;
            check_options(segment.get(20..start)?).ok()?;
            start
        }
    };
    let l4 = L4::Tcp {
        sport: u16::from_be_bytes([header[0], header[1]]),
        dport: u16::from_be_bytes([header[2], header[3]]),
        flags: u16::from_be_bytes([header[12] & 0x01, header[13]]),
        seq: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
    };
    Some(Transport { l4, layer: Layer::Tcp, start, end: segment.len() })
}

#[inline]
fn udp(segment: &[u8]) -> Option<Transport> {
    let [s0, s1, d0, d1, l0, l1, _, _] = *segment.first_chunk()?;
    let end = usize::from(u16::from_be_bytes([l0, l1]));
    let l4 = L4::Udp { sport: u16::from_be_bytes([s0, s1]), dport: u16::from_be_bytes([d0, d1]) };
    (end >= 8).then_some(Transport { l4, layer: Layer::Udp, start: 8, end })
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

    /// Ethernet, IPv4, and `transport` with its protocol's number.
    fn packet(protocol: u8, total: u16, transport: &[u8]) -> Vec<u8> {
        let mut bytes = vec![2; 12];
        bytes.extend([8, 0, 0x45, 0]);
        bytes.extend(total.to_be_bytes());
        bytes.extend([0, 1, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
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
            let bytes = packet(protocol, 20 + transport.len() as u16, transport);
            let (walked, usual) = both(&bytes);
            assert_eq!(usual.expect("a usual packet").payload.len(), 3, "{protocol}");
            assert_eq!(usual, walked, "{protocol}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_here_the_walk_reads_alike(
            protocol in prop::sample::select(vec![1_u8, 6, 17]),
            total in 0_u16..90,
            transport in prop::collection::vec(any::<u8>(), 0..70),
            (offset, timestamp) in (0x4_u8..0xa, any::<bool>()),
            patch in prop::option::of((0_usize..60, any::<u8>())),
            cut in 0_usize..110,
        ) {
            let mut bytes = packet(protocol, total, &transport);
            if let Some(byte) = bytes.get_mut(TRANSPORT + 12) {
                *byte = offset << 4;
            }
            if let Some(options) = bytes.get_mut(TRANSPORT + 20..TRANSPORT + 24).filter(|_| timestamp) {
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
