//! The headers of a packet, as views: each field is copied once, from the packet to where the
//! caller needs it.

use crate::packet::{Ethernet, TcpFlags, TcpNumbers};

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
    #[inline]
    pub(super) fn addresses(self) -> Ethernet {
        Ethernet {
            source: field(self.0, 6),
            destination: field(self.0, 0),
        }
    }

    #[inline]
    pub(super) fn ether_type(self) -> [u8; 2] {
        field(self.0, 12)
    }
}

impl Ipv4Header<'_> {
    /// The source address.
    #[must_use]
    #[inline]
    pub fn source(self) -> [u8; 4] {
        field(self.0, 12)
    }

    /// The destination address.
    #[must_use]
    #[inline]
    pub fn destination(self) -> [u8; 4] {
        field(self.0, 16)
    }

    #[inline]
    pub(super) fn total_len(self) -> usize {
        u16::from_be_bytes(field(self.0, 2)).into()
    }

    /// Whether more fragments follow, or the offset is not 0.
    #[inline]
    pub(super) fn is_fragment(self) -> bool {
        u16::from_be_bytes(field(self.0, 6)) & 0x3fff != 0
    }

    #[inline]
    pub(super) fn protocol(self) -> u8 {
        self.0[9]
    }
}

impl Ipv6Header<'_> {
    /// The source address.
    #[must_use]
    #[inline]
    pub fn source(self) -> [u8; 16] {
        field(self.0, 8)
    }

    /// The destination address.
    #[must_use]
    #[inline]
    pub fn destination(self) -> [u8; 16] {
        field(self.0, 24)
    }

    #[inline]
    pub(super) fn total_len(self) -> usize {
        self.0.len() + usize::from(u16::from_be_bytes(field(self.0, 4)))
    }

    #[inline]
    pub(super) fn protocol(self) -> u8 {
        self.0[6]
    }
}

impl TcpHeader<'_> {
    /// The source port.
    #[must_use]
    #[inline]
    pub fn source_port(self) -> u16 {
        u16::from_be_bytes(field(self.0, 0))
    }

    /// The destination port.
    #[must_use]
    #[inline]
    pub fn destination_port(self) -> u16 {
        u16::from_be_bytes(field(self.0, 2))
    }

    /// The sequence and acknowledgment numbers.
    #[must_use]
    #[inline]
    pub fn numbers(self) -> TcpNumbers {
        TcpNumbers {
            sequence: u32::from_be_bytes(field(self.0, 4)),
            acknowledgment: self
                .flags()
                .has(TcpFlags::ACK)
                .then(|| u32::from_be_bytes(field(self.0, 8))),
        }
    }

    /// The flags.
    #[must_use]
    #[inline]
    pub fn flags(self) -> TcpFlags {
        TcpFlags(u16::from_be_bytes(field(self.0, 12)) & 0x01ff)
    }

    /// The length with options, in bytes.
    #[inline]
    pub(super) fn len(self) -> usize {
        usize::from(self.0[12] >> 4) * 4
    }
}

impl UdpHeader<'_> {
    /// The source port.
    #[must_use]
    #[inline]
    pub fn source_port(self) -> u16 {
        u16::from_be_bytes(field(self.0, 0))
    }

    /// The destination port.
    #[must_use]
    #[inline]
    pub fn destination_port(self) -> u16 {
        u16::from_be_bytes(field(self.0, 2))
    }

    /// The length of header and payload, in bytes.
    #[inline]
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
