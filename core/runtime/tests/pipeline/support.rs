//! Scripted stages, and a builder for topologies of them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tidegate_model::record::Frame;
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Kinds, Outcome, Record};
use tidegate_runtime::edge::Inbox;
use tidegate_runtime::health::HealthRegistry;
use tidegate_runtime::ledger::{Ledger, Report, StageReport};
use tidegate_runtime::limits::{Limits, WhenFull};
use tidegate_runtime::outbox::Outbox;
use tidegate_runtime::pipeline::{
    ExporterNode, PipelineNode, ProcessorNode, ReceiverNode, ReloadHandle, RunError,
    RunningTopology, Topology, TopologyChange,
};
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Exporter, OutputClosed, Processor, Receiver, StageError};
use tidegate_runtime::stage_id::StageId;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// One step of a scripted receiver.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ReceiverStep {
    /// Sends a batch of this many frames, with consecutive numbers.
    Send(u64),
    /// Sends a frame that reports this many lost events.
    Lost(u64),
    /// Counts this many records as dropped.
    Drop(u64),
    /// Waits until shutdown is requested.
    UntilShutdown,
    /// Returns an error.
    Fail,
    /// Panics.
    Panic,
}

/// A receiver that executes steps and ends.
pub(crate) struct ScriptedReceiver {
    pub(crate) steps: Vec<ReceiverStep>,
    pub(crate) is_auxiliary: bool,
    pub(crate) events: EventLog,
}

/// The events of a run, in order.
pub(crate) type EventLog = Arc<Mutex<Vec<String>>>;

pub(crate) fn log_event(events: &EventLog, event: &str) {
    events.lock().unwrap().push(event.to_owned());
}

#[async_trait]
impl Receiver for ScriptedReceiver {
    async fn run(self: Box<Self>, out: Outbox, shutdown: Shutdown) -> Result<(), StageError> {
        let mut seq = 0;
        for step in self.steps {
            match step {
                ReceiverStep::Send(n) => {
                    let mut batch = out.batch();
                    (0..n).for_each(|_| batch.push(frame(&mut seq, 0)));
                    out.send(batch).await;
                }
                ReceiverStep::Lost(n) => {
                    let mut batch = out.batch();
                    batch.push(frame(&mut seq, n));
                    out.send(batch).await;
                }
                ReceiverStep::Drop(n) => out.dropped("unreadable", n),
                ReceiverStep::UntilShutdown => shutdown.requested().await,
                ReceiverStep::Fail => return Err("the receiver fails".into()),
                ReceiverStep::Panic => panic!("the receiver panics"),
            }
        }
        log_event(&self.events, "receiver ended");
        Ok(())
    }

    fn is_auxiliary(&self) -> bool {
        self.is_auxiliary
    }
}

fn frame(seq: &mut u64, lost: u64) -> Record {
    *seq += 1;
    Record::Frame(Frame {
        seq: *seq,
        lost,
        ..Frame::default()
    })
}

/// The number of a frame.
pub(crate) fn seq(record: &Record) -> u64 {
    match record {
        Record::Frame(frame) => frame.seq,
        _ => 0,
    }
}

/// How an exporter behaves and ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ExporterBehavior {
    /// Takes all batches and ends when its inbox does.
    Drains,
    /// Ends without an error after this many batches.
    EndsAfter(usize),
    /// Fails at its first batch.
    Fails,
    /// Panics at its first batch.
    Panics,
    /// Reports at its first batch that its output is closed.
    OutputClosed,
    /// Fails before it takes a batch.
    CannotStart,
    /// Hangs at its first batch.
    Hangs,
    /// Hangs after it sent its first batch to a peer that does not answer.
    HangsAtPeer,
    /// Counts all batches as unconfirmed.
    Unconfirmed,
    /// Takes a millisecond for each batch.
    Slow,
    /// Takes no batch before its end has begun.
    WaitsForItsEnd,
}

