//! Numbers and addresses as short texts on their own, for writers of bytes.

use std::net::{IpAddr, Ipv6Addr};

use super::digits::{OCTETS, PAIRS, hex_pair, octet_len, zeros};

/// A short ASCII text on its own, of `N` characters at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ascii<const N: usize> {
    bytes: [u8; N],
    len: u8,
}

impl<const N: usize> Ascii<N> {
    const EMPTY: Self = Self { bytes: [0; N], len: 0 };

    /// How many characters it has.
    pub(crate) fn len(&self) -> u8 {
        self.len
    }

    /// Appends it. All of its room is copied and cut down to its length then: a copy of known length is quick.
    pub(crate) fn append_to(&self, out: &mut Vec<u8>) {
        let end = out.len() + usize::from(self.len);
        out.extend_from_slice(&self.bytes);
        out.truncate(end);
    }

    /// Appends the first `len` of some characters, for all of which there is room.
    fn push<const M: usize>(&mut self, chars: [u8; M], len: usize) {
        let end = usize::from(self.len);
        self.bytes[end..end + M].copy_from_slice(&chars);
        self.len += len as u8;
    }
}

/// An address as Go's `netip` prints it: as RFC 5952 has it; an IPv4-mapped one with its IPv4 address behind `::ffff:`.
pub(crate) fn address_text(address: IpAddr) -> Ascii<40> {
    let mut text = Ascii::EMPTY;
    match address {
        IpAddr::V4(v4) => push_ipv4(&mut text, v4.octets()),
        IpAddr::V6(v6) => push_ipv6(&mut text, v6),
    }
    text
}

fn push_ipv4(text: &mut Ascii<40>, octets: [u8; 4]) {
    for octet in octets.map(usize::from) {
        text.push(OCTETS[octet], octet_len(octet) + 1);
    }
    text.len -= 1;
}

fn push_ipv6(text: &mut Ascii<40>, address: Ipv6Addr) {
    if let Some(v4) = address.to_ipv4_mapped() {
        text.push(*b"::ffff:", 7);
        return push_ipv4(text, v4.octets());
    }
    let segments = address.segments();
    let gap = zeros(segments);
    for (at, segment) in segments.into_iter().enumerate() {
        if at == gap.start && !gap.is_empty() {
            text.push(*b"::", 2);
        }
        if !gap.contains(&at) {
            if at > 0 && at != gap.end {
                text.push(*b":", 1);
            }
            push_segment(text, segment);
        }
    }
}

fn push_segment(text: &mut Ascii<40>, segment: u16) {
    let [high, low] = segment.to_be_bytes().map(hex_pair);
    let [a, b] = high;
    let [c, d] = low;
    match segment {
        0x1000.. => text.push([a, b, c, d], 4),
        0x100.. => text.push([b, c, d], 3),
        0x10.. => text.push([c, d], 2),
        _ => text.push([d], 1),
    }
}

/// A number in decimal digits.
pub(crate) fn decimal_text(n: u16) -> Ascii<8> {
    let [a, b] = PAIRS[usize::from(n / 100 % 100)];
    let [c, d] = PAIRS[usize::from(n % 100)];
    let len = 1 + (n >= 10) as u8 + (n >= 100) as u8 + (n >= 1000) as u8 + (n >= 10_000) as u8;
    let digits = u64::from_be_bytes([b'0' + (n / 10_000) as u8, a, b, c, d, 0, 0, 0]);
    Ascii { bytes: (digits << (8 * (5 - len))).to_be_bytes(), len }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<const N: usize>(text: Ascii<N>) -> String {
        let mut out = b"before".to_vec();
        text.append_to(&mut out);
        assert_eq!(out.len(), 6 + usize::from(text.len()));
        String::from_utf8(out.split_off(6)).unwrap()
    }

    #[test]
    fn every_number_is_written() {
        for n in 0..=u16::MAX {
            assert_eq!(text(decimal_text(n)), n.to_string());
        }
    }

    #[test]
    fn addresses_are_written_as_the_standard_library_does() {
        for n in 0..=255_u8 {
            let address = IpAddr::from([n, 255 - n, n / 2, n / 20]);
            assert_eq!(text(address_text(address)), address.to_string());
        }
        let parts = [0, 0, 0, 1, 0x10, 0x100, 0x1000, 0xffff];
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..20_000 {
            let address = IpAddr::from(std::array::from_fn::<u16, 8, _>(|_| parts[random.usize(..parts.len())]));
            assert_eq!(text(address_text(address)), address.to_string());
        }
        for address in ["::", "::1", "1::", "::ffff:255.255.255.255", "fd00::1:0:0:1", "64:ff9b::102:304"] {
            assert_eq!(text(address_text(address.parse().unwrap())), address);
        }
    }
}
