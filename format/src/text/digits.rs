//! Numbers and addresses as texts, put together from pieces that are made before the program runs:
//! writing one is a few copies of known length, without formatting and without a look at every
//! byte.

use std::net::Ipv6Addr;
use std::ops::Range;

/// `00` to `99`.
pub(super) const PAIRS: &[[u8; 2]; 100] = &pairs();
const PAIRS_TEXT: &str = text(PAIRS.as_flattened());
/// `00` to `ff`.
const HEX: &[[u8; 2]; 256] = &hex();
const HEX_TEXT: &str = text(HEX.as_flattened());
/// `0` to `255`, each with dots up to four characters.
const OCTETS: &[[u8; 4]; 256] = &octets();
const OCTETS_TEXT: &str = text(OCTETS.as_flattened());

const fn pairs() -> [[u8; 2]; 100] {
    let mut pairs = [[0; 2]; 100];
    let mut n = 0;
    while n < 100 {
        pairs[n] = [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
        n += 1;
    }
    pairs
}

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
        let (mut rest, mut at) = (n, octet_len(n) - 1);
        loop {
            octets[n][at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
            at -= 1;
        }
        n += 1;
    }
    octets
}

const fn octet_len(octet: usize) -> usize {
    1 + (octet >= 10) as usize + (octet >= 100) as usize
}

const fn text(ascii: &'static [u8]) -> &'static str {
    match std::str::from_utf8(ascii) {
        Ok(text) => text,
        Err(_) => panic!("the tables are ASCII"),
    }
}

/// A number below 100 in two decimal digits.
pub(super) fn push_pair(out: &mut String, n: u64) {
    let at = 2 * (n % 100) as usize;
    out.push_str(&PAIRS_TEXT[at..at + 2]);
}

/// A number in decimal digits.
pub(super) fn push_number(out: &mut String, n: u64) {
    match n {
        0..10 => out.push_str(&PAIRS_TEXT[2 * n as usize + 1..2 * n as usize + 2]),
        10..100 => push_pair(out, n),
        _ => {
            push_number(out, n / 100);
            push_pair(out, n % 100);
        }
    }
}

/// An IPv4 address.
pub(super) fn push_ipv4(out: &mut String, octets: [u8; 4]) {
    let mut end = out.len();
    for octet in octets.map(usize::from) {
        out.push_str(&OCTETS_TEXT[4 * octet..4 * octet + 4]);
        end += octet_len(octet) + 1;
        out.truncate(end);
    }
    out.truncate(end - 1);
}

/// An IPv6 address as RFC 5952 has it; an IPv4-mapped one with its IPv4 address behind `::ffff:`.
pub(super) fn push_ipv6(out: &mut String, address: Ipv6Addr) {
    if let Some(v4) = address.to_ipv4_mapped() {
        out.push_str("::ffff:");
        return push_ipv4(out, v4.octets());
    }
    let segments = address.segments();
    let gap = zeros(segments);
    for (at, segment) in segments.into_iter().enumerate() {
        if at == gap.start && !gap.is_empty() {
            out.push_str("::");
        }
        if !gap.contains(&at) {
            if at > 0 && at != gap.end {
                out.push(':');
            }
            push_segment(out, segment);
        }
    }
}

/// The longest run of zeros, the first of several; it begins behind the end if there is none of two
/// at least.
fn zeros(segments: [u16; 8]) -> Range<usize> {
    let (mut longest, mut start) = (8..8, 0);
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

/// A byte as two hexadecimal digits.
pub(super) fn hex_pair(byte: u8) -> [u8; 2] {
    HEX[usize::from(byte)]
}

/// Four bytes as eight hexadecimal digits, all at once: every half of a byte becomes a byte, to
/// which the distance of `0` or `a` is added.
pub(crate) fn hex_text(bytes: [u8; 4]) -> [u8; 8] {
    let mut halves = u64::from(u32::from_be_bytes(bytes));
    for (shift, mask) in [
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
    ] {
        halves = (halves << shift | halves) & mask;
    }
    let letters = (halves + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101;
    (halves + 0x3030_3030_3030_3030 + letters * u64::from(b'a' - b'0' - 10)).to_be_bytes()
}

/// A MAC address, with colons.
pub fn mac_text(mac: [u8; 6]) -> [u8; 17] {
    let mut text = [b':'; 17];
    for (at, byte) in mac.into_iter().enumerate() {
        [text[3 * at], text[3 * at + 1]] = hex_pair(byte);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(push: impl FnOnce(&mut String)) -> String {
        let mut out = "é".to_owned();
        push(&mut out);
        out.split_off(2)
    }

    #[test]
    fn every_octet_and_every_pair_is_written() {
        for n in 0..=255_u8 {
            let address = [n, 255 - n, n / 2, n / 20];
            assert_eq!(
                text(|out| push_ipv4(out, address)),
                std::net::Ipv4Addr::from(address).to_string()
            );
            assert_eq!(
                hex_text([n, 0, 255, n]),
                *format!("{n:02x}00ff{n:02x}").as_bytes()
            );
            assert_eq!(
                mac_text([n; 6]),
                *vec![format!("{n:02x}"); 6].join(":").as_bytes()
            );
            assert_eq!(text(|out| push_number(out, n.into())), n.to_string());
        }
    }

    #[test]
    fn ipv6_addresses_are_shortened_as_the_standard_library_does() {
        let parts = [0, 0, 0, 1, 0x10, 0x100, 0x1000, 0xffff];
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..20_000 {
            let address = Ipv6Addr::from(std::array::from_fn::<u16, 8, _>(|_| {
                parts[random.usize(..parts.len())]
            }));
            assert_eq!(text(|out| push_ipv6(out, address)), address.to_string());
        }
        for address in [
            "::",
            "::1",
            "1::",
            "::ffff:10.0.0.1",
            "fd00::1:0:0:1",
            "64:ff9b::102:304",
        ] {
            assert_eq!(
                text(|out| push_ipv6(out, address.parse().unwrap())),
                address
            );
        }
    }
}
