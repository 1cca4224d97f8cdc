//! The views of addresses that are in use.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use hashbrown::HashTable;
use tidegate_model::flow::{Address, EndpointNames};

use super::view::{View, ViewKey};
use crate::shared::SharedTable;
use crate::versions::{Dependencies, Versions};

/// The largest number of views. All are dropped when there are more, since composing one again costs
/// less than keeping track of their use.
const MAX_VIEWS: usize = 8192;
/// The largest number of names with DNS names.
const MAX_DNS_VIEWS: usize = 8192;

/// The names of an address with the DNS names that an endpoint knows.
#[derive(Debug)]
struct DnsView {
    /// The address, and the endpoint in place of an identity.
    key: ViewKey,
    version: u32,
    /// The number of changes of the table up to which it is valid.
    valid_at: u32,
    /// The names without DNS names. An address has several: events with and without its identity,
    /// and records of proxies.
    base: Option<Arc<EndpointNames>>,
    names: Option<Arc<EndpointNames>>,
}

/// The views.
#[derive(Debug)]
pub(super) struct ViewCache {
    views: HashTable<View>,
    dns: HashTable<DnsView>,
    seed: u64,
}

impl Default for ViewCache {
    fn default() -> Self {
        Self {
            views: HashTable::new(),
            dns: HashTable::new(),
            seed: RandomState::new().hash_one(0),
        }
    }
}

impl ViewCache {
    /// The view of an address, if there is a valid one.
    #[inline]
    pub(super) fn find(&mut self, key: ViewKey, versions: &Versions) -> Option<&View> {
        let view = self
            .views
            .find_mut(key.hash(self.seed), |view| view.key() == key)?;
        view.is_valid(versions).then_some(&*view)
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
        let key = ViewKey::new(address, endpoint.into());
        let seed = self.seed;
        let view = self
            .dns
            .find_mut(key.hash(seed), |view| view.is_of(key, base));
        if let Some(view) = view
            && view.is_valid(table.versions())
        {
            return view.names.clone();
        }
        self.compose_dns_names(table, key, base)
    }

    #[inline(never)]
    fn compose_dns_names(
        &mut self,
        table: &SharedTable,
        key: ViewKey,
        base: Option<&Arc<EndpointNames>>,
    ) -> Option<Arc<EndpointNames>> {
        if self.dns.len() >= MAX_DNS_VIEWS {
            self.dns.clear();
        }
        let table = table.read();
        let address = key.address();
        let endpoint = u16::try_from(key.identity()).unwrap_or_default();
        let names = table.with_dns_names(base, address, endpoint);
        let seed = self.seed;
        let view = DnsView {
            key,
            version: table.versions.sum(DnsView::depends(key)),
            valid_at: table.versions.changes(),
            base: base.cloned(),
            names: names.clone(),
        };
        let entry = self.dns.entry(
            key.hash(seed),
            |other| other.is_of(key, base),
            |other| other.key.hash(seed),
        );
        entry.insert(view);
        names
    }
}

impl DnsView {
    #[inline]
    fn is_of(&self, key: ViewKey, base: Option<&Arc<EndpointNames>>) -> bool {
        self.key == key && is_same(self.base.as_ref(), base)
    }

    fn depends(key: ViewKey) -> Dependencies {
        Dependencies::new(Some(key.address()), 0)
    }

    /// Whether the table has not changed the names of the address.
    #[inline]
    fn is_valid(&mut self, versions: &Versions) -> bool {
        let changes = versions.changes();
        self.valid_at == changes || self.is_still_valid(versions, changes)
    }

    #[inline(never)]
    fn is_still_valid(&mut self, versions: &Versions, changes: u32) -> bool {
        let is_valid = self.version == versions.sum(Self::depends(self.key));
        if is_valid {
            self.valid_at = changes;
        }
        is_valid
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
