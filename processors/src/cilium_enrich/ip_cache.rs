//! Addresses and prefixes with their identities, and addresses with their pods: `pkg/ipcache`
//! (v1.19.4), where `GetK8sMetadata` looks up the exact address, and `LookupSecIDByIP` the longest
//! prefix.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_model::flow::Address;

use super::pods::PodName;
use super::prefix::{AddressFamily, Prefix};
use super::reserved::HOST;
use super::view_cache::ViewCache;

/// The entry of an address.
#[derive(Debug)]
pub(super) struct AddressEntry {
    pub(super) identity: u32,
    /// The node of the address, if it is announced.
    pub(super) node: Option<Address>,
    pub(super) pod: Option<Arc<PodName>>,
    pub(super) views: ViewCache,
}

impl AddressEntry {
    /// Whether the announced fields are equal.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let Self {
            identity,
            node,
            pod,
            views: _,
        } = self;
        *identity == other.identity && *node == other.node && *pod == other.pod
    }
}

/// The announced addresses and prefixes.
#[derive(Debug, Default)]
pub(super) struct IpCache {
    pub(super) addresses: HashMap<Address, AddressEntry>,
    prefixes: HashMap<Prefix, u32>,
    /// The number of prefixes of each length.
    lengths: BTreeMap<u8, usize>,
    /// The addresses of this node, one of each family, which have the identity of the host.
    node_addresses: [Option<Address>; 2],
}

impl IpCache {
    /// The numbers of addresses and of prefixes.
    pub(super) fn counts(&self) -> [usize; 2] {
        [self.addresses.len(), self.prefixes.len()]
    }

    /// Sets the address of this node in the family of the address.
    pub(super) fn set_node_address(&mut self, address: Address) {
        let is_v4 = AddressFamily::of(address) == AddressFamily::V4;
        self.node_addresses[usize::from(is_v4)] = Some(address);
    }

    /// The identity of an address, or of the longest prefix that contains it.
    pub(super) fn identity(&self, address: Address) -> Option<u32> {
        if let Some(entry) = self.addresses.get(&address) {
            return Some(entry.identity);
        }
        if self.node_addresses.contains(&Some(address)) {
            return Some(HOST);
        }
        let mut lengths = self
            .lengths
            .range(Prefix::min_len(AddressFamily::of(address))..)
            .rev();
        lengths.find_map(|(len, _)| self.prefixes.get(&Prefix::of(address, *len)).copied())
    }

    pub(super) fn has_prefix(&self, prefix: Prefix) -> bool {
        self.prefixes.contains_key(&prefix)
    }

    /// Sets the identity of a prefix. Returns the previous one.
    pub(super) fn insert_prefix(&mut self, prefix: Prefix, identity: u32) -> Option<u32> {
        let previous = self.prefixes.insert(prefix, identity);
        if previous.is_none() {
            *self.lengths.entry(prefix.len()).or_default() += 1;
        }
        previous
    }

    /// Removes a prefix. Returns its identity.
    pub(super) fn remove_prefix(&mut self, prefix: Prefix) -> Option<u32> {
        let identity = self.prefixes.remove(&prefix)?;
        if let Some(count) = self.lengths.get_mut(&prefix.len()) {
            *count -= 1;
            if *count == 0 {
                self.lengths.remove(&prefix.len());
            }
        }
        Some(identity)
    }

    /// The addresses and prefixes whose identity satisfies `predicate`.
    pub(super) fn prefixes_where(&self, predicate: impl Fn(u32) -> bool) -> Vec<Prefix> {
        let addresses = self
            .addresses
            .iter()
            .map(|(address, entry)| (Prefix::host(*address), entry.identity));
        let prefixes = self
            .prefixes
            .iter()
            .map(|(prefix, identity)| (*prefix, *identity));
        addresses
            .chain(prefixes)
            .filter(|(_, identity)| predicate(*identity))
            .map(|(prefix, _)| prefix)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn address(text: &str) -> Address {
        Address::from(text.parse::<IpAddr>().unwrap())
    }

    #[test]
    fn the_longest_prefix_of_the_address_family_matches() {
        let mut cache = IpCache::default();
        for (prefix, identity) in [
            ("0.0.0.0/0", 2),
            ("10.0.0.0/8", 3),
            ("10.1.0.0/16", 4),
            ("::/0", 5),
            ("fd00:10::/64", 6),
        ] {
            cache.insert_prefix(Prefix::parse(prefix).unwrap(), identity);
        }
        for (ip, identity) in [
            ("10.1.2.3", 4),
            ("10.2.2.3", 3),
            ("192.0.2.1", 2),
            ("fd00:10::1", 6),
            ("fd00:11::1", 5),
        ] {
            assert_eq!(cache.identity(address(ip)), Some(identity), "{ip}");
        }
        cache.remove_prefix(Prefix::parse("10.1.0.0/16").unwrap());
        cache.remove_prefix(Prefix::parse("0.0.0.0/0").unwrap());
        cache.remove_prefix(Prefix::parse("0.0.0.0/0").unwrap());
        assert_eq!(cache.identity(address("10.1.2.3")), Some(3));
        assert_eq!(
            cache.identity(address("192.0.2.1")),
            None,
            "an IPv6 prefix does not match an IPv4 address"
        );
        assert_eq!(cache.counts(), [0, 3]);
    }
}
