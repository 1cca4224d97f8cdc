//! What is known of an address.

use std::sync::atomic::{AtomicBool, Ordering};

use tidegate_model::Timestamp;
use tidegate_model::flow::Address;

use crate::interner::ValueId;
use crate::origin::Origin;

/// An address with its identity, and its node and pod if it has them. There is one for each pod of
/// the cluster, so texts are shared or without spare room.
#[derive(Debug)]
pub(crate) struct AddressEntry {
    pub(crate) address: Address,
    pub(super) pod_name: Box<str>,
    /// When it was announced, or when the list that has it was requested.
    pub(crate) since: Timestamp,
    pub(crate) identity: u32,
    pub(super) namespace: ValueId,
    pub(super) node: ValueId,
    pub(crate) origin: Origin,
    /// Whether it is deleted, and only used for the last packets.
    pub(crate) is_gone: bool,
    is_used: AtomicBool,
}

/// What an announcement or a list says of an address.
#[derive(Debug)]
pub(crate) struct AddressUpdate<'a> {
    pub(crate) address: Address,
    pub(crate) identity: u32,
    pub(crate) node: Option<Address>,
    pub(crate) namespace: &'a str,
    pub(crate) pod_name: Box<str>,
    pub(crate) since: Timestamp,
    pub(crate) origin: Origin,
}

impl AddressEntry {
    pub(super) fn new(update: AddressUpdate<'_>, namespace: ValueId, node: ValueId) -> Self {
        Self {
            address: update.address,
            pod_name: update.pod_name,
            since: update.since,
            identity: update.identity,
            namespace,
            node,
            origin: update.origin,
            is_gone: false,
            is_used: AtomicBool::new(false),
        }
    }

    /// Whether the address belongs to a pod.
    pub(crate) fn has_pod(&self) -> bool {
        self.namespace != ValueId::NONE || !self.pod_name.is_empty()
    }

    /// Notes that a flow shows the address. Called with shared access to the table.
    pub(crate) fn note_use(&self) {
        self.is_used.store(true, Ordering::Relaxed);
    }

    /// Whether a flow has shown the address since the last call.
    pub(super) fn take_use(&mut self) -> bool {
        std::mem::take(self.is_used.get_mut())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// There can be a hundred thousand of them.
    #[test]
    fn an_entry_takes_sixty_four_bytes() {
        assert!(size_of::<AddressEntry>() <= 64);
    }
}
