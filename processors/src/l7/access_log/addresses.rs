//! Addresses of endpoints, which records have as texts: most were in a record before.

use std::net::{IpAddr, Ipv6Addr};

use tidegate_model::flow::Address;

/// Texts that are remembered.
const SLOTS: usize = 256;

/// Bytes of the longest usual text.
const LONGEST: usize = 39;

/// The addresses of texts. A text's place is made of its last bytes, which differ most; the texts
/// of one place take turns.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    slots: Vec<Slot>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    text: [u8; LONGEST],
    /// Of the text; 0 in a slot that was never used.
    len: usize,
    address: Address,
}

impl Addresses {
    /// The address that the text is, if it is one.
    pub(super) fn of(&mut self, text: &[u8]) -> Option<Address> {
        if text.is_empty() || text.len() > LONGEST {
            return parse(text);
        }
        let place = place(text);
        if let Some(known) = self
            .slots
            .get(place)
            .filter(|known| known.text.get(..known.len) == Some(text))
        {
            return Some(known.address);
        }
        let address = parse(text)?;
        if self.slots.is_empty() {
            self.slots.resize(
                SLOTS,
                Slot {
                    text: [0; LONGEST],
                    len: 0,
                    address,
                },
            );
        }
        let slot = &mut self.slots[place];
        slot.text[..text.len()].copy_from_slice(text);
        (slot.len, slot.address) = (text.len(), address);
        Some(address)
    }
}

fn place(text: &[u8]) -> usize {
    let last = text.iter().rev().take(4);
    last.fold(0, |sum: usize, byte| {
        sum.wrapping_mul(31).wrapping_add(usize::from(*byte))
    }) % SLOTS
}

/// Without its zone, which the DNS proxy adds to every IPv6 address (`%0`,
/// `pkg/fqdn/dnsproxy/udp.go`, 1.19.4): it names an interface of the node, and pods are known by
/// their addresses alone.
fn parse(text: &[u8]) -> Option<Address> {
    let text = std::str::from_utf8(text).ok()?;
    let address = match text.split_once('%') {
        Some((address, zone)) => address
            .parse::<Ipv6Addr>()
            .ok()
            .filter(|_| !zone.is_empty())?
            .into(),
        None => text.parse::<IpAddr>().ok()?,
    };
    Some(address.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_alike_whenever_it_comes() {
        let mut addresses = Addresses::default();
        let texts = [
            "10.0.1.15",
            "10.0.1.1",
            "fd00:10:0:1::f",
            "::",
            "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
        ];
        let others = [
            "",
            "\0",
            "10.0.0",
            "10.0.1.15\0",
            "10.0.0.01",
            "10.0.0.1:80",
            "host",
        ];
        for text in texts.iter().chain(&others).cycle().take(40) {
            assert_eq!(
                addresses.of(text.as_bytes()),
                text.parse::<IpAddr>().ok().map(Address::from),
                "{text}"
            );
        }
        assert_eq!(addresses.of(b"10.0.0.\xff"), None);
    }

    #[test]
    fn the_zone_of_an_address_is_left_out() {
        let mut addresses = Addresses::default();
        for (text, expected) in [
            ("fd99::2%0", Some("fd99::2")),
            ("fe80::1%eth0", Some("fe80::1")),
            ("fe80::1%a%b", Some("fe80::1")),
            ("fe80::1%", None),
            ("10.0.0.1%0", None),
            ("%0", None),
        ] {
            let expected = expected
                .map(|expected| Address::from(expected.parse::<IpAddr>().expect("an address")));
            assert_eq!(
                [addresses.of(text.as_bytes()), addresses.of(text.as_bytes())],
                [expected; 2],
                "{text}"
            );
        }
    }

    #[test]
    fn texts_of_one_place_do_not_take_each_others_address() {
        let mut addresses = Addresses::default();
        let texts: Vec<_> = (0..2000)
            .map(|n: u32| format!("10.1.{}.{}", n / 250, n % 250))
            .collect();
        for text in texts.iter().chain(texts.iter().rev()) {
            assert_eq!(
                addresses.of(text.as_bytes()),
                text.parse::<IpAddr>().ok().map(Address::from),
                "{text}"
            );
        }
        assert_eq!(addresses.slots.len(), SLOTS);
    }
}
