//! The shape of nearly every packet, read in one go: Ethernet, IP without options, extensions or fragments, and TCP or
//! UDP.
//!
//! Whatever is unusual in a packet is left to the walk, which reads the usual ones alike: a property holds the two
//! together.

use super::tcp::check_options;
use super::{Ethernet, Ip, L4, Layer, Packet};

const ETHERNET: usize = 14;
const IPV4: usize = 20;
const IPV6: usize = 40;
const TCP: usize = 20;
const UDP: usize = 8;

/// EtherType, IP version and header length.
const IPV4_WITHOUT_OPTIONS: [u8; 3] = [0x08, 0x00, 0x45];
/// EtherType; the version behind it is not looked at.
const IPV6_TYPE: [u8; 2] = [0x86, 0xdd];
/// Two paddings, and the head of a timestamp.
const TCP_TIMESTAMP: [u8; 4] = [1, 1, 8, 10];

/// A packet of that shape, with nothing that could be missing. Its headers are read where they lie, by whoever knows
/// where their fields go: on the way through values of ours they would be copied more than once.
#[derive(Debug, Clone, Copy)]
pub struct Usual<'a> {
    ethernet: &'a [u8; ETHERNET],
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

/// An IP header without options or extensions.
#[derive(Debug, Clone, Copy)]
pub enum Network<'a> {
    /// Of IPv4.
    V4(&'a [u8; IPV4]),
    /// Of IPv6.
    V6(&'a [u8; IPV6]),
}

/// A transport header, as far as its options.
#[derive(Debug, Clone, Copy)]
pub enum Transport<'a> {
    /// Of TCP.
    Tcp(&'a [u8; TCP]),
    /// Of UDP.
    Udp(&'a [u8; UDP]),
}

impl Usual<'_> {
    /// The Ethernet addresses.
    #[must_use]
    #[inline(always)]
    pub fn ethernet(&self) -> Ethernet {
        Ethernet { src: cut(self.ethernet, 6), dst: cut(self.ethernet, 0) }
    }
}

impl Network<'_> {
    /// Source and destination of an IPv4 header.
    #[must_use]
    #[inline(always)]
    pub fn addresses_v4(header: &[u8; IPV4]) -> [[u8; 4]; 2] {
        [cut(header, 12), cut(header, 16)]
    }

    /// Source and destination of an IPv6 header.
    #[must_use]
    #[inline(always)]
    pub fn addresses_v6(header: &[u8; IPV6]) -> [[u8; 16]; 2] {
        [cut(header, 8), cut(header, 24)]
    }
}

impl Transport<'_> {
    /// Source and destination port.
    #[must_use]
    #[inline(always)]
    pub fn ports(&self) -> [u16; 2] {
        let ports = match self {
            Self::Tcp(header) => cut::<4>(*header, 0),
            Self::Udp(header) => cut::<4>(*header, 0),
        };
        [u16::from_be_bytes(cut(&ports, 0)), u16::from_be_bytes(cut(&ports, 2))]
    }

    /// The flags of a TCP header, as in [`L4::Tcp`].
    #[must_use]
    #[inline(always)]
    pub fn flags(header: &[u8; TCP]) -> u16 {
        u16::from_be_bytes([header[12] & 0x01, header[13]])
    }

    /// The sequence number of a TCP header.
    #[must_use]
    #[inline(always)]
    pub fn seq(header: &[u8; TCP]) -> u32 {
        u32::from_be_bytes(cut(header, 4))
    }
}

impl<'a> From<Usual<'a>> for Packet<'a> {
    fn from(usual: Usual<'a>) -> Self {
        let Usual { network, transport, payload, payload_offset, truncated, .. } = usual;
        let [src, dst] = match network {
            Network::V4(header) => Network::addresses_v4(header).map(Into::into),
            Network::V6(header) => Network::addresses_v6(header).map(Into::into),
        };
        let [sport, dport] = transport.ports();
        let (l4, last) = match transport {
            Transport::Tcp(header) => {
                let (flags, seq) = (Transport::flags(header), Transport::seq(header));
                (L4::Tcp { sport, dport, flags, seq }, Layer::Tcp)
            }
            Transport::Udp(_) => (L4::Udp { sport, dport }, Layer::Udp),
        };
        let (ethernet, ip, l4, last) = (Some(usual.ethernet()), Some(Ip { src, dst }), Some(l4), Some(last));
        Self { ethernet, ip, l4, last, payload, payload_offset, truncated }
    }
}

/// Reads a packet that starts with an Ethernet header, if it is one of these.
#[must_use]
#[inline(always)]
pub fn parse_usual(bytes: &[u8]) -> Option<Usual<'_>> {
    let (ethernet, above) = bytes.split_first_chunk()?;
    let network = network(ethernet, above)?;
    let end = ETHERNET + network.end();
    let (start, protocol) = (ETHERNET + network.len(), network.protocol());
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
fn network<'a>(ethernet: &[u8; ETHERNET], above: &'a [u8]) -> Option<Network<'a>> {
    let [.., t0, t1] = *ethernet;
    if [t0, t1, *above.first()?] == IPV4_WITHOUT_OPTIONS {
        let header: &[u8; IPV4] = above.first_chunk()?;
        let is_fragment = u16::from_be_bytes([header[6] & 0x3f, header[7]]) != 0;
        return (!is_fragment).then_some(Network::V4(header));
    }
    if [t0, t1] == IPV6_TYPE { Some(Network::V6(above.first_chunk()?)) } else { None }
}

impl Network<'_> {
    fn len(&self) -> usize {
        match self {
            Self::V4(_) => IPV4,
            Self::V6(_) => IPV6,
        }
    }

    /// Where the packet ends, from the header on.
    fn end(&self) -> usize {
        match self {
            Self::V4(header) => u16::from_be_bytes(cut(*header, 2)).into(),
            Self::V6(header) => IPV6 + usize::from(u16::from_be_bytes(cut(*header, 4))),
        }
    }

    fn protocol(&self) -> u8 {
        match self {
            Self::V4(header) => header[9],
            Self::V6(header) => header[6],
        }
    }
}

/// The header, and where its payload begins and ends in the segment.
#[inline(always)]
fn transport(protocol: u8, segment: &[u8]) -> Option<(Transport<'_>, usize, usize)> {
    match protocol {
        6 => {
            let header: &[u8; TCP] = segment.first_chunk()?;
            Some((Transport::Tcp(header), tcp_len(header, segment)?, segment.len()))
        }
        17 => {
            let header: &[u8; UDP] = segment.first_chunk()?;
            let end = usize::from(u16::from_be_bytes(cut(header, 4)));
            (end >= UDP).then_some((Transport::Udp(header), UDP, end))
        }
        _ => None,
    }
}

/// The length of a TCP header with its options, which are as they should be.
#[inline(always)]
fn tcp_len(header: &[u8; TCP], segment: &[u8]) -> Option<usize> {
    let len = usize::from(header[12] >> 4) * 4;
    // What most have for options, if any.
    let is_stamped = (len == TCP + 12) & (segment.get(TCP..TCP + 4) == Some(&TCP_TIMESTAMP));
    if (len != TCP) & !is_stamped {
        check_options(segment.get(TCP..len)?).ok()?;
    }
    Some(len)
}

/// A field of a header, copied whole.
#[inline(always)]
fn cut<const N: usize>(header: &[u8], at: usize) -> [u8; N] {
    // The field of a header whose length is known is there.
    header.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or([0; N])
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
