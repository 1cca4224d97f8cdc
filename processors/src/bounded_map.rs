//! A bounded map that remembers the order of insertion: the oldest entry can be found, and leaves
//! when a new one needs the room. Nothing expires by itself; whoever owns the map knows the time.
//!
//! Entries lie side by side, in slots that are linked in their order and used again: what the map
//! holds is known, and what comes and goes leaves no holes behind. Slots are made by the shelf, so
//! that growing copies nothing.

use std::hash::{BuildHasher as _, Hash};

use hashbrown::{DefaultHashBuilder, HashTable};

/// No slot.
const NONE: u32 = u32::MAX;

/// Slots that are made at a time.
const SHELF: usize = 128;

/// The map.
#[derive(Debug)]
pub(crate) struct BoundedMap<K, V> {
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    slots: Slots<K, V>,
    oldest: u32,
    newest: u32,
    /// The first of the empty slots, which are linked by `newer`.
    empty: u32,
    /// Bytes on the heap that entries were said to have.
    heap: usize,
    bounds: Bounds,
}

/// All slots, by their numbers.
#[derive(Debug)]
struct Slots<K, V>(Vec<Vec<Slot<K, V>>>);

/// How much a map holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Entries at most, at least one.
    pub(crate) entries: usize,
    /// Bytes on their heaps at most, unless there is one entry alone.
    pub(crate) heap: usize,
}

#[derive(Debug)]
struct Slot<K, V> {
    /// `None` while the slot is empty.
    entry: Option<(K, V)>,
    /// The key's.
    hash: u64,
    heap: usize,
    older: u32,
    newer: u32,
}

