//! The hash of a flow's connection, by which flows are sampled.
//!
//! It does not depend on the direction, the node, the architecture or the release of this program,
//! so that all agents keep the same connections. Changing it would split connections between agents
//! of two releases: it is part of the interface, and `docs/filtering.md` has its definition.

use super::{Address, Flow, Ip};

/// Constants without a pattern: the fractional digits of pi, and of the golden ratio.
const K1: u64 = 0x243f_6a88_85a3_08d3;
const K2: u64 = 0xa409_3822_299f_31d1;
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Flow {
    /// The randomness of the flow's connection: a number of 56 bits that depends on addresses, ports
    /// and protocol, and is the same in either direction. Socket flows, which lack an address, have
    /// that of their socket's cookie. `None` if neither is known.
    #[must_use]
    #[inline(always)]
    pub fn connection_randomness(&self, seed: u8) -> Option<u64> {
        let key = K1 ^ u64::from(seed).wrapping_mul(GOLDEN);
        let ends = match (&self.socket, &self.ip) {
            (None, Some(ip)) => self.ends(ip, key),
            _ => self.socket_or_ends(key)?,
        };
        Some(fold(ends ^ u64::from(self.l4.protocol()), K2) >> 8)
    }

    #[cold]
    fn socket_or_ends(&self, key: u64) -> Option<u64> {
        match (&self.socket, &self.ip) {
            (Some(socket), _) if socket.cookie != 0 => Some(fold(socket.cookie ^ key, key)),
            (_, ip) => Some(self.ends(ip.as_ref()?, key)),
        }
    }

    /// A number for the two ends, in either order.
    #[inline(always)]
    fn ends(&self, ip: &Ip, key: u64) -> u64 {
        let (source_port, destination_port) = self.l4.ports().unwrap_or_default();
        let source = end(ip.source, source_port) ^ key;
        fold(source, end(ip.destination, destination_port) ^ key)
    }
}

/// A number for an address and a port. The bits of the port are 0 in the lower half of an IPv4
/// address, whose upper half is 0.
#[inline(always)]
fn end(Address(address): Address, port: u16) -> u64 {
    let [upper, lower] = [0, 8].map(|at| {
        let half: [u8; 8] = std::array::from_fn(|i| address[at + i]);
        u64::from_le_bytes(half)
    });
    upper.wrapping_mul(GOLDEN) ^ lower ^ u64::from(port)
}

/// The upper and the lower half of a product, combined.
#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests;
