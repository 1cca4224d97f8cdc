//! Interned label values.

use std::sync::Arc;

use super::Interner;

/// The number of an interned text. Equal texts have equal symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Symbol(pub(crate) u32);

impl Symbol {
    /// The empty text.
    pub(crate) const EMPTY: Self = Self(0);
}

/// The interned texts: label values of series.
#[derive(Debug)]
pub(crate) struct SymbolTable(Interner<Arc<str>>);

impl SymbolTable {
    /// A table that contains the empty text alone.
    pub(crate) fn new() -> Self {
        let mut texts = Interner::default();
        texts.insert::<str>(Arc::from(""));
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
        self.0.find(text).map(Symbol)
    }

    /// The symbol of a text, which is added if it is missing.
    pub(crate) fn intern(&mut self, text: &str) -> Symbol {
        self.find(text)
            .unwrap_or_else(|| Symbol(self.0.insert::<str>(Arc::from(text))))
    }

    /// The text of a symbol.
    pub(crate) fn text(&self, symbol: Symbol) -> Arc<str> {
        self.0.get(symbol.0).cloned().unwrap_or_default()
    }

    /// Removes texts that no series has. A series holds the texts of its labels.
    pub(crate) fn remove_unused(&mut self) {
        self.0
            .retain(|number, text| number == Symbol::EMPTY.0 || Arc::strong_count(text) > 1);
    }
}
