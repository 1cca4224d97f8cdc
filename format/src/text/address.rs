//! IP and MAC addresses.
//!
//! IP addresses are put together from tables that are made at compile time. The standard library's
//! `Display` takes eight times as many instructions for an IPv4 address, and a line has several.

use std::fmt::Write;
use std::net::{IpAddr, Ipv6Addr};
use std::ops::Range;

use tidegate_model::flow::DnsAnswer;

/// `00` to `ff`.
const HEX: &[[u8; 2]; 256] = &hex();
const HEX_TEXT: &str = ascii(HEX.as_flattened());
/// `0.` to `255.`, each padded with dots to four characters.
const OCTETS: &[[u8; 4]; 256] = &octets();
const OCTETS_TEXT: &str = ascii(OCTETS.as_flattened());

const fn hex() -> [[u8; 2]; 256] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut n = 0;
    while n < 256 {
        pairs[n] = [DIGITS[n / 16], DIGITS[n % 16]];
        n += 1;
    }
    pairs
}

const fn octets() -> [[u8; 4]; 256] {
    let mut octets = [[b'.'; 4]; 256];
    let mut n = 0;
    while n < 256 {
        let mut rest = n;
        let mut at = octet_len(n);
        while at > 0 {
            at -= 1;
            octets[n][at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        n += 1;
    }
    octets
}

const fn octet_len(octet: usize) -> usize {
    1 + (octet >= 10) as usize + (octet >= 100) as usize
}

const fn ascii(bytes: &'static [u8]) -> &'static str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("the tables are ASCII"),
    }
}

/// Appends an address as Go's `netip` prints it: IPv6 as RFC 5952 recommends, an IPv4-mapped one
/// with its IPv4 address after `::ffff:`.
pub fn push_address(out: &mut String, address: IpAddr) {
    match address {
        IpAddr::V4(v4) => push_ipv4(out, v4.octets()),
        IpAddr::V6(v6) => push_ipv6(out, v6),
    }
}

/// Appends an address if it is known.
pub(crate) fn push_optional_address(out: &mut String, address: Option<IpAddr>) {
    if let Some(address) = address {
        push_address(out, address);
    }
}

/// Appends an address of a DNS answer.
pub fn push_dns_address(out: &mut String, answer: &DnsAnswer) {
    match answer {
        DnsAnswer::Ip(ip) => push_address(out, *ip),
        DnsAnswer::Zoned(..) | DnsAnswer::Invalid => {
            write!(out, "{answer}").expect("writing to a String cannot fail");
        }
    }
}

/// Appends a MAC address.
pub(crate) fn push_mac(out: &mut String, mac: [u8; 6]) {
    out.push_str(std::str::from_utf8(&mac_text(mac)).unwrap_or_default());
}

/// Returns a MAC address as ASCII, with colons between its bytes.
#[must_use]
pub fn mac_text(mac: [u8; 6]) -> [u8; 17] {
    let mut text = [b':'; 17];
    for (at, byte) in mac.into_iter().enumerate() {
        [text[3 * at], text[3 * at + 1]] = HEX[usize::from(byte)];
    }
    text
}

fn push_ipv4(out: &mut String, octets: [u8; 4]) {
    let mut end = out.len();
    for octet in octets.map(usize::from) {
        // A copy of a constant length, cut to the octet's length, is faster than one of its length.
        out.push_str(&OCTETS_TEXT[4 * octet..4 * octet + 4]);
        end += octet_len(octet) + 1;
        out.truncate(end);
    }
    out.truncate(end - 1);
}

fn push_ipv6(out: &mut String, address: Ipv6Addr) {
    if let Some(v4) = address.to_ipv4_mapped() {
        out.push_str("::ffff:");
        return push_ipv4(out, v4.octets());
    }
    let segments = address.segments();
    let zeros = longest_zeros(segments);
    for (at, segment) in segments.into_iter().enumerate() {
        if at == zeros.start && !zeros.is_empty() {
            out.push_str("::");
        }
        if !zeros.contains(&at) {
            if at > 0 && at != zeros.end {
                out.push(':');
            }
            push_segment(out, segment);
        }
    }
}

/// The first of the longest runs of at least two zero segments; empty, and past the end, if there
/// is none.
fn longest_zeros(segments: [u16; 8]) -> Range<usize> {
    let mut longest = 8..8;
    let mut start = 0;
    for (at, segment) in segments.into_iter().enumerate() {
        if segment != 0 {
            start = at + 1;
        } else if at + 1 - start > longest.len().max(1) {
            longest = start..at + 1;
        }
    }
    longest
}

fn push_segment(out: &mut String, segment: u16) {
    let [high, low] = segment.to_be_bytes().map(|byte| 2 * usize::from(byte));
    let low_start = low + usize::from(segment < 0x10);
    if high > 0 {
        out.push_str(&HEX_TEXT[high + usize::from(segment < 0x1000)..high + 2]);
    }
    out.push_str(&HEX_TEXT[low_start..low + 2]);
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn text(push: impl FnOnce(&mut String)) -> String {
        let mut out = "é".to_owned();
        push(&mut out);
        out.split_off(2)
    }

    #[test]
    fn every_octet_of_ipv4_and_mac_addresses_is_written() {
        for n in 0..=255_u8 {
            let octets = [n, 255 - n, n / 2, n / 20];
            assert_eq!(
                text(|out| push_address(out, Ipv4Addr::from(octets).into())),
                Ipv4Addr::from(octets).to_string()
            );
            assert_eq!(
                text(|out| push_mac(out, [n; 6])),
                vec![format!("{n:02x}"); 6].join(":")
            );
        }
    }

    #[test]
    fn ipv6_addresses_are_written_as_the_standard_library_writes_them() {
        let segments = [0, 0, 0, 1, 0x10, 0x100, 0x1000, 0xffff];
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..20_000 {
            let address = Ipv6Addr::from(std::array::from_fn::<u16, 8, _>(|_| {
                segments[random.usize(..segments.len())]
            }));
            assert_eq!(
                text(|out| push_address(out, address.into())),
                address.to_string()
            );
        }
    }

    #[test]
    fn addresses_are_written_as_go_writes_them() {
        for address in [
            "10.0.1.255",
            "0.0.0.0",
            "::",
            "::1",
            "1::",
            "::ffff:10.0.0.1",
            "fd00::1:0:0:1",
            "64:ff9b::102:304",
        ] {
            assert_eq!(
                text(|out| push_address(out, address.parse().unwrap())),
                address
            );
        }
    }
}
