//! Which cached views are still valid.
//!
//! A view of an address is valid until the table changes something that it depends on: its address,
//! its identity, or something that many views depend on. Each of these has a counter that the table
//! increments; addresses and identities share a fixed number of counters. A view stores the sum of
//! its counters, which changes if any of them does. So a cache needs no list of changes, and a
//! change costs the same however many caches there are. While the table does not change at all,
//! which is nearly always, one counter of all changes says so.

use std::sync::atomic::{AtomicU32, Ordering};

use tidegate_model::flow::Address;

const ADDRESSES: usize = 1024;
const IDENTITIES: usize = 256;

/// The counters of changes of a table.
#[derive(Debug)]
pub(crate) struct Versions {
    /// All changes, each of which is counted here after its own counter.
    changes: AtomicU32,
    all: AtomicU32,
    addresses: [AtomicU32; ADDRESSES],
    identities: [AtomicU32; IDENTITIES],
}

/// The counters that a view depends on, besides the one that all depend on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Dependencies {
    address: u16,
    identity: u16,
}

impl Dependencies {
    pub(crate) fn new(address: Option<Address>, identity: u32) -> Self {
        let of_address = address.map_or(0, |address| {
            let bits = u128::from_be_bytes(address.0);
            let [.., low, high] = (bits ^ (bits >> 64)).wrapping_mul(MULTIPLIER).to_le_bytes();
            u16::from_le_bytes([low, high])
        });
        let [low, ..] = identity.to_le_bytes();
        Self {
            address: of_address % ADDRESSES_U16,
            identity: low.into(),
        }
    }
}

const ADDRESSES_U16: u16 = 1024;
/// An odd number with well distributed bits: the golden ratio in 128 bits.
const MULTIPLIER: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;

impl Default for Versions {
    fn default() -> Self {
        Self {
            changes: AtomicU32::new(0),
            all: AtomicU32::new(0),
            addresses: [const { AtomicU32::new(0) }; ADDRESSES],
            identities: [const { AtomicU32::new(0) }; IDENTITIES],
        }
    }
}

impl Versions {
    /// The number of changes of anything.
    #[inline]
    pub(crate) fn changes(&self) -> u32 {
        self.changes.load(Ordering::Acquire)
    }

    /// The sum of the counters. It is exact while the table is locked; otherwise a change of another
    /// thread may be missed that has not ended yet.
    #[inline]
    pub(crate) fn sum(&self, of: Dependencies) -> u32 {
        let load = |counter: Option<&AtomicU32>| {
            counter.map_or(0, |counter| counter.load(Ordering::Relaxed))
        };
        self.all
            .load(Ordering::Relaxed)
            .wrapping_add(load(self.addresses.get(usize::from(of.address))))
            .wrapping_add(load(self.identities.get(usize::from(of.identity))))
    }

    /// The counter that all views depend on.
    #[inline]
    pub(crate) fn sum_of_all(&self) -> u32 {
        self.all.load(Ordering::Relaxed)
    }

    /// Invalidates all views.
    pub(crate) fn all_changed(&self) {
        self.all.fetch_add(1, Ordering::Release);
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// Invalidates the views of an address.
    pub(crate) fn address_changed(&self, address: Address) {
        let at = usize::from(Dependencies::new(Some(address), 0).address);
        if let Some(counter) = self.addresses.get(at) {
            counter.fetch_add(1, Ordering::Release);
        }
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// Invalidates the views with an identity.
    pub(crate) fn identity_changed(&self, identity: u32) {
        let at = usize::from(Dependencies::new(None, identity).identity);
        if let Some(counter) = self.identities.get(at) {
            counter.fetch_add(1, Ordering::Release);
        }
        self.changes.fetch_add(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_anything_that_a_view_depends_on_changes_its_sum() {
        let versions = Versions::default();
        let one = Address::v4([10, 0, 1, 5]);
        let other = Address::v4([10, 0, 1, 6]);
        let of_one = Dependencies::new(Some(one), 4242);
        let mut sums = vec![versions.sum(of_one)];
        versions.address_changed(other);
        versions.identity_changed(4243);
        assert_eq!(versions.sum(of_one), sums[0], "others changed");
        for change in [
            |versions: &Versions, address| versions.address_changed(address),
            |versions: &Versions, _| versions.identity_changed(4242),
            |versions: &Versions, _| versions.all_changed(),
        ] {
            change(&versions, one);
            sums.push(versions.sum(of_one));
        }
        assert_eq!(sums, [0, 1, 2, 3]);
    }
}
