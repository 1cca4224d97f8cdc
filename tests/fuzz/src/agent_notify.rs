//! An agent notification of arbitrary bytes after its type byte.

use tidegate_wire::agent_notify::{Decoder, MESSAGE_TYPE, encode};
use tidegate_wire::gob::TypeId;

use super::memory::Bound;
use super::seeds;

/// Fields of definitions, which may be a byte each, need the most.
const BOUND: Bound = Bound {
    each: 64,
    base: 4096,
};

/// Reads a notification.
///
/// # Panics
/// If too much is allocated, if a second reading differs, or if the notification does not survive a
/// round trip through the encoder.
pub fn run(data: &[u8]) {
    let data = [&[MESSAGE_TYPE], data].concat();
    let mut decoder = Decoder::default();
    let first = BOUND.holds(data.len(), || decoder.decode(&data));
    assert_eq!(decoder.decode(&data), first);
    let Ok(notify) = first else { return };
    let mut written = Vec::new();
    encode(&notify, TypeId::FIRST, &mut written);
    assert_eq!(decoder.decode(&written), Ok(notify));
}

/// Notifications written by Go.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    seeds::golden("agent")
        .into_iter()
        .map(|data| data[1..].to_vec())
        .collect()
}
