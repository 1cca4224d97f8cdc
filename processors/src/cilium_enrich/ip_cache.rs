//! Addresses and prefixes with their identities, and with their pods where they have one: what
//! `pkg/ipcache` (v1.19.4) answers to `GetK8sMetadata`, which wants the very address, and to
//! `LookupSecIDByIP`, for which the longest prefix does.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_model::flow::Address;

use super::identities::HOST;
use super::pods::PodName;
use super::prefix::{Family, Prefix};
use super::views::Views;

/// The entry of an address.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) identity: u32,
    /// The node that it is on, if that is announced.
    pub(super) node: Option<Address>,
    pub(super) pod: Option<Arc<PodName>>,
    pub(super) views: Views,
}

impl Host {
    /// Whether an announcement says what is known.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        (self.identity, self.node, &self.pod) == (other.identity, other.node, &other.pod)
    }
}

/// All that is announced.
#[derive(Debug, Default)]
pub(super) struct IpCache {
    pub(super) hosts: HashMap<Address, Host>,
    prefixes: HashMap<Prefix, u32>,
    /// How many prefixes there are of a length.
    lengths: BTreeMap<u8, usize>,
    /// Addresses of this node that are known, one of a family: the agent has them with the identity
    /// of its host.
    own: [Option<Address>; 2],
}

impl IpCache {
    /// How many addresses, and how many prefixes.
    pub(super) fn census(&self) -> [usize; 2] {
        [self.hosts.len(), self.prefixes.len()]
    }

    /// This node has the address.
    pub(super) fn learn_own(&mut self, address: Address) {
        self.own[usize::from(Family::of(address) == Family::V4)] = Some(address);
    }

    /// The identity of an address, or of the longest prefix that it is in.
    pub(super) fn identity(&self, address: Address) -> Option<u32> {
        if let Some(host) = self.hosts.get(&address) {
            return Some(host.identity);
        }
        if self.own.contains(&Some(address)) {
            return Some(HOST);
        }
        let mut lengths = self
            .lengths
            .range(Prefix::shortest(Family::of(address))..)
            .rev();
        lengths.find_map(|(len, _)| self.prefixes.get(&Prefix::of(address, *len)).copied())
    }

    pub(super) fn has_prefix(&self, prefix: Prefix) -> bool {
        self.prefixes.contains_key(&prefix)
    }

    /// Sets a prefix's identity; the one that it had is left.
    pub(super) fn upsert_prefix(&mut self, prefix: Prefix, identity: u32) -> Option<u32> {
        let before = self.prefixes.insert(prefix, identity);
        if before.is_none() {
            *self.lengths.entry(prefix.len()).or_default() += 1;
        }
        before
    }

    /// Forgets a prefix; the identity that it had is left.
    pub(super) fn delete_prefix(&mut self, prefix: Prefix) -> Option<u32> {
        let before = self.prefixes.remove(&prefix)?;
        if let Some(count) = self.lengths.get_mut(&prefix.len()) {
            *count -= 1;
            if *count == 0 {
                self.lengths.remove(&prefix.len());
            }
        }
        Some(before)
    }

    /// All entries with an identity for which `is_gone` holds.
    pub(super) fn entries_where(&self, is_gone: impl Fn(u32) -> bool) -> Vec<Prefix> {
        let hosts = self
            .hosts
            .iter()
            .map(|(address, host)| (Prefix::host(*address), host.identity));
        let prefixes = self
            .prefixes
            .iter()
            .map(|(prefix, identity)| (*prefix, *identity));
        hosts
            .chain(prefixes)
            .filter(|(_, identity)| is_gone(*identity))
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
    fn the_longest_prefix_of_the_addresss_family_wins() {
        let mut cache = IpCache::default();
        for (prefix, identity) in [
            ("0.0.0.0/0", 2),
            ("10.0.0.0/8", 3),
            ("10.1.0.0/16", 4),
            ("::/0", 5),
            ("fd00:10::/64", 6),
        ] {
            cache.upsert_prefix(Prefix::parse(prefix).unwrap(), identity);
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
        cache.delete_prefix(Prefix::parse("10.1.0.0/16").unwrap());
        cache.delete_prefix(Prefix::parse("0.0.0.0/0").unwrap());
        cache.delete_prefix(Prefix::parse("0.0.0.0/0").unwrap());
        assert_eq!(cache.identity(address("10.1.2.3")), Some(3));
        assert_eq!(
            cache.identity(address("192.0.2.1")),
            None,
            "an IPv6 prefix is none of IPv4"
        );
        assert_eq!(cache.census(), [0, 3]);
    }
}
