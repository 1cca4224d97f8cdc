//! IP protocol numbers (IANA).

/// ICMP of IPv4.
pub const ICMP: u8 = 1;
/// IGMP.
pub const IGMP: u8 = 2;
/// TCP.
pub const TCP: u8 = 6;
/// UDP.
pub const UDP: u8 = 17;
/// ICMP of IPv6.
pub const ICMPV6: u8 = 58;
/// VRRP.
pub const VRRP: u8 = 112;
/// SCTP.
pub const SCTP: u8 = 132;
