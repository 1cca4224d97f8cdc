//! The symbols that a resolver has found for endpoints.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use tidegate_model::flow::{Address, Endpoint, EndpointNames};

use crate::hubble_metrics::series::Symbol;

/// The largest number of cached endpoints with names; each entry keeps its names alive. A full
/// cache is cleared.
const MAX_NAMED: usize = 4096;

/// The largest number of cached endpoints without names, for each interned text. At least
/// [`MAX_NAMED`].
const UNNAMED_PER_TEXT: usize = 2;

/// Caches symbols by everything that a resolver reads of an endpoint. The address is `None` for
/// resolvers that do not read it.
#[derive(Debug, Default)]
pub(super) struct SymbolCache {
    /// Names are identified by their address in memory, which is unique while the entry keeps them
    /// alive.
    named: HashTable<NamedEntry>,
    unnamed: HashTable<(EndpointKey, Symbol)>,
    hasher: DefaultHashBuilder,
}

#[derive(Debug)]
struct NamedEntry {
    names: Arc<EndpointNames>,
    key: EndpointKey,
    symbol: Symbol,
}

/// What identifies an endpoint besides its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct EndpointKey {
    identity: u32,
    address: Option<Address>,
}

impl SymbolCache {
    #[inline]
    pub(super) fn find(&self, endpoint: &Endpoint, address: Option<Address>) -> Option<Symbol> {
        let key = EndpointKey {
            identity: endpoint.identity,
            address,
        };
        match &endpoint.names {
            Some(names) => {
                let is_match =
                    |entry: &NamedEntry| Arc::ptr_eq(&entry.names, names) && entry.key == key;
                self.named
                    .find(hash(&self.hasher, memory_address(names), &key), is_match)
                    .map(|entry| entry.symbol)
            }
            None => self
                .unnamed
                .find(hash(&self.hasher, 0, &key), |entry| entry.0 == key)
                .map(|entry| entry.1),
        }
    }

    /// Adds an entry that [`Self::find`] did not find. `texts` is the number of interned texts.
    pub(super) fn insert(
        &mut self,
        endpoint: &Endpoint,
        address: Option<Address>,
        symbol: Symbol,
        texts: usize,
    ) {
        let key = EndpointKey {
            identity: endpoint.identity,
            address,
        };
        let hasher = &self.hasher;
        match &endpoint.names {
            Some(names) => {
                if self.named.len() >= MAX_NAMED {
                    self.named.clear();
                }
                let rehash =
                    |entry: &NamedEntry| hash(hasher, memory_address(&entry.names), &entry.key);
                let entry = NamedEntry {
                    names: Arc::clone(names),
                    key,
                    symbol,
                };
                self.named
                    .insert_unique(hash(hasher, memory_address(names), &key), entry, rehash);
            }
            None => {
                if self.unnamed.len() >= MAX_NAMED.max(texts * UNNAMED_PER_TEXT) {
                    self.unnamed.clear();
                }
                let rehash = |entry: &(EndpointKey, _)| hash(hasher, 0, &entry.0);
                self.unnamed
                    .insert_unique(hash(hasher, 0, &key), (key, symbol), rehash);
            }
        }
    }
}

/// A keyed hash, since peers choose addresses; of a single integer, which is what the hasher is
/// fastest at.
#[inline]
fn hash(hasher: &DefaultHashBuilder, names: usize, key: &EndpointKey) -> u64 {
    let names = (names as u64).rotate_left(32) ^ u64::from(key.identity);
    match key.address {
        Some(Address(address)) => hasher.hash_one(u128::from_ne_bytes(address) ^ u128::from(names)),
        None => hasher.hash_one(names),
    }
}

#[inline]
fn memory_address(names: &Arc<EndpointNames>) -> usize {
    Arc::as_ptr(names).addr()
}
