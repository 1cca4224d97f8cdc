//! Numbers for values that many series share.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};

use hashbrown::{DefaultHashBuilder, HashTable};

/// Gives equal values the same number. Numbers of removed values are used again.
#[derive(Debug)]
pub(crate) struct Interner<T> {
    /// By number; `None` if the number is free.
    values: Vec<Option<T>>,
    index: HashTable<u32>,
    free: Vec<u32>,
    hasher: DefaultHashBuilder,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            index: HashTable::new(),
            free: Vec::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }
}

impl<T> Interner<T> {
    /// The number of values.
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// The value with this number.
    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        self.values.get(number as usize)?.as_ref()
    }

    /// The number of a value, if it is interned.
    #[inline]
    pub(crate) fn find<Q>(&self, value: &Q) -> Option<u32>
    where
        T: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let is_same = |number: &u32| {
            self.get(*number)
                .is_some_and(|known| known.borrow() == value)
        };
        self.index
            .find(self.hasher.hash_one(value), is_same)
            .copied()
    }

    /// Adds a value that [`Self::find`] did not find and returns its number.
    pub(crate) fn insert<Q>(&mut self, value: T) -> u32
    where
        T: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let hash = self.hasher.hash_one(value.borrow());
        let number = self.free.pop().unwrap_or_else(|| {
            self.values.push(None);
            u32::try_from(self.values.len() - 1).unwrap_or(u32::MAX)
        });
        self.values[number as usize] = Some(value);
        let values = &self.values;
        let hasher = &self.hasher;
        self.index.insert_unique(hash, number, |number| {
            let value = values[*number as usize].as_ref();
            value.map_or(0, |value| hasher.hash_one(value.borrow()))
        });
        number
    }

    /// Removes the values that are not kept.
    pub(crate) fn retain(&mut self, is_kept: impl Fn(u32, &T) -> bool) {
        let values = &mut self.values;
        let free = &mut self.free;
        self.index.retain(|number| {
            let slot = &mut values[*number as usize];
            let keeps = slot.as_ref().is_some_and(|value| is_kept(*number, value));
            if !keeps {
                *slot = None;
                free.push(*number);
            }
            keeps
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Interner;

    fn insert(interner: &mut Interner<Box<str>>, text: &str) -> u32 {
        let found = interner.find(text);
        found.unwrap_or_else(|| interner.insert::<str>(text.into()))
    }

    #[test]
    fn equal_values_have_one_number_and_numbers_of_removed_values_are_used_again() {
        let mut interner = Interner::default();
        let numbers: Vec<_> = (0..100)
            .map(|n| insert(&mut interner, &n.to_string()))
            .collect();
        let again: Vec<_> = (0..100)
            .map(|n| insert(&mut interner, &n.to_string()))
            .collect();
        assert_eq!(numbers, again);
        interner.retain(|number, text| number < 50 && &**text != "7");
        assert_eq!(interner.len(), 49);
        assert_eq!(interner.find("7"), None);
        assert_eq!(interner.find("8"), Some(8));
        let reused = insert(&mut interner, "new");
        assert!(reused == 7 || (50..100).contains(&reused), "{reused}");
        for n in 0..50 {
            insert(&mut interner, &format!("other {n}"));
        }
        assert_eq!(interner.len(), 100);
        assert!((0..50).all(|n| interner.find(&*format!("other {n}")) < Some(100)));
        assert_eq!(interner.get(reused).map(|text| &**text), Some("new"));
    }
}
