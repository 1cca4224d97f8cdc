//! The label values of one observation, while they are put together.

use super::{Symbol, Symbols};

/// Label values in the order of the labels. A text that no series has yet stays a text until its series is
/// made, so that texts beyond the limit of series leave nothing behind.
#[derive(Debug, Default)]
pub(in super::super) struct Row {
    cells: Vec<Symbol>,
    /// Cells that wait for their symbol, and where their text ends in `texts`.
    pending: Vec<(usize, usize)>,
    texts: String,
}

impl Row {
    pub(in super::super) fn clear(&mut self) {
        self.cells.clear();
        self.pending.clear();
        self.texts.clear();
    }

    /// The symbols; `None` while a text waits for one.
    pub(super) fn cells(&self) -> Option<&[Symbol]> {
        self.pending.is_empty().then_some(&self.cells)
    }

    pub(in super::super) fn push(&mut self, symbol: Symbol) {
        self.cells.push(symbol);
    }

    /// Adds a text; returns its symbol if it has one.
    pub(in super::super) fn push_text(&mut self, text: &str, symbols: &Symbols) -> Option<Symbol> {
        self.push_found(symbols.find(text), text)
    }

    /// Adds a text of the program.
    #[inline]
    pub(in super::super) fn push_static(&mut self, text: &'static str, symbols: &Symbols) {
        self.push_found(symbols.find_static(text), text);
    }

    /// Gives the texts that wait their symbols.
    pub(super) fn settle(&mut self, symbols: &mut Symbols) -> &[Symbol] {
        let mut start = 0;
        for (cell, end) in self.pending.drain(..) {
            self.cells[cell] = symbols.intern(&self.texts[start..end]);
            start = end;
        }
        self.texts.clear();
        &self.cells
    }

    #[inline]
    fn push_found(&mut self, found: Option<Symbol>, text: &str) -> Option<Symbol> {
        if found.is_none() {
            self.texts.push_str(text);
            self.pending.push((self.cells.len(), self.texts.len()));
        }
        self.cells.push(found.unwrap_or(Symbol::EMPTY));
        found
    }
}
