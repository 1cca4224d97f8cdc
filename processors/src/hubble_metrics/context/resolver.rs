//! Resolves one side of a flow to a label value.

use std::net::IpAddr;

use tidegate_model::flow::{Address, Endpoint, Flow};

use super::Side;
use super::identifier::Identifier;
use super::symbol_cache::SymbolCache;
use crate::hubble_metrics::series::{Symbol, SymbolTable};

/// Tries identifiers in order: the first one with a value for the endpoint gives the label value.
#[derive(Debug)]
pub(super) struct Resolver {
    identifiers: Vec<Identifier>,
    /// Whether no identifier has a value for an endpoint without names.
    needs_names: bool,
    reads_address: bool,
    cache: SymbolCache,
    /// A buffer for the text of the value.
    text: String,
}

impl Resolver {
    pub(super) fn new(identifiers: Vec<Identifier>) -> Self {
        Self {
            needs_names: identifiers
                .iter()
                .all(|identifier| identifier.needs_names()),
            reads_address: identifiers.contains(&Identifier::Ip),
            identifiers,
            cache: SymbolCache::default(),
            text: String::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.identifiers.is_empty()
    }

    /// The value for one side of a flow. If it is not interned, `intern` decides whether it is
    /// added or `None` is returned.
    #[inline]
    pub(super) fn symbol(
        &mut self,
        symbols: &mut SymbolTable,
        flow: &Flow,
        side: Side,
        intern: bool,
    ) -> Option<Symbol> {
        let endpoint = side.endpoint(flow);
        if endpoint.names.is_none() && self.needs_names {
            return Some(Symbol::EMPTY);
        }
        let address = if self.reads_address {
            side.address(flow)
        } else {
            None
        };
        if address.is_some()
            && flow
                .socket
                .as_ref()
                .is_some_and(|socket| socket.keeps_mapped)
        {
            // The same address has another text here, too rarely to be worth a cache entry.
            let written = address.map(|address| flow.display_ip(address));
            return self.resolve(symbols, endpoint, written, intern);
        }
        self.cache
            .find(endpoint, address)
            .or_else(|| self.resolve_and_cache(symbols, endpoint, address, intern))
    }

    /// Forgets the symbols that it has found.
    pub(super) fn forget(&mut self) {
        self.cache = SymbolCache::default();
    }

    fn resolve_and_cache(
        &mut self,
        symbols: &mut SymbolTable,
        endpoint: &Endpoint,
        address: Option<Address>,
        intern: bool,
    ) -> Option<Symbol> {
        let symbol = self.resolve(symbols, endpoint, address.map(Address::to_ip), intern)?;
        self.cache.insert(endpoint, address, symbol, symbols.len());
        Some(symbol)
    }

    fn resolve(
        &mut self,
        symbols: &mut SymbolTable,
        endpoint: &Endpoint,
        address: Option<IpAddr>,
        intern: bool,
    ) -> Option<Symbol> {
        self.text.clear();
        for identifier in &self.identifiers {
            identifier.write(&mut self.text, endpoint, address);
            if !self.text.is_empty() {
                break;
            }
        }
        if intern {
            Some(symbols.intern(&self.text))
        } else {
            symbols.find(&self.text)
        }
    }
}