/// An exporter that stores the numbers of the frames that it receives.
pub(crate) struct TestExporter {
    pub(crate) kept: Arc<Mutex<Vec<u64>>>,
    /// The exporter takes no batch before it gets a permit.
    pub(crate) gate: Arc<Semaphore>,
    pub(crate) behavior: ExporterBehavior,
    pub(crate) events: EventLog,
}

impl TestExporter {
    async fn begin(&self, inbox: &Inbox) -> Result<(), StageError> {
        match self.behavior {
            ExporterBehavior::CannotStart => return Err("the exporter cannot start".into()),
            ExporterBehavior::WaitsForItsEnd => inbox.ending().await,
            _ => {}
        }
        Ok(())
    }

    fn store<'a>(&self, records: impl Iterator<Item = &'a Record>) {
        self.kept.lock().unwrap().extend(records.map(seq));
    }
}

#[async_trait]
impl Exporter for TestExporter {
    async fn run(self: Box<Self>, mut inbox: Inbox) -> Result<(), StageError> {
        self.begin(&inbox).await?;
        let _open = self.gate.acquire().await?;
        let mut batches = 0;
        while self.behavior != ExporterBehavior::EndsAfter(batches) {
            let Some(mut delivery) = inbox.recv().await else {
                break;
            };
            match self.behavior {
                ExporterBehavior::Fails => {
                    delivery.dropped("refused");
                    return Err("the exporter fails".into());
                }
                ExporterBehavior::OutputClosed => {
                    delivery.dropped("output_closed");
                    return Err(OutputClosed.into());
                }
                ExporterBehavior::Panics => panic!("the exporter panics"),
                ExporterBehavior::Hangs => std::future::pending().await,
                ExporterBehavior::HangsAtPeer => {
                    delivery.ticket().set_at_peer(true);
                    std::future::pending().await
                }
                ExporterBehavior::Unconfirmed => {
                    delivery.into_parts().1.unconfirmed_all();
                    continue;
                }
                ExporterBehavior::Slow => tokio::time::sleep(Duration::from_millis(1)).await,
                ExporterBehavior::Drains
                | ExporterBehavior::EndsAfter(_)
                | ExporterBehavior::WaitsForItsEnd
                | ExporterBehavior::CannotStart => {}
            }
            self.store(delivery.records());
            delivery.absorbed();
            batches += 1;
        }
        log_event(&self.events, "exporter ended");
        Ok(())
    }
}

/// A processor that applies a function to each record.
pub(crate) struct PerRecord<F>(pub(crate) F);

impl<F: FnMut(&mut Record) -> Outcome + Send + 'static> Processor for PerRecord<F> {
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        batch.sift(tally, |record, _| (self.0)(record));
    }
}

/// A builder for a topology, and the frames that its exporters receive.
pub(crate) struct TestTopology {
    pub(crate) topology: Topology,
    pub(crate) kept: Vec<Arc<Mutex<Vec<u64>>>>,
    pub(crate) gate: Arc<Semaphore>,
    pub(crate) events: EventLog,
    pub(crate) shutdown: Shutdown,
    pub(crate) ledger: Ledger,
    pub(crate) health: HealthRegistry,
}

impl TestTopology {
    /// Creates an empty topology whose exporters can start at once.
    pub(crate) fn new() -> Self {
        let topology = Topology {
            receivers: Vec::new(),
            exporters: Vec::new(),
            pipelines: Vec::new(),
            grace: Duration::from_secs(10),
        };
        let gate = Arc::new(Semaphore::new(100));
        Self {
            topology,
            kept: Vec::new(),
            gate,
            events: EventLog::default(),
            shutdown: Shutdown::new(),
            ledger: Ledger::default(),
            health: HealthRegistry::default(),
        }
    }

    /// Creates an empty topology whose exporters wait for a permit of the gate.
    pub(crate) fn gated() -> Self {
        Self {
            gate: Arc::new(Semaphore::new(0)),
            ..Self::new()
        }
    }

