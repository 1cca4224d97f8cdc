//! A hash map that is bounded in entries and in bytes, and keeps its entries in order of insertion.
//!
//! The oldest entry makes room for a new one; [`BoundedMap::refresh`] makes an entry the newest,
//! which turns the map into an LRU cache. Entries do not expire: the owner decides, with
//! [`BoundedMap::pop_oldest_if`], which are too old.

mod slots;

use std::hash::{BuildHasher as _, Hash};

use hashbrown::{DefaultHashBuilder, HashTable};
use slots::{EntrySlot, NONE, Slots};

/// The map.
#[derive(Debug)]
pub(crate) struct BoundedMap<K, V> {
    /// The numbers of the slots in use, by the hash of their keys.
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// The entries, linked in order of insertion.
    slots: Slots<K, V>,
    oldest: u32,
    newest: u32,
    /// The first of the free slots, which are linked by `newer`.
    free: u32,
    /// The sum of the entries' declared heap bytes.
    heap: usize,
    bounds: Bounds,
}

/// The bounds of a map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The most entries; 0 counts as 1.
    pub(crate) entries: usize,
    /// The most bytes on the heap of all entries. A single entry may exceed it.
    pub(crate) heap: usize,
}

impl<K: Eq + Hash, V> BoundedMap<K, V> {
    /// Creates an empty map.
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            slots: Slots::new(),
            oldest: NONE,
            newest: NONE,
            free: NONE,
            heap: 0,
            bounds,
        }
    }

    /// Removes and returns the oldest entry if there is no room for a new one with `heap` bytes on
    /// the heap. To be called before [`Self::insert`] until it returns `None`.
    pub(crate) fn make_room(&mut self, heap: usize) -> Option<(K, V)> {
        let is_full = self.index.len() >= self.bounds.entries.max(1)
            || self.heap.saturating_add(heap) > self.bounds.heap;
        if is_full {
            self.pop_oldest_if(|_| true)
        } else {
            None
        }
    }

    /// Inserts an entry with `heap` bytes on the heap as the newest one. The map must not contain
    /// its key.
    pub(crate) fn insert(&mut self, key: K, value: V, heap: usize) {
        debug_assert!(!self.contains(&key));
        let hash = self.hasher.hash_one(&key);
        let at = self.take_free_slot();
        if let Some(slot) = self.slots.get_mut(at) {
            slot.entry = Some((key, value));
            slot.hash = hash;
            slot.heap = heap;
        }
        self.link(at);
        self.heap += heap;
        let slots = &self.slots;
        self.index.insert_unique(hash, at, |at| slots.hash(*at));
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        if self.index.is_empty() {
            return None;
        }
        let at = self.find(key)?;
        self.value_mut(at)
    }

    /// As [`Self::get_mut`], and makes the entry the newest one.
    pub(crate) fn refresh(&mut self, key: &K) -> Option<&mut V> {
        let at = self.find(key)?;
        if at != self.newest {
            self.unlink(at);
            self.link(at);
        }
        self.value_mut(at)
    }

    /// Sets the heap bytes of an entry. To be followed by [`Self::make_room_on_heap`].
    pub(crate) fn set_heap(&mut self, key: &K, heap: usize) {
        if let Some(slot) = self.find(key).and_then(|at| self.slots.get_mut(at)) {
            self.heap = self.heap - slot.heap + heap;
            slot.heap = heap;
        }
    }

    /// Removes and returns the oldest entry if the entries exceed the bound of the heap, unless it
    /// is the only one.
    pub(crate) fn make_room_on_heap(&mut self) -> Option<(K, V)> {
        if self.heap > self.bounds.heap && self.oldest != self.newest {
            self.pop_oldest_if(|_| true)
        } else {
            None
        }
    }

    pub(crate) fn contains(&self, key: &K) -> bool {
        !self.index.is_empty() && self.find(key).is_some()
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let at = self.find(key)?;
        self.take(at).map(|(_, value)| value)
    }

    /// Removes and returns the oldest entry if `condition` holds for it.
    pub(crate) fn pop_oldest_if(&mut self, condition: impl FnOnce(&V) -> bool) -> Option<(K, V)> {
        let (_, value) = self.slots.get(self.oldest)?.entry.as_ref()?;
        if condition(value) {
            self.take(self.oldest)
        } else {
            None
        }
    }

    fn find(&self, key: &K) -> Option<u32> {
        let has_key = |at: &u32| {
            let entry = self.slots.get(*at).and_then(|slot| slot.entry.as_ref());
            entry.is_some_and(|(other, _)| other == key)
        };
        let hash = self.hasher.hash_one(key);
        self.index.find(hash, has_key).copied()
    }

    fn value_mut(&mut self, at: u32) -> Option<&mut V> {
        let (_, value) = self.slots.get_mut(at)?.entry.as_mut()?;
        Some(value)
    }

    /// Removes the entry in a slot, and frees the slot.
    fn take(&mut self, at: u32) -> Option<(K, V)> {
        let hash = self.slots.hash(at);
        if let Ok(found) = self.index.find_entry(hash, |other| *other == at) {
            found.remove();
        }
        self.unlink(at);
        let slot = self.slots.get_mut(at)?;
        slot.newer = std::mem::replace(&mut self.free, at);
        self.heap -= std::mem::take(&mut slot.heap);
        slot.entry.take()
    }

    /// Links a slot as the newest one.
    fn link(&mut self, at: u32) {
        let before = std::mem::replace(&mut self.newest, at);
        if let Some(slot) = self.slots.get_mut(at) {
            slot.older = before;
            slot.newer = NONE;
        }
        match self.slots.get_mut(before) {
            Some(before) => before.newer = at,
            None => self.oldest = at,
        }
    }

    /// Takes a slot out of the order.
    fn unlink(&mut self, at: u32) {
        let Some(&EntrySlot { older, newer, .. }) = self.slots.get(at) else {
            return;
        };
        match self.slots.get_mut(older) {
            Some(older) => older.newer = newer,
            None => self.oldest = newer,
        }
        match self.slots.get_mut(newer) {
            Some(newer) => newer.older = older,
            None => self.newest = older,
        }
    }

    fn take_free_slot(&mut self) -> u32 {
        match self.slots.get(self.free) {
            Some(slot) => std::mem::replace(&mut self.free, slot.newer),
            None => self.slots.add(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::{BoundedMap, Bounds};

    fn map(entries: usize) -> BoundedMap<u32, char> {
        BoundedMap::new(Bounds { entries, heap: 100 })
    }

    fn drain(map: &mut BoundedMap<u32, char>) -> String {
        std::iter::from_fn(|| map.pop_oldest_if(|_| true))
            .map(|(_, value)| value)
            .collect()
    }

    /// Inserts or replaces an entry, and returns the keys that were evicted for it.
    fn add(map: &mut BoundedMap<u32, char>, key: u32, value: char, heap: usize) -> Vec<u32> {
        map.remove(&key);
        let evicted = std::iter::from_fn(|| map.make_room(heap))
            .map(|(key, _)| key)
            .collect();
        map.insert(key, value, heap);
        evicted
    }

    #[test]
    fn a_full_map_evicts_the_oldest_entry_for_a_new_key() {
        let mut map = map(2);
        for (key, value, evicted) in [
            (1, 'a', vec![]),
            (2, 'b', vec![]),
            (2, 'c', vec![]),
            (3, 'd', vec![1]),
        ] {
            assert_eq!(add(&mut map, key, value, 0), evicted, "{value}");
        }
        assert_eq!(drain(&mut map), "cd");
    }

    #[test]
    fn the_oldest_entries_are_evicted_when_a_new_one_needs_their_memory() {
        let mut map = map(9);
        for (key, heap, evicted) in [
            (1, 40, vec![]),
            (2, 40, vec![]),
            (3, 60, vec![1]),
            (4, 1000, vec![2, 3]),
            (5, 1, vec![4]),
        ] {
            assert_eq!(add(&mut map, key, 'x', heap), evicted, "{key}");
        }
        assert_eq!(map.heap, 1);
    }

    #[test]
    fn an_entry_that_is_inserted_again_is_the_newest() {
        let mut map = map(3);
        for (key, value) in [(1, 'a'), (2, 'b'), (1, 'c')] {
            add(&mut map, key, value, 0);
        }
        assert_eq!(drain(&mut map), "bc");
    }

    #[test]
    fn the_oldest_entry_stays_if_the_condition_does_not_hold() {
        let mut map = map(3);
        add(&mut map, 1, 'a', 0);
        assert_eq!(map.pop_oldest_if(|value| *value != 'a'), None);
        assert_eq!(drain(&mut map), "a");
    }

    #[test]
    fn an_entry_that_is_refreshed_is_the_newest() {
        let mut map = map(3);
        for (key, value) in [(1, 'a'), (2, 'b'), (3, 'c')] {
            add(&mut map, key, value, 0);
        }
        assert_eq!(map.refresh(&2).copied(), Some('b'));
        assert_eq!(map.refresh(&2).copied(), Some('b'));
        assert_eq!(map.refresh(&9).copied(), None);
        assert_eq!(drain(&mut map), "acb");
    }

    #[test]
    fn the_oldest_entries_are_evicted_when_others_grow_beyond_the_bound() {
        let mut map = map(3);
        for (key, value) in [(1, 'a'), (2, 'b'), (3, 'c')] {
            add(&mut map, key, value, 30);
        }
        map.set_heap(&3, 70);
        assert_eq!(map.make_room_on_heap(), Some((1, 'a')));
        assert_eq!(map.make_room_on_heap(), None);
        map.set_heap(&3, 1000);
        assert_eq!(map.make_room_on_heap(), Some((2, 'b')));
        assert_eq!(map.make_room_on_heap(), None, "the last entry stays");
        assert_eq!(map.heap, 1000);
    }

    #[test]
    fn slots_of_removed_entries_are_reused() {
        let mut map = map(10);
        for key in 0..1000 {
            add(&mut map, key, 'x', 7);
            map.remove(&key);
        }
        assert_eq!(map.slots.len(), 1);
        assert_eq!(map.heap, 0);
        assert_eq!(drain(&mut map), "");
    }

    proptest! {
        #[test]
        fn the_map_behaves_like_a_list_of_keys_in_order(
            steps in proptest::collection::vec((0..4_u8, 0..6_u32), 0..80),
        ) {
            let mut map = map(4);
            let mut list = VecDeque::new();
            for (operation, key) in steps {
                let is_in = list.contains(&key);
                match operation {
                    0 => {
                        let evicted = add(&mut map, key, 'x', 10);
                        list.retain(|other| *other != key && !evicted.contains(other));
                        list.push_back(key);
                    }
                    1 => {
                        prop_assert_eq!(map.remove(&key).is_some(), is_in);
                        list.retain(|other| *other != key);
                    }
                    2 => {
                        prop_assert_eq!(map.refresh(&key).is_some(), is_in);
                        if is_in {
                            list.retain(|other| *other != key);
                            list.push_back(key);
                        }
                    }
                    _ => {
                        let popped = map.pop_oldest_if(|_| true).map(|(key, _)| key);
                        prop_assert_eq!(popped, list.pop_front());
                    }
                }
                prop_assert!(map.slots.len() <= 4);
                prop_assert_eq!(map.heap, 10 * list.len());
                prop_assert!((0..6).all(|key| map.contains(&key) == list.contains(&key)));
            }
        }
    }
}
