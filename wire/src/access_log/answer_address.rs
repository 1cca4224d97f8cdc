//! Addresses in DNS answers: Go's `netip.Addr` (Go 1.26), which may have a zone or be invalid.

use std::fmt::{Debug, Display, Formatter, Result};
use std::net::{IpAddr, Ipv6Addr};

use crate::gob::put_bytes;

/// An address in a DNS answer. Zones are printed, but not resolved.
#[derive(Clone, PartialEq, Eq)]
pub enum AnswerAddress {
    /// An address.
    Ip(IpAddr),
    /// An IPv6 address with a zone.
    Zoned(Box<(Ipv6Addr, Box<str>)>),
    /// Go's zero `netip.Addr`.
    Invalid,
}

impl AnswerAddress {
    /// An address in a zone.
    #[must_use]
    pub fn zoned(ip: Ipv6Addr, zone: &str) -> Self {
        Self::Zoned(Box::new((ip, zone.into())))
    }

    /// Appends the address as Go sends it.
    pub(super) fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Ip(IpAddr::V4(v4)) => put_bytes(out, &v4.octets()),
            Self::Ip(IpAddr::V6(v6)) => put_bytes(out, &v6.octets()),
            Self::Zoned(zoned) => {
                let (ip, zone) = &**zoned;
                put_bytes(out, &[&ip.octets(), zone.as_bytes()].concat());
            }
            Self::Invalid => put_bytes(out, &[]),
        }
    }
}

impl From<IpAddr> for AnswerAddress {
    fn from(ip: IpAddr) -> Self {
        Self::Ip(ip)
    }
}

/// Prints the address as Go does.
impl Display for AnswerAddress {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Ip(ip) => Display::fmt(ip, f),
            Self::Zoned(zoned) => {
                let (ip, zone) = &**zoned;
                write!(f, "{ip}%{zone}")
            }
            Self::Invalid => f.write_str("invalid IP"),
        }
    }
}

impl Debug for AnswerAddress {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        Display::fmt(self, f)
    }
}
