//! The common part of events with a packet: the first 16 bytes of the header, and the position of
//! the packet.
//!
//! A perf sample ends with 0 to 7 bytes of padding, so the end of the packet is determined by the
//! captured length. Fields are little-endian, as on all architectures that Cilium supports.

use super::reason::{Bound, Reason};
use crate::packet::{Link, TunnelProtocol};

pub(super) mod offset {
    pub(in super::super) const SUBTYPE: usize = 1;
    pub(in super::super) const SOURCE: usize = 2;
    pub(in super::super) const HASH: usize = 4;
    pub(in super::super) const LEN_ORIG: usize = 8;
    pub(in super::super) const LEN_CAP: usize = 12;
    pub(in super::super) const VERSION: usize = 14;
    pub(in super::super) const EXT_VERSION: usize = 15;
}

/// The header and the packet of an event with a packet.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    header: &'a [u8],
    body: &'a [u8],
    packet_offset: usize,
}

impl<'a> Sample<'a> {
    /// Splits `data` after a header of `header_len` bytes and the extension of a downstream build,
    /// if any.
    pub(super) fn new(
        data: &'a [u8],
        header_len: usize,
        event: &'static str,
        bound: Bound,
    ) -> Result<Self, Reason> {
        let header = data.get(..header_len).ok_or(Reason::EventTooShort {
            event,
            bound,
            expected: header_len,
            len: data.len(),
        })?;
        let packet_offset = packet_offset(data, header_len);
        let body = data.get(packet_offset..).unwrap_or_default();
        Ok(Self {
            header,
            body,
            packet_offset,
        })
    }

    /// Splits `data` after a header of `header_len` bytes; `None` if it is shorter or has an
    /// extension.
    #[inline]
    pub(super) fn cut(data: &'a [u8], header_len: usize) -> Option<Self> {
        let (header, body) = data.split_at_checked(header_len)?;
        (field::<1>(header, offset::EXT_VERSION) == [0]).then_some(Self {
            header,
            body,
            packet_offset: header_len,
        })
    }

    pub(super) fn u8(&self, at: usize) -> u8 {
        field::<1>(self.header, at)[0]
    }

    pub(super) fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes(field(self.header, at))
    }

    pub(super) fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(field(self.header, at))
    }

    pub(super) fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(field(self.header, at))
    }

    pub(super) fn bytes<const N: usize>(&self, at: usize) -> [u8; N] {
        field(self.header, at)
    }

    /// The captured bytes of the packet; may be empty.
    #[must_use]
    pub fn packet(&self) -> &'a [u8] {
        let captured = usize::from(self.u16(offset::LEN_CAP));
        &self.body[..captured.min(self.body.len())]
    }

    /// The number of bytes after the packet.
    pub(super) fn trailing(&self) -> usize {
        self.body.len() - self.packet().len()
    }
}

/// An event with the common header and a packet.
pub trait PacketEvent<'a> {
    /// The header and packet.
    fn sample(&self) -> &Sample<'a>;

    /// The drop reason, observation point or capture point.
    fn subtype(&self) -> u8 {
        self.sample().u8(offset::SUBTYPE)
    }

    /// The endpoint whose program sent the event; 0 if none.
    fn source(&self) -> u16 {
        self.sample().u16(offset::SOURCE)
    }

    /// The packet's hash.
    fn hash(&self) -> u32 {
        self.sample().u32(offset::HASH)
    }

    /// The packet's length on the device, in bytes.
    fn len_orig(&self) -> u32 {
        self.sample().u32(offset::LEN_ORIG)
    }

    /// The length that the datapath captured, in bytes. [`Self::packet`] is shorter if the event is
    /// truncated.
    fn len_cap(&self) -> u16 {
        self.sample().u16(offset::LEN_CAP)
    }

    /// The layout version.
    fn version(&self) -> u8 {
        self.sample().u8(offset::VERSION)
    }

    /// 0 upstream; otherwise an extension of a downstream build is between header and packet.
    fn ext_version(&self) -> u8 {
        self.sample().u8(offset::EXT_VERSION)
    }

    /// The length of the header without extension, in bytes.
    fn header_len(&self) -> usize {
        self.sample().header.len()
    }

    /// The position of the packet in the event's data. Greater than [`Self::header_len`] only with
    /// an extension.
    fn packet_offset(&self) -> usize {
        self.sample().packet_offset
    }

    /// The captured bytes of the packet; may be empty.
    fn packet(&self) -> &'a [u8] {
        self.sample().packet()
    }

    /// Whether the packet has no Ethernet header.
    fn is_l3_device(&self) -> bool {
        false
    }

    /// Whether the event marks the packet as IPv6.
    fn is_ipv6(&self) -> bool {
        false
    }

    /// Whether the outer packet carries VXLAN.
    fn vxlan(&self) -> bool {
        false
    }

    /// Whether the outer packet carries Geneve.
    fn geneve(&self) -> bool {
        false
    }

    /// The first header of the packet.
    fn link(&self) -> Link {
        match (self.is_l3_device(), self.is_ipv6()) {
            (false, _) => Link::Ethernet,
            (true, true) => Link::Ipv6,
            (true, false) => Link::Ipv4,
        }
    }

    /// The tunnel that the UDP payload of the outer packet starts with, if the event marks one.
    fn tunnel(&self) -> Option<TunnelProtocol> {
        match (self.vxlan(), self.geneve()) {
            (true, _) => Some(TunnelProtocol::Vxlan),
            (false, true) => Some(TunnelProtocol::Geneve),
            (false, false) => None,
        }
    }
}

/// The field at `at`. A field that the layout lacks reads as zero, which means "none" for all of
/// them.
pub(super) fn field<const N: usize>(header: &[u8], at: usize) -> [u8; N] {
    header
        .get(at..)
        .and_then(<[u8]>::first_chunk)
        .copied()
        .unwrap_or([0; N])
}

pub(super) fn version(data: &[u8]) -> u8 {
    field::<1>(data, offset::VERSION)[0]
}

/// The total length of header and padding, which distinguishes layouts of one version.
///
/// `None` if the captured length exceeds the event.
pub(super) fn beside_packet(data: &[u8]) -> Option<usize> {
    let captured = u16::from_le_bytes(field(data, offset::LEN_CAP));
    data.len().checked_sub(captured.into())
}

/// The position of the packet. Where extensions exist, the length of headers is a multiple of 8,
/// and so is that of all known extensions: header and padding rounded down are the header.
fn packet_offset(data: &[u8], header_len: usize) -> usize {
    if field::<1>(data, offset::EXT_VERSION) == [0] {
        return header_len;
    }
    beside_packet(data).map_or(header_len, |beside| (beside / 8 * 8).max(header_len))
}
