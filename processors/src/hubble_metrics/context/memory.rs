//! What a walk found for endpoints before.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use tidegate_core::flow::{Address, Endpoint, EndpointNames};

use crate::hubble_metrics::series::Symbol;

/// Endpoints with names that are remembered, which keeps the names; when there are more it starts
/// afresh.
const MAX_NAMED: usize = 4096;

/// Endpoints without names that are remembered for each text that there is, likewise.
const UNNAMED_PER_TEXT: usize = 2;

/// All that a walk looks at, and what it found. The address is `None` also for walks that do not
/// look at it.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The names are told by their address, which stays theirs because they are kept.
    named: HashTable<(Arc<EndpointNames>, Unnamed, Symbol)>,
    unnamed: HashTable<(Unnamed, Symbol)>,
    hasher: DefaultHashBuilder,
}

/// What is left of an endpoint without its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Unnamed {
    identity: u32,
    address: Option<Address>,
}

impl Memory {
    #[inline]
    pub(super) fn find(&self, endpoint: &Endpoint, address: Option<Address>) -> Option<Symbol> {
        let rest = Unnamed {
            identity: endpoint.identity,
            address,
        };
        match &endpoint.names {
            Some(names) => {
                let is_it = |known: &(Arc<EndpointNames>, Unnamed, _)| {
                    Arc::ptr_eq(&known.0, names) && known.1 == rest
                };
                self.named
                    .find(hash(&self.hasher, place(names), &rest), is_it)
                    .map(|known| known.2)
            }
            None => self
                .unnamed
                .find(hash(&self.hasher, 0, &rest), |known| known.0 == rest)
                .map(|known| known.1),
        }
    }

    /// Remembers what was not found. `texts` is how many there are.
    pub(super) fn remember(
        &mut self,
        endpoint: &Endpoint,
        address: Option<Address>,
        symbol: Symbol,
        texts: usize,
    ) {
        let (rest, hasher) = (
            Unnamed {
                identity: endpoint.identity,
                address,
            },
            &self.hasher,
        );
        match &endpoint.names {
            Some(names) => {
                if self.named.len() >= MAX_NAMED {
                    self.named.clear();
                }
                let rehash = |known: &(_, _, _)| hash(hasher, place(&known.0), &known.1);
                let known = (Arc::clone(names), rest, symbol);
                self.named
                    .insert_unique(hash(hasher, place(names), &rest), known, rehash);
            }
            None => {
                if self.unnamed.len() >= MAX_NAMED.max(texts * UNNAMED_PER_TEXT) {
                    self.unnamed.clear();
                }
                let rehash = |known: &(_, _)| hash(hasher, 0, &known.0);
                self.unnamed
                    .insert_unique(hash(hasher, 0, &rest), (rest, symbol), rehash);
            }
        }
    }
}

/// Addresses are chosen outside, so the hash is a keyed one; of one number, which is what it is
/// fastest at.
#[inline]
fn hash(hasher: &DefaultHashBuilder, place: usize, rest: &Unnamed) -> u64 {
    let names = (place as u64).rotate_left(32) ^ u64::from(rest.identity);
    match rest.address {
        Some(Address(address)) => hasher.hash_one(u128::from_ne_bytes(address) ^ u128::from(names)),
        None => hasher.hash_one(names),
    }
}

/// Where the names lie.
#[inline]
fn place(names: &Arc<EndpointNames>) -> usize {
    Arc::as_ptr(names).addr()
}
