//! Addresses of endpoints, which records have as texts: most were in a record before.

use std::net::IpAddr;

use tidegate_core::flow::Address;

/// Texts that are remembered.
const SLOTS: usize = 256;

/// Bytes of the longest usual text.
const LONGEST: usize = 39;

/// The addresses of texts. A text's place is made of its last bytes, which differ most; the texts of one place take
/// turns.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    slots: Vec<Slot>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    /// With zeros behind it, and its length.
    text: ([u8; LONGEST], usize),
    address: Address,
}

impl Addresses {
    /// The address that the text is, if it is one.
    pub(super) fn of(&mut self, text: &[u8]) -> Option<Address> {
        let mut padded = [0; LONGEST];
        match padded.get_mut(..text.len()) {
            Some(bytes) if !text.is_empty() => bytes.copy_from_slice(text),
            _ => return parse(text),
        }
        let (place, padded) = (place(text), (padded, text.len()));
        if let Some(known) = self.slots.get(place).filter(|known| known.text == padded) {
            return Some(known.address);
        }
        let address = parse(text)?;
        if self.slots.is_empty() {
            self.slots.resize(SLOTS, Slot { text: ([0; LONGEST], 0), address });
        }
        self.slots[place] = Slot { text: padded, address };
        Some(address)
    }
}

fn place(text: &[u8]) -> usize {
    let last = text.iter().rev().take(4);
    last.fold(0, |sum: usize, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte))) % SLOTS
}

fn parse(text: &[u8]) -> Option<Address> {
    std::str::from_utf8(text).ok()?.parse::<IpAddr>().ok().map(Address::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_alike_whenever_it_comes() {
        let mut addresses = Addresses::default();
        let texts = ["10.0.1.15", "10.0.1.1", "fd00:10:0:1::f", "::", "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"];
        let others = ["", "\0", "10.0.0", "10.0.1.15\0", "10.0.0.01", "10.0.0.1:80", "fe80::1%eth0", "host"];
        for text in texts.iter().chain(&others).cycle().take(40) {
            assert_eq!(addresses.of(text.as_bytes()), text.parse::<IpAddr>().ok().map(Address::from), "{text}");
        }
        assert_eq!(addresses.of(b"10.0.0.\xff"), None);
    }

    #[test]
    fn texts_of_one_place_do_not_take_each_others_address() {
        let mut addresses = Addresses::default();
        let texts: Vec<_> = (0..2000).map(|n: u32| format!("10.1.{}.{}", n / 250, n % 250)).collect();
        for text in texts.iter().chain(texts.iter().rev()) {
            assert_eq!(addresses.of(text.as_bytes()), text.parse::<IpAddr>().ok().map(Address::from), "{text}");
        }
        assert_eq!(addresses.slots.len(), SLOTS);
    }
}
