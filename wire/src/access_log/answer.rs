//! An address in a DNS answer: Go's `netip.Addr` (1.26), which may have a zone or be no address at
//! all. Only read and printed: nothing looks a zone up.

use std::fmt::{Debug, Display, Formatter, Result};
use std::net::{IpAddr, Ipv6Addr};

/// An address in a DNS answer.
#[derive(Clone, PartialEq, Eq)]
pub enum Answer {
    /// An address.
    Ip(IpAddr),
    /// An IPv6 address with a zone.
    Zoned(Box<(Ipv6Addr, Box<str>)>),
    /// Go's zero `netip.Addr`.
    Invalid,
}

impl Answer {
    /// An address in a zone.
    #[must_use]
    pub fn zoned(ip: Ipv6Addr, zone: &str) -> Self {
        Self::Zoned(Box::new((ip, zone.into())))
    }
}

impl From<IpAddr> for Answer {
    fn from(ip: IpAddr) -> Self {
        Self::Ip(ip)
    }
}

/// As Go prints it.
impl Display for Answer {
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

impl Debug for Answer {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        Display::fmt(self, f)
    }
}
