//! Copies records as they leave a stage of a running agent. Without a watcher this costs a stage
//! one atomic load per batch.
//!
//! A watcher gets a bounded sample and does not affect the pipeline: the ledger does not count it,
//! and no stage waits for it. Records that it does not get are counted.

mod allowance;

use std::fmt::{self, Debug, Formatter};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::Instant;

use tidegate_model::Batch;
use tidegate_model::record::{Kinds, Record};

use crate::sync::lock;
use allowance::Allowance;

/// Maximum number of samples in a watcher's channel.
const BUFFER: usize = 1024;
/// Maximum number of bytes of a frame or an event in a sample.
const DATA: usize = 256;

/// Selects records by the record and the bytes of its batch.
pub type Matches = dyn Fn(&Record, &[u8]) -> bool + Send + Sync;

/// The records that a watcher gets.
pub struct RecordFilter {
    /// Their kinds. Others are not counted.
    pub kinds: Kinds,
    /// Whether a record of these kinds is wanted.
    pub matches: Box<Matches>,
}

/// A copy of a record.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The record. Its spans are not valid for any bytes.
    pub record: Record,
    /// The first bytes of a frame or an event; empty for other records.
    pub data: Vec<u8>,
}

/// The counts of a watcher since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Records of its kinds that left the stage.
    pub records: u64,
    /// How many of them matched the filter.
    pub wanted: u64,
    /// How many of the matches were copied.
    pub taken: u64,
}

/// Receives samples of the records that leave a stage, until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    watch: Arc<Subscription>,
    taps: Vec<Arc<Tap>>,
    samples: Receiver<Sample>,
}

/// The subscriptions to one stage.
#[derive(Debug, Default)]
pub(crate) struct Tap {
    watched: AtomicBool,
    watches: Mutex<Vec<Arc<Subscription>>>,
}

/// The stage's side of a watcher, shared by the stages of its name.
struct Subscription {
    wanted: RecordFilter,
    allowance: Mutex<Allowance>,
    samples: Sender<Sample>,
    records: AtomicU64,
    matches: AtomicU64,
    taken: AtomicU64,
}

impl Tap {
    /// Offers a batch's records of these kinds to every watcher.
    pub(crate) fn show(&self, batch: &Batch, kinds: Kinds) {
        if self.watched.load(Ordering::Relaxed) {
            lock(&self.watches)
                .iter()
                .for_each(|watch| watch.look(batch, kinds));
        }
    }

    fn attach(&self, watch: &Arc<Subscription>) {
        let mut watches = lock(&self.watches);
        watches.push(Arc::clone(watch));
        self.watched.store(true, Ordering::Relaxed);
    }

    fn detach(&self, watch: &Arc<Subscription>) {
        let mut watches = lock(&self.watches);
        watches.retain(|other| !Arc::ptr_eq(other, watch));
        self.watched.store(!watches.is_empty(), Ordering::Relaxed);
    }
}

impl Subscription {
    fn look(&self, batch: &Batch, kinds: Kinds) {
        let kinds = kinds.intersection(self.wanted.kinds);
        let mut allowance = lock(&self.allowance);
        allowance.refill(Instant::now());
        for record in batch
            .records()
            .iter()
            .filter(|record| kinds.contains(record.kind()))
        {
            self.records.fetch_add(1, Ordering::Relaxed);
            if (self.wanted.matches)(record, batch.bytes()) {
                self.matches.fetch_add(1, Ordering::Relaxed);
                if allowance.take() {
                    self.take(record, data(record, batch.bytes()));
                }
            }
        }
    }

    /// Copies a record, unless the watcher's channel is full.
    fn take(&self, record: &Record, data: &[u8]) {
        if let Ok(place) = self.samples.try_reserve() {
            place.send(Sample {
                record: record.clone(),
                data: data[..data.len().min(DATA)].to_vec(),
            });
            self.taken.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The bytes that a record refers to.
fn data<'b>(record: &Record, bytes: &'b [u8]) -> &'b [u8] {
    match record {
        Record::Frame(frame) => frame.data.of(bytes),
        Record::Event(event) => event.data.of(bytes),
        _ => &[],
    }
}

impl Watcher {
    /// Attaches a watcher to some taps. `rate` is the number of records that are copied per second
    /// on average, and at most in one burst.
    pub(crate) fn new(taps: Vec<Arc<Tap>>, rate: u32, wanted: RecordFilter) -> Self {
        let (sender, samples) = channel(BUFFER);
        let watch = Arc::new(Subscription {
            wanted,
            allowance: Mutex::new(Allowance::new(rate, Instant::now())),
            samples: sender,
            records: AtomicU64::new(0),
            matches: AtomicU64::new(0),
            taken: AtomicU64::new(0),
        });
        taps.iter().for_each(|tap| tap.attach(&watch));
        Self {
            watch,
            taps,
            samples,
        }
    }

    /// Waits for the next sample. Safe to cancel.
    pub async fn next(&mut self) -> Sample {
        match self.samples.recv().await {
            Some(sample) => sample,
            // Unreachable: the watcher's own subscription holds a sender.
            None => std::future::pending().await,
        }
    }

    /// Returns the next sample without waiting.
    pub fn waiting(&mut self) -> Option<Sample> {
        self.samples.try_recv().ok()
    }

    /// The counts so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Seen {
            records: of(&self.watch.records),
            wanted: of(&self.watch.matches),
            taken: of(&self.watch.taken),
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.taps.iter().for_each(|tap| tap.detach(&self.watch));
    }
}

impl Debug for Subscription {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("allowance", &self.allowance)
            .finish_non_exhaustive()
    }
}
