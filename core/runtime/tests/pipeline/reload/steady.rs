//! Reloads at random times while numbered records pass: every record is delivered exactly once,
//! whichever chains, receivers and exporters are changed, added or removed.
//!
//! The message of a failure contains the seed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use fastrand::Rng;
use tidegate_model::record::Frame;
use tidegate_model::{Kinds, Outcome, Record};
use tidegate_runtime::edge::Inbox;
use tidegate_runtime::health::HealthRegistry;
use tidegate_runtime::ledger::Ledger;
use tidegate_runtime::limits::{Limits, WhenFull};
use tidegate_runtime::outbox::Outbox;
use tidegate_runtime::pipeline::{
    ExporterNode, PipelineNode, ProcessorNode, ReceiverNode, RunningTopology, Topology,
};
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Exporter, Receiver, StageError};
use tidegate_runtime::stage_id::StageId;
use tokio::runtime::{Builder, Handle};
use tokio::time::sleep;

use crate::support::{PerRecord, seq};

#[test]
fn every_record_is_delivered_once() {
    for seed in 0..150 {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(SteadyRun::new(seed).run(seed));
    }
}

#[test]
fn every_record_is_delivered_once_with_several_threads() {
    for seed in 0..15 {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(SteadyRun::new(seed).run(seed));
    }
}

/// Sends numbered frames. Its replacements continue the numbering.
struct SequenceReceiver {
    next: Arc<AtomicU64>,
    rng: Rng,
}

#[async_trait]
impl Receiver for SequenceReceiver {
    async fn run(self: Box<Self>, out: Outbox, shutdown: Shutdown) -> Result<(), StageError> {
        let Self { next, mut rng } = *self;
        while !shutdown.is_requested() {
            let mut batch = out.batch();
            for _ in 0..rng.usize(1..6) {
                let seq = next.fetch_add(1, Ordering::Relaxed);
                batch.push(Record::Frame(Frame {
                    seq,
                    ..Frame::default()
                }));
            }
            out.send(batch).await;
            sleep(Duration::from_micros(rng.u64(0..1500))).await;
        }
        Ok(())
    }
}

struct RecordingExporter {
    seen: Arc<Mutex<Vec<u64>>>,
    rng: Rng,
}

#[async_trait]
impl Exporter for RecordingExporter {
    async fn run(mut self: Box<Self>, mut inbox: Inbox) -> Result<(), StageError> {
        while let Some(delivery) = inbox.recv().await {
            sleep(Duration::from_micros(self.rng.u64(0..1500))).await;
            self.seen
                .lock()
                .unwrap()
                .extend(delivery.records().map(seq));
            delivery.absorbed();
        }
        Ok(())
    }
}

/// A run with one permanent pipeline, and a second one that is added and removed.
struct SteadyRun {
    rng: Rng,
    next: Arc<AtomicU64>,
    seen: Arc<Mutex<Vec<u64>>>,
}

impl SteadyRun {
    fn new(seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            next: Arc::default(),
            seen: Arc::default(),
        }
    }

    async fn run(mut self, seed: u64) {
        let ledger = Ledger::default();
        let shutdown = Shutdown::new();
        let running = RunningTopology::start(
            self.topology(),
            &Handle::current(),
            &ledger,
            shutdown.clone(),
        );
        let control = running.control();
        let running = tokio::spawn(running.ended());
        for _ in 0..self.rng.usize(1..12) {
            sleep(Duration::from_micros(self.rng.u64(0..6000))).await;
            control.reload(self.topology()).await.unwrap();
            let report = ledger.report();
            assert!(
                report.balanced,
                "seed {seed}\n{report}\n{}",
                report.to_json()
            );
        }
        shutdown.request();
        running.await.unwrap().unwrap();
        let report = ledger.report();
        assert!(
            report.balanced && report.in_flight() == 0,
            "seed {seed}\n{report}"
        );
        let dropped = report.stages.iter().flat_map(|row| &row.dropped).count();
        assert_eq!(dropped, 0, "seed {seed}\n{report}");
        let mut seen = self.seen.lock().unwrap().clone();
        seen.sort_unstable();
        let all: Vec<_> = (0..self.next.load(Ordering::Relaxed)).collect();
        assert!(
            seen == all,
            "seed {seed}: {} of {} arrived\n{report}",
            seen.len(),
            all.len()
        );
    }

    fn topology(&mut self) -> Topology {
        let seen = Arc::clone(&self.seen);
        let receiver = Box::new(SequenceReceiver {
            next: Arc::clone(&self.next),
            rng: self.rng.fork(),
        });
        let receivers = vec![ReceiverNode {
            stage: StageId::receiver("r"),
            fingerprint: self.version(4),
            receiver,
            requests: Default::default(),
        }];
        let exporters = vec![
            self.exporter("e", seen),
            self.exporter("other", Arc::default()),
        ];
        let ends = if self.rng.bool() { vec![0] } else { vec![0, 1] };
        let mut pipelines = vec![self.pipeline("p", ends)];
        if self.rng.bool() {
            pipelines.push(self.pipeline("q", vec![1]));
        }
        Topology {
            receivers,
            exporters,
            pipelines,
            grace: Duration::from_secs(60),
        }
    }

    /// A random fingerprint, one of `count`.
    fn version(&mut self, count: u8) -> String {
        self.rng.u8(0..count).to_string()
    }

    fn exporter(&mut self, name: &str, seen: Arc<Mutex<Vec<u64>>>) -> ExporterNode {
        let exporter = Box::new(RecordingExporter {
            seen,
            rng: self.rng.fork(),
        });
        let stage = StageId::exporter(name);
        ExporterNode {
            health: HealthRegistry::default().stage(&stage),
            stage,
            fingerprint: self.version(2),
            exclusive: Vec::new(),
            exporter,
            wants: Kinds::ALL,
            queue: self.queue(),
        }
    }

    fn pipeline(&mut self, name: &str, exporters: Vec<usize>) -> PipelineNode {
        let mut names = vec!["a", "b", "c", "d"];
        self.rng.shuffle(&mut names);
        names.truncate(self.rng.usize(0..=4));
        let processors = names.into_iter().map(|name| self.processor(name)).collect();
        PipelineNode {
            name: name.to_owned(),
            receivers: vec![0],
            processors,
            exporters,
        }
    }

    fn processor(&mut self, name: &str) -> ProcessorNode {
        ProcessorNode {
            stage: StageId::processor(name),
            fingerprint: self.version(2),
            processor: Box::new(PerRecord(|_: &mut Record| Outcome::Keep)),
            queue: (self.rng.u8(0..3) == 0).then(|| self.queue()),
            requests: Default::default(),
        }
    }

    fn queue(&mut self) -> Limits {
        Limits {
            records: [3, 30][self.rng.usize(0..2)],
            bytes: 1 << 20,
            when_full: WhenFull::Block,
            ..Limits::DEFAULT
        }
    }
}
