//! Stages that do what comes to their mind, and now and then the wrong thing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fastrand::Rng;
use tidegate_core::edge::{Delivery, Inbox, Limits};
use tidegate_core::ledger::Tally;
use tidegate_core::record::{Frame, Lost, LostSource};
use tidegate_core::stage::{Buffer, Exporter, Outbox, Packed, Processor, Receiver, StageError, Stop};
use tidegate_core::{Batch, Outcome, Record, Timestamp};
use tokio::time::sleep;

/// How many records a receiver handed over or entered as dropped.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent(Arc<AtomicU64>);

impl Sent {
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }
}

/// What an exporter did with records.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// The keys of those that it took.
    keys: Arc<Mutex<Vec<u64>>>,
    /// How many were at a peer without an answer.
    unconfirmed: Arc<AtomicU64>,
}

impl Seen {
    pub(super) fn keys(&self) -> Vec<u64> {
        self.keys.lock().unwrap().clone()
    }

    pub(super) fn unconfirmed(&self) -> u64 {
        self.unconfirmed.load(Ordering::Relaxed)
    }

    /// The last `n` are not known to be taken after all.
    fn take_back(&self, n: u64) {
        let mut keys = self.keys.lock().unwrap();
        let left = keys.len() - usize::try_from(n).unwrap();
        keys.truncate(left);
    }

    fn leave_unconfirmed(&self, n: u64) {
        self.unconfirmed.fetch_add(n, Ordering::Relaxed);
    }
}

/// What tells records apart, whoever made them.
fn key(record: &Record) -> u64 {
    match record {
        Record::Frame(frame) => frame.seq,
        Record::Lost(lost) => lost.count,
        _ => 0,
    }
}

fn frame(seq: u64) -> Record {
    Record::Frame(Frame { seq, ..Frame::default() })
}

fn lost(count: u64) -> Record {
    Record::Lost(Lost { time: Timestamp(1), source: LostSource::Unknown, count, cpu: None, span: None })
}

/// A receiver.
pub(super) struct Source {
    pub(super) id: u64,
    /// Limits of the buffer before the pipelines, if it has one.
    pub(super) buffer: Option<Limits>,
    pub(super) sent: Sent,
    pub(super) rng: Rng,
}

/// The near end of its outbox.
enum Door {
    Plain(Outbox),
    Buffered(Buffer),
}

#[async_trait]
impl Receiver for Source {
    async fn run(self: Box<Self>, out: Outbox, stop: Stop) -> Result<(), StageError> {
        match self.buffer {
            None => self.read(Door::Plain(out), stop).await,
            Some(limits) => {
                let (buffer, pump) = out.buffered(limits);
                tokio::join!(self.read(Door::Buffered(buffer), stop), pump.run()).0
            }
        }
    }
}

impl Source {
    async fn read(mut self: Box<Self>, door: Door, stop: Stop) -> Result<(), StageError> {
        let mut seq = self.id * 1_000_000;
        for _ in 0..self.rng.usize(0..120) {
            match self.rng.u8(0..40) {
                0 => return Err("the receiver fails".into()),
                1 => panic!("the receiver panics"),
                2 => stop.requested().await,
                3 if self.rng.u8(0..4) == 0 => std::future::pending().await,
                4..=8 => sleep(Duration::from_millis(self.rng.u64(0..20))).await,
                9 => door.dropped(&self.sent, self.rng.u64(0..5)),
                _ if stop.is_requested() && self.rng.bool() => break,
                _ => door.send(&self.sent, &mut seq, self.rng.u64(0..20)).await,
            }
        }
        Ok(())
    }
}

impl Door {
    async fn send(&self, sent: &Sent, seq: &mut u64, n: u64) {
        let mut batch = match self {
            Self::Plain(out) => out.batch(),
            Self::Buffered(buffer) => buffer.batch(),
        };
        let mut packed = Vec::new();
        for at in 0..n {
            *seq += 1;
            match frame(*seq) {
                // What other threads read is packed, but for reports in front.
                Record::Frame(frame) if self.is_buffered() && at > 0 => packed.push(frame),
                record => batch.push(record),
            }
        }
        sent.add(n);
        match self {
            Self::Plain(out) => out.send(batch).await,
            Self::Buffered(buffer) => _ = buffer.send(Packed::new(batch, packed)).await,
        }
    }

    fn is_buffered(&self) -> bool {
        matches!(self, Self::Buffered(_))
    }

