//! Headers of a usual packet, which are read where they lie, by whoever knows where their fields
//! go: on the way through values of ours they would be copied more than once.

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
            src: cut(self.0, 6),
            dst: cut(self.0, 0),
        }
    }

    pub(super) fn ether_type(self) -> [u8; 2] {
        cut(self.0, 12)
    }
}

impl Ipv4Header<'_> {
    /// The source's address.
    #[must_use]
    pub fn src(self) -> [u8; 4] {
        cut(self.0, 12)
    }

    /// The destination's.
    #[must_use]
    pub fn dst(self) -> [u8; 4] {
        cut(self.0, 16)
    }

    pub(super) fn total_len(self) -> usize {
        u16::from_be_bytes(cut(self.0, 2)).into()
    }

    /// More fragments, or an offset.
    pub(super) fn is_fragment(self) -> bool {
        u16::from_be_bytes(cut(self.0, 6)) & 0x3fff != 0
    }

    pub(super) fn protocol(self) -> u8 {
        self.0[9]
    }
}

impl Ipv6Header<'_> {
    /// The source's address.
    #[must_use]
    pub fn src(self) -> [u8; 16] {
        cut(self.0, 8)
    }

    /// The destination's.
    #[must_use]
    pub fn dst(self) -> [u8; 16] {
        cut(self.0, 24)
    }

    pub(super) fn total_len(self) -> usize {
        self.0.len() + usize::from(u16::from_be_bytes(cut(self.0, 4)))
    }

    pub(super) fn protocol(self) -> u8 {
        self.0[6]
    }
}

impl TcpHeader<'_> {
    /// The source port.
    #[must_use]
    pub fn sport(self) -> u16 {
        u16::from_be_bytes(cut(self.0, 0))
    }

    /// The destination port.
    #[must_use]
    pub fn dport(self) -> u16 {
        u16::from_be_bytes(cut(self.0, 2))
    }

    /// The sequence number.
    #[must_use]
    pub fn seq(self) -> u32 {
        u32::from_be_bytes(cut(self.0, 4))
    }

    /// The acknowledgment number, if the flag ACK is set.
    #[must_use]
    pub fn ack(self) -> Option<u32> {
        (self.flags() & tcp_flag::ACK != 0).then(|| u32::from_be_bytes(cut(self.0, 8)))
    }

    /// The flags, as in [`L4::Tcp`](crate::packet::L4::Tcp).
    #[must_use]
    pub fn flags(self) -> u16 {
        u16::from_be_bytes(cut(self.0, 12)) & 0x01ff
    }

    /// With its options.
    pub(super) fn len(self) -> usize {
        usize::from(self.0[12] >> 4) * 4
    }
}

impl UdpHeader<'_> {
    /// The source port.
    #[must_use]
    pub fn sport(self) -> u16 {
        u16::from_be_bytes(cut(self.0, 0))
    }

    /// The destination port.
    #[must_use]
    pub fn dport(self) -> u16 {
        u16::from_be_bytes(cut(self.0, 2))
    }

    /// Of header and payload.
    pub(super) fn total_len(self) -> usize {
        u16::from_be_bytes(cut(self.0, 4)).into()
    }
}

/// A field, copied whole.
#[inline(always)]
fn cut<const N: usize, const LEN: usize>(header: &[u8; LEN], at: usize) -> [u8; N] {
    // Places are constants here, and within the header.
    header
        .get(at..)
        .and_then(<[u8]>::first_chunk)
        .copied()
        .unwrap_or([0; N])
}
