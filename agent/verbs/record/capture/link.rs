//! Link types: finds the IP header of a packet that does not start with Ethernet.
//!
//! Follows the registry of LINKTYPE_ values at tcpdump.org. A monitor event contains Ethernet or,
//! from a layer-3 device, IP; IP after any other fixed header becomes the latter. Link layers with
//! variable headers, such as 802.11, are not supported.

use super::skipped::Reason;

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;

/// The first header of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Ethernet,
    Ipv4,
    Ipv6,
}

/// A packet in the form that Cilium reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network<'a> {
    pub(super) start: Start,
    pub(super) bytes: &'a [u8],
}

/// Finds the packet in `bytes`, after any link layer that Cilium does not report.
pub(super) fn network(link: u16, bytes: &[u8]) -> Result<Network<'_>, Reason> {
    let found = match link {
        1 => {
            return Ok(Network {
                start: Start::Ethernet,
                bytes,
            });
        }
        // NULL, LOOP and ENC: BSD's loopback and IPsec interfaces.
        0 | 108 => family(bytes, 4),
        109 => family(bytes, 12),
        // RAW, and what some systems call it; IPV4 and IPV6.
        12 | 14 | 101 => raw(bytes),
        228 => from(Start::Ipv4, bytes, 0),
        229 => from(Start::Ipv6, bytes, 0),
        // PPP, PPP_HDLC, PPP_ETHER, PPP_PPPD, PPP_WITH_DIR.
        9 => ppp(bytes),
        50 => ppp(bytes).or_else(|| ether_type(bytes, 2, 4)),
        51 => ppp(bytes.get(6..).unwrap_or_default()),
        166 => ppp(bytes.get(2..).unwrap_or_default()),
        204 => ppp(bytes.get(1..).unwrap_or_default()),
        // C_HDLC, LINUX_SLL, LINUX_SLL2, APPLE_IP_OVER_IEEE1394.
        104 => ether_type(bytes, 2, 4),
        113 => ether_type(bytes, 14, 16),
        276 => ether_type(bytes, 0, 20),
        138 => ether_type(bytes, 16, 18),
        _ => return Err(Reason::LinkType),
    };
    found.ok_or(Reason::NoIp)
}

fn from(start: Start, bytes: &[u8], at: usize) -> Option<Network<'_>> {
    let bytes = bytes.get(at..)?;
    Some(Network { start, bytes })
}

/// IP without a link layer; the version is in the header.
fn raw(bytes: &[u8]) -> Option<Network<'_>> {
    match bytes.first()? >> 4 {
        4 => from(Start::Ipv4, bytes, 0),
        6 => from(Start::Ipv6, bytes, 0),
        _ => None,
    }
}

/// IP after an address family in the byte order and with the constants of the capturing system.
fn family(bytes: &[u8], at: usize) -> Option<Network<'_>> {
    let family = u32::from_le_bytes(*bytes.first_chunk()?);
    match if family > 0xffff {
        family.swap_bytes()
    } else {
        family
    } {
        2 => from(Start::Ipv4, bytes, at),
        // Linux, Windows; NetBSD and OpenBSD, FreeBSD, macOS.
        10 | 23 | 24 | 28 | 30 => from(Start::Ipv6, bytes, at),
        _ => None,
    }
}

/// IP at `packet`, with its `EtherType` at `at`.
fn ether_type(bytes: &[u8], at: usize, packet: usize) -> Option<Network<'_>> {
    match u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?) {
        IPV4 => from(Start::Ipv4, bytes, packet),
        IPV6 => from(Start::Ipv6, bytes, packet),
        _ => None,
    }
}

