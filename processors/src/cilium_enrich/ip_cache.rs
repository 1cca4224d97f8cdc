//! Addresses and prefixes with their identities, and with their pods where they have one: what `pkg/ipcache`
//! (v1.19.4) answers to `GetK8sMetadata`, which wants the very address, and to `LookupSecIDByIP`, for which the
//! longest prefix does.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_core::flow::Address;

use super::pods::PodName;
use super::views::Views;

/// Bits in front of an IPv4 address in its IPv4-mapped form.
const MAPPED: u8 = 96;
/// Bits of an address.
const WHOLE: u8 = 128;

/// The entry of an address.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) identity: u32,
    /// The node that it is on, if that is told.
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

/// An address and how many of its bits count; an IPv4 prefix in its IPv4-mapped form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Prefix {
    address: Address,
    len: u8,
}

impl Prefix {
    /// Reads `10.0.0.0/8`, or an address alone.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (ip, len) = text.split_once('/').map_or((text, None), |(ip, len)| (ip, Some(len)));
        let ip: IpAddr = ip.parse().ok()?;
        let before = if ip.is_ipv4() { MAPPED } else { 0 };
        let len = len.map_or(Some(WHOLE - before), |len| len.parse().ok())?;
        (len <= WHOLE - before).then(|| Self::of(Address::from(ip), before + len))
    }

    /// The address, if all of its bits count.
    pub(super) fn address(self) -> Option<Address> {
        (self.len == WHOLE).then_some(self.address)
    }

    fn of(address: Address, len: u8) -> Self {
        let mask = u128::MAX.checked_shl(u32::from(WHOLE - len)).unwrap_or_default();
        Self { address: Address((u128::from_be_bytes(address.0) & mask).to_be_bytes()), len }
    }
}

/// All that is announced.
#[derive(Debug, Default)]
pub(super) struct IpCache {
    pub(super) hosts: HashMap<Address, Host>,
    prefixes: HashMap<Prefix, u32>,
    /// How many prefixes there are of a length.
    lengths: BTreeMap<u8, usize>,
}

impl IpCache {
    /// How many addresses, and how many prefixes.
    pub(super) fn census(&self) -> [usize; 2] {
        [self.hosts.len(), self.prefixes.len()]
    }

    /// The identity of an address, or of the longest prefix that it is in.
    pub(super) fn identity(&self, address: Address) -> Option<u32> {
        if let Some(host) = self.hosts.get(&address) {
            return Some(host.identity);
        }
        let shortest = if address.to_ip().is_ipv4() { MAPPED } else { 0 };
        let mut lengths = self.lengths.range(shortest..).rev();
        lengths.find_map(|(len, _)| self.prefixes.get(&Prefix::of(address, *len)).copied())
    }

    pub(super) fn has_prefix(&self, prefix: Prefix) -> bool {
        self.prefixes.contains_key(&prefix)
    }

    pub(super) fn upsert_prefix(&mut self, prefix: Prefix, identity: u32) {
        if self.prefixes.insert(prefix, identity).is_none() {
            *self.lengths.entry(prefix.len).or_default() += 1;
        }
    }

    pub(super) fn delete_prefix(&mut self, prefix: Prefix) {
        if self.prefixes.remove(&prefix).is_none() {
            return;
        }
        if let Some(count) = self.lengths.get_mut(&prefix.len) {
            *count -= 1;
            if *count == 0 {
                self.lengths.remove(&prefix.len);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::from(text.parse::<IpAddr>().unwrap())
    }

    #[test]
    fn the_longest_prefix_of_the_addresss_family_wins() {
        let mut cache = IpCache::default();
        for (prefix, identity) in
            [("0.0.0.0/0", 2), ("10.0.0.0/8", 3), ("10.1.0.0/16", 4), ("::/0", 5), ("fd00:10::/64", 6)]
        {
            cache.upsert_prefix(Prefix::parse(prefix).unwrap(), identity);
        }
        for (ip, identity) in [("10.1.2.3", 4), ("10.2.2.3", 3), ("192.0.2.1", 2), ("fd00:10::1", 6), ("fd00:11::1", 5)]
        {
            assert_eq!(cache.identity(address(ip)), Some(identity), "{ip}");
        }
        cache.delete_prefix(Prefix::parse("10.1.0.0/16").unwrap());
        cache.delete_prefix(Prefix::parse("0.0.0.0/0").unwrap());
        cache.delete_prefix(Prefix::parse("0.0.0.0/0").unwrap());
        assert_eq!(cache.identity(address("10.1.2.3")), Some(3));
        assert_eq!(cache.identity(address("192.0.2.1")), None, "an IPv6 prefix is none of IPv4");
        assert_eq!(cache.census(), [0, 3]);
    }

    #[test]
    fn a_prefix_is_read_in_every_form() {
        for (text, whole) in [
            ("10.0.2.20/32", Some("10.0.2.20")),
            ("10.0.2.20", Some("10.0.2.20")),
            ("fd00::14/128", Some("fd00::14")),
            ("10.0.2.20/31", None),
        ] {
            let prefix = Prefix::parse(text).unwrap_or_else(|| panic!("{text} is a prefix"));
            assert_eq!(prefix.address(), whole.map(address), "{text}");
        }
        for text in ["", "10.0.2.20/33", "fd00::/129", "10.0.2.20/", "10.0.2/24", "pod", "10.0.2.20/32@1"] {
            assert_eq!(Prefix::parse(text), None, "{text}");
        }
    }
}
