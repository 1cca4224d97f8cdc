//! Prefixes of addresses with their identities.

use std::collections::BTreeMap;
use std::time::Duration;

use hashbrown::HashMap;
use tidegate_model::Timestamp;
use tidegate_model::flow::Address;

use crate::origin::Origin;
use crate::prefix::{AddressFamily, Prefix};
use crate::times::set_back;

/// What is known of a prefix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PrefixEntry {
    pub(crate) identity: u32,
    pub(crate) since: Timestamp,
    pub(crate) origin: Origin,
}

/// The prefixes, except those that contain one address.
#[derive(Debug, Default)]
pub(crate) struct Prefixes {
    prefixes: HashMap<Prefix, PrefixEntry>,
    /// The number of prefixes of each length.
    lengths: BTreeMap<u8, usize>,
    /// The number of entries that were last stated by an announcement.
    announced: usize,
}

impl Prefixes {
    pub(crate) fn len(&self) -> usize {
        self.prefixes.len()
    }

    /// The numbers of entries that an announcement, and that a list stated last.
    pub(crate) fn counts(&self) -> [usize; 2] {
        [self.announced, self.prefixes.len() - self.announced]
    }

    pub(crate) fn get(&self, prefix: Prefix) -> Option<&PrefixEntry> {
        self.prefixes.get(&prefix)
    }

    /// The identity of the longest prefix that contains an address.
    pub(crate) fn identity(&self, address: Address) -> Option<u32> {
        let mut lengths = self
            .lengths
            .range(Prefix::min_len(AddressFamily::of(address))..)
            .rev();
        lengths.find_map(|(len, _)| {
            let entry = self.prefixes.get(&Prefix::of(address, *len))?;
            Some(entry.identity)
        })
    }

    /// Sets the identity of a prefix. Returns the previous one.
    pub(crate) fn insert(&mut self, prefix: Prefix, entry: PrefixEntry) -> Option<u32> {
        self.announced += usize::from(entry.origin == Origin::Announced);
        let previous = self.prefixes.insert(prefix, entry);
        let is_announced = |entry: PrefixEntry| entry.origin == Origin::Announced;
        self.announced -= usize::from(previous.is_some_and(is_announced));
        if previous.is_none() {
            *self.lengths.entry(prefix.len()).or_default() += 1;
        }
        previous.map(|previous| previous.identity)
    }

    /// Removes a prefix. Returns its identity.
    pub(crate) fn remove(&mut self, prefix: Prefix) -> Option<u32> {
        let removed = self.prefixes.remove(&prefix)?;
        self.announced -= usize::from(removed.origin == Origin::Announced);
        if let Some(count) = self.lengths.get_mut(&prefix.len()) {
            *count -= 1;
            if *count == 0 {
                self.lengths.remove(&prefix.len());
            }
        }
        Some(removed.identity)
    }

    pub(crate) fn set_back(&mut self, by: Duration) {
        set_back(self.prefixes.values_mut().map(|entry| &mut entry.since), by);
    }

    /// The prefixes whose entries satisfy a predicate.
    pub(crate) fn select(&self, predicate: impl Fn(&PrefixEntry) -> bool) -> Vec<Prefix> {
        let selected = self.prefixes.iter().filter(|(_, entry)| predicate(entry));
        selected.map(|(prefix, _)| *prefix).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn address(text: &str) -> Address {
        Address::from(text.parse::<IpAddr>().unwrap())
    }

    fn entry(identity: u32) -> PrefixEntry {
        PrefixEntry {
            identity,
            since: Timestamp(1),
            origin: Origin::Announced,
        }
    }

    #[test]
    fn the_longest_prefix_of_the_address_family_matches() {
        let mut prefixes = Prefixes::default();
        for (prefix, identity) in [
            ("0.0.0.0/0", 2),
            ("10.0.0.0/8", 3),
            ("10.1.0.0/16", 4),
            ("::/0", 5),
            ("fd00:10::/64", 6),
        ] {
            prefixes.insert(Prefix::parse(prefix).unwrap(), entry(identity));
        }
        for (ip, identity) in [
            ("10.1.2.3", 4),
            ("10.2.2.3", 3),
            ("192.0.2.1", 2),
            ("fd00:10::1", 6),
            ("fd00:11::1", 5),
        ] {
            assert_eq!(prefixes.identity(address(ip)), Some(identity), "{ip}");
        }
        prefixes.remove(Prefix::parse("10.1.0.0/16").unwrap());
        prefixes.remove(Prefix::parse("0.0.0.0/0").unwrap());
        prefixes.remove(Prefix::parse("0.0.0.0/0").unwrap());
        assert_eq!(prefixes.identity(address("10.1.2.3")), Some(3));
        assert_eq!(
            prefixes.identity(address("192.0.2.1")),
            None,
            "an IPv6 prefix does not match an IPv4 address"
        );
        assert_eq!(prefixes.len(), 3);
    }
}
