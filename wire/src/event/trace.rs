//! `TraceNotify` (4): `struct trace_notify` of `bpf/lib/trace.h`, versions 0 to 2.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::fields::{Common, TraceFields};
use super::flags;
use super::reason::{Bound, Reason};
use super::sample::{PacketEvent, Sample, version};

mod offset {
    pub(super) const SRC_LABEL: usize = 16;
    pub(super) const DST_LABEL: usize = 20;
    pub(super) const DST_ID: usize = 24;
    pub(super) const REASON: usize = 26;
    pub(super) const FLAGS: usize = 27;
    pub(super) const IFINDEX: usize = 28;
    pub(super) const ORIG_IP: usize = 32;
    pub(super) const IP_TRACE_ID: usize = 48;
}

pub(super) const HEADER_V0: usize = 32;
pub(super) const HEADER_V1: usize = 48;
pub(super) const HEADER_V2: usize = 56;

const REASON_ENCRYPTED: u8 = 0x80;

/// Values of [`PacketEvent::subtype`] of a trace (`bpf/lib/trace.h`).
pub mod observation_point {
    /// To a local endpoint.
    pub const TO_ENDPOINT: u8 = 0;
    /// To a proxy.
    pub const TO_PROXY: u8 = 1;
    /// To the host.
    pub const TO_HOST: u8 = 2;
    /// To the kernel's stack.
    pub const TO_STACK: u8 = 3;
    /// To a tunnel.
    pub const TO_OVERLAY: u8 = 4;
    /// From a local endpoint.
    pub const FROM_ENDPOINT: u8 = 5;
    /// From a proxy.
    pub const FROM_PROXY: u8 = 6;
    /// From the host.
    pub const FROM_HOST: u8 = 7;
    /// From the kernel's stack.
    pub const FROM_STACK: u8 = 8;
    /// From a tunnel.
    pub const FROM_OVERLAY: u8 = 9;
    /// From a network device.
    pub const FROM_NETWORK: u8 = 10;
    /// To a network device.
    pub const TO_NETWORK: u8 = 11;
    /// After decryption; since 1.17.4.
    pub const FROM_CRYPTO: u8 = 12;
    /// Before encryption; since 1.17.4.
    pub const TO_CRYPTO: u8 = 13;
}

/// Values of [`TraceNotify::reason`] (`bpf/lib/trace.h`).
pub mod trace_reason {
    /// The first packet of a connection.
    pub const CT_NEW: u8 = 0;
    /// A packet of an established connection.
    pub const CT_ESTABLISHED: u8 = 1;
    /// A packet in the opposite direction of the first one.
    pub const CT_REPLY: u8 = 2;
    /// A packet related to a connection, such as an ICMP error.
    pub const CT_RELATED: u8 = 3;
    /// A closed connection was reopened; through 1.15.
    pub const CT_REOPENED: u8 = 4;
    /// The connection is unknown at the observation point.
    pub const UNKNOWN: u8 = 5;
    /// Before SRv6 encapsulation; from 1.14 to 1.18.
    pub const SRV6_ENCAP: u8 = 6;
    /// After SRv6 decapsulation; from 1.14 to 1.18.
    pub const SRV6_DECAP: u8 = 7;
    /// An encrypted overlay packet; from 1.16 to 1.18.
    pub const ENCRYPT_OVERLAY: u8 = 8;
}

/// A packet at an observation point.
#[derive(Debug, Clone, Copy)]
pub struct TraceNotify<'a>(Sample<'a>);

impl<'a> TraceNotify<'a> {
    pub(super) fn of(sample: Sample<'a>) -> Self {
        Self(sample)
    }

    pub(super) fn parse(data: &'a [u8]) -> Result<Self, Reason> {
        let event = "TraceNotify";
        if data.len() < HEADER_V0 {
            return Sample::new(data, HEADER_V0, event, Bound::AtLeast).map(Self);
        }
        let (header_len, bound) = match version(data) {
            0 => (HEADER_V0, Bound::AtLeast),
            version @ 1 => (HEADER_V1, Bound::AtLeastFor(version)),
            version @ 2 => (HEADER_V2, Bound::AtLeastFor(version)),
            version => {
                let event = "trace";
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

    /// The destination endpoint, or the port of the proxy that the packet goes to; 0 if unknown.
    #[must_use]
    pub fn dst_id(&self) -> u16 {
        self.0.u16(offset::DST_ID)
    }

    /// The reason, mostly the connection tracking state, without the encryption bit: one of
    /// [`trace_reason`].
    #[must_use]
    pub fn reason(&self) -> u8 {
        self.0.u8(offset::REASON) & !REASON_ENCRYPTED
    }

    /// Whether the packet is encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.0.u8(offset::REASON) & REASON_ENCRYPTED != 0
    }

    /// The bits of [`flags`].
    #[must_use]
    pub fn flags(&self) -> u8 {
        self.0.u8(offset::FLAGS)
    }

    /// The device; 0 if unknown.
    #[must_use]
    pub fn ifindex(&self) -> u32 {
        self.0.u32(offset::IFINDEX)
    }

    /// The 16 bytes of the original address, regardless of the IPv6 flag.
    #[must_use]
    pub fn orig_ip_bytes(&self) -> [u8; 16] {
        self.0.bytes(offset::ORIG_IP)
    }

    /// The source address before source NAT, if the datapath has set it.
    #[must_use]
    pub fn orig_ip(&self) -> Option<IpAddr> {
        let ip: IpAddr = if self.is_ipv6() {
            Ipv6Addr::from(self.orig_ip_bytes()).into()
        } else {
            Ipv4Addr::from(self.0.bytes::<4>(offset::ORIG_IP)).into()
        };
        (!ip.is_unspecified()).then_some(ip)
    }

    /// The packet's IP option trace id; 0 if none, as always before version 2.
    #[must_use]
    pub fn ip_trace_id(&self) -> u64 {
        self.0.u64(offset::IP_TRACE_ID)
    }

    /// The fields that an encoder takes.
    #[must_use]
    pub fn fields(&self) -> TraceFields {
        TraceFields {
            common: Common::of(self),
            src_label: self.src_label(),
            dst_label: self.dst_label(),
            dst_id: self.dst_id(),
            reason: self.reason(),
            encrypted: self.is_encrypted(),
            flags: self.flags(),
            ifindex: self.ifindex(),
            orig_ip: self.orig_ip_bytes(),
            ip_trace_id: self.ip_trace_id(),
        }
    }
}

impl<'a> PacketEvent<'a> for TraceNotify<'a> {
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
