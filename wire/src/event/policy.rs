//! `PolicyVerdictNotify` (5): `struct policy_verdict_notify` of `bpf/lib/policy_log.h`.
//!
//! All releases write version 1, but 1.19 added a cookie: the header has 32 bytes before 1.19 and
//! 40 bytes since. The captured length distinguishes them with certainty, as padding is shorter
//! than the difference.

use super::fields::{Common, PolicyFields};
use super::reason::{Bound, Reason};
use super::sample::{PacketEvent, Sample, beside_packet};

mod offset {
    pub(super) const REMOTE_LABEL: usize = 16;
    pub(super) const VERDICT: usize = 20;
    pub(super) const DST_PORT: usize = 24;
    pub(super) const PROTO: usize = 26;
    pub(super) const FLAGS: usize = 27;
    pub(super) const AUTH_TYPE: usize = 28;
    pub(super) const COOKIE: usize = 32;
}

pub(super) const HEADER_1_12: usize = 32;
pub(super) const HEADER_1_19: usize = 40;

mod flag {
    pub(super) const DIRECTION: u8 = 0x03;
    pub(super) const INGRESS: u8 = 1;
    pub(super) const IPV6: u8 = 0x04;
    pub(super) const MATCH_TYPE: u8 = 0x38;
    pub(super) const MATCH_TYPE_SHIFT: u8 = 3;
    pub(super) const AUDITED: u8 = 0x40;
    pub(super) const L3_DEVICE: u8 = 0x80;
}

/// The verdict of a network policy on the first packet of a connection.
#[derive(Debug, Clone, Copy)]
pub struct PolicyVerdictNotify<'a>(Sample<'a>);

impl<'a> PolicyVerdictNotify<'a> {
    pub(super) fn of(sample: Sample<'a>) -> Self {
        Self(sample)
    }

    pub(super) fn parse(data: &'a [u8]) -> Result<Self, Reason> {
        let header_len = if is_before_1_19(beside_packet(data)) {
            HEADER_1_12
        } else {
            HEADER_1_19
        };
        Sample::new(data, header_len, "PolicyVerdictNotify", Bound::Exactly).map(Self)
    }

    /// The peer's security identity: the source's on ingress, else the destination's.
    #[must_use]
    pub fn remote_label(&self) -> u32 {
        self.0.u32(offset::REMOTE_LABEL)
    }

    /// 0 allowed; above 0 redirected to that proxy port; below 0 denied, the negated drop reason.
    #[must_use]
    pub fn verdict(&self) -> i32 {
        i32::from_le_bytes(self.0.bytes(offset::VERDICT))
    }

    /// The destination port.
    #[must_use]
    pub fn dst_port(&self) -> u16 {
        self.0.u16(offset::DST_PORT)
    }

    /// The IP protocol.
    #[must_use]
    pub fn proto(&self) -> u8 {
        self.0.u8(offset::PROTO)
    }

    /// All flags.
    #[must_use]
    pub fn flags(&self) -> u8 {
        self.0.u8(offset::FLAGS)
    }

    /// Whether the packet goes to the endpoint. Readers interpret any other direction as egress.
    #[must_use]
    pub fn is_ingress(&self) -> bool {
        self.flags() & flag::DIRECTION == flag::INGRESS
    }

    /// The part of the policy that matched.
    #[must_use]
    pub fn match_type(&self) -> u8 {
        (self.flags() & flag::MATCH_TYPE) >> flag::MATCH_TYPE_SHIFT
    }

    /// Whether the packet was only allowed because of the audit mode.
    #[must_use]
    pub fn is_audited(&self) -> bool {
        self.flags() & flag::AUDITED != 0
    }

    /// The authentication that the policy requires; 0 if none, as always before 1.14.
    #[must_use]
    pub fn auth_type(&self) -> u8 {
        self.0.u8(offset::AUTH_TYPE)
    }

    /// The policy's log cookie; 0 if none, as always before 1.19.
    #[must_use]
    pub fn cookie(&self) -> u32 {
        self.0.u32(offset::COOKIE)
    }

    /// The fields that an encoder takes.
    #[must_use]
    pub fn fields(&self) -> PolicyFields {
        PolicyFields {
            common: Common::of(self),
            remote_label: self.remote_label(),
            verdict: self.verdict(),
            dst_port: self.dst_port(),
            proto: self.proto(),
            flags: self.flags(),
            auth_type: self.auth_type(),
            cookie: self.cookie(),
        }
    }
}

/// Whether the bytes beside the packet leave no room for the header of 1.19.
#[inline]
pub(super) fn is_before_1_19(beside_packet: Option<usize>) -> bool {
    matches!(beside_packet, Some(HEADER_1_12..HEADER_1_19))
}

impl<'a> PacketEvent<'a> for PolicyVerdictNotify<'a> {
    fn sample(&self) -> &Sample<'a> {
        &self.0
    }

    fn is_l3_device(&self) -> bool {
        self.flags() & flag::L3_DEVICE != 0
    }

    fn is_ipv6(&self) -> bool {
        self.flags() & flag::IPV6 != 0
    }
}
