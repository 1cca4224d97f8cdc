//! Interned label values.

use std::sync::Arc;

use hashbrown::DefaultHashBuilder;
use indexmap::IndexSet;

/// The number of an interned text. Equal texts have equal symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Symbol(pub(crate) u32);

impl Symbol {
    /// The empty text.
    pub(crate) const EMPTY: Self = Self(0);
}

/// The interned texts. Only label values of series are added, and series stay, so no text is ever
/// removed.
#[derive(Debug)]
pub(crate) struct SymbolTable(IndexSet<Arc<str>, DefaultHashBuilder>);

impl SymbolTable {
    /// A table that contains the empty text alone.
    pub(crate) fn new() -> Self {
        let mut texts = IndexSet::default();
        texts.insert(Arc::from(""));
        Self(texts)
    }

    /// The number of symbols.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The symbol of a text, if it is interned.
    pub(crate) fn find(&self, text: &str) -> Option<Symbol> {
        if text.is_empty() {
            return Some(Symbol::EMPTY);
        }
        self.0.get_index_of(text).map(symbol)
    }

    /// The symbol of a text, which is added if it is missing.
    pub(crate) fn intern(&mut self, text: &str) -> Symbol {
        self.find(text)
            .unwrap_or_else(|| symbol(self.0.insert_full(Arc::from(text)).0))
    }

    /// The text of a symbol.
    pub(crate) fn text(&self, symbol: Symbol) -> Arc<str> {
        Arc::clone(&self.0[symbol.0 as usize])
    }
}

fn symbol(index: usize) -> Symbol {
    Symbol(u32::try_from(index).unwrap_or(u32::MAX))
}
