//! Streams in pieces of every size, and streams that break.

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
    let (mut encoder, mut out) = (Encoder::new(id), Vec::new());
    payloads
        .iter()
        .for_each(|payload| encoder.encode(payload, &mut out));
    out
}

fn frames(max_frame: usize) -> Frames {
    Frames::new(max_frame, Pool::default())
}

fn feed(frames: &mut Frames, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let space = frames.space();
        let (now, later) = bytes.split_at(bytes.len().min(space.len()));
        space[..now.len()].copy_from_slice(now);
        frames.filled(now.len());
        bytes = later;
    }
}

/// The data of all frames, and how decoding ended.
fn decode(frames: &mut Frames, pieces: &[&[u8]]) -> (Vec<Vec<u8>>, Result<Halt, Error>) {
    let mut all = Vec::new();
    for piece in pieces {
        feed(frames, piece);
        loop {
            let halt = frames.decode(BATCH_RECORDS, Timestamp(7), |error| panic!("{error}"));
            all.extend(data(&frames.take().unpack()));
            match halt {
                Ok(Halt::BatchFull) => {}
                Ok(Halt::OutOfBytes) => break,
                Err(error) => return (all, Err(error)),
            }
        }
    }
    (all, Ok(Halt::OutOfBytes))
}

fn data(batch: &Batch) -> Vec<Vec<u8>> {
    let data = |record: &Record| match record {
        Record::Frame(frame) => frame.data.of(batch.bytes()).to_vec(),
        other => panic!("{other:?}"),
    };
    batch.records().iter().map(data).collect()
}

#[test]
fn a_frame_keeps_what_its_payload_says_and_gets_its_number() {
    let lost = Payload {
        data: &[],
        cpu: (1 << 40) - 2,
        lost: u64::MAX,
        kind: Payload::RECORD_LOST,
    };
    let mut frames = frames(1024);
    feed(&mut frames, &stream(&[event(b"ab"), lost]));
    assert_eq!(
        frames.decode(BATCH_RECORDS, Timestamp(5), |_| ()),
        Ok(Halt::OutOfBytes)
    );
    let batch = frames.take().unpack();
    assert_eq!(data(&batch), [&b"ab"[..], b""]);
    let made = batch.records().iter().map(|record| match record {
        Record::Frame(frame) => Frame {
            data: Span::default(),
            ..*frame
        },
        other => panic!("{other:?}"),
    });
    let first = Frame {
        time: Timestamp(5),
        seq: 1,
        stream: frames.stream,
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
    assert_eq!(made.collect::<Vec<_>>(), [first, second]);
}

#[test]
fn a_stream_may_be_cut_in_two_anywhere() {
    let bytes = stream(&[event(b"first"), event(&[7; 300]), event(b"last")]);
    for at in 0..=bytes.len() {
        let (data, halt) = decode(&mut frames(1024), &[&bytes[..at], &bytes[at..]]);
        assert_eq!(halt, Ok(Halt::OutOfBytes), "cut at {at}");
        assert_eq!(data, [&b"first"[..], &[7; 300], b"last"], "cut at {at}");
    }
}

#[test]
fn a_stream_may_come_byte_by_byte() {
    let bytes = stream(&[event(b"one"), event(b"two")]);
    let pieces: Vec<_> = bytes.chunks(1).collect();
    assert_eq!(decode(&mut frames(1024), &pieces).0, [b"one", b"two"]);
}

#[test]
fn a_frame_may_be_larger_than_a_batch() {
    let large = vec![9; 3 << 20];
    let bytes = stream(&[event(b"before"), event(&large), event(b"small")]);
    let pieces: Vec<_> = bytes.chunks(BATCH_BYTES).collect();
    assert!(decode(&mut frames(4 << 20), &pieces).0 == [b"before", &large[..], b"small"]);
}

#[test]
fn an_announced_length_takes_no_memory_before_its_bytes_come() {
    let mut frames = frames(1 << 30);
    assert_eq!(
        decode(&mut frames, &[&[0xfc, 0x3f, 0xff, 0xff, 0xff, 1, 2, 3]]).1,
        Ok(Halt::OutOfBytes)
    );
    assert!(frames.space().len() <= BATCH_BYTES);
}

#[test]
fn a_batch_takes_no_more_records_than_it_may() {
    let mut frames = frames(1024);
    feed(&mut frames, &stream(&[event(&[1; 100]); 5]));
    let mut sizes = |records| {
        let halt = frames.decode(records, Timestamp(1), |_| ());
        (halt, frames.take().len())
    };
    assert_eq!(sizes(2), (Ok(Halt::BatchFull), 2));
    assert_eq!(sizes(9), (Ok(Halt::OutOfBytes), 3));
}

#[test]
fn frames_for_another_thread_are_the_same_ones() {
    let bytes = stream(&[event(b"a"), event(&[1; 100]), event(b"c"), event(b"d")]);
    let batches = |mut frames: Frames| {
        let mut batches = Vec::new();
        for piece in bytes.chunks(90) {
            feed(&mut frames, piece);
            while frames.decode(3, Timestamp(1), |_| ()) == Ok(Halt::BatchFull) {
                assert!(!frames.is_empty());
                batches.push(data(&frames.take().unpack()));
                assert!(frames.is_empty());
            }
        }
        batches.push(data(&frames.take().unpack()));
        (batches, frames.count(), frames.left())
    };
    let here = batches(frames(1024));
    assert_eq!(here.0.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1]);
    assert_eq!(batches(frames(1024).for_another_thread()), here);
}

