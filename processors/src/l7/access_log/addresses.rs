//! A cache of parsed addresses: records carry endpoints' addresses as text, and most were in an
//! earlier record.

use std::net::{IpAddr, Ipv6Addr};

use tidegate_model::flow::Address;

/// The number of entries.
const SLOTS: usize = 256;

/// The length of the longest IPv6 address without a zone.
const MAX_LEN: usize = 39;

/// A cache of addresses by text. The slot of a text is computed from its last bytes, which vary
/// most; a new text replaces the one in its slot.
#[derive(Debug, Default)]
pub(super) struct AddressCache {
    slots: Vec<CachedAddress>,
}

#[derive(Clone, Copy, Debug)]
struct CachedAddress {
    text: [u8; MAX_LEN],
    /// The length of the text; 0 in an unused slot.
    len: usize,
    address: Address,
}

impl AddressCache {
    /// Returns the address that `text` denotes, if it is one.
    pub(super) fn parse(&mut self, text: &[u8]) -> Option<Address> {
        if text.is_empty() || text.len() > MAX_LEN {
            return parse(text);
        }
        let index = slot_index(text);
        if let Some(slot) = self.slots.get(index)
            && slot.text.get(..slot.len) == Some(text)
        {
            return Some(slot.address);
        }
        let address = parse(text)?;
        if self.slots.is_empty() {
            let unused = CachedAddress {
                text: [0; MAX_LEN],
                len: 0,
                address,
            };
            self.slots.resize(SLOTS, unused);
        }
        let slot = &mut self.slots[index];
        slot.text[..text.len()].copy_from_slice(text);
        slot.len = text.len();
        slot.address = address;
        Some(address)
    }
}

fn slot_index(text: &[u8]) -> usize {
    let last = text.iter().rev().take(4);
    last.fold(0, |sum: usize, byte| {
        sum.wrapping_mul(31).wrapping_add(usize::from(*byte))
    }) % SLOTS
}

/// Parses an address and ignores its zone. The DNS proxy adds a zone to every IPv6 address (`%0`,
/// `pkg/fqdn/dnsproxy/udp.go`, 1.19.4); it names an interface of the node, and pods are identified
/// by their addresses alone.
fn parse(text: &[u8]) -> Option<Address> {
    let text = std::str::from_utf8(text).ok()?;
    match text.split_once('%') {
        Some((_, "")) => None,
        Some((address, _)) => Some(IpAddr::V6(address.parse::<Ipv6Addr>().ok()?).into()),
        None => Some(text.parse::<IpAddr>().ok()?.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn std_parse(text: &str) -> Option<Address> {
        text.parse::<IpAddr>().ok().map(Address::from)
    }

    #[test]
    fn a_cached_address_is_the_parsed_one() {
        let mut cache = AddressCache::default();
        let texts = [
            "10.0.1.15",
            "10.0.1.1",
            "fd00:10:0:1::f",
            "::",
            "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
            "",
            "\0",
            "10.0.0",
            "10.0.1.15\0",
            "10.0.0.01",
            "10.0.0.1:80",
            "host",
        ];
        for text in texts.iter().cycle().take(40) {
            assert_eq!(cache.parse(text.as_bytes()), std_parse(text), "{text}");
        }
        assert_eq!(cache.parse(b"10.0.0.\xff"), None);
    }

    #[test]
    fn the_zone_of_an_address_is_ignored() {
        let mut cache = AddressCache::default();
        for (text, expected) in [
            ("fd99::2%0", Some("fd99::2")),
            ("fe80::1%eth0", Some("fe80::1")),
            ("fe80::1%a%b", Some("fe80::1")),
            ("fe80::1%", None),
            ("10.0.0.1%0", None),
            ("%0", None),
        ] {
            let expected = expected.and_then(std_parse);
            assert_eq!(cache.parse(text.as_bytes()), expected, "{text}");
            assert_eq!(cache.parse(text.as_bytes()), expected, "{text}, cached");
        }
    }

    #[test]
    fn texts_that_share_a_slot_keep_their_own_addresses() {
        let mut cache = AddressCache::default();
        let texts: Vec<_> = (0..2000)
            .map(|n: u32| format!("10.1.{}.{}", n / 250, n % 250))
            .collect();
        for text in texts.iter().chain(texts.iter().rev()) {
            assert_eq!(cache.parse(text.as_bytes()), std_parse(text), "{text}");
        }
        assert_eq!(cache.slots.len(), SLOTS);
    }
}
