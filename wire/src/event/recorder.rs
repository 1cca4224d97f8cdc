//! `RecorderCapture` (6): `struct capture_msg` of `bpf/lib/pcap.h`, sent by 1.12 to 1.18.

use super::fields::RecorderFields;
use super::reason::{Bound, Reason};
use super::sample::field;

mod offset {
    pub(super) const SUBTYPE: usize = 1;
    pub(super) const RULE_ID: usize = 2;
    pub(super) const TIME_BOOT: usize = 8;
    pub(super) const CAP_LEN: usize = 16;
    pub(super) const LEN: usize = 20;
}

pub(super) const HEADER: usize = 24;

/// A packet that a recorder's rule selected; always with an Ethernet header.
#[derive(Debug, Clone, Copy)]
pub struct RecorderCapture<'a> {
    header: &'a [u8; HEADER],
    body: &'a [u8],
}

impl<'a> RecorderCapture<'a> {
    pub(super) fn parse(data: &'a [u8]) -> Result<Self, Reason> {
        let (header, body) = data.split_first_chunk().ok_or(Reason::EventTooShort {
            event: "RecorderCapture",
            bound: Bound::Exactly,
            expected: HEADER,
            len: data.len(),
        })?;
        Ok(Self { header, body })
    }

    /// 1 on ingress; readers interpret any other value as egress.
    #[must_use]
    pub fn subtype(&self) -> u8 {
        self.header[offset::SUBTYPE]
    }

    /// The rule that selected the packet.
    #[must_use]
    pub fn rule_id(&self) -> u16 {
        u16::from_le_bytes(field(self.header, offset::RULE_ID))
    }

    /// Nanoseconds since boot.
    #[must_use]
    pub fn time_boot(&self) -> u64 {
        u64::from_le_bytes(field(self.header, offset::TIME_BOOT))
    }

    /// The captured length, in bytes.
    #[must_use]
    pub fn cap_len(&self) -> u32 {
        u32::from_le_bytes(field(self.header, offset::CAP_LEN))
    }

    /// The packet's length, in bytes.
    #[must_use]
    pub fn len_orig(&self) -> u32 {
        u32::from_le_bytes(field(self.header, offset::LEN))
    }

    /// The captured bytes of the packet; may be empty.
    #[must_use]
    pub fn packet(&self) -> &'a [u8] {
        let captured = usize::try_from(self.cap_len()).unwrap_or(usize::MAX);
        &self.body[..captured.min(self.body.len())]
    }

    /// The position of the packet in the event's data.
    #[must_use]
    pub fn packet_offset(&self) -> usize {
        HEADER
    }

    /// The fields that an encoder takes.
    #[must_use]
    pub fn fields(&self) -> RecorderFields {
        RecorderFields {
            subtype: self.subtype(),
            rule_id: self.rule_id(),
            time_boot: self.time_boot(),
            len_orig: self.len_orig(),
        }
    }
}
