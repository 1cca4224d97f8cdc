//! The fallback walk of a context option.

use std::net::IpAddr;

use tidegate_core::flow::{Address, Endpoint, Flow};

use super::Side;
use super::identifier::Identifier;
use super::memory::Memory;
use crate::hubble_metrics::series::{Symbol, Symbols};

/// Identifiers to try in order; the first that says something is the label's value.
#[derive(Debug)]
pub(super) struct Walk {
    identifiers: Vec<Identifier>,
    /// Whether an endpoint without names has nothing that any identifier could say.
    needs_names: bool,
    looks_at_address: bool,
    memory: Memory,
    text: String,
}

impl Walk {
    pub(super) fn new(identifiers: Vec<Identifier>) -> Self {
        Self {
            needs_names: identifiers
                .iter()
                .all(|identifier| identifier.needs_names()),
            looks_at_address: identifiers.contains(&Identifier::Ip),
            identifiers,
            memory: Memory::default(),
            text: String::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.identifiers.is_empty()
    }

    /// The value for one side of a flow. `None` if its text has no symbol, unless it is to get one.
    #[inline]
    pub(super) fn symbol(
        &mut self,
        symbols: &mut Symbols,
        flow: &Flow,
        side: Side,
        settle: bool,
    ) -> Option<Symbol> {
        let endpoint = side.endpoint(flow);
        if endpoint.names.is_none() && self.needs_names {
            return Some(Symbol::EMPTY);
        }
        let address = if self.looks_at_address {
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
            // Another text for the same address, which is too rare to be remembered.
            return self.read(
                symbols,
                endpoint,
                address.map(|address| flow.written(address)),
                settle,
            );
        }
        self.memory
            .find(endpoint, address)
            .or_else(|| self.look(symbols, endpoint, address, settle))
    }

    /// A text without a symbol is remembered once a series has it.
    fn look(
        &mut self,
        symbols: &mut Symbols,
        endpoint: &Endpoint,
        address: Option<Address>,
        settle: bool,
    ) -> Option<Symbol> {
        let symbol = self.read(symbols, endpoint, address.map(Address::to_ip), settle)?;
        self.memory
            .remember(endpoint, address, symbol, symbols.len());
        Some(symbol)
    }

    fn read(
        &mut self,
        symbols: &mut Symbols,
        endpoint: &Endpoint,
        address: Option<IpAddr>,
        settle: bool,
    ) -> Option<Symbol> {
        self.text.clear();
        for identifier in &self.identifiers {
            identifier.write(&mut self.text, endpoint, address);
            if !self.text.is_empty() {
                break;
            }
        }
        if settle {
            Some(symbols.intern(&self.text))
        } else {
            symbols.find(&self.text)
        }
    }
}