    /// One receiver and one exporter in one pipeline, without processors.
    pub(crate) fn line(steps: &[ReceiverStep], queue: Limits) -> Self {
        Self::new().in_line(steps, queue)
    }

    /// The same, with an exporter that waits for a permit of the gate.
    pub(crate) fn gated_line(steps: &[ReceiverStep], queue: Limits) -> Self {
        Self::gated().in_line(steps, queue)
    }

    fn in_line(self, steps: &[ReceiverStep], queue: Limits) -> Self {
        self.receiver(steps)
            .exporter(ExporterBehavior::Drains, queue)
            .pipeline("p", &[0], Vec::new(), &[0])
    }

    pub(crate) fn receiver(self, steps: &[ReceiverStep]) -> Self {
        self.receiver_of(steps, false)
    }

    /// Adds a receiver whose records complete those of others.
    pub(crate) fn auxiliary_receiver(self, steps: &[ReceiverStep]) -> Self {
        self.receiver_of(steps, true)
    }

    fn receiver_of(mut self, steps: &[ReceiverStep], is_auxiliary: bool) -> Self {
        let stage = StageId::receiver(&format!("r{}", self.topology.receivers.len()));
        let receiver = Box::new(ScriptedReceiver {
            steps: steps.to_vec(),
            is_auxiliary,
            events: Arc::clone(&self.events),
        });
        self.topology.receivers.push(ReceiverNode {
            stage,
            fingerprint: String::new(),
            receiver,
            requests: Default::default(),
        });
        self
    }

    pub(crate) fn exporter(self, behavior: ExporterBehavior, queue: Limits) -> Self {
        self.exporter_of(Kinds::ALL, behavior, queue)
    }

    pub(crate) fn exporter_of(
        mut self,
        wants: Kinds,
        behavior: ExporterBehavior,
        queue: Limits,
    ) -> Self {
        let stage = StageId::exporter(&format!("e{}", self.topology.exporters.len()));
        if self.topology.exporters.len() == self.kept.len() {
            self.kept.push(Arc::default());
        }
        let kept = Arc::clone(&self.kept[self.topology.exporters.len()]);
        let health = self.health.stage(&stage);
        let exporter = Box::new(TestExporter {
            kept,
            gate: Arc::clone(&self.gate),
            behavior,
            events: Arc::clone(&self.events),
        });
        self.topology.exporters.push(ExporterNode {
            stage,
            fingerprint: String::new(),
            exclusive: Vec::new(),
            health,
            exporter,
            wants,
            queue,
        });
        self
    }

    /// Changes the fingerprint of an exporter, as a change of its configuration does.
    pub(crate) fn changed_exporter(mut self, at: usize) -> Self {
        self.topology.exporters[at].fingerprint.push('!');
        self
    }

    /// Changes the fingerprint of a receiver.
    pub(crate) fn changed_receiver(mut self, at: usize) -> Self {
        self.topology.receivers[at].fingerprint.push('!');
        self
    }

    /// Adds a pipeline that connects receivers and exporters, given by their indices.
    pub(crate) fn pipeline(
        mut self,
        name: &str,
        receivers: &[usize],
        processors: Vec<ProcessorNode>,
        exporters: &[usize],
    ) -> Self {
        self.topology.pipelines.push(PipelineNode {
            name: name.to_owned(),
            receivers: receivers.to_vec(),
            processors,
            exporters: exporters.to_vec(),
        });
        self
    }

    /// Starts the topology.
    pub(crate) fn start(self) -> Started {
        let Self {
            topology,
            kept,
            gate,
            events,
            shutdown,
            ledger,
            health,
        } = self;
        let running =
            RunningTopology::start(topology, &Handle::current(), &ledger, shutdown.clone());
        let control = running.control();
        Started {
            running: tokio::spawn(running.ended()),
            control,
            kept,
            gate,
            events,
            shutdown,
            ledger,
            health,
        }
    }

