//! Types of records and questions (IANA).

/// An IPv4 address.
pub const A: u16 = 1;
/// The canonical name of an alias.
pub const CNAME: u16 = 5;
/// An IPv6 address.
pub const AAAA: u16 = 28;
/// Options of EDNS (RFC 6891).
pub const OPT: u16 = 41;
