//! Label values as numbers: every text that a series has, once.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

/// A label value. Equal texts have equal symbols, so series with equal labels cannot be two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct Symbol(pub(in super::super) u32);

impl Symbol {
    /// The empty text.
    pub(in super::super) const EMPTY: Self = Self(0);
}

/// The texts. None is ever removed: only texts of series get in, and series stay.
#[derive(Debug)]
pub(in super::super) struct Symbols {
    texts: Vec<Arc<str>>,
    index: HashTable<Symbol>,
    hasher: DefaultHashBuilder,
}

impl Symbols {
    pub(in super::super) fn new() -> Self {
        let mut symbols = Self {
            texts: Vec::new(),
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        };
        symbols.add("");
        symbols
    }

    /// How many there are.
    pub(in super::super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// The symbol of a text, if a series has it.
    pub(in super::super) fn find(&self, text: &str) -> Option<Symbol> {
        if text.is_empty() {
            return Some(Symbol::EMPTY);
        }
        let hash = self.hasher.hash_one(text);
        self.index
            .find(hash, |symbol| &*self.texts[symbol.0 as usize] == text)
            .copied()
    }

    /// The symbol of a text, new if need be.
    pub(in super::super) fn intern(&mut self, text: &str) -> Symbol {
        self.find(text).unwrap_or_else(|| self.add(text))
    }

    fn add(&mut self, text: &str) -> Symbol {
        let symbol = Symbol(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        self.texts.push(text.into());
        let (texts, hasher) = (&self.texts, &self.hasher);
        let hash = hasher.hash_one(text);
        self.index.insert_unique(hash, symbol, |symbol| {
            hasher.hash_one(&*texts[symbol.0 as usize])
        });
        symbol
    }

    /// The text of a symbol.
    pub(in super::super) fn text(&self, symbol: Symbol) -> Arc<str> {
        Arc::clone(&self.texts[symbol.0 as usize])
    }
}