#[test]
fn a_batch_gathers_reads_until_there_is_no_space_for_another() {
    let bytes = stream(&vec![event(&[1; 1000]); 70]);
    let mut frames = frames(4096);
    let reads = bytes.chunks(4096).take_while(|read| {
        feed(&mut frames, read);
        assert_eq!(
            frames.decode(BATCH_RECORDS, Timestamp(1), |_| ()),
            Ok(Halt::OutOfBytes)
        );
        !frames.is_full()
    });
    assert_eq!(reads.count() + 1, (BATCH_BYTES - READ_LEAST) / 4096 + 1);
    let left = frames.left();
    let came = frames.batch.bytes().len();
    assert!(left > 0 && came <= BATCH_BYTES);
    assert_eq!(
        frames.take().unpack().bytes().len(),
        came - left,
        "what is not decoded goes with the next batch alone"
    );
    assert_eq!(
        (frames.left(), frames.is_full(), frames.is_empty()),
        (left, false, true)
    );
}

#[test]
fn a_frame_that_is_broken_in_itself_is_left_out() {
    let mut bytes = stream(&[event(b"good")]);
    // A value of type 64 whose first field, `Data`, is longer than the message.
    bytes.extend_from_slice(&[4, 0xff, 0x80, 1, 9]);
    let mut frames = frames(1024);
    feed(&mut frames, &bytes);
    let mut refused = Vec::new();
    let halt = frames.decode(BATCH_RECORDS, Timestamp(1), |error| {
        refused.push(error.as_str())
    });
    assert_eq!(
        (halt, frames.take().len(), refused),
        (Ok(Halt::OutOfBytes), 1, vec!["gob_length_out_of_range"])
    );
}

#[test]
fn a_frame_that_is_too_long_is_passed_over_in_whatever_pieces_it_comes() {
    let bytes = stream(&[event(b"before"), event(&[7; 5000]), event(b"after")]);
    for size in [1, 7, 999, 100_000] {
        let (mut frames, mut refused, mut all) = (frames(1024), Vec::new(), Vec::new());
        for piece in bytes.chunks(size) {
            feed(&mut frames, piece);
            let halt = frames.decode(BATCH_RECORDS, Timestamp(1), |error| {
                refused.push(error.as_str())
            });
            assert_eq!(halt, Ok(Halt::OutOfBytes));
            all.extend(data(&frames.take().unpack()));
        }
        assert_eq!(
            (all, refused),
            (
                vec![b"before".to_vec(), b"after".to_vec()],
                vec!["frame_too_large"]
            ),
            "{size}"
        );
        assert_eq!((frames.left(), frames.offset()), (0, bytes.len() as u64));
    }
}

