//! Addresses and prefixes with their identities, and addresses with their nodes and pods:
//! `pkg/ipcache` (v1.19.4), where `GetK8sMetadata` looks up the exact address, and
//! `LookupSecIDByIP` the longest prefix.
//!
//! Entries are in one list, to which two indexes refer: by address, and by the name of the pod.

mod entry;
mod prefixes;

pub(crate) use entry::{AddressEntry, AddressUpdate};
pub(crate) use prefixes::{PrefixEntry, Prefixes};

use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::Duration;

use hashbrown::{DefaultHashBuilder, HashTable};
use tidegate_model::Timestamp;
use tidegate_model::flow::Address;

use crate::interner::{Interner, ValueId};
use crate::origin::Origin;
use crate::times::set_back;

/// How many entries are looked at for one that can be evicted. If there is none among them, a new
/// entry is rejected.
const MAX_EVICTION_STEPS: usize = 256;

/// The addresses.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    entries: Vec<AddressEntry>,
    /// Positions in `entries`.
    by_address: HashTable<u32>,
    by_pod: HashTable<u32>,
    hasher: DefaultHashBuilder,
    namespaces: Interner<Arc<str>>,
    nodes: Interner<Address>,
    /// The number of entries that were last stated by an announcement.
    announced: usize,
    /// Where the search for an entry that can be evicted continues.
    hand: usize,
}

/// An entry that was removed.
#[derive(Debug)]
pub(crate) struct RemovedAddress {
    pub(crate) identity: u32,
    pub(crate) namespace: String,
    pub(crate) pod_name: Box<str>,
}

impl Addresses {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The numbers of entries that an announcement, and that a list stated last.
    pub(crate) fn counts(&self) -> [usize; 2] {
        [self.announced, self.entries.len() - self.announced]
    }

    pub(crate) fn get(&self, address: Address) -> Option<&AddressEntry> {
        self.entries.get(self.position(address)?)
    }

    /// Notes that an entry was stated again, unchanged.
    pub(crate) fn restate(&mut self, address: Address, since: Timestamp, origin: Origin) {
        let Some(entry) = self.get_mut(address) else {
            return;
        };
        let before = std::mem::replace(&mut entry.origin, origin);
        entry.since = entry.since.max(since);
        entry.is_gone = false;
        self.announced += usize::from(origin == Origin::Announced);
        self.announced -= usize::from(before == Origin::Announced);
    }

    /// Marks an entry as deleted.
    pub(crate) fn mark_gone(&mut self, address: Address) {
        if let Some(entry) = self.get_mut(address) {
            entry.is_gone = true;
        }
    }

    fn get_mut(&mut self, address: Address) -> Option<&mut AddressEntry> {
        let at = self.position(address)?;
        self.entries.get_mut(at)
    }

    pub(crate) fn set_back(&mut self, by: Duration) {
        set_back(self.entries.iter_mut().map(|entry| &mut entry.since), by);
    }

