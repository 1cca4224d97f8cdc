//! The views of addresses that are in use.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use hashbrown::{HashMap, HashTable};
use tidegate_model::flow::{Address, EndpointNames};

use super::view::{View, ViewKey};
use crate::shared::SharedTable;
use crate::versions::{Dependencies, Versions};

/// The largest number of views. All are dropped when there are more, since composing one again costs
/// less than keeping track of their use.
const MAX_VIEWS: usize = 8192;
/// The largest number of names with DNS names.
const MAX_DNS_VIEWS: usize = 4096;

/// The names of an address with the DNS names that an endpoint knows.
#[derive(Debug)]
struct DnsView {
    version: u32,
    /// The names without DNS names.
    base: Option<Arc<EndpointNames>>,
    names: Option<Arc<EndpointNames>>,
}

/// The views.
#[derive(Debug)]
pub(super) struct ViewCache {
    views: HashTable<View>,
    dns: HashMap<(Address, u16), DnsView>,
    seed: u64,
}

impl Default for ViewCache {
    fn default() -> Self {
        Self {
            views: HashTable::new(),
            dns: HashMap::new(),
            seed: RandomState::new().hash_one(0),
        }
    }
}

impl ViewCache {
    /// The view of an address, if there is a valid one.
    #[inline]
    pub(super) fn find(&self, key: ViewKey, versions: &Versions) -> Option<&View> {
        let view = self
            .views
            .find(key.hash(self.seed), |view| view.key() == key)?;
        view.is_valid(versions).then_some(view)
    }

    /// Adds a view, or replaces the one with the same key.
    #[inline(never)]
    pub(super) fn insert(&mut self, view: View) -> &View {
        if self.views.len() >= MAX_VIEWS {
            self.views.clear();
        }
        let seed = self.seed;
        let key = view.key();
        let entry = self.views.entry(
            key.hash(seed),
            |other| other.key() == key,
            |other| other.key().hash(seed),
        );
        entry.insert(view).into_mut()
    }

    /// The names of an address with the DNS names that an endpoint knows; `None` if it knows none.
    pub(super) fn dns_names(
        &mut self,
        table: &SharedTable,
        address: Address,
        base: Option<&Arc<EndpointNames>>,
        endpoint: u16,
    ) -> Option<Arc<EndpointNames>> {
        let depends = Dependencies::new(Some(address), 0);
        let version = table.versions().sum(depends);
        if let Some(view) = self.dns.get(&(address, endpoint))
            && view.version == version
            && is_same(view.base.as_ref(), base)
        {
            return view.names.clone();
        }
        if self.dns.len() >= MAX_DNS_VIEWS {
            self.dns.clear();
        }
        let table = table.read();
        let names = table.with_dns_names(base, address, endpoint);
        let view = DnsView {
            version: table.versions.sum(depends),
            base: base.cloned(),
            names: names.clone(),
        };
        self.dns.insert((address, endpoint), view);
        names
    }
}

/// Compares names by their address in memory, which is unique while the cache keeps them alive.
fn is_same(one: Option<&Arc<EndpointNames>>, other: Option<&Arc<EndpointNames>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        _ => false,
    }
}
