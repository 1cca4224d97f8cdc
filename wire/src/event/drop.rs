//! `DropNotify` (1): `struct drop_notify` of `bpf/lib/drop.h`, versions 0 to 3.
//!
//! Version 1 has two lengths: 32 in Cilium 1.12, 36 (with the interface) in 1.13 to 1.17.3.

use super::fields::{Common, DropFields};
use super::flags;
use super::hints::{DropV1Header, Hints};
use super::reason::{Bound, Reason};
use super::sample::{PacketEvent, Sample, beside_packet, field, version};
use crate::release::{Release, Releases};

mod offset {
    pub(super) const SRC_LABEL: usize = 16;
    pub(super) const DST_LABEL: usize = 20;
    pub(super) const DST_ID: usize = 24;
    pub(super) const LINE: usize = 28;
    pub(super) const FILE: usize = 30;
    pub(super) const EXT_ERROR: usize = 31;
    pub(super) const IFINDEX: usize = 32;
    pub(super) const FLAGS: usize = 36;
    pub(super) const IP_TRACE_ID: usize = 40;
}

pub(super) const HEADER_1_12: usize = 32;
pub(super) const HEADER_V1: usize = 36;
pub(super) const HEADER_V2: usize = 40;
pub(super) const HEADER_V3: usize = 48;

/// A dropped packet.
#[derive(Debug, Clone, Copy)]
pub struct DropNotify<'a>(Sample<'a>);

impl<'a> DropNotify<'a> {
    pub(super) fn of(sample: Sample<'a>) -> Self {
        Self(sample)
    }

    pub(super) fn parse(data: &'a [u8], hints: &Hints) -> Result<Self, Reason> {
        let event = "DropNotify";
        let least = match version(data) {
            1 => v1_header(data, hints),
            _ => HEADER_V1,
        };
        if data.len() < least {
            // Upstream's error names 1.13's header as the shortest.
            return Sample::new(data, HEADER_V1, event, Bound::AtLeast).map(Self);
        }
        let (header_len, bound) = match version(data) {
            0 | 1 => (least, Bound::AtLeast),
            version @ 2 => (HEADER_V2, Bound::AtLeastFor(version)),
            version @ 3 => (HEADER_V3, Bound::AtLeastFor(version)),
            version => {
                let event = "drop";
                return Err(Reason::UnknownEventVersion { event, version });
            }
        };
        Sample::new(data, header_len, event, bound).map(Self)
    }

    /// The source's security identity.
    #[must_use]
    pub fn src_label(&self) -> u32 {
        self.0.u32(offset::SRC_LABEL)
    }

    /// The destination's security identity.
    #[must_use]
    pub fn dst_label(&self) -> u32 {
        self.0.u32(offset::DST_LABEL)
    }

    /// The destination endpoint; 0 on egress.
    #[must_use]
    pub fn dst_id(&self) -> u32 {
        self.0.u32(offset::DST_ID)
    }

    /// The line of the BPF source file at which the packet was dropped.
    #[must_use]
    pub fn line(&self) -> u16 {
        self.0.u16(offset::LINE)
    }

    /// The BPF source file's number, which differs between releases.
    #[must_use]
    pub fn file(&self) -> u8 {
        self.0.u8(offset::FILE)
    }

    /// Details of the reason, often a negative errno; 0 if none.
    #[must_use]
    pub fn ext_error(&self) -> i8 {
        i8::from_le_bytes(self.0.bytes(offset::EXT_ERROR))
    }

    /// The device; 0 if unknown, as always in 1.12.
    #[must_use]
    pub fn ifindex(&self) -> u32 {
        self.0.u32(offset::IFINDEX)
    }

    /// The bits of [`flags`]; 0 before version 2.
    #[must_use]
    pub fn flags(&self) -> u8 {
        self.0.u8(offset::FLAGS)
    }

    /// The packet's IP option trace id; 0 if none, as always before version 3.
    #[must_use]
    pub fn ip_trace_id(&self) -> u64 {
        self.0.u64(offset::IP_TRACE_ID)
    }

