//! Some symbols as one number: two fit in it, more are looked up.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

use crate::hubble_metrics::series::Symbol;

/// Lists of equal length. Only those of series get in.
#[derive(Debug)]
pub(super) struct Tuples {
    width: usize,
    /// The symbols of list after list, where the width is more than two.
    symbols: Vec<Symbol>,
    index: HashTable<u64>,
    hasher: DefaultHashBuilder,
}

impl Tuples {
    pub(super) fn new(width: usize) -> Self {
        Self { width, symbols: Vec::new(), index: HashTable::new(), hasher: DefaultHashBuilder::default() }
    }

    /// The number of a list; `None` for one that was not interned.
    #[inline]
    pub(super) fn find(&self, list: &[Symbol]) -> Option<u64> {
        match *list {
            [] => Some(0),
            [one] => Some(one.0.into()),
            [one, other] => Some(u64::from(one.0) << 32 | u64::from(other.0)),
            _ => self.index.find(self.hasher.hash_one(list), |at| self.list(*at) == list).copied(),
        }
    }

    pub(super) fn intern(&mut self, list: &[Symbol]) -> u64 {
        if let Some(known) = self.find(list) {
            return known;
        }
        let at = (self.symbols.len() / self.width) as u64;
        self.symbols.extend_from_slice(list);
        let (symbols, width, hasher) = (&self.symbols, self.width, &self.hasher);
        let hash = |at: &u64| hasher.hash_one(part(symbols, width, *at));
        self.index.insert_unique(hasher.hash_one(list), at, hash);
        at
    }

    /// The list of a number.
    pub(super) fn symbols(&self, number: u64) -> Vec<Symbol> {
        #[expect(clippy::cast_possible_truncation, reason = "the halves are taken apart")]
        let (high, low) = (Symbol((number >> 32) as u32), Symbol(number as u32));
        match self.width {
            0 => Vec::new(),
            1 => vec![low],
            2 => vec![high, low],
            _ => self.list(number).to_vec(),
        }
    }

    fn list(&self, at: u64) -> &[Symbol] {
        part(&self.symbols, self.width, at)
    }
}

fn part(symbols: &[Symbol], width: usize, at: u64) -> &[Symbol] {
    let start = usize::try_from(at).unwrap_or(usize::MAX) * width;
    &symbols[start..start + width]
}
