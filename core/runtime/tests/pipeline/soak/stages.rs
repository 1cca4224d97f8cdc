//! Stages that do what comes to their mind, and now and then the wrong thing.

use std::any::Any;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fastrand::Rng;
use tidegate_model::batch::FrameBatch;
use tidegate_model::record::{Frame, Lost, LostSource};
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Kind, Kinds, Outcome, Record, Timestamp};
use tidegate_runtime::edge::{Delivery, Inbox};
use tidegate_runtime::limits::Limits;
use tidegate_runtime::outbox::{Buffer, Outbox};
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Exporter, OutputClosed, Processor, Receiver, StageError, Stateful};
use tokio::time::sleep;

use super::series::{Maker, SharedTable};

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
    /// How many points it took besides.
    points: Arc<AtomicU64>,
    /// How many were at a peer without an answer.
    unconfirmed: Arc<AtomicU64>,
}

impl Seen {
    pub(super) fn keys(&self) -> Vec<u64> {
        self.keys.lock().unwrap().clone()
    }

    pub(super) fn points(&self) -> u64 {
        self.points.load(Ordering::Relaxed)
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

/// How a processor or an exporter has fared, for the test to look at.
#[derive(Clone, Debug, Default)]
pub(super) struct Fate(Arc<AtomicU8>);

impl Fate {
    const BEGUN: u8 = 1;
    const DRAINED: u8 = 2;
    const PANICKED: u8 = 3;

    fn set(&self, fate: u8) {
        self.0.store(fate, Ordering::Relaxed);
    }

    pub(super) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    /// It has taken all that came, until nothing more could come.
    pub(super) fn has_drained(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Self::DRAINED
    }

    pub(super) fn has_panicked(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Self::PANICKED
    }
}

/// What tells records apart, whoever made them.
fn key(record: &Record) -> u64 {
    match record {
        Record::Metric(_) => panic!("points are told apart by their series"),
        Record::Frame(frame) => frame.seq,
        Record::Lost(lost) => lost.count,
        _ => 0,
    }
}

fn frame(seq: u64) -> Record {
    Record::Frame(Frame {
        seq,
        ..Frame::default()
    })
}

fn lost(count: u64) -> Record {
    Record::Lost(Lost {
        time: Timestamp(1),
        source: LostSource::Unknown,
        count,
        cpu: None,
        span: None,
    })
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
    async fn run(self: Box<Self>, out: Outbox, shutdown: Shutdown) -> Result<(), StageError> {
        match self.buffer {
            None => self.read(Door::Plain(out), shutdown).await,
            Some(limits) => {
                let (buffer, pump) = out.buffered(limits);
                tokio::join!(self.read(Door::Buffered(buffer), shutdown), pump.run()).0
            }
        }
    }
}

impl Source {
    async fn read(mut self: Box<Self>, door: Door, shutdown: Shutdown) -> Result<(), StageError> {
        let mut seq = self.id * 1_000_000;
        for _ in 0..self.rng.usize(0..120) {
            match self.rng.u8(0..40) {
                0 => return Err("the receiver fails".into()),
                1 => panic!("the receiver panics"),
                2 => shutdown.requested().await,
                3 if self.rng.u8(0..4) == 0 => std::future::pending().await,
                4..=8 => sleep(Duration::from_millis(self.rng.u64(0..20))).await,
                9 => door.dropped(&self.sent, self.rng.u64(0..5)),
                _ if shutdown.is_requested() && self.rng.bool() => break,
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
            Self::Buffered(buffer) => _ = buffer.send(FrameBatch::new(batch, packed)).await,
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
    /// All processors'.
    fate: Fate,
    /// Of all processors of its name in its pipeline.
    table: SharedTable,
    /// Its series, if it has any; and whether there are more points than it handed on last.
    maker: Option<Maker>,
    has_more: bool,
    /// Whether it takes over the series of the one before it.
    adopts: bool,
    rng: Rng,
}

impl Whim {
    pub(super) fn new(id: u64, table: SharedTable, fate: Fate, mut rng: Rng) -> Self {
        let tick_every = rng.bool().then(|| Duration::from_millis(rng.u64(1..30)));
        let maker = rng.bool().then(|| Maker::new(id, table.clone()));
        let (made, fragile, adopts) = (id * 1_000_000_000_000, rng.u8(0..20) == 0, rng.bool());
        Self {
            made,
            tick_every,
            fragile,
            fate,
            table,
            maker,
            has_more: false,
            adopts,
            rng,
        }
    }

    /// Hands on so many points at most.
    fn hand_on(&mut self, most: usize, out: &mut Batch) {
        self.table
            .set_current(self.maker.as_ref().map_or(0, Maker::id));
        self.has_more = self
            .maker
            .as_mut()
            .is_some_and(|maker| maker.hand_on(most, out));
    }

    fn make(&mut self, most: u64, batch: &mut Batch) {
        for _ in 0..self.rng.u64(0..=most) {
            self.made += 1;
            let record = if self.rng.bool() {
                frame(self.made)
            } else {
                lost(self.made)
            };
            batch.push(record);
        }
    }

    fn may_panic(&mut self) {
        if self.fragile && self.rng.u8(0..50) == 0 {
            self.fate.set(Fate::PANICKED);
            panic!("the processor panics");
        }
    }
}

impl Processor for Whim {
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        self.may_panic();
        let rng = &mut self.rng;
        batch.sift(tally, |record, _| match rng.u8(0..12) {
            _ if matches!(record, Record::Metric(_)) => Outcome::Keep,
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
        if let Some(maker) = &mut self.maker {
            maker.churn(&mut self.rng);
        }
        if self.rng.u8(0..4) == 0 {
            let most = self.rng.usize(0..20);
            self.hand_on(most, batch);
        }
    }

    fn tick_every(&self) -> Option<Duration> {
        self.tick_every
    }

    fn tick(&mut self, _: Timestamp, out: &mut Batch) {
        self.may_panic();
        self.make(30, out);
        let most = self.rng.usize(0..200);
        self.hand_on(most, out);
    }

    fn finish(&mut self, _: Timestamp, out: &mut Batch) {
        self.may_panic();
        if !self.has_more {
            self.make(300, out);
        }
        self.hand_on(100, out);
    }

    fn has_more(&self) -> bool {
        self.has_more
    }

    fn as_stateful(&mut self) -> Option<&mut dyn Stateful> {
        Some(self)
    }
}

impl Stateful for Whim {
    fn take_over(&mut self, old: &mut dyn Stateful) {
        let old: &mut dyn Any = old;
        let old: &mut Self = old.downcast_mut().unwrap();
        if self.adopts && old.maker.is_some() {
            self.maker = old.maker.take();
        }
    }

    fn retire(&mut self, now: Timestamp, out: &mut Batch) {
        if let Some(maker) = &mut self.maker {
            maker.end_all();
        }
        self.finish(now, out);
    }

    fn resend(&mut self) {
        if let Some(maker) = &mut self.maker {
            maker.repeat();
        }
    }
}

/// An exporter.
pub(super) struct Fickle {
    pub(super) seen: Seen,
    pub(super) table: SharedTable,
    pub(super) fate: Fate,
    pub(super) rng: Rng,
}

#[async_trait]
impl Exporter for Fickle {
    async fn run(mut self: Box<Self>, mut inbox: Inbox) -> Result<(), StageError> {
        self.fate.set(Fate::BEGUN);
        let doom = if self.rng.bool() {
            self.rng.usize(1..200)
        } else {
            usize::MAX
        };
        let (slow, reads_points) = (self.rng.bool(), self.rng.bool());
        let mut batches = 0;
        while let Some(delivery) = inbox.recv().await {
            batches += 1;
            if batches == doom {
                return self.end(delivery).await;
            }
            if slow && self.rng.bool() {
                sleep(Duration::from_millis(self.rng.u64(0..5))).await;
            }
            self.settle(delivery);
            if self.rng.u8(0..50) == 0 {
                self.stall(&mut inbox, reads_points).await;
            }
        }
        self.fate.set(Fate::DRAINED);
        Ok(())
    }
}

impl Fickle {
    /// Takes no records for a while, but perhaps points.
    async fn stall(&mut self, inbox: &mut Inbox, reads_points: bool) {
        let end = sleep(Duration::from_millis(self.rng.u64(0..100)));
        tokio::pin!(end);
        loop {
            tokio::select! {
                biased;
                () = &mut end => return,
                Some(delivery) = inbox.recv_points(), if reads_points => self.take_points(delivery),
            }
        }
    }

    fn take_points(&self, delivery: Delivery) {
        for record in delivery.records() {
            let Record::Metric(point) = record else {
                panic!("{record:?} is no point")
            };
            self.table.update(point);
            self.seen.points.fetch_add(1, Ordering::Relaxed);
        }
        delivery.absorbed();
    }

    fn settle(&mut self, mut delivery: Delivery) {
        if delivery.kinds() == Kinds::of(&[Kind::Metric]) {
            return self.take_points(delivery);
        }
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
        let (lost, taken) = keys.split_at(
            self.rng
                .usize(0..=keys.len())
                .saturating_sub(keys.len() / 2),
        );
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
        let end = self.rng.u8(0..5);
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
            3 => {
                delivery.dropped("output_closed");
                Err(OutputClosed.into())
            }
            _ => {
                delivery.dropped("refused");
                Err("the exporter fails".into())
            }
        }
    }
}
