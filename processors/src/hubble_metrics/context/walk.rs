//! The fallback walk of a context option, and what it found for endpoints before.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use tidegate_core::flow::{Address, Endpoint, EndpointNames};

use super::identifier::Identifier;
use crate::hubble_metrics::item::{Item, ItemError};
use crate::hubble_metrics::series::{Row, Symbol, Symbols};

/// Endpoints that a walk remembers; when there are more it starts afresh.
const MAX_REMEMBERED: usize = 4096;

/// Identifiers to try in order; the first that says something is the label's value.
#[derive(Debug)]
pub(super) struct Walk {
    identifiers: Vec<Identifier>,
    /// Whether an endpoint without names has nothing that any identifier could say.
    needs_names: bool,
    looks_at_address: bool,
    remembered: HashTable<(Peer, Symbol)>,
    hasher: DefaultHashBuilder,
    text: String,
}

/// All that a walk looks at. It keeps the names alive, so that their address stays theirs.
#[derive(Debug)]
struct Peer {
    names: Option<Arc<EndpointNames>>,
    identity: u32,
    /// `None` also for walks that do not look at it.
    address: Option<Address>,
}

impl Walk {
    pub(super) fn new(identifiers: Vec<Identifier>) -> Self {
        Self {
            needs_names: identifiers.iter().all(|identifier| identifier.needs_names()),
            looks_at_address: identifiers.contains(&Identifier::Ip),
            identifiers,
            remembered: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            text: String::new(),
        }
    }

    /// From an item's option; empty if it is not given.
    pub(super) fn parse(item: &Item, key: &str) -> Result<Self, ItemError> {
        let parse = |name: &&str| {
            let unknown = || ItemError::UnknownContext { metric: item.name.to_owned(), context: (*name).to_owned() };
            Identifier::parse(name).ok_or_else(unknown)
        };
        item.values(key).unwrap_or_default().iter().map(parse).collect::<Result<_, _>>().map(Self::new)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.identifiers.is_empty()
    }

    /// Adds the value for an endpoint to a row.
    pub(super) fn fill(&mut self, row: &mut Row, symbols: &Symbols, (endpoint, address): (&Endpoint, Option<Address>)) {
        if endpoint.names.is_none() && self.needs_names {
            return row.push(Symbol::EMPTY);
        }
        let address = address.filter(|_| self.looks_at_address);
        let hash = hash(&self.hasher, endpoint.names.as_ref(), endpoint.identity, address);
        let known = self.remembered.find(hash, |(peer, _)| peer.is(endpoint, address));
        if let Some((_, symbol)) = known {
            return row.push(*symbol);
        }
        self.text.clear();
        for identifier in &self.identifiers {
            identifier.write(&mut self.text, endpoint, address);
            if !self.text.is_empty() {
                break;
            }
        }
        // A text without a symbol is remembered once a series has it.
        if let Some(symbol) = row.push_text(&self.text, symbols) {
            self.remember(hash, Peer::new(endpoint, address), symbol);
        }
    }

    fn remember(&mut self, hash: u64, peer: Peer, symbol: Symbol) {
        if self.remembered.len() >= MAX_REMEMBERED {
            self.remembered.clear();
        }
        let rehash = |(peer, _): &(Peer, Symbol)| hash_peer(&self.hasher, peer);
        self.remembered.insert_unique(hash, (peer, symbol), rehash);
    }
}

impl Peer {
    fn new(endpoint: &Endpoint, address: Option<Address>) -> Self {
        Self { names: endpoint.names.clone(), identity: endpoint.identity, address }
    }

    fn is(&self, endpoint: &Endpoint, address: Option<Address>) -> bool {
        place(self.names.as_ref()) == place(endpoint.names.as_ref())
            && self.identity == endpoint.identity
            && self.address == address
    }
}

fn hash_peer(hasher: &DefaultHashBuilder, peer: &Peer) -> u64 {
    hash(hasher, peer.names.as_ref(), peer.identity, peer.address)
}

fn hash(
    hasher: &DefaultHashBuilder,
    names: Option<&Arc<EndpointNames>>,
    identity: u32,
    address: Option<Address>,
) -> u64 {
    let address = address.map(|address| u128::from_ne_bytes(address.0));
    hasher.hash_one((place(names), identity, address))
}

/// Where the names lie; 0 for none.
fn place(names: Option<&Arc<EndpointNames>>) -> usize {
    names.map_or(0, |names| Arc::as_ptr(names).addr())
}