/// IP after PPP. Address and control may be absent, and the protocol may be compressed to one byte.
fn ppp(bytes: &[u8]) -> Option<Network<'_>> {
    match bytes.strip_prefix(&[0xff, 0x03]).unwrap_or(bytes) {
        [0x00, 0x21, packet @ ..] | [0x21, packet @ ..] => from(Start::Ipv4, packet, 0),
        [0x00, 0x57, packet @ ..] | [0x57, packet @ ..] => from(Start::Ipv6, packet, 0),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Network, Start, network};
    use crate::verbs::record::capture::skipped::Reason;

    const V4: [u8; 3] = [0x45, 1, 2];
    const V6: [u8; 3] = [0x60, 1, 2];

    /// A link type, and the headers that it has in front of IPv4 and of IPv6.
    type Case = (u16, Vec<u8>, Vec<u8>);

    /// NULL, LOOP and ENC; RAW.
    fn address_families() -> Vec<Case> {
        vec![
            (0, vec![2, 0, 0, 0], vec![0, 0, 0, 30]),
            (0, vec![0, 0, 0, 2], vec![10, 0, 0, 0]),
            (108, vec![0, 0, 0, 2], vec![0, 0, 0, 24]),
            (109, [[2, 0, 0, 0]; 3].concat(), [[28, 0, 0, 0]; 3].concat()),
            (101, vec![], vec![]),
            (12, vec![], vec![]),
        ]
    }

    /// PPP, PPP_HDLC, PPP_ETHER, PPP_PPPD and PPP_WITH_DIR.
    fn ppp_links() -> Vec<Case> {
        let pppoe = |protocol| vec![0x11, 0, 0, 1, 0, 9, 0, protocol];
        vec![
            (9, vec![0xff, 3, 0, 0x21], vec![0xff, 3, 0, 0x57]),
            (9, vec![0, 0x21], vec![0x57]),
            (50, vec![0xff, 3, 0x21], vec![0x0f, 0, 0x86, 0xdd]),
            (51, pppoe(0x21), pppoe(0x57)),
            (166, vec![1, 3, 0, 0x21], vec![0, 3, 0, 0x57]),
            (204, vec![1, 0xff, 3, 0, 0x21], vec![0, 0, 0x57]),
        ]
    }

    /// C_HDLC, LINUX_SLL, LINUX_SLL2 and APPLE_IP_OVER_IEEE1394.
    fn ether_types() -> Vec<Case> {
        let sll = |ether_type: [u8; 2]| [&[0; 14][..], &ether_type].concat();
        let sll2 = |ether_type: [u8; 2]| [&ether_type[..], &[0; 18]].concat();
        let ieee1394 = |ether_type: [u8; 2]| [&[7; 16][..], &ether_type].concat();
        vec![
            (104, vec![0x0f, 0, 8, 0], vec![0x0f, 0, 0x86, 0xdd]),
            (113, sll([8, 0]), sll([0x86, 0xdd])),
            (276, sll2([8, 0]), sll2([0x86, 0xdd])),
            (138, ieee1394([8, 0]), ieee1394([0x86, 0xdd])),
        ]
    }

    #[test]
    fn ip_is_found_after_each_supported_header() {
        let found = |start, bytes| Ok(Network { start, bytes });
        let cases = [address_families(), ppp_links(), ether_types()].concat();
        for (link, v4, v6) in cases {
            let v4 = [&v4[..], &V4].concat();
            let v6 = [&v6[..], &V6].concat();
            assert_eq!(network(link, &v4), found(Start::Ipv4, &V4), "{link}");
            assert_eq!(network(link, &v6), found(Start::Ipv6, &V6), "{link}");
        }
        assert_eq!(network(1, &V4), found(Start::Ethernet, &V4));
        assert_eq!(network(228, &V4), found(Start::Ipv4, &V4));
        assert_eq!(network(229, &V6), found(Start::Ipv6, &V6));
    }

    #[test]
    fn packets_without_ip_are_distinguished_from_unsupported_link_types() {
        for link in [
            0, 9, 12, 50, 51, 101, 104, 108, 109, 113, 138, 166, 204, 276,
        ] {
            for len in [0, 1, 3, 13, 40] {
                assert_eq!(network(link, &vec![0xa5; len]), Err(Reason::NoIp), "{link}");
            }
        }
        for link in [6, 105, 127, 189, 65535] {
            assert_eq!(network(link, &V4), Err(Reason::LinkType), "{link}");
        }
    }
}
