//! Storage for the entries of a map, in slots that are addressed by number and reused.
//!
//! Slots are allocated in chunks, so that growth copies no entries, and what comes and goes leaves
//! no holes in the heap.

/// The number of no slot.
pub(super) const NONE: u32 = u32::MAX;

/// Slots per allocation.
const CHUNK: usize = 128;

/// All slots.
#[derive(Debug)]
pub(super) struct Slots<K, V>(Vec<Vec<EntrySlot<K, V>>>);

#[derive(Debug)]
pub(super) struct EntrySlot<K, V> {
    /// `None` in a free slot.
    pub(super) entry: Option<(K, V)>,
    /// The hash of the key.
    pub(super) hash: u64,
    /// The heap bytes that the entry was declared with.
    pub(super) heap: usize,
    pub(super) older: u32,
    /// In a free slot, the next free one.
    pub(super) newer: u32,
}

impl<K, V> Slots<K, V> {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn get(&self, at: u32) -> Option<&EntrySlot<K, V>> {
        let at = at as usize;
        self.0.get(at / CHUNK)?.get(at % CHUNK)
    }

    pub(super) fn get_mut(&mut self, at: u32) -> Option<&mut EntrySlot<K, V>> {
        let at = at as usize;
        self.0.get_mut(at / CHUNK)?.get_mut(at % CHUNK)
    }

    /// Adds a slot, and returns its number.
    pub(super) fn add(&mut self) -> u32 {
        let at = self.len();
        if at.is_multiple_of(CHUNK) {
            self.0.push(Vec::with_capacity(CHUNK));
        }
        if let Some(last) = self.0.last_mut() {
            last.push(EntrySlot {
                entry: None,
                hash: 0,
                heap: 0,
                older: NONE,
                newer: NONE,
            });
        }
        u32::try_from(at).expect("bounds are far below 2^32")
    }

    /// Returns the hash of the key in a slot.
    pub(super) fn hash(&self, at: u32) -> u64 {
        self.get(at).map_or(0, |slot| slot.hash)
    }

    /// Returns the number of slots, free ones included.
    pub(super) fn len(&self) -> usize {
        self.0
            .last()
            .map_or(0, |last| (self.0.len() - 1) * CHUNK + last.len())
    }
}