    fn dropped(&self, sent: &Sent, n: u64) {
        sent.add(n);
        match self {
            Self::Plain(out) => out.dropped("unreadable", n),
            Self::Buffered(buffer) => buffer.dropped("unreadable", n),
        }
    }
}

/// A processor.
pub(super) struct Whim {
    made: u64,
    tick_every: Option<Duration>,
    fragile: bool,
    rng: Rng,
}

impl Whim {
    pub(super) fn new(id: u64, mut rng: Rng) -> Self {
        let tick_every = rng.bool().then(|| Duration::from_millis(rng.u64(1..30)));
        Self { made: id * 1_000_000_000_000, tick_every, fragile: rng.u8(0..10) == 0, rng }
    }

    fn make(&mut self, most: u64, batch: &mut Batch) {
        for _ in 0..self.rng.u64(0..=most) {
            self.made += 1;
            let record = if self.rng.bool() { frame(self.made) } else { lost(self.made) };
            batch.push(record);
        }
    }

    fn may_panic(&mut self) {
        assert!(!self.fragile || self.rng.u8(0..50) > 0, "the processor panics");
    }
}

impl Processor for Whim {
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        self.may_panic();
        let rng = &mut self.rng;
        batch.sift(tally, |record, _| match rng.u8(0..12) {
            0 => Outcome::Filtered("rule"),
            1 => Outcome::Dropped("broken"),
            2 => Outcome::Absorbed,
            3 => {
                *record = lost(key(record));
                Outcome::Keep
            }
            _ => Outcome::Keep,
        });
        if self.rng.u8(0..4) == 0 {
            self.make(3, batch);
        }
    }

    fn tick_every(&self) -> Option<Duration> {
        self.tick_every
    }

    fn tick(&mut self, _: Timestamp, out: &mut Batch) {
        self.may_panic();
        self.make(30, out);
    }

    fn finish(&mut self, _: Timestamp, out: &mut Batch) {
        self.may_panic();
        self.make(300, out);
    }
}

/// An exporter.
pub(super) struct Fickle {
    pub(super) seen: Seen,
    pub(super) rng: Rng,
}

#[async_trait]
impl Exporter for Fickle {
    async fn run(mut self: Box<Self>, mut inbox: Inbox) -> Result<(), StageError> {
        let doom = self.rng.usize(1..200);
        let slow = self.rng.bool();
        let mut batches = 0;
        while let Some(delivery) = inbox.recv().await {
            batches += 1;
            if batches == doom {
                return self.end(delivery).await;
            }
            if slow {
                sleep(Duration::from_millis(self.rng.u64(0..5))).await;
            }
            self.settle(delivery);
        }
        Ok(())
    }
}

impl Fickle {
    fn settle(&mut self, mut delivery: Delivery) {
        let keys: Vec<_> = delivery.records().map(key).collect();
        assert_eq!(keys.len() as u64, delivery.ticket().left());
        match self.rng.u8(0..16) {
            0 | 1 => return delivery.dropped("refused"),
            2 => {
                self.seen.leave_unconfirmed(keys.len() as u64);
                return delivery.into_parts().1.unconfirmed_all();
            }
            _ => {}
        }
        let (lost, taken) = keys.split_at(self.rng.usize(0..=keys.len()).saturating_sub(keys.len() / 2));
        self.seen.keys.lock().unwrap().extend(taken);
        delivery.ticket().dropped("rejected", lost.len() as u64);
        let mut part = delivery.ticket().split(taken.len() as u64 / 2);
        if self.rng.u8(0..8) == 0 {
            let n = self.rng.u64(0..=part.left());
            self.seen.take_back(n);
            self.seen.leave_unconfirmed(n);
            part.unconfirmed(n);
        }
        delivery.absorbed();
        part.absorb_all();
    }

    async fn end(mut self: Box<Self>, mut delivery: Delivery) -> Result<(), StageError> {
        let end = self.rng.u8(0..4);
        if end < 2 && self.rng.bool() {
            delivery.ticket().set_at_peer(true);
            self.seen.leave_unconfirmed(delivery.ticket().left());
        }
        match end {
            0 => panic!("the exporter panics"),
            1 => std::future::pending().await,
            2 => {
                self.settle(delivery);
                Ok(())
            }
            _ => {
                delivery.dropped("refused");
                Err("the exporter fails".into())
            }
        }
    }
}