impl<K: Eq + Hash, V> BoundedMap<K, V> {
    /// An empty map.
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            slots: Slots(Vec::new()),
            oldest: NONE,
            newest: NONE,
            empty: NONE,
            heap: 0,
            bounds,
        }
    }

    /// Takes out the oldest entry if there is no room for a new one of so many bytes on the heap;
    /// to be called before [`Self::insert`] until it returns `None`.
    pub(crate) fn make_room(&mut self, heap: usize) -> Option<(K, V)> {
        let is_crowded = self.index.len() >= self.bounds.entries.max(1)
            || self.heap.saturating_add(heap) > self.bounds.heap;
        if is_crowded {
            self.pop_oldest_if(|_| true)
        } else {
            None
        }
    }

    /// Adds an entry with so many bytes on the heap as the newest one. Its key must not be there:
    /// one that may be is removed first.
    pub(crate) fn insert(&mut self, key: K, value: V, heap: usize) {
        debug_assert!(!self.contains(&key));
        let hash = self.hasher.hash_one(&key);
        let at = self.empty_slot();
        if let Some(slot) = self.slots.get_mut(at) {
            slot.entry = Some((key, value));
            (slot.hash, slot.heap) = (hash, heap);
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
        let at = self.find(self.hasher.hash_one(key), key)?;
        self.slots
            .get_mut(at)?
            .entry
            .as_mut()
            .map(|(_, value)| value)
    }

    /// As [`Self::get_mut`], and makes the entry the newest one.
    pub(crate) fn refresh(&mut self, key: &K) -> Option<&mut V> {
        let at = self.find(self.hasher.hash_one(key), key)?;
        if at != self.newest {
            self.unlink(at);
            self.link(at);
        }
        self.slots
            .get_mut(at)?
            .entry
            .as_mut()
            .map(|(_, value)| value)
    }

    /// Sets how many bytes an entry has on the heap; [`Self::make_room`] then tells what has to
    /// leave for it.
    pub(crate) fn set_heap(&mut self, key: &K, heap: usize) {
        if let Some(slot) = self
            .find(self.hasher.hash_one(key), key)
            .and_then(|at| self.slots.get_mut(at))
        {
            self.heap = self.heap - slot.heap + heap;
            slot.heap = heap;
        }
    }

    /// Takes out the oldest entry if entries have more bytes on their heaps than they may, unless
    /// it is the only one.
    pub(crate) fn make_room_on_heap(&mut self) -> Option<(K, V)> {
        if self.heap > self.bounds.heap && self.oldest != self.newest {
            self.pop_oldest_if(|_| true)
        } else {
            None
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    pub(crate) fn contains(&self, key: &K) -> bool {
        !self.index.is_empty() && self.find(self.hasher.hash_one(key), key).is_some()
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let at = self.find(self.hasher.hash_one(key), key)?;
        self.take(at).map(|(_, value)| value)
    }

    /// Takes the oldest entry out if `condition` holds for it.
    pub(crate) fn pop_oldest_if(&mut self, condition: impl FnOnce(&V) -> bool) -> Option<(K, V)> {
        let (_, value) = self.slots.get(self.oldest)?.entry.as_ref()?;
        if condition(value) {
            self.take(self.oldest)
        } else {
            None
        }
    }

    fn find(&self, hash: u64, key: &K) -> Option<u32> {
        let is_it = |at: &u32| {
            let entry = self.slots.get(*at).and_then(|slot| slot.entry.as_ref());
            entry.is_some_and(|(other, _)| other == key)
        };
        self.index.find(hash, is_it).copied()
    }

    /// Empties a slot.
    fn take(&mut self, at: u32) -> Option<(K, V)> {
        if let Ok(found) = self
            .index
            .find_entry(self.slots.hash(at), |other| *other == at)
        {
            found.remove();
        }
        self.unlink(at);
        let slot = self.slots.get_mut(at)?;
        slot.newer = std::mem::replace(&mut self.empty, at);
        self.heap -= std::mem::take(&mut slot.heap);
        slot.entry.take()
    }

    /// Puts a slot behind the newest one.
    fn link(&mut self, at: u32) {
        let before = std::mem::replace(&mut self.newest, at);
        if let Some(slot) = self.slots.get_mut(at) {
            (slot.older, slot.newer) = (before, NONE);
        }
        match self.slots.get_mut(before) {
            Some(before) => before.newer = at,
            None => self.oldest = at,
        }
    }

    /// Takes a slot out of the order.
    fn unlink(&mut self, at: u32) {
        let Some(&Slot { older, newer, .. }) = self.slots.get(at) else {
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

    fn empty_slot(&mut self) -> u32 {
        match self.slots.get(self.empty) {
            Some(slot) => std::mem::replace(&mut self.empty, slot.newer),
            None => self.slots.add(),
        }
    }
}

impl<K, V> Slots<K, V> {
    fn get(&self, at: u32) -> Option<&Slot<K, V>> {
        self.0.get(at as usize / SHELF)?.get(at as usize % SHELF)
    }

    fn get_mut(&mut self, at: u32) -> Option<&mut Slot<K, V>> {
        self.0
            .get_mut(at as usize / SHELF)?
            .get_mut(at as usize % SHELF)
    }

    fn add(&mut self) -> u32 {
        let at = self
            .0
            .last()
            .map_or(0, |last| (self.0.len() - 1) * SHELF + last.len());
        if at.is_multiple_of(SHELF) {
            self.0.push(Vec::with_capacity(SHELF));
        }
        if let Some(last) = self.0.last_mut() {
            last.push(Slot {
                entry: None,
                hash: 0,
                heap: 0,
                older: NONE,
                newer: NONE,
            });
        }
        u32::try_from(at).expect("bounds are far below 2^32")
    }

    fn hash(&self, at: u32) -> u64 {
        self.get(at).map_or(0, |slot| slot.hash)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::{BoundedMap, Bounds};

    fn fifo(entries: usize) -> BoundedMap<u32, char> {
        BoundedMap::new(Bounds { entries, heap: 100 })
    }

    fn drain(fifo: &mut BoundedMap<u32, char>) -> String {
        std::iter::from_fn(|| fifo.pop_oldest_if(|_| true))
            .map(|(_, value)| value)
            .collect()
    }

    /// Adds an entry, in place of an older one of that key; the keys that had to leave.
    fn add(fifo: &mut BoundedMap<u32, char>, key: u32, value: char, heap: usize) -> Vec<u32> {
        fifo.remove(&key);
        let left = std::iter::from_fn(|| fifo.make_room(heap))
            .map(|(key, _)| key)
            .collect();
        fifo.insert(key, value, heap);
        left
    }

    #[test]
    fn the_oldest_leaves_when_a_new_key_needs_the_room() {
        let mut fifo = fifo(2);
        let added = [
            (1, 'a', vec![]),
            (2, 'b', vec![]),
            (2, 'c', vec![]),
            (3, 'd', vec![1]),
        ];
        for (key, value, left) in added {
            assert_eq!(add(&mut fifo, key, value, 0), left);
        }
        assert_eq!(drain(&mut fifo), "cd");
    }

    #[test]
    fn the_oldest_leave_when_a_new_one_needs_their_memory() {
        let mut fifo = fifo(9);
        let added = [
            (1, 40, vec![]),
            (2, 40, vec![]),
            (3, 60, vec![1]),
            (4, 1000, vec![2, 3]),
            (5, 1, vec![4]),
        ];
        for (key, heap, left) in added {
            assert_eq!(add(&mut fifo, key, 'x', heap), left, "{key}");
        }
        assert_eq!(fifo.heap, 1);
    }

    #[test]
    fn an_entry_that_comes_again_is_the_newest() {
        let mut fifo = fifo(3);
        for (key, value) in [(1, 'a'), (2, 'b'), (1, 'c')] {
            add(&mut fifo, key, value, 0);
        }
        assert_eq!(drain(&mut fifo), "bc");
    }

    #[test]
    fn the_oldest_stays_while_the_condition_does_not_hold() {
        let mut fifo = fifo(3);
        add(&mut fifo, 1, 'a', 0);
        assert_eq!(fifo.pop_oldest_if(|value| *value != 'a'), None);
        assert_eq!(drain(&mut fifo), "a");
    }

    #[test]
    fn an_entry_that_is_refreshed_is_the_newest() {
        let mut fifo = fifo(3);
        for (key, value) in [(1, 'a'), (2, 'b'), (3, 'c')] {
            add(&mut fifo, key, value, 0);
        }
        assert_eq!(
            [
                fifo.refresh(&2).copied(),
                fifo.refresh(&2).copied(),
                fifo.refresh(&9).copied()
            ],
            [Some('b'), Some('b'), None]
        );
        assert_eq!(drain(&mut fifo), "acb");
    }

    #[test]
    fn the_oldest_leave_when_others_grow_beyond_the_memory() {
        let mut fifo = fifo(3);
        for (key, value) in [(1, 'a'), (2, 'b'), (3, 'c')] {
            add(&mut fifo, key, value, 30);
        }
        fifo.set_heap(&3, 70);
        assert_eq!(fifo.make_room_on_heap(), Some((1, 'a')));
        assert_eq!(fifo.make_room_on_heap(), None);
        fifo.set_heap(&3, 1000);
        assert_eq!(
            (fifo.make_room_on_heap(), fifo.make_room_on_heap()),
            (Some((2, 'b')), None),
            "one may be alone"
        );
        assert_eq!(fifo.heap, 1000);
    }

    #[test]
    fn what_comes_and_goes_uses_the_same_slots() {
        let mut fifo = fifo(10);
        for key in 0..1000 {
            add(&mut fifo, key, 'x', 7);
            fifo.remove(&key);
        }
        assert_eq!(
            (fifo.slots.add(), fifo.heap, drain(&mut fifo).as_str()),
            (1, 0, "")
        );
    }

    proptest! {
        /// Whatever is done to it, it is the list that it stands for.
        #[test]
        fn it_is_a_list_of_entries_in_order(steps in proptest::collection::vec((0..4_u8, 0..6_u32), 0..80)) {
            let (mut fifo, mut list) = (fifo(4), VecDeque::new());
            for (what, key) in steps {
                match what {
                    0 => {
                        let left = add(&mut fifo, key, 'x', 10);
                        list.retain(|other| *other != key && !left.contains(other));
                        list.push_back(key);
                    }
                    1 => {
                        prop_assert_eq!(fifo.remove(&key).is_some(), list.contains(&key));
                        list.retain(|other| *other != key);
                    }
                    2 => {
                        prop_assert_eq!(fifo.refresh(&key).is_some(), list.contains(&key));
                        if list.contains(&key) {
                            list.retain(|other| *other != key);
                            list.push_back(key);
                        }
                    }
                    _ => prop_assert_eq!(fifo.pop_oldest_if(|_| true).map(|(key, _)| key), list.pop_front()),
                }
                prop_assert!(fifo.slots.get(4).is_none() && fifo.heap == 10 * list.len());
                prop_assert!((0..6).all(|key| fifo.contains(&key) == list.contains(&key)));
            }
        }
    }
}
