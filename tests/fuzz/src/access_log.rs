//! An access-log record of any bytes behind its type byte.

use tidegate_simulate::Release;
use tidegate_wire::access_log::{Decoder, Encoder, LogRecord, MESSAGE_TYPE};
use tidegate_wire::gob::TypeId;

use super::memory::Bound;
use super::seeds;

/// Lists of empty texts, and fields of definitions, which may be a byte each, take most.
const BOUND: Bound = Bound {
    each: 96,
    base: 16 * 1024,
};

/// Reads a record.
///
/// # Panics
/// If too much is allocated, if it is another record the second time, or if it does not come back
/// from the encoder.
pub fn run(data: &[u8]) {
    let data = [&[MESSAGE_TYPE], data].concat();
    let mut decoder = Decoder::default();
    let first = BOUND.holds(data.len(), || decoder.decode(&data));
    assert_eq!(BOUND.holds(data.len(), || decoder.decode(&data)), first);
    let Ok(record) = first else { return };
    // A label may be cut into its parts in another way, and the wire cannot tell reason 0 from
    // none.
    let known = written_and_read(&record);
    assert_eq!(
        (written_and_read(&known), known.variant),
        (known.clone(), record.variant)
    );
    let same = |record: LogRecord| LogRecord {
        source: known.source.clone(),
        destination: known.destination.clone(),
        drop_reason: None,
        ..record
    };
    assert_eq!(same(known.clone()), same(record));
}

fn written_and_read(record: &LogRecord) -> LogRecord {
    let mut data = Vec::new();
    Encoder::new(record.variant, TypeId::FIRST).encode(record, &mut data);
    Decoder::default()
        .decode(&data)
        .expect("the encoder writes records")
}

/// The records that Go wrote, and simulated ones.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let simulated = seeds::events(MESSAGE_TYPE, 4)
        .into_iter()
        .map(|(_, data): (Release, _)| data);
    seeds::golden("logrecord")
        .into_iter()
        .chain(simulated)
        .map(|data| data[1..].to_vec())
        .collect()
}
