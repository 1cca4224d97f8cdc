//! The headers of a packet, as views: each field is copied once, from the packet to where the caller
//! needs it.

use crate::packet::{Ethernet, tcp_flag};

/// An Ethernet header.
#[derive(Debug, Clone, Copy)]
pub(super) struct EthernetHeader<'a>(pub(super) &'a [u8; 14]);

/// An IPv4 header without options.
#[derive(Debug, Clone, Copy)]
pub struct Ipv4Header<'a>(pub(super) &'a [u8; 20]);

/// An IPv6 header.
#[derive(Debug, Clone, Copy)]
pub struct Ipv6Header<'a>(pub(super) &'a [u8; 40]);

/// A TCP header as far as its options.
#[derive(Debug, Clone, Copy)]
pub struct TcpHeader<'a>(pub(super) &'a [u8; 20]);

/// A UDP header.
#[derive(Debug, Clone, Copy)]
pub struct UdpHeader<'a>(pub(super) &'a [u8; 8]);

impl EthernetHeader<'_> {
    pub(super) fn addresses(self) -> Ethernet {
        Ethernet {
            src: field(self.0, 6),
            dst: field(self.0, 0),
        }
    }

    pub(super) fn ether_type(self) -> [u8; 2] {
        field(self.0, 12)
    }
}

impl Ipv4Header<'_> {
    /// The source address.
    #[must_use]
    pub fn src(self) -> [u8; 4] {
        field(self.0, 12)
    }

    /// The destination address.
    #[must_use]
    pub fn dst(self) -> [u8; 4] {
        field(self.0, 16)
    }

    pub(super) fn total_len(self) -> usize {
        u16::from_be_bytes(field(self.0, 2)).into()
    }

    /// Whether more fragments follow, or the offset is not 0.
    pub(super) fn is_fragment(self) -> bool {
        u16::from_be_bytes(field(self.0, 6)) & 0x3fff != 0
    }

    pub(super) fn protocol(self) -> u8 {
        self.0[9]
    }
}

impl Ipv6Header<'_> {
    /// The source address.
    #[must_use]
    pub fn src(self) -> [u8; 16] {
        field(self.0, 8)
    }

    /// The destination address.
    #[must_use]
    pub fn dst(self) -> [u8; 16] {
        field(self.0, 24)
    }

    pub(super) fn total_len(self) -> usize {
        self.0.len() + usize::from(u16::from_be_bytes(field(self.0, 4)))
    }

    pub(super) fn protocol(self) -> u8 {
        self.0[6]
    }
}

impl TcpHeader<'_> {
    /// The source port.
    #[must_use]
    pub fn sport(self) -> u16 {
        u16::from_be_bytes(field(self.0, 0))
    }

    /// The destination port.
    #[must_use]
    pub fn dport(self) -> u16 {
        u16::from_be_bytes(field(self.0, 2))
    }

    /// The sequence number.
    #[must_use]
    pub fn seq(self) -> u32 {
        u32::from_be_bytes(field(self.0, 4))
    }

    /// The acknowledgment number, if the flag ACK is set.
    #[must_use]
    pub fn ack(self) -> Option<u32> {
        (self.flags() & tcp_flag::ACK != 0).then(|| u32::from_be_bytes(field(self.0, 8)))
    }

    /// The flags, as in [`L4::Tcp`](crate::packet::L4::Tcp).
    #[must_use]
    pub fn flags(self) -> u16 {
        u16::from_be_bytes(field(self.0, 12)) & 0x01ff
    }

    /// The length with options, in bytes.
    pub(super) fn len(self) -> usize {
        usize::from(self.0[12] >> 4) * 4
    }
}

impl UdpHeader<'_> {
    /// The source port.
    #[must_use]
    pub fn sport(self) -> u16 {
        u16::from_be_bytes(field(self.0, 0))
    }

    /// The destination port.
    #[must_use]
    pub fn dport(self) -> u16 {
        u16::from_be_bytes(field(self.0, 2))
    }

    /// The length of header and payload, in bytes.
    pub(super) fn total_len(self) -> usize {
        u16::from_be_bytes(field(self.0, 4)).into()
    }
}

/// Copies a field.
#[inline(always)]
fn field<const N: usize, const LEN: usize>(header: &[u8; LEN], at: usize) -> [u8; N] {
    // Offsets are constants within the header, so that this compiles to a plain load.
    header
        .get(at..)
        .and_then(<[u8]>::first_chunk)
        .copied()
        .unwrap_or([0; N])
}
