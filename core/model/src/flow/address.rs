//! A common representation of IPv4 and IPv6 addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address in 16 bytes. IPv4 addresses are IPv4-mapped. An IPv4-mapped address of an IPv6 packet
/// is therefore displayed as IPv4, as Go does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub [u8; 16]);

impl Address {
    /// An IPv4 address.
    #[must_use]
    pub fn v4(octets: [u8; 4]) -> Self {
        // Built as one number, because the compiler would copy it byte by byte otherwise.
        let mapped = 0xffff_0000_0000 | u128::from(u32::from_be_bytes(octets));
        Self(mapped.to_be_bytes())
    }

    /// Returns the address; IPv4-mapped ones as IPv4.
    #[must_use]
    pub fn to_ip(self) -> IpAddr {
        Ipv6Addr::from(self.0).to_canonical()
    }
}

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(v4) => Self::from(v4),
            IpAddr::V6(v6) => Self(v6.octets()),
        }
    }
}

impl From<Ipv4Addr> for Address {
    fn from(v4: Ipv4Addr) -> Self {
        Self::v4(v4.octets())
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.to_ip().fmt(f)
    }
}

impl serde::Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
