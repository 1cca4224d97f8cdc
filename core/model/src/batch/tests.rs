//! What batches hold, and what of it the pool keeps.

use super::{Batch, Pool};
use crate::record::{Frame, Record};

/// A batch of one pool with so many records, of so many bytes each.
fn batch(pool: &Pool, records: usize, bytes: usize) -> Batch {
    let mut batch = pool.take();
    for _ in 0..records {
        let data = batch.push_bytes(&vec![7; bytes]);
        batch.push(Record::Frame(Frame {
            data,
            ..Frame::default()
        }));
    }
    batch
}

#[test]
fn a_batch_weighs_what_it_holds_and_not_only_what_it_uses() {
    let pool = Pool::default();
    drop(batch(&pool, 256, 200));
    let small = batch(&pool, 1, 200);
    assert!(
        small.weight() >= 256 * size_of::<Record>() + 256 * 200,
        "{}",
        small.weight()
    );
}

#[test]
fn a_batch_that_has_to_wait_leaves_what_it_does_not_use_to_the_next_one() {
    let pool = Pool::default();
    drop(batch(&pool, 256, 200));
    let mut waits = batch(&pool, 3, 200);
    waits.shrink();
    assert_eq!(waits.allocated(), 3 * size_of::<Record>() + 3 * 200);
    let Record::Frame(frame) = &waits.records()[2] else {
        panic!()
    };
    assert_eq!(frame.data.of(waits.bytes()), [7; 200]);
    assert!(pool.take().allocated() >= 256 * size_of::<Record>());
}

#[test]
fn a_batch_without_slots_gets_those_of_the_one_that_was_done_last() {
    let pool = Pool::default();
    let done = batch(&pool, 256, 200);
    let places = done.records().as_ptr();
    drop(done);
    let mut bare = pool.without_slots().take();
    assert!(bare.records.memory() == 0);
    bare.push_bytes(b"came first");
    let bytes = bare.bytes().as_ptr();
    let mut whole = bare.with_slots();
    assert_eq!(
        (whole.bytes(), whole.bytes().as_ptr()),
        (&b"came first"[..], bytes)
    );
    whole.push(Record::default());
    assert_eq!(whole.records().as_ptr(), places);
    drop(whole);
    let again = pool.without_slots().take();
    assert!(
        again.is_empty() && again.bytes().is_empty() && again.allocated() >= 256 * 200,
        "memory for bytes came back, too"
    );
    assert_eq!(
        pool.take().with_slots().allocated(),
        batch(&pool, 256, 200).allocated()
    );
}

#[test]
fn a_batch_that_is_half_full_is_left_as_it_is() {
    let pool = Pool::default();
    drop(batch(&pool, 256, 200));
    let mut waits = batch(&pool, 220, 200);
    let before = waits.allocated();
    waits.shrink();
    assert_eq!(waits.allocated(), before);
}

#[test]
fn what_idles_is_bounded_and_no_batch_of_an_unusual_size_is_kept() {
    let of = |records, bytes, count| {
        let pool = Pool::default();
        let mut batches: Vec<_> = (0..count).map(|_| batch(&pool, records, bytes)).collect();
        batches.iter_mut().for_each(Batch::shrink);
        drop(batches);
        pool.idle_bytes()
    };
    assert_eq!([of(1, 1 << 20, 1), of(16_384, 0, 1)], [0, 0]);
    let kept = of(256, 200, 1000);
    assert!((1..=super::pool::MAX_IDLE_BYTES).contains(&kept), "{kept}");
    let kept = of(3, 100, 1);
    assert!(
        kept > 256 * size_of::<Record>(),
        "{kept}: the memory that it did not use, and not its own"
    );
}
