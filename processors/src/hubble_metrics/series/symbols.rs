//! Label values as numbers: every text that a series has, once.

use std::cell::Cell;
use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Slots of the shortcut for texts of the program; a power of two.
const SHORTCUTS: usize = 128;

/// The slot of a text: texts of one table lie side by side, and should not share theirs.
fn slot(address: usize) -> usize {
    const FACTOR: usize = 0x9e37_79b9_7f4a_7c15;
    address.wrapping_mul(FACTOR) >> (usize::BITS - SHORTCUTS.ilog2())
}

/// A label value. Equal texts have equal symbols, so series with equal labels cannot be two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct Symbol(u32);

impl Symbol {
    /// The empty text.
    pub(in super::super) const EMPTY: Self = Self(0);

    /// Its place among the texts.
    pub(super) fn number(self) -> u64 {
        self.0.into()
    }
}

/// The texts. None is ever removed: only texts of series get in, and series stay.
#[derive(Debug)]
pub(in super::super) struct Symbols {
    texts: Vec<Arc<str>>,
    index: HashTable<Symbol>,
    hasher: DefaultHashBuilder,
    shortcuts: [Cell<Shortcut>; SHORTCUTS],
}

/// A text of the program, by where it lies, and its symbol. Nothing lies at address 0.
#[derive(Clone, Copy, Debug)]
struct Shortcut {
    address: usize,
    len: usize,
    symbol: Symbol,
}

impl Shortcut {
    const NONE: Self = Self { address: 0, len: 0, symbol: Symbol::EMPTY };
}

impl Symbols {
    pub(in super::super) fn new() -> Self {
        let mut symbols = Self {
            texts: Vec::new(),
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            shortcuts: [const { Cell::new(Shortcut::NONE) }; SHORTCUTS],
        };
        symbols.intern("");
        symbols
    }

    /// The symbol of a text, if a series has it.
    pub(in super::super) fn find(&self, text: &str) -> Option<Symbol> {
        if text.is_empty() {
            return Some(Symbol::EMPTY);
        }
        let hash = self.hasher.hash_one(text);
        self.index.find(hash, |symbol| &*self.texts[symbol.0 as usize] == text).copied()
    }

    /// [`Self::find`] for a text of the program, which its address tells without a look at its bytes.
    #[inline]
    pub(in super::super) fn find_static(&self, text: &'static str) -> Option<Symbol> {
        let (address, len) = (text.as_ptr().addr(), text.len());
        let slot = &self.shortcuts[slot(address)];
        let known = slot.get();
        if (known.address, known.len) == (address, len) {
            return Some(known.symbol);
        }
        let symbol = self.find(text)?;
        slot.set(Shortcut { address, len, symbol });
        Some(symbol)
    }

    /// The symbol of a text, new if need be.
    pub(in super::super) fn intern(&mut self, text: &str) -> Symbol {
        if let Some(known) = self.find(text).filter(|_| !self.texts.is_empty()) {
            return known;
        }
        let symbol = Symbol(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        self.texts.push(text.into());
        let (texts, hasher) = (&self.texts, &self.hasher);
        let hash = hasher.hash_one(text);
        self.index.insert_unique(hash, symbol, |symbol| hasher.hash_one(&*texts[symbol.0 as usize]));
        symbol
    }

    /// The text of a symbol.
    pub(in super::super) fn text(&self, symbol: Symbol) -> Arc<str> {
        Arc::clone(&self.texts[symbol.0 as usize])
    }
}
