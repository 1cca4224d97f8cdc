//! A bounded map that remembers the order of insertion: the oldest entry can be found, and leaves when a new one
//! needs the room. Nothing expires by itself; whoever owns the map knows the time.

use std::borrow::Borrow;
use std::collections::VecDeque;
use std::hash::Hash;

use hashbrown::HashMap;

/// The map. Keys are held twice, once in the order.
#[derive(Debug)]
pub(crate) struct Fifo<K, V> {
    slots: HashMap<K, Slot<V>>,
    /// Turns of entries; one that is not its key's current turn is stale.
    order: VecDeque<(u64, K)>,
    next_turn: u64,
    capacity: usize,
}

#[derive(Debug)]
struct Slot<V> {
    turn: u64,
    value: V,
}

impl<K: Clone + Eq + Hash, V> Fifo<K, V> {
    /// An empty map for `capacity` entries, at least one.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { slots: HashMap::new(), order: VecDeque::new(), next_turn: 0, capacity: capacity.max(1) }
    }

    /// Adds an entry as the newest one, in place of an older one of that key. Returns the entry that had to leave.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<(K, V)> {
        let full = self.slots.len() >= self.capacity && !self.slots.contains_key(&key);
        let evicted = if full { self.pop_oldest() } else { None };
        let turn = self.next_turn;
        self.next_turn += 1;
        self.order.push_back((turn, key.clone()));
        self.slots.insert(key, Slot { turn, value });
        self.forget_stale_turns();
        evicted
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.slots.get_mut(key).map(|slot| &mut slot.value)
    }

    pub(crate) fn contains(&self, key: &K) -> bool {
        self.slots.contains_key(key)
    }

    pub(crate) fn remove<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.slots.remove(key).map(|slot| slot.value)
    }

    /// Takes the oldest entry out if `condition` holds for it.
    pub(crate) fn pop_oldest_if(&mut self, condition: impl FnOnce(&V) -> bool) -> Option<(K, V)> {
        loop {
            let (turn, key) = self.order.front()?;
            match self.slots.get(key) {
                Some(slot) if slot.turn == *turn => {
                    if !condition(&slot.value) {
                        return None;
                    }
                    let (_, key) = self.order.pop_front()?;
                    let value = self.remove(&key)?;
                    return Some((key, value));
                }
                _ => _ = self.order.pop_front(),
            }
        }
    }

    fn pop_oldest(&mut self) -> Option<(K, V)> {
        self.pop_oldest_if(|_| true)
    }

    /// Keeps the order at most twice as long as the map, for a constant cost per insertion.
    fn forget_stale_turns(&mut self) {
        if self.order.len() > 2 * self.slots.len() + 16 {
            let slots = &self.slots;
            self.order.retain(|(turn, key)| slots.get(key).is_some_and(|slot| slot.turn == *turn));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Fifo;

    fn drain(fifo: &mut Fifo<u32, char>) -> String {
        std::iter::from_fn(|| fifo.pop_oldest()).map(|(_, value)| value).collect()
    }

    #[test]
    fn the_oldest_leaves_when_a_new_key_needs_the_room() {
        let mut fifo = Fifo::new(2);
        assert_eq!(fifo.insert(1, 'a'), None);
        assert_eq!(fifo.insert(2, 'b'), None);
        assert_eq!(fifo.insert(2, 'c'), None);
        assert_eq!(fifo.insert(3, 'd'), Some((1, 'a')));
        assert_eq!(drain(&mut fifo), "cd");
    }

    #[test]
    fn an_entry_that_comes_again_is_the_newest() {
        let mut fifo = Fifo::new(3);
        for (key, value) in [(1, 'a'), (2, 'b'), (1, 'c')] {
            fifo.insert(key, value);
        }
        assert_eq!(drain(&mut fifo), "bc");
    }

    #[test]
    fn the_oldest_stays_while_the_condition_does_not_hold() {
        let mut fifo = Fifo::new(3);
        fifo.insert(1, 'a');
        assert_eq!(fifo.pop_oldest_if(|value| *value != 'a'), None);
        assert_eq!(drain(&mut fifo), "a");
    }

    #[test]
    fn removed_entries_leave_no_trace_in_the_order() {
        let mut fifo = Fifo::new(10);
        for key in 0..1000 {
            fifo.insert(key, 'x');
            fifo.remove(&key);
        }
        assert!(fifo.order.len() <= 17, "{}", fifo.order.len());
        assert_eq!(fifo.pop_oldest(), None);
    }
}
