//! Streams that are read in chunks of any size, and streams that are broken.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use tidegate_model::{Record, Span};
use tidegate_wire::gob::TypeId;
use tidegate_wire::payload::{Encoder, Payload};

fn event(data: &[u8]) -> Payload<'_> {
    Payload {
        data,
        cpu: 3,
        lost: 0,
        kind: Payload::EVENT_SAMPLE,
    }
}

fn stream(payloads: &[Payload<'_>]) -> Vec<u8> {
    stream_of_type(TypeId::FIRST, payloads)
}

fn stream_of_type(id: TypeId, payloads: &[Payload<'_>]) -> Vec<u8> {
    let mut encoder = Encoder::new(id);
    let mut out = Vec::new();
    payloads
        .iter()
        .for_each(|payload| encoder.encode(payload, &mut out));
    out
}

fn batcher(max_frame: usize) -> FrameBatcher {
    FrameBatcher::new(max_frame, Pool::default())
}

fn feed(batcher: &mut FrameBatcher, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let space = batcher.space();
        let (chunk, rest) = bytes.split_at(bytes.len().min(space.len()));
        space[..chunk.len()].copy_from_slice(chunk);
        batcher.filled(chunk.len());
        bytes = rest;
    }
}

/// The data of all frames, and the last status.
fn decode(
    batcher: &mut FrameBatcher,
    chunks: &[&[u8]],
) -> (Vec<Vec<u8>>, Result<DecodeStatus, Error>) {
    let mut all = Vec::new();
    for chunk in chunks {
        feed(batcher, chunk);
        loop {
            let status = batcher.decode(BATCH_RECORDS, Timestamp(7), |error| panic!("{error}"));
            all.extend(data(&batcher.take_batch().unpack()));
            match status {
                Ok(DecodeStatus::BatchFull) => {}
                Ok(DecodeStatus::NeedsInput | DecodeStatus::LaterFormat(_)) => break,
                Err(error) => return (all, Err(error)),
            }
        }
    }
    (all, Ok(DecodeStatus::NeedsInput))
}

fn data(batch: &Batch) -> Vec<Vec<u8>> {
    let data = |record: &Record| match record {
        Record::Frame(frame) => frame.data.of(batch.bytes()).to_vec(),
        other => panic!("{other:?}"),
    };
    batch.records().iter().map(data).collect()
}

#[test]
fn a_frame_has_the_fields_of_its_payload_and_a_sequence_number() {
    let lost = Payload {
        data: &[],
        cpu: (1 << 40) - 2,
        lost: u64::MAX,
        kind: Payload::RECORD_LOST,
    };
    let mut batcher = batcher(1024);
    feed(&mut batcher, &stream(&[event(b"ab"), lost]));
    assert_eq!(
        batcher.decode(BATCH_RECORDS, Timestamp(5), |_| ()),
        Ok(DecodeStatus::NeedsInput)
    );
    let batch = batcher.take_batch().unpack();
    assert_eq!(data(&batch), [&b"ab"[..], b""]);
    let frames = batch.records().iter().map(|record| match record {
        Record::Frame(frame) => Frame {
            data: Span::default(),
            ..*frame
        },
        other => panic!("{other:?}"),
    });
    let first = Frame {
        time: Timestamp(5),
        seq: 1,
        stream: batcher.stream,
        payload_type: 9,
        cpu: 3,
        ..Frame::default()
    };
    let second = Frame {
        time: Timestamp(6),
        seq: 2,
        payload_type: 2,
        cpu: -2,
        lost: u64::MAX,
        ..first
    };
    assert_eq!(frames.collect::<Vec<_>>(), [first, second]);
}

#[test]
fn a_stream_can_be_split_anywhere() {
    let bytes = stream(&[event(b"first"), event(&[7; 300]), event(b"last")]);
    for at in 0..=bytes.len() {
        let (data, status) = decode(&mut batcher(1024), &[&bytes[..at], &bytes[at..]]);
        assert_eq!(status, Ok(DecodeStatus::NeedsInput), "split at {at}");
        assert_eq!(data, [&b"first"[..], &[7; 300], b"last"], "split at {at}");
    }
}

#[test]
fn a_stream_can_arrive_byte_by_byte() {
    let bytes = stream(&[event(b"one"), event(b"two")]);
    let chunks: Vec<_> = bytes.chunks(1).collect();
    assert_eq!(decode(&mut batcher(1024), &chunks).0, [b"one", b"two"]);
}

#[test]
fn a_frame_can_be_larger_than_a_batch() {
    let large = vec![9; 3 << 20];
    let bytes = stream(&[event(b"before"), event(&large), event(b"small")]);
    let chunks: Vec<_> = bytes.chunks(BATCH_BYTES).collect();
    assert!(decode(&mut batcher(4 << 20), &chunks).0 == [b"before", &large[..], b"small"]);
}

#[test]
fn an_announced_length_allocates_nothing_before_the_bytes_arrive() {
    let mut batcher = batcher(1 << 30);
    assert_eq!(
        decode(&mut batcher, &[&[0xfc, 0x3f, 0xff, 0xff, 0xff, 1, 2, 3]]).1,
        Ok(DecodeStatus::NeedsInput)
    );
    assert!(batcher.space().len() <= BATCH_BYTES);
}

#[test]
fn a_batch_has_at_most_the_requested_number_of_records() {
    let mut batcher = batcher(1024);
    feed(&mut batcher, &stream(&[event(&[1; 100]); 5]));
    let mut sizes = |records| {
        let status = batcher.decode(records, Timestamp(1), |_| ());
        (status, batcher.take_batch().len())
    };
    assert_eq!(sizes(2), (Ok(DecodeStatus::BatchFull), 2));
    assert_eq!(sizes(9), (Ok(DecodeStatus::NeedsInput), 3));
}

#[test]
fn packed_batches_have_the_same_frames() {
    let bytes = stream(&[event(b"a"), event(&[1; 100]), event(b"c"), event(b"d")]);
    let batches = |mut batcher: FrameBatcher| {
        let mut batches = Vec::new();
        for chunk in bytes.chunks(90) {
            feed(&mut batcher, chunk);
            while batcher.decode(3, Timestamp(1), |_| ()) == Ok(DecodeStatus::BatchFull) {
                assert!(!batcher.is_empty());
                batches.push(data(&batcher.take_batch().unpack()));
                assert!(batcher.is_empty());
            }
        }
        batches.push(data(&batcher.take_batch().unpack()));
        (batches, batcher.frame_count(), batcher.undecoded())
    };
    let unpacked = batches(batcher(1024));
    assert_eq!(unpacked.0.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1]);
    assert_eq!(batches(batcher(1024).packed()), unpacked);
}

