//! How arguments of debug messages are displayed.

use std::fmt::{Display, Formatter, Result};
use std::net::Ipv4Addr;

use tidegate_model::flow::DropReason;

/// The low 16 bits, in network byte order: a port or the index of a service.
pub(super) fn be16(argument: u32) -> u16 {
    low(argument).swap_bytes()
}

/// The low 16 bits.
pub(super) fn low(argument: u32) -> u16 {
    let [a, b, ..] = argument.to_le_bytes();
    u16::from_le_bytes([a, b])
}

/// The four bytes as an IPv4 address.
pub(super) fn ip4(argument: u32) -> Ipv4Addr {
    argument.to_le_bytes().into()
}

/// Displays the last four bytes of an IPv6 address.
pub(super) struct Ip6(pub(super) u32);

impl Display for Ip6 {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let bytes = self.0.swap_bytes();
        write!(f, "{:x}:{:x}", bytes >> 16, bytes & 0xffff)
    }
}

/// Displays the flags of a connection tracking tuple. Go joins them in random order.
pub(super) struct TupleFlags(pub(super) u32);

impl Display for TupleFlags {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self.0 & 3 {
            0 => "",
            1 => "OUT",
            2 => "RELATED",
            _ => "OUT, RELATED",
        })
    }
}

/// Displays the result of a connection tracking lookup: a state or a drop reason.
pub(super) struct ConntrackResult(pub(super) u32);

impl Display for ConntrackResult {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.0 {
            0 => f.write_str("New"),
            1 => f.write_str("Established"),
            2 => f.write_str("Reply"),
            3 => f.write_str("Related"),
            reason => match DropReason(reason & 0xff).text() {
                Some(text) => f.write_str(text),
                None => write!(f, "{}, 0", reason & 0xff),
            },
        }
    }
}

/// The direction of a policy.
pub(super) fn direction(argument: u32) -> &'static str {
    match argument {
        0 => "egress",
        1 => "ingress",
        _ => "",
    }
}
