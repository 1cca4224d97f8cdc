//! Lists of symbols as numbers.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::hubble_metrics::series::Symbol;

/// Lists, all of one length. Only those of series get in.
#[derive(Debug, Default)]
pub(super) struct Lists {
    width: usize,
    /// List after list.
    symbols: Vec<Symbol>,
    index: HashTable<u64>,
    hasher: DefaultHashBuilder,
}

impl Lists {
    /// The number of a list; `None` for one that was not interned.
    pub(super) fn find(&self, list: &[Symbol]) -> Option<u64> {
        self.index
            .find(self.hasher.hash_one(list), |at| self.get(*at) == list)
            .copied()
    }

    pub(super) fn intern(&mut self, list: &[Symbol]) -> u64 {
        self.find(list).unwrap_or_else(|| {
            self.width = list.len();
            let at = (self.symbols.len() / self.width) as u64;
            self.symbols.extend_from_slice(list);
            let (symbols, width, hasher) = (&self.symbols, self.width, &self.hasher);
            let hash = |at: &u64| hasher.hash_one(part(symbols, width, *at));
            self.index.insert_unique(hasher.hash_one(list), at, hash);
            at
        })
    }

    /// The list of a number.
    pub(super) fn get(&self, number: u64) -> &[Symbol] {
        part(&self.symbols, self.width, number)
    }
}

fn part(symbols: &[Symbol], width: usize, at: u64) -> &[Symbol] {
    let start = usize::try_from(at).unwrap_or(usize::MAX) * width;
    &symbols[start..start + width]
}
