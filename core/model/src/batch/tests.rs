//! The weight of batches, and which memory the pool keeps.

use super::{Batch, Pool};
use crate::record::{Frame, Record};

/// Returns a batch of `pool` with `records` records of `bytes` bytes each.
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
fn the_weight_of_a_batch_includes_unused_memory() {
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
fn shrinking_a_batch_returns_unused_memory_to_the_pool() {
    let pool = Pool::default();
    drop(batch(&pool, 256, 200));
    let mut waiting = batch(&pool, 3, 200);
    waiting.shrink();
    assert_eq!(waiting.allocated(), 3 * size_of::<Record>() + 3 * 200);
    let Record::Frame(frame) = &waiting.records()[2] else {
        panic!()
    };
    assert_eq!(frame.data.of(waiting.bytes()), [7; 200]);
    assert!(pool.take().allocated() >= 256 * size_of::<Record>());
}

#[test]
fn a_batch_without_slots_gets_those_of_the_last_recycled_batch() {
    let pool = Pool::default();
    let done = batch(&pool, 256, 200);
    let slots = done.records().as_ptr();
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
    assert_eq!(whole.records().as_ptr(), slots);
    drop(whole);
    let again = pool.without_slots().take();
    assert!(
        again.is_empty() && again.bytes().is_empty() && again.allocated() >= 256 * 200,
        "memory for bytes was recycled, too"
    );
    assert_eq!(
        pool.take().with_slots().allocated(),
        batch(&pool, 256, 200).allocated()
    );
}

#[test]
fn a_batch_that_is_more_than_half_full_is_not_shrunk() {
    let pool = Pool::default();
    drop(batch(&pool, 256, 200));
    let mut waiting = batch(&pool, 220, 200);
    let before = waiting.allocated();
    waiting.shrink();
    assert_eq!(waiting.allocated(), before);
}

#[test]
fn idle_memory_is_bounded_and_batches_of_unusual_size_are_freed() {
    let idle_bytes = |records, bytes, count| {
        let pool = Pool::default();
        let mut batches: Vec<_> = (0..count).map(|_| batch(&pool, records, bytes)).collect();
        batches.iter_mut().for_each(Batch::shrink);
        drop(batches);
        pool.idle_bytes()
    };
    assert_eq!(
        [idle_bytes(1, 1 << 20, 1), idle_bytes(16_384, 0, 1)],
        [0, 0]
    );
    let kept = idle_bytes(256, 200, 1000);
    assert!((1..=super::pool::MAX_IDLE_BYTES).contains(&kept), "{kept}");
    let kept = idle_bytes(3, 100, 1);
    assert!(
        kept > 256 * size_of::<Record>(),
        "{kept}: the unused memory of the batch, not the memory that it was shrunk to"
    );
}
