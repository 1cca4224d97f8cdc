//! Stages that behave randomly and sometimes fail.

use std::any::Any;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fastrand::Rng;
use tidegate_model::batch::FrameBatch;
use tidegate_model::names::{Names, NamesContent, NamesSource};
use tidegate_model::record::{Frame, Lost, LostSource};
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Kind, Kinds, Outcome, Record, Timestamp};
use tidegate_runtime::edge::{Delivery, Inbox};
use tidegate_runtime::limits::Limits;
use tidegate_runtime::outbox::{Buffer, Outbox};
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{
    Exporter, OutputClosed, Processor, Receiver, Refresh, StageError, Stateful,
};
use tokio::time::{sleep, timeout};

use super::disk::{QueueFolder, RandomDisk};
use super::requests::{CheckedReader, RandomSender};
use super::series::{SeriesGenerator, SharedTable};

/// Number of records that a receiver sent or counted as dropped.
#[derive(Clone, Debug, Default)]
pub(super) struct SentCount(Arc<AtomicU64>);

impl SentCount {
    pub(super) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }
}

/// An exporter's own counts of its records.
#[derive(Clone, Debug, Default)]
pub(super) struct ExporterCounts {
    /// Keys of the absorbed records.
    keys: Arc<Mutex<Vec<u64>>>,
    /// Number of absorbed metric points.
    points: Arc<AtomicU64>,
    /// Number of unconfirmed records.
    unconfirmed: Arc<AtomicU64>,
}

impl ExporterCounts {
    pub(super) fn keys(&self) -> Vec<u64> {
        self.keys.lock().unwrap().clone()
    }

    pub(super) fn points(&self) -> u64 {
        self.points.load(Ordering::Relaxed)
    }

    pub(super) fn unconfirmed(&self) -> u64 {
        self.unconfirmed.load(Ordering::Relaxed)
    }

    /// Adds the keys of records that were delivered.
    pub(super) fn add(&self, keys: &[u64]) {
        self.keys.lock().unwrap().extend(keys);
    }

    /// Removes the last `n` keys, whose records turn out to be unconfirmed.
    fn take_back(&self, n: u64) {
        let mut keys = self.keys.lock().unwrap();
        let left = keys.len() - usize::try_from(n).unwrap();
        keys.truncate(left);
    }

    fn leave_unconfirmed(&self, n: u64) {
        self.unconfirmed.fetch_add(n, Ordering::Relaxed);
    }
}

/// The state of a processor or an exporter, shared with the test.
#[derive(Clone, Debug, Default)]
pub(super) struct InstanceState(Arc<AtomicU8>);

impl InstanceState {
    const STARTED: u8 = 1;
    const DRAINED: u8 = 2;
    const PANICKED: u8 = 3;

    fn set(&self, state: u8) {
        self.0.store(state, Ordering::Relaxed);
    }