#[test]
fn a_batch_collects_reads_until_it_has_no_space_for_another() {
    let bytes = stream(&vec![event(&[1; 1000]); 70]);
    let mut batcher = batcher(4096);
    let reads = bytes.chunks(4096).take_while(|read| {
        feed(&mut batcher, read);
        assert_eq!(
            batcher.decode(BATCH_RECORDS, Timestamp(1), |_| ()),
            Ok(DecodeStatus::NeedsInput)
        );
        !batcher.is_full()
    });
    assert_eq!(reads.count() + 1, (BATCH_BYTES - MIN_READ) / 4096 + 1);
    let undecoded = batcher.undecoded();
    let len = batcher.batch.bytes().len();
    assert!(undecoded > 0 && len <= BATCH_BYTES);
    assert_eq!(
        batcher.take_batch().unpack().bytes().len(),
        len - undecoded,
        "bytes that are not decoded are only in the next batch"
    );
    assert_eq!(
        (batcher.undecoded(), batcher.is_full(), batcher.is_empty()),
        (undecoded, false, true)
    );
}

#[test]
fn an_invalid_frame_is_skipped() {
    let mut bytes = stream(&[event(b"good")]);
    // A value of type 64 whose first field, `Data`, is longer than the message.
    bytes.extend_from_slice(&[4, 0xff, 0x80, 1, 9]);
    let mut batcher = batcher(1024);
    feed(&mut batcher, &bytes);
    let mut rejected = Vec::new();
    let status = batcher.decode(BATCH_RECORDS, Timestamp(1), |error| {
        rejected.push(error.as_str())
    });
    assert_eq!(
        (status, batcher.take_batch().len(), rejected),
        (
            Ok(DecodeStatus::NeedsInput),
            1,
            vec!["gob_length_out_of_range"]
        )
    );
}

#[test]
fn an_oversized_frame_is_skipped_in_chunks_of_any_size() {
    let bytes = stream(&[event(b"before"), event(&[7; 5000]), event(b"after")]);
    for size in [1, 7, 999, 100_000] {
        let mut batcher = batcher(1024);
        let mut rejected = Vec::new();
        let mut all = Vec::new();
        for chunk in bytes.chunks(size) {
            feed(&mut batcher, chunk);
            let status = batcher.decode(BATCH_RECORDS, Timestamp(1), |error| {
                rejected.push(error.as_str())
            });
            assert_eq!(status, Ok(DecodeStatus::NeedsInput));
            all.extend(data(&batcher.take_batch().unpack()));
        }
        assert_eq!(
            (all, rejected),
            (
                vec![b"before".to_vec(), b"after".to_vec()],
                vec!["frame_too_large"]
            ),
            "{size}"
        );
        assert_eq!(
            (batcher.undecoded(), batcher.offset()),
            (0, bytes.len() as u64)
        );
    }
}

