//! Resources that only one component can use at a time.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// A resource that only one component can use at a time. A reload waits until its user has ended
/// before another component starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExclusiveResource {
    /// An address to listen on.
    Address(SocketAddr),
    /// The standard output of the process, whose lines must not be mixed.
    StandardOutput,
    /// A file that is written, by its path without redundant parts.
    File(PathBuf),
}

impl ExclusiveResource {
    /// Returns whether the two cannot be in use at the same time.
    #[must_use]
    pub fn conflicts_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Address(one), Self::Address(other)) => overlap(*one, *other),
            (one, other) => one == other,
        }
    }
}

/// Whether two addresses have the same port and overlapping hosts. `[::]` includes IPv4.
fn overlap(a: SocketAddr, b: SocketAddr) -> bool {
    let covers = |wide: IpAddr, narrow: IpAddr| {
        wide.is_unspecified() && (wide.is_ipv6() || narrow.is_ipv4())
    };
    a.port() == b.port()
        && a.port() != 0
        && (a.ip() == b.ip() || covers(a.ip(), b.ip()) || covers(b.ip(), a.ip()))
}

#[cfg(test)]
mod tests {
    use super::ExclusiveResource;

    #[test]
    fn a_wildcard_conflicts_with_the_addresses_that_it_covers() {
        let cases = [
            ("127.0.0.1:80", "127.0.0.1:80", true),
            ("127.0.0.1:80", "127.0.0.1:81", false),
            ("127.0.0.1:0", "127.0.0.1:0", false),
            ("127.0.0.1:80", "127.0.0.2:80", false),
            ("0.0.0.0:80", "127.0.0.1:80", true),
            ("127.0.0.1:80", "[::]:80", true),
            ("0.0.0.0:80", "[::1]:80", false),
            ("[::]:80", "[::1]:80", true),
        ];
        for (a, b, expected) in cases {
            let first = ExclusiveResource::Address(a.parse().unwrap());
            let second = ExclusiveResource::Address(b.parse().unwrap());
            assert_eq!(
                (first.conflicts_with(&second), second.conflicts_with(&first)),
                (expected, expected),
                "{a} {b}"
            );
        }
    }
}