    pub(super) fn has_started(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    /// Whether it has read its inbox to the end.
    pub(super) fn has_drained(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Self::DRAINED
    }

    pub(super) fn has_panicked(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Self::PANICKED
    }
}

/// A unique number of the record.
fn key(record: &Record) -> u64 {
    match record {
        Record::Metric(_) => panic!("points are identified by their series"),
        Record::Frame(frame) => frame.seq,
        Record::Lost(lost) => lost.count,
        Record::Names(names) => names.asked.0,
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

fn names(key: u64) -> Record {
    Record::Names(Box::new(Names {
        source: NamesSource::CiliumApi,
        asked: Timestamp(key),
        content: NamesContent::NodeLabels(vec!["k=v".to_owned(); 3]),
    }))
}

/// A receiver that sends random batches and sometimes fails.
pub(super) struct RandomReceiver {
    pub(super) id: u64,
    /// Limits of the receiver's buffer, if it has one.
    pub(super) buffer: Option<Limits>,
    pub(super) sent: SentCount,
    pub(super) requests: RandomSender,
    pub(super) reader: Option<CheckedReader>,
    pub(super) rng: Rng,
}

/// The output of a receiver, with or without a buffer.
enum ReceiverOutput {
    Plain(Outbox),
    Buffered(Buffer),
}

#[async_trait]
impl Receiver for RandomReceiver {
    async fn run(self: Box<Self>, out: Outbox, shutdown: Shutdown) -> Result<(), StageError> {
        match self.buffer {
            None => self.read(ReceiverOutput::Plain(out), shutdown).await,
            Some(limits) => {
                let (buffer, pump) = out.buffered(limits);
                tokio::join!(
                    self.read(ReceiverOutput::Buffered(buffer), shutdown),
                    pump.run()
                )
                .0
            }
        }
    }
}

impl RandomReceiver {
    async fn read(
        mut self: Box<Self>,
        output: ReceiverOutput,
        shutdown: Shutdown,
    ) -> Result<(), StageError> {
        let mut seq = self.id * 1_000_000;
        for _ in 0..self.rng.usize(0..120) {
            self.requests.send(&mut self.rng);
            if self.rng.u8(0..4) == 0
                && let Some(reader) = &mut self.reader
            {
                reader.drain();
            }
            match self.rng.u8(0..40) {
                0 => return Err("the receiver fails".into()),
                1 => panic!("the receiver panics"),
                2 => shutdown.requested().await,
                3 if self.rng.u8(0..4) == 0 => std::future::pending().await,
                4..=8 => sleep(Duration::from_millis(self.rng.u64(0..20))).await,
                10 => {
                    if let Some(reader) = &mut self.reader {
                        let end = Duration::from_millis(self.rng.u64(0..20));
                        _ = timeout(end, reader.wait()).await;
                    }
                }
                9 => output.dropped(&self.sent, self.rng.u64(0..5)),
                _ if shutdown.is_requested() && self.rng.bool() => break,
                _ => output.send(&self.sent, &mut seq, self.rng.u64(0..20)).await,
            }
        }
        Ok(())
    }
}

impl ReceiverOutput {
    async fn send(&self, sent: &SentCount, seq: &mut u64, n: u64) {
        let mut batch = match self {
            Self::Plain(out) => out.batch(),
            Self::Buffered(buffer) => buffer.batch(),
        };
        let mut packed = Vec::new();
        for at in 0..n {
            *seq += 1;
            let record = if seq.is_multiple_of(5) {
                names(*seq)
            } else {
                frame(*seq)
            };
            match record {
                // Buffered frames are packed, except for the first record.
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

    fn dropped(&self, sent: &SentCount, n: u64) {
        sent.add(n);
        match self {
            Self::Plain(out) => out.dropped("unreadable", n),
            Self::Buffered(buffer) => buffer.dropped("unreadable", n),
        }
    }
}

/// A processor with random outcomes.
pub(super) struct RandomProcessor {
    made: u64,
    tick_every: Option<Duration>,
    can_panic: bool,
    /// Shared by all processors.
    state: InstanceState,
    /// Shared by all processors of this name in the pipeline.
    table: SharedTable,
    /// Generates its series, if it has any.
    generator: Option<SeriesGenerator>,
    /// Whether there are more points than it emitted last.
    has_more: bool,
    requests: RandomSender,
    /// Whether it takes over the series of its predecessor.
    adopts: bool,
    rng: Rng,
}

impl RandomProcessor {
    pub(super) fn new(
        id: u64,
        requests: RandomSender,
        table: SharedTable,
        state: InstanceState,
        mut rng: Rng,
    ) -> Self {
        let tick_every = rng.bool().then(|| Duration::from_millis(rng.u64(1..30)));
        let generator = rng.bool().then(|| SeriesGenerator::new(id, table.clone()));
        let can_panic = rng.u8(0..20) == 0;
        let adopts = rng.bool();
        Self {
            made: id * 1_000_000_000_000,
            tick_every,
            can_panic,
            state,
            table,
            generator,
            has_more: false,
            requests,
            adopts,
            rng,
        }
    }

    /// Emits at max `max` points.
    fn emit(&mut self, max: usize, out: &mut Batch) {
        self.table
            .set_current(self.generator.as_ref().map_or(0, SeriesGenerator::id));
        self.has_more = self
            .generator
            .as_mut()
            .is_some_and(|generator| generator.emit(max, out));
    }

    fn make(&mut self, max: u64, batch: &mut Batch) {
        for _ in 0..self.rng.u64(0..=max) {
            self.made += 1;
            match self.rng.u8(0..4) {
                0 => batch.push(frame(self.made)),
                1 => {
                    let before = self.rng.usize(0..=batch.len());
                    batch.insert(vec![(before, names(self.made))]);
                }
                _ => batch.push(lost(self.made)),
            }
        }
    }

    fn maybe_panic(&mut self) {
        if self.can_panic && self.rng.u8(0..50) == 0 {
            self.state.set(InstanceState::PANICKED);
            panic!("the processor panics");
        }
    }
}

impl Processor for RandomProcessor {
    fn rules(&self) -> Vec<&'static str> {
        vec!["rule", "unused"]
    }

    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        self.maybe_panic();
        self.requests.send(&mut self.rng);
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
        if let Some(generator) = &mut self.generator {
            generator.churn(&mut self.rng);
        }
        if self.rng.u8(0..4) == 0 {
            let max = self.rng.usize(0..20);
            self.emit(max, batch);
        }
    }

    fn tick_every(&self) -> Option<Duration> {
        self.tick_every
    }

    fn tick(&mut self, _: Timestamp, out: &mut Batch) {
        self.maybe_panic();
        self.requests.send(&mut self.rng);
        self.make(30, out);
        let max = self.rng.usize(0..200);
        self.emit(max, out);
    }

    fn finish(&mut self, _: Timestamp, out: &mut Batch) {
        self.maybe_panic();
        if !self.has_more {
            self.make(300, out);
        }
        self.emit(100, out);
    }

    fn has_more(&self) -> bool {
        self.has_more
    }

    fn as_stateful(&mut self) -> Option<&mut dyn Stateful> {
        Some(self)
    }
}

impl Stateful for RandomProcessor {
    fn take_over(&mut self, old: &mut dyn Stateful) {
        let old: &mut dyn Any = old;
        let old: &mut Self = old.downcast_mut().unwrap();
        if self.adopts && old.generator.is_some() {
            self.generator = old.generator.take();
        }
    }

    fn retire(&mut self, now: Timestamp, out: &mut Batch) {
        if let Some(generator) = &mut self.generator {
            generator.end_all();
        }
        self.finish(now, out);
    }

    fn resend(&mut self) {
        if let Some(generator) = &mut self.generator {
            generator.resend();
        }
    }
}

/// An exporter with random outcomes, which sometimes fails or hangs.
pub(super) struct RandomExporter {
    pub(super) seen: ExporterCounts,
    pub(super) table: SharedTable,
    pub(super) state: InstanceState,
    /// The folder of its queue on disk.
    pub(super) queue_folder: Option<QueueFolder>,
    /// Its queue on disk, while it runs.
    pub(super) disk: Option<RandomDisk>,
    pub(super) rng: Rng,
}

#[async_trait]
impl Exporter for RandomExporter {
    async fn run(mut self: Box<Self>, mut inbox: Inbox) -> Result<(), StageError> {
        self.state.set(InstanceState::STARTED);
        if let Some(folder) = &self.queue_folder {
            let disk = RandomDisk::open(folder, &inbox, &self.seen, &mut self.rng);
            self.disk = Some(disk);
        }
        let last_batch = if self.rng.bool() {
            self.rng.usize(1..200)
        } else {
            usize::MAX
        };
        let slow = self.rng.bool();
        let receives_points = self.rng.bool();
        let mut batches = 0;
        while let Some(delivery) = inbox.recv().await {
            batches += 1;
            if batches == last_batch {
                return self.end(delivery).await;
            }
            if slow && self.rng.bool() {
                sleep(Duration::from_millis(self.rng.u64(0..5))).await;
            }
            self.settle(delivery);
            if let Some(disk) = &mut self.disk {
                disk.step(&mut self.rng);
            }
            if self.rng.u8(0..50) == 0 {
                self.stall(&mut inbox, receives_points).await;
            }
        }
        self.leave();
        self.state.set(InstanceState::DRAINED);
        Ok(())
    }

    fn refresher(&self) -> Option<Arc<dyn Refresh>> {
        Some(Arc::new(SlowRefresh))
    }
}

/// A refresh that takes a moment, in which the exporter may end.
struct SlowRefresh;

#[async_trait]
impl Refresh for SlowRefresh {
    async fn refresh(&self) -> Result<(), StageError> {
        sleep(Duration::from_millis(2)).await;
        Ok(())
    }
}

impl RandomExporter {
    /// Takes no records for a while, but may take points.
    async fn stall(&mut self, inbox: &mut Inbox, receives_points: bool) {
        let end = sleep(Duration::from_millis(self.rng.u64(0..100)));
        tokio::pin!(end);
        loop {
            tokio::select! {
                biased;
                () = &mut end => return,
                Some(delivery) = inbox.recv_points(), if receives_points => self.take_points(delivery),
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
        if let Some(disk) = self.disk.as_mut().filter(|_| self.rng.u8(0..4) > 0) {
            return disk.append(delivery.into_parts().1, keys);
        }
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

    /// Leaves what is queued to the next instance.
    fn leave(&mut self) {
        if let Some(disk) = self.disk.take() {
            disk.leave();
        }
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
                self.leave();
                Ok(())
            }
            3 => {
                delivery.dropped("output_closed");
                self.leave();
                Err(OutputClosed.into())
            }
            _ => {
                delivery.dropped("refused");
                self.leave();
                Err("the exporter fails".into())
            }
        }
    }
}