#[test]
fn an_undecodable_stream_ends_at_the_first_invalid_byte() {
    let good = stream(&[event(b"good")]);
    let mut batcher = batcher(1024);
    let (data, status) = decode(&mut batcher, &[&good, &[2, 4, 0]]);
    assert_eq!(data, [b"good"]);
    assert_eq!(status.unwrap_err().as_str(), "unknown_payload_shape");
    assert_eq!(batcher.offset(), good.len() as u64);
}

#[test]
fn a_second_stream_is_accepted_only_if_concatenation_is_allowed() {
    let other = stream_of_type(TypeId::FIRST_GO_1_20, &[event(b"c")]);
    let bytes = [stream(&[event(b"a")]), stream(&[event(b"b")]), other].concat();
    let (data, status) = decode(&mut batcher(1024), &[&bytes]);
    assert_eq!(
        (data.len(), status.unwrap_err().as_str()),
        (1, "gob_duplicate_type")
    );
    let mut batcher = batcher(1024).allow_concatenated();
    assert_eq!(decode(&mut batcher, &[&bytes]).0, [b"a", b"b", b"c"]);
    assert_eq!((batcher.undecoded(), batcher.frame_count()), (0, 3));
}

#[test]
fn every_stream_has_a_unique_number() {
    let bytes = [stream(&[event(b"a"), event(b"b")]), stream(&[event(b"c")])].concat();
    let mut concatenated = batcher(1024).allow_concatenated();
    let numbers = |batcher: &mut FrameBatcher| {
        feed(batcher, &bytes);
        batcher
            .decode(BATCH_RECORDS, Timestamp(7), |error| panic!("{error}"))
            .unwrap();
        let batch = batcher.take_batch().unpack();
        let number = |record: &Record| match record {
            Record::Frame(frame) => frame.stream,
            other => panic!("{other:?}"),
        };
        batch.records().iter().map(number).collect::<Vec<_>>()
    };
    let [first, same, second] = numbers(&mut concatenated)[..] else {
        panic!("three frames")
    };
    concatenated.reset();
    let third = numbers(&mut concatenated)[0];
    let other = numbers(&mut batcher(1024).allow_concatenated())[0];
    assert_eq!(first, same);
    assert_eq!(BTreeSet::from([0, first, second, third, other]).len(), 5);
}

#[test]
fn a_reset_keeps_sequence_numbers_and_discards_the_rest_of_the_stream() {
    let bytes = stream(&[event(b"x"), event(b"y")]);
    let mut batcher = batcher(1024);
    assert_eq!(decode(&mut batcher, &[&bytes[..bytes.len() - 1]]).0, [b"x"]);
    assert!(batcher.undecoded() > 0);
    batcher.reset();
    assert_eq!((batcher.undecoded(), batcher.offset()), (0, 0));
    assert_eq!(decode(&mut batcher, &[&bytes]).0, [b"x", b"y"]);
    assert_eq!(batcher.frame_count(), 3);
}

proptest! {
    /// For any split into reads and batches, a frame has the time of its read, or the time of the
    /// previous frame plus one nanosecond if that is later.
    #[test]
    fn times_increase_across_reads_and_batches(
        reads in proptest::collection::vec((1_usize..200, 0_u64..60), 1..60),
        records in 1_usize..8,
        is_packed in any::<bool>(),
    ) {
        let bytes = stream(&vec![event(&[1; 9]); 300]);
        let mut batcher = if is_packed { batcher(1024).packed() } else { batcher(1024) };
        let mut rest = &bytes[..];
        let mut read = 1;
        let mut last = 0;
        for (len, elapsed) in reads {
            let (chunk, remaining) = rest.split_at(len.min(rest.len()));
            rest = remaining;
            read += elapsed;
            feed(&mut batcher, chunk);
            let mut status = Ok(DecodeStatus::BatchFull);
            while status == Ok(DecodeStatus::BatchFull) {
                status = batcher.decode(records, Timestamp(read), |error| panic!("{error}"));
                for record in batcher.take_batch().unpack().records() {
                    let Record::Frame(frame) = record else { panic!("{record:?}") };
                    prop_assert_eq!(frame.time.0, read.max(last + 1));
                    last = frame.time.0;
                }
            }
        }
    }
}