    /// The fields that an encoder takes.
    #[must_use]
    pub fn fields(&self) -> DropFields {
        DropFields {
            common: Common::of(self),
            src_label: self.src_label(),
            dst_label: self.dst_label(),
            dst_id: self.dst_id(),
            line: self.line(),
            file: self.file(),
            ext_error: self.ext_error(),
            ifindex: self.ifindex(),
            flags: self.flags(),
            ip_trace_id: self.ip_trace_id(),
        }
    }

    /// The releases with the layout that the event was read with, even if the layout is a guess.
    #[must_use]
    pub fn senders(&self) -> Releases {
        match (self.version(), self.header_len()) {
            (1, HEADER_1_12) => Releases::before(Release::V1_13),
            (1, _) => Releases::between(Release::V1_13, Release::V1_17_4),
            (2, _) => Releases::between(Release::V1_17_4, Release::V1_19),
            (3, _) => Releases::since(Release::V1_19),
            _ => Releases::ANY,
        }
    }

    /// The header of a version 1 event, if the event proves it.
    pub(super) fn proven_v1_header(&self) -> DropV1Header {
        let beside = self.header_len() + self.0.trailing();
        match self.version() {
            // An event whose packet is incomplete proves nothing.
            _ if self.packet().len() < usize::from(self.len_cap()) => DropV1Header::Unknown,
            1 if self.header_len() == HEADER_1_12
                && (beside < HEADER_V1 || is_numbered_by_1_12(self.file())) =>
            {
                DropV1Header::Len32
            }
            1 if self.header_len() == HEADER_V1
                && (beside >= HEADER_V2 || is_numbered_by_1_13(self.file())) =>
            {
                DropV1Header::Len36
            }
            _ => DropV1Header::Unknown,
        }
    }
}

impl<'a> PacketEvent<'a> for DropNotify<'a> {
    fn sample(&self) -> &Sample<'a> {
        &self.0
    }

    fn is_l3_device(&self) -> bool {
        self.flags() & flags::L3_DEVICE != 0
    }

    fn is_ipv6(&self) -> bool {
        self.flags() & flags::IPV6 != 0
    }

    fn vxlan(&self) -> bool {
        self.flags() & flags::VXLAN != 0
    }

    fn geneve(&self) -> bool {
        self.flags() & flags::GENEVE != 0
    }
}

/// The length of a version 1 header.
///
/// Padding is at most 7 bytes, so most captured lengths leave room for only one of the two headers.
/// Otherwise the earlier events of the connection decide, then the number of the source file, then
/// the packet itself, then the configuration. Without any of these the newer releases are assumed.
fn v1_header(data: &[u8], hints: &Hints) -> usize {
    match (beside_packet(data), DropV1Header::of(hints.shown())) {
        (Some(HEADER_1_12..HEADER_V1), _) => return HEADER_1_12,
        (Some(HEADER_V2..), _) | (_, DropV1Header::Len36) => return HEADER_V1,
        (_, DropV1Header::Len32) => return HEADER_1_12,
        (_, DropV1Header::Unknown) => {}
    }
    let [file] = field(data, offset::FILE);
    if is_numbered_by_1_12(file) {
        return HEADER_1_12;
    }
    if is_numbered_by_1_13(file) {
        return HEADER_V1;
    }
    match (
        ether_type_follows(data, HEADER_1_12),
        ether_type_follows(data, HEADER_V1),
        hints.drop_v1(),
    ) {
        (false, true, _) => HEADER_V1,
        (true, false, _) | (_, _, DropV1Header::Len32) => HEADER_1_12,
        _ => HEADER_V1,
    }
}

/// Whether only 1.12 has a source file with this number: `bpf_lxc.c`, which reports most drops.
fn is_numbered_by_1_12(file: u8) -> bool {
    file == 8
}

/// Whether no source file of 1.12 has this number. Since 1.13, programs are numbered from 1 and
/// headers from 101.
fn is_numbered_by_1_13(file: u8) -> bool {
    file > 100
}

/// Whether an Ethernet header at `packet` would have a common type: IPv4, ARP, VLAN or IPv6.
fn ether_type_follows(data: &[u8], packet: usize) -> bool {
    let ether_type = u16::from_be_bytes(field(data, packet + 12));
    matches!(ether_type, 0x0800 | 0x0806 | 0x8100 | 0x86dd)
}
