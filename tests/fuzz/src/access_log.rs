//! An access-log record of arbitrary bytes after its type byte.

use tidegate_simulate::Release;
use tidegate_wire::access_log::{Decoder, Encoder, LogRecord, MESSAGE_TYPE};
use tidegate_wire::gob::TypeId;

use super::memory::Bound;
use super::seeds;

/// Lists of empty strings and fields of definitions, which may be a byte each, need the most.
const BOUND: Bound = Bound {
    each: 96,
    base: 16 * 1024,
};

/// Reads a record.
///
/// # Panics
/// If too much is allocated, if a second reading differs, or if the record does not survive a round
/// trip through the encoder.
pub fn run(data: &[u8]) {
    let data = [&[MESSAGE_TYPE], data].concat();
    let mut decoder = Decoder::default();
    let first = BOUND.holds(data.len(), || decoder.decode(&data));
    assert_eq!(BOUND.holds(data.len(), || decoder.decode(&data)), first);
    let Ok(record) = first else { return };
    // Labels may be split differently, and the encoding does not distinguish reason 0 from none.
    let encoded = round_trip(&record);
    assert_eq!(
        (round_trip(&encoded), encoded.variant),
        (encoded.clone(), record.variant)
    );
    let normalize = |record: LogRecord| LogRecord {
        source: encoded.source.clone(),
        destination: encoded.destination.clone(),
        drop_reason: None,
        ..record
    };
    assert_eq!(normalize(encoded.clone()), normalize(record));
}

fn round_trip(record: &LogRecord) -> LogRecord {
    let mut data = Vec::new();
    Encoder::new(record.variant, TypeId::FIRST).encode(record, &mut data);
    Decoder::default().decode(&data).expect("an encoded record")
}

/// Records written by Go, and simulated ones.
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
