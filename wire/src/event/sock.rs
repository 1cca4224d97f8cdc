//! `TraceSockNotify` (7): `struct trace_sock_notify` of `bpf/lib/trace_sock.h`, sent since 1.13.
//!
//! 1.19 reordered the fields. Both layouts arrive as 44 bytes without a version, so the other
//! events of the connection decide, and without them the values.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::fields::SockFields;
use super::hints::{Hints, SockLayout};
use super::reason::{Bound, Reason};
use super::sample::field;

/// The positions of the fields in a layout.
#[derive(Debug)]
pub(super) struct Offsets {
    pub(super) len: usize,
    pub(super) dst_ip: usize,
    pub(super) dst_port: usize,
    pub(super) sock_cookie: usize,
    pub(super) cgroup_id: usize,
    pub(super) l4_proto: usize,
    pub(super) flags: usize,
}

pub(super) const XLATE_POINT: usize = 1;
pub(super) const FLAG_IPV6: u8 = 1;

/// 1.13 to 1.18.
pub(super) static PACKED: Offsets = Offsets {
    len: 38,
    dst_ip: 2,
    dst_port: 18,
    sock_cookie: 20,
    cgroup_id: 28,
    l4_proto: 36,
    flags: 37,
};

/// 1.19 and later.
pub(super) static ALIGNED: Offsets = Offsets {
    len: 40,
    l4_proto: 2,
    flags: 3,
    dst_port: 4,
    sock_cookie: 8,
    cgroup_id: 16,
    dst_ip: 24,
};

/// The translation of a socket's destination.
#[derive(Debug, Clone, Copy)]
pub struct TraceSockNotify<'a> {
    data: &'a [u8],
    offsets: &'static Offsets,
}

impl<'a> TraceSockNotify<'a> {
    pub(super) fn parse(data: &'a [u8], hints: &Hints) -> Result<Self, Reason> {
        let offsets = match layout(data, hints) {
            SockLayout::Aligned => &ALIGNED,
            SockLayout::Packed | SockLayout::Unknown => &PACKED,
        };
        let data = data.get(..offsets.len).ok_or(Reason::EventTooShort {
            event: "TraceSockNotify",
            bound: Bound::Exactly,
            expected: offsets.len,
            len: data.len(),
        })?;
        Ok(Self { data, offsets })
    }

    /// The layout that the event was read with.
    #[must_use]
    pub fn layout(&self) -> SockLayout {
        if self.offsets.len == ALIGNED.len {
            SockLayout::Aligned
        } else {
            SockLayout::Packed
        }
    }

    /// Before or after the translation, of a request or a reply.
    #[must_use]
    pub fn xlate_point(&self) -> u8 {
        field::<1>(self.data, XLATE_POINT)[0]
    }

    /// The destination's address.
    #[must_use]
    pub fn dst_ip(&self) -> IpAddr {
        if self.is_ipv6() {
            Ipv6Addr::from(self.dst_ip_bytes()).into()
        } else {
            Ipv4Addr::from(field::<4>(self.data, self.offsets.dst_ip)).into()
        }
    }

    /// The destination's port.
    #[must_use]
    pub fn dst_port(&self) -> u16 {
        u16::from_le_bytes(field(self.data, self.offsets.dst_port))
    }

    /// The socket's cookie.
    #[must_use]
    pub fn sock_cookie(&self) -> u64 {
        u64::from_le_bytes(field(self.data, self.offsets.sock_cookie))
    }

    /// The process's cgroup; 0 on old kernels.
    #[must_use]
    pub fn cgroup_id(&self) -> u64 {
        u64::from_le_bytes(field(self.data, self.offsets.cgroup_id))
    }

    /// 1 TCP, 2 UDP, else unknown.
    #[must_use]
    pub fn l4_proto(&self) -> u8 {
        field::<1>(self.data, self.offsets.l4_proto)[0]
    }

    /// Whether the destination is IPv6.
    #[must_use]
    pub fn is_ipv6(&self) -> bool {
        self.flags() & FLAG_IPV6 != 0
    }

    /// Whether the destination is an IPv4-mapped IPv6 address: an IPv6 socket that uses IPv4.
    #[must_use]
    pub fn has_mapped_ip(&self) -> bool {
        self.is_ipv6()
            && Ipv6Addr::from(self.dst_ip_bytes())
                .to_ipv4_mapped()
                .is_some()
    }

    /// The fields that an encoder takes.
    #[must_use]
    pub fn fields(&self) -> SockFields {
        SockFields {
            xlate_point: self.xlate_point(),
            dst_ip: self.dst_ip_bytes(),
            dst_port: self.dst_port(),
            sock_cookie: self.sock_cookie(),
            cgroup_id: self.cgroup_id(),
            l4_proto: self.l4_proto(),
            flags: self.flags(),
        }
    }

    fn flags(&self) -> u8 {
        field::<1>(self.data, self.offsets.flags)[0]
    }

    fn dst_ip_bytes(&self) -> [u8; 16] {
        field(self.data, self.offsets.dst_ip)
    }
}

/// The layout of an event. The earlier events of the connection decide, then the configuration,
/// unless the values fit only the other layout, then the values.
fn layout(data: &[u8], hints: &Hints) -> SockLayout {
    let shown = SockLayout::of(hints.shown());
    if shown != SockLayout::Unknown {
        return shown;
    }
    match (hints.sock(), looks_aligned(data)) {
        (SockLayout::Packed, true) if !fits_packed(data) => SockLayout::Aligned,
        (SockLayout::Aligned, false) if fits_packed(data) => SockLayout::Packed,
        (SockLayout::Unknown, true) => SockLayout::Aligned,
        (SockLayout::Unknown, false) => SockLayout::Packed,
        (configured, _) => configured,
    }
}

/// Whether the event, read in the packed layout, has a valid protocol and flag, and zeros after an
/// IPv4 address.
fn fits_packed(data: &[u8]) -> bool {
    let Some(data) = data.get(..PACKED.len) else {
        return false;
    };
    let [protocol] = field(data, PACKED.l4_proto);
    let [flags] = field(data, PACKED.flags);
    let behind_ipv4 = &data[PACKED.dst_ip + 4..PACKED.dst_port];
    protocol <= 2
        && flags <= FLAG_IPV6
        && (flags == FLAG_IPV6 || behind_ipv4.iter().all(|&byte| byte == 0))
}

/// Whether the event looks like the aligned layout, which has small numbers and padding where the
/// packed one has an address. A packed IPv4 address can look the same, but then the aligned layout
/// would have zeros as its cookie, and a cgroup where it has zeros.
fn looks_aligned(data: &[u8]) -> bool {
    let has_small_numbers = matches!(data, [_, _, 0..=2, 0..=1, _, _, 0, 0, ..]);
    if !has_small_numbers || data.len() < ALIGNED.len {
        return false;
    }
    if data[ALIGNED.flags] & FLAG_IPV6 == 0 {
        let after_ipv4 = ALIGNED.dst_ip + 4;
        data[after_ipv4..ALIGNED.len].iter().all(|&byte| byte == 0)
    } else {
        data[8..18].iter().any(|&byte| byte != 0)
    }
}