    /// Namespace and name of the pod of an address, if it has one.
    pub(crate) fn pod<'a>(&'a self, entry: &'a AddressEntry) -> Option<(&'a str, &'a str)> {
        let namespace = self.namespaces.get(entry.namespace);
        let namespace = namespace.map_or("", |namespace| namespace);
        entry.has_pod().then_some((namespace, &*entry.pod_name))
    }

    /// The node of an address, if it is known.
    pub(crate) fn node(&self, entry: &AddressEntry) -> Option<Address> {
        self.nodes.get(entry.node).copied()
    }

    /// Whether the entry says the same as an update, apart from when it was stated.
    pub(crate) fn is_same(&self, entry: &AddressEntry, update: &AddressUpdate<'_>) -> bool {
        let (namespace, pod_name) = self.pod(entry).unwrap_or_default();
        entry.identity == update.identity
            && self.node(entry) == update.node
            && namespace == update.namespace
            && pod_name == &*update.pod_name
    }

    /// The addresses of a pod.
    pub(crate) fn of_pod<'a>(
        &'a self,
        namespace: &str,
        pod_name: &'a str,
    ) -> impl Iterator<Item = &'a AddressEntry> {
        let id = if namespace.is_empty() {
            Some(ValueId::NONE)
        } else {
            self.namespaces.find(namespace)
        };
        id.into_iter().flat_map(move |id| {
            let hash = pod_hash(&self.hasher, id, pod_name);
            let entries = self.by_pod.iter_hash(hash);
            let entries = entries.filter_map(|at| self.entries.get(*at as usize));
            entries.filter(move |entry| entry.namespace == id && &*entry.pod_name == pod_name)
        })
    }

    /// Adds an address, or replaces what is known of it.
    pub(crate) fn set(&mut self, update: AddressUpdate<'_>) {
        let namespace = if update.namespace.is_empty() {
            ValueId::NONE
        } else {
            self.namespaces
                .acquire(update.namespace, |namespace| Arc::from(namespace))
        };
        let node = update.node.map_or(ValueId::NONE, |node| {
            self.nodes.acquire(&node, |node| *node)
        });
        let address = update.address;
        self.remove(address);
        let entry = AddressEntry::new(update, namespace, node);
        let at = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        let Self {
            entries,
            by_address,
            by_pod,
            hasher,
            ..
        } = self;
        if entry.has_pod() {
            let hash = pod_hash(hasher, namespace, &entry.pod_name);
            by_pod.insert_unique(hash, at, |at| {
                entries.get(*at as usize).map_or(0, |entry| {
                    pod_hash(hasher, entry.namespace, &entry.pod_name)
                })
            });
        }
        self.announced += usize::from(entry.origin == Origin::Announced);
        entries.push(entry);
        by_address.insert_unique(address_hash(hasher, address), at, |at| {
            entries
                .get(*at as usize)
                .map_or(0, |entry| address_hash(hasher, entry.address))
        });
    }

    /// Removes an address.
    pub(crate) fn remove(&mut self, address: Address) -> Option<RemovedAddress> {
        let at = self.position(address)?;
        self.unlink(at);
        let last = self.entries.len() - 1;
        if at != last {
            self.relink(last, at);
        }
        let entry = self.entries.swap_remove(at);
        self.announced -= usize::from(entry.origin == Origin::Announced);
        let namespace = self.namespaces.get(entry.namespace);
        let removed = RemovedAddress {
            identity: entry.identity,
            namespace: namespace.map_or("", |namespace| namespace).to_owned(),
            pod_name: entry.pod_name,
        };
        self.namespaces.release(entry.namespace);
        self.nodes.release(entry.node);
        Some(removed)
    }

    /// The addresses whose entries satisfy a predicate.
    pub(crate) fn select(&self, predicate: impl Fn(&AddressEntry) -> bool) -> Vec<Address> {
        let selected = self.entries.iter().filter(|entry| predicate(entry));
        selected.map(|entry| entry.address).collect()
    }

    /// Finds an address that no flow has shown for long, among those that can be had again. Calls
    /// `recheck` for each address that is passed over because a flow has shown it, so that the next
    /// flow notes its use again.
    pub(crate) fn find_unused(
        &mut self,
        is_evictable: impl Fn(&AddressEntry) -> bool,
        mut recheck: impl FnMut(Address),
    ) -> Option<Address> {
        for _ in 0..MAX_EVICTION_STEPS {
            self.hand += 1;
            if self.hand >= self.entries.len() {
                self.hand = 0;
            }
            let entry = self.entries.get_mut(self.hand)?;
            if !is_evictable(entry) {
                continue;
            }
            if !entry.take_use() {
                return Some(entry.address);
            }
            recheck(entry.address);
        }
        None
    }

    fn position(&self, address: Address) -> Option<usize> {
        let is_it = |at: &u32| {
            let entry = self.entries.get(*at as usize);
            entry.is_some_and(|entry| entry.address == address)
        };
        let hash = address_hash(&self.hasher, address);
        self.by_address.find(hash, is_it).map(|at| *at as usize)
    }

    /// The hashes of an entry in the two indexes.
    fn hashes(&self, at: usize) -> Option<[u64; 2]> {
        let entry = self.entries.get(at)?;
        Some([
            address_hash(&self.hasher, entry.address),
            pod_hash(&self.hasher, entry.namespace, &entry.pod_name),
        ])
    }

    fn unlink(&mut self, at: usize) {
        let Some(hashes) = self.hashes(at) else {
            return;
        };
        for (index, hash) in [&mut self.by_address, &mut self.by_pod]
            .into_iter()
            .zip(hashes)
        {
            if let Ok(found) = index.find_entry(hash, |other| *other as usize == at) {
                found.remove();
            }
        }
    }

    /// Changes the position of an entry in the indexes.
    fn relink(&mut self, from: usize, to: usize) {
        let Some(hashes) = self.hashes(from) else {
            return;
        };
        for (index, hash) in [&mut self.by_address, &mut self.by_pod]
            .into_iter()
            .zip(hashes)
        {
            if let Some(at) = index.find_mut(hash, |other| *other as usize == from) {
                *at = u32::try_from(to).unwrap_or(u32::MAX);
            }
        }
    }
}

fn address_hash(hasher: &DefaultHashBuilder, address: Address) -> u64 {
    hasher.hash_one(u128::from_ne_bytes(address.0))
}

fn pod_hash(hasher: &DefaultHashBuilder, namespace: ValueId, pod_name: &str) -> u64 {
    hasher.hash_one((namespace, pod_name))
}

impl AddressEntry {
    /// Whether the entry is at most as new as something stated at `time`.
    pub(crate) fn is_before(&self, time: Timestamp) -> bool {
        self.since <= time
    }
}

#[cfg(test)]
mod tests;