#[test]
fn garbage_ends_the_stream_at_its_first_byte() {
    let good = stream(&[event(b"good")]);
    let mut frames = frames(1024);
    let (data, halt) = decode(&mut frames, &[&good, &[2, 4, 0]]);
    assert_eq!(data, [b"good"]);
    assert_eq!(halt.unwrap_err().as_str(), "unknown_payload_shape");
    assert_eq!(frames.offset(), good.len() as u64);
}

#[test]
fn a_second_stream_is_accepted_only_where_it_is_expected() {
    let other = stream_of_type(TypeId::FIRST_GO_1_20, &[event(b"c")]);
    let bytes = [stream(&[event(b"a")]), stream(&[event(b"b")]), other].concat();
    let (data, halt) = decode(&mut frames(1024), &[&bytes]);
    assert_eq!(
        (data.len(), halt.unwrap_err().as_str()),
        (1, "gob_duplicate_type")
    );
    let mut frames = frames(1024).or_several_streams();
    assert_eq!(decode(&mut frames, &[&bytes]).0, [b"a", b"b", b"c"]);
    assert_eq!((frames.left(), frames.count()), (0, 3));
}

#[test]
fn every_stream_has_a_number_of_its_own() {
    let bytes = [stream(&[event(b"a"), event(b"b")]), stream(&[event(b"c")])].concat();
    let mut appended = frames(1024).or_several_streams();
    let numbers = |frames: &mut Frames| {
        feed(frames, &bytes);
        frames
            .decode(BATCH_RECORDS, Timestamp(7), |error| panic!("{error}"))
            .unwrap();
        let batch = frames.take().unpack();
        let number = |record: &Record| match record {
            Record::Frame(frame) => frame.stream,
            other => panic!("{other:?}"),
        };
        batch.records().iter().map(number).collect::<Vec<_>>()
    };
    let [first, same, second] = numbers(&mut appended)[..] else {
        panic!("three frames")
    };
    appended.restart();
    let third = numbers(&mut appended)[0];
    let other = numbers(&mut frames(1024).or_several_streams())[0];
    assert_eq!(first, same);
    assert_eq!(BTreeSet::from([0, first, second, third, other]).len(), 5);
}

#[test]
fn numbers_go_on_after_a_restart_and_the_rest_of_the_old_stream_is_gone() {
    let bytes = stream(&[event(b"x"), event(b"y")]);
    let mut frames = frames(1024);
    assert_eq!(decode(&mut frames, &[&bytes[..bytes.len() - 1]]).0, [b"x"]);
    assert!(frames.left() > 0);
    frames.restart();
    assert_eq!((frames.left(), frames.offset()), (0, 0));
    assert_eq!(decode(&mut frames, &[&bytes]).0, [b"x", b"y"]);
    assert_eq!(frames.count(), 3);
}

proptest! {
    /// However a stream is read, and into whatever batches, its frames' times rise from each read's
    /// own, by a nanosecond for each frame that has the time of its read no more.
    #[test]
    fn times_rise_over_reads_and_batches(
        reads in proptest::collection::vec((1_usize..200, 0_u64..60), 1..60),
        records in 1_usize..8,
        elsewhere in any::<bool>(),
    ) {
        let bytes = stream(&vec![event(&[1; 9]); 300]);
        let mut frames = if elsewhere { frames(1024).for_another_thread() } else { frames(1024) };
        let (mut rest, mut read, mut last) = (&bytes[..], 1, 0);
        for (len, later) in reads {
            let (now, behind) = rest.split_at(len.min(rest.len()));
            (rest, read) = (behind, read + later);
            feed(&mut frames, now);
            let mut halt = Ok(Halt::BatchFull);
            while halt == Ok(Halt::BatchFull) {
                halt = frames.decode(records, Timestamp(read), |error| panic!("{error}"));
                for record in frames.take().unpack().records() {
                    let Record::Frame(frame) = record else { panic!("{record:?}") };
                    prop_assert_eq!(frame.time.0, read.max(last + 1));
                    last = frame.time.0;
                }
            }
        }
    }
}
