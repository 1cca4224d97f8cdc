//! Labels that were checked before. An endpoint's labels are the longest part of a record, and the
//! same in all records of its identity.

use crate::gob::TypeId;

/// Identities that are cached at most.
const SLOTS: usize = 256;

/// Length of the labels that are cached at most, in bytes.
const MAX_LENGTH: usize = 1024;

/// The labels of one set of type definitions, by identity. The slot is the identity's low bits; a
/// cluster numbers its identities without gaps.
#[derive(Debug, Default)]
pub(super) struct LabelCache {
    /// Distinguishes the type definitions from all others of the process.
    pub(super) serial: u64,
    /// The identity of the endpoint that is being read.
    pub(super) identity: u64,
    slots: Vec<Slot>,
}

#[derive(Debug, Clone, Default)]
struct Slot {
    identity: u64,
    list: TypeId,
    /// Empty in an unused slot only: labels have a count, at least.
    bytes: Vec<u8>,
}

impl LabelCache {
    /// The bytes that were last checked for the identity, as a list of this type.
    pub(super) fn get(&self, list: TypeId) -> Option<&[u8]> {
        let slot = self.slots.get(self.slot())?;
        let is_hit = slot.identity == self.identity && slot.list == list && !slot.bytes.is_empty();
        is_hit.then_some(&slot.bytes)
    }

    pub(super) fn insert(&mut self, list: TypeId, bytes: &[u8]) {
        if bytes.len() > MAX_LENGTH {
            return;
        }
        let at = self.slot();
        if self.slots.len() <= at {
            self.slots.resize_with(at + 1, Slot::default);
        }
        let slot = &mut self.slots[at];
        slot.identity = self.identity;
        slot.list = list;
        slot.bytes.clear();
        slot.bytes.extend_from_slice(bytes);
    }

    fn slot(&self) -> usize {
        usize::try_from(self.identity % SLOTS as u64).unwrap_or_default()
    }
}
