//! What decoding allocates: nothing for a payload, and never more than a multiple of what was sent.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod gob_golden;

use gob_golden::vectors;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use tidegate_wire::access_log::{self, LogRecord, Variant};
use tidegate_wire::gob::{TypeId, put_int, put_uint, write_message};
use tidegate_wire::payload::{Decoder, Encoder, Payload, Step};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Decodes until the stream ends or breaks, and counts the values.
fn drain(decoder: &mut Decoder, mut rest: &[u8]) -> usize {
    let mut values = 0;
    loop {
        match decoder.next(rest) {
            Ok(Step::Definition { used } | Step::Refused { used, .. }) => rest = &rest[used..],
            Ok(Step::Value { used, .. }) => {
                rest = &rest[used..];
                values += 1;
            }
            Ok(Step::Incomplete { .. }) | Err(_) => return values,
        }
    }
}

/// Bytes allocated by `work`, freed ones too.
fn allocated(work: impl FnOnce()) -> usize {
    let region = Region::new(ALLOCATOR);
    work();
    let change = region.change();
    change.bytes_allocated + usize::try_from(change.bytes_reallocated).unwrap_or(0)
}

fn stream(payloads: usize) -> Vec<u8> {
    let (mut encoder, mut out) = (Encoder::default(), Vec::new());
    for _ in 0..payloads {
        let payload = Payload { data: &[4; 171], cpu: 3, lost: 0, kind: Payload::EVENT_SAMPLE };
        encoder.encode(&payload, &mut out);
    }
    out
}

/// Streams that claim much in few bytes.
fn hostile_streams() -> [(&'static str, Vec<u8>); 4] {
    let mut billion = vec![3, 2];
    put_uint(&mut billion, 1 << 30);
    let mut thousand = vec![3, 2];
    put_uint(&mut thousand, 1000);
    thousand.resize(thousand.len() + 1002, 0);
    [
        ("a frame of 16 MiB", vec![0xfd, 0xff, 0xff, 0xff, 0xff, 0x81]),
        ("a struct of a billion fields", definitions(1, &billion)),
        ("many types", definitions(4000, &[2, 2, 12, 0, 0])),
        ("many types of a thousand fields", definitions(400, &thousand)),
    ]
}

/// The largest record that can be sent, all of it labels without a letter.
fn record_of_empty_labels() -> Vec<u8> {
    let labels = vec![String::new(); access_log::MAX_RECORD - 2048];
    let mut data = Vec::new();
    let record = LogRecord { metadata: labels, ..LogRecord::default() };
    access_log::Encoder::new(Variant::C, TypeId::FIRST).encode(&record, &mut data);
    data
}

/// This many definitions of the same body.
fn definitions(count: i64, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for id in 64..64 + count {
        let mut message = Vec::new();
        put_int(&mut message, -id);
        message.extend_from_slice(body);
        write_message(&mut out, &message);
    }
    out
}

/// One test, because the counters are the process's.
#[test]
fn memory_stays_within_a_multiple_of_the_bytes_received() {
    let mut decoder = Decoder::default();
    let stream = stream(1000);
    let mut first = 0;
    while let Ok(Step::Definition { used }) = decoder.next(&stream[first..]) {
        first += used;
    }
    decoder.next(&stream[first..]).unwrap();
    let payloads = allocated(|| assert_eq!(drain(&mut decoder, &stream[first..]), 1000));
    assert_eq!(payloads, 0, "payloads are borrowed");

    for (name, stream) in &hostile_streams() {
        let bytes = allocated(|| assert!(drain(&mut Decoder::default(), stream) == 0));
        assert!(bytes <= 64 * stream.len() + 4096, "{bytes} for {name}");
    }

    let data = record_of_empty_labels();
    let bytes = allocated(|| assert!(access_log::Decoder::default().decode(&data).is_ok()));
    assert!(bytes <= 64 * data.len(), "{bytes} for {} bytes of labels", data.len());

    for (name, data, _) in vectors("logrecord") {
        let mut decoder = access_log::Decoder::default();
        let bytes = allocated(|| drop(decoder.decode(&data)));
        assert!(bytes <= 64 * data.len(), "{bytes} for {name}");
        let again = allocated(|| drop(decoder.decode(&data)));
        assert!(again <= 4 * data.len(), "{again} for {name} again");
    }
}