    /// Starts the topology and waits until it has ended.
    pub(crate) async fn run(self) -> Ended {
        self.start().ended().await
    }
}

/// A running topology.
pub(crate) struct Started {
    pub(crate) running: JoinHandle<Result<(), RunError>>,
    pub(crate) control: ReloadHandle,
    pub(crate) kept: Vec<Arc<Mutex<Vec<u64>>>>,
    pub(crate) gate: Arc<Semaphore>,
    pub(crate) events: EventLog,
    pub(crate) shutdown: Shutdown,
    pub(crate) ledger: Ledger,
    pub(crate) health: HealthRegistry,
}

impl Started {
    /// Waits a second of paused time, by which all stages are idle, and returns the report.
    pub(crate) async fn a_second_later(&self) -> Report {
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.ledger.report()
    }

    /// Stages with problems, and the problems.
    pub(crate) fn problems(&self) -> Vec<(StageId, String)> {
        self.health.problems().into_iter().collect()
    }

    /// Creates an empty topology for a reload. Its exporters share `kept` with the current ones of
    /// the same index.
    pub(crate) fn next(&self) -> TestTopology {
        TestTopology {
            kept: self.kept.clone(),
            gate: Arc::clone(&self.gate),
            events: Arc::clone(&self.events),
            shutdown: self.shutdown.clone(),
            ledger: self.ledger.clone(),
            health: self.health.clone(),
            ..TestTopology::new()
        }
    }

    /// Reloads to a topology that was created by [`Self::next`].
    pub(crate) async fn reload(&mut self, builder: TestTopology) -> TopologyChange {
        self.kept = builder.kept;
        self.control.reload(builder.topology).await.unwrap()
    }

    pub(crate) async fn ended(self) -> Ended {
        let result = self.running.await.unwrap();
        let kept = self
            .kept
            .iter()
            .map(|kept| kept.lock().unwrap().clone())
            .collect();
        let events = self.events.lock().unwrap().clone();
        Ended {
            result,
            report: self.ledger.report(),
            kept,
            events,
        }
    }
}

/// The result of a run.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) result: Result<(), RunError>,
    pub(crate) report: Report,
    /// Numbers of the frames that each exporter received.
    pub(crate) kept: Vec<Vec<u64>>,
    pub(crate) events: Vec<String>,
}

impl Ended {
    /// The counters of a stage in a pipeline. Asserts that the ledger balances.
    pub(crate) fn counters(&self, pipeline: &str, stage: &str) -> &StageReport {
        assert!(
            self.report.balanced && self.report.in_flight() == 0,
            "{}",
            self.report
        );
        let mut stages = self.report.stages.iter();
        stages
            .find(|row| row.pipeline == pipeline && row.stage == stage)
            .unwrap()
    }

    /// The records that a stage of pipeline `p` dropped, by reason.
    pub(crate) fn dropped(&self, stage: &str) -> Vec<(&'static str, u64)> {
        self.counters("p", stage)
            .dropped
            .iter()
            .map(|(reason, n)| (*reason, *n))
            .collect()
    }

    /// The error of the run, or `ok`.
    pub(crate) fn result_text(&self) -> String {
        self.result
            .as_ref()
            .map_or_else(ToString::to_string, |()| "ok".to_owned())
    }
}

/// A processor in the same task as its predecessor.
pub(crate) fn processor(stage: &str, processor: impl Processor + 'static) -> ProcessorNode {
    ProcessorNode {
        stage: StageId::processor(stage),
        fingerprint: String::new(),
        processor: Box::new(processor),
        queue: None,
        requests: Default::default(),
    }
}

/// Limits with a maximum number of records.
pub(crate) fn records(records: usize, when_full: WhenFull) -> Limits {
    Limits {
        records,
        when_full,
        ..Limits::DEFAULT
    }
}

pub(crate) const ROOMY: Limits = Limits::DEFAULT;
