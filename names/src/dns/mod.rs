//! DNS names of addresses, by the endpoint that asked for them: Hubble's `GetNamesOf`
//! (`pkg/hubble/parser/cell/cell.go`, `pkg/fqdn/cache.go`, v1.19.4).
//!
//! A name is kept for its time to live, but at least for [`MIN_LIFETIME`], and as long as flows show
//! it: connections outlive the time to live, and Cilium keeps their names, too.

mod known;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;
use tidegate_model::Timestamp;
use tidegate_model::flow::Address;

use crate::times::set_back;
use known::KnownNames;

/// The shortest time for which a name is kept, and the time by which use extends it.
pub(crate) const MIN_LIFETIME: Duration = Duration::from_secs(60);
/// The largest number of addresses of one endpoint.
const MAX_ADDRESSES: usize = 1000;
/// How many deadlines of removed pairs stay in any case.
const SPARE_DEADLINES: usize = 1024;

/// The names.
#[derive(Debug, Default)]
pub(crate) struct DnsNames {
    addresses: HashMap<Address, Vec<KnownNames>>,
    /// The addresses of each endpoint, the oldest first.
    endpoints: HashMap<u16, VecDeque<Address>>,
    /// When names may expire: at least one entry for each pair of an endpoint and an address. Those of
    /// removed pairs stay until their time, or until there are more of them than of pairs.
    deadlines: BinaryHeap<Reverse<(Timestamp, Address, u16)>>,
    /// The number of pairs.
    count: usize,
}

impl DnsNames {
    /// The number of pairs of an endpoint and an address.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// When the first names may expire.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        self.deadlines.peek().map(|Reverse((time, ..))| *time)
    }

    /// Whether any endpoint knows names of an address.
    pub(crate) fn has(&self, address: Address) -> bool {
        self.addresses.contains_key(&address)
    }

    /// The names of an address that an endpoint knows, sorted. Notes that a flow shows them.
    pub(crate) fn names(&self, endpoint: u16, address: Address) -> Option<Vec<String>> {
        let known = self.addresses.get(&address)?;
        let known = known.iter().find(|known| known.endpoint == endpoint)?;
        Some(known.show())
    }

    /// Adds a name of an address. Returns whether flows show it now and did not before. `max` is the
    /// largest number of pairs: beyond it, those that expire first are removed, and passed to
    /// `changed`.
    pub(crate) fn add(
        &mut self,
        pair: (u16, Address),
        name: &Arc<str>,
        expires: Timestamp,
        max: usize,
        mut changed: impl FnMut(Address),
    ) -> bool {
        let (endpoint, address) = pair;
        let known = self.addresses.get_mut(&address);
        let known = known.and_then(|known| known.iter_mut().find(|one| one.endpoint == endpoint));
        if let Some(known) = known {
            return known.add(name, expires);
        }
        while self.count >= max.max(1) {
            let Some(Reverse((_, address, endpoint))) = self.deadlines.pop() else {
                break;
            };
            self.remove_pair(endpoint, address);
            changed(address);
        }
        let of_endpoint = self.endpoints.entry(endpoint).or_default();
        let oldest = (of_endpoint.len() >= MAX_ADDRESSES)
            .then(|| of_endpoint.front().copied())
            .flatten();
        of_endpoint.push_back(address);
        if let Some(oldest) = oldest {
            self.remove_pair(endpoint, oldest);
            changed(oldest);
        }
        self.addresses
            .entry(address)
            .or_default()
            .push(KnownNames::new(endpoint, name, expires));
        self.deadlines.push(Reverse((expires, address, endpoint)));
        self.count += 1;
        if self.deadlines.len() > 2 * self.count + SPARE_DEADLINES {
            self.rebuild_deadlines();
        }
        true
    }

    /// Removes the names of an endpoint. Returns their addresses.
    pub(crate) fn remove_endpoint(&mut self, endpoint: u16) -> Vec<Address> {
        let addresses = self.endpoints.remove(&endpoint).unwrap_or_default();
        for address in &addresses {
            self.remove_known(endpoint, *address);
        }
        addresses.into()
    }

    /// Removes expired names that no flow has shown since they were last checked, and keeps the
    /// others for longer. Calls `changed` for each checked address.
    pub(crate) fn expire(&mut self, now: Timestamp, mut changed: impl FnMut(Address)) {
        while let Some(Reverse((time, address, endpoint))) = self.deadlines.peek().copied() {
            if time > now {
                return;
            }
            self.deadlines.pop();
            let known = self.addresses.get_mut(&address);
            let known =
                known.and_then(|known| known.iter_mut().find(|one| one.endpoint == endpoint));
            let Some(known) = known else {
                continue;
            };
            match known.expire(now) {
                Some(next) => self.deadlines.push(Reverse((next, address, endpoint))),
                None => self.remove_pair(endpoint, address),
            }
            changed(address);
        }
    }

    pub(crate) fn set_back(&mut self, by: Duration) {
        let known = self.addresses.values_mut().flatten();
        set_back(known.flat_map(KnownNames::times), by);
        self.rebuild_deadlines();
    }

    /// Leaves one deadline for each pair. Answers with long times to live would otherwise leave the
    /// deadlines of removed pairs for years.
    fn rebuild_deadlines(&mut self) {
        let pairs = self.addresses.iter().flat_map(|(address, known)| {
            let deadline = |one: &KnownNames| Some((one.deadline()?, *address, one.endpoint));
            known.iter().filter_map(deadline).map(Reverse)
        });
        self.deadlines = pairs.collect();
    }

    fn remove_pair(&mut self, endpoint: u16, address: Address) {
        if let Some(addresses) = self.endpoints.get_mut(&endpoint) {
            if let Some(at) = addresses.iter().position(|other| *other == address) {
                addresses.remove(at);
            }
            if addresses.is_empty() {
                self.endpoints.remove(&endpoint);
            }
        }
        self.remove_known(endpoint, address);
    }

    fn remove_known(&mut self, endpoint: u16, address: Address) {
        let Some(known) = self.addresses.get_mut(&address) else {
            return;
        };
        let before = known.len();
        known.retain(|one| one.endpoint != endpoint);
        self.count -= before - known.len();
        if known.is_empty() {
            self.addresses.remove(&address);
        }
    }
}

#[cfg(test)]
mod tests;
