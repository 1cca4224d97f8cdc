//! Stages that do as they are told, and a builder for topologies of them.

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

/// What a receiver does next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// Sends a batch of so many frames, numbered on.
    Send(u64),
    /// Sends a frame that reports so many lost events.
    Lost(u64),
    /// Enters so many records as unusable.
    Drop(u64),
    /// Waits for the wish to stop.
    UntilStop,
    /// Returns an error.
    Fail,
    /// Panics.
    Panic,
}

/// A receiver that follows a script, then ends.
pub(crate) struct Script {
    pub(crate) steps: Vec<Step>,
    pub(crate) diary: Diary,
}

/// What happened in a run, in order.
pub(crate) type Diary = Arc<Mutex<Vec<String>>>;

pub(crate) fn note(diary: &Diary, what: &str) {
    diary.lock().unwrap().push(what.to_owned());
}

#[async_trait]
impl Receiver for Script {
    async fn run(self: Box<Self>, out: Outbox, shutdown: Shutdown) -> Result<(), StageError> {
        let mut seq = 0;
        for step in self.steps {
            match step {
                Step::Send(n) => {
                    let mut batch = out.batch();
                    (0..n).for_each(|_| batch.push(frame(&mut seq, 0)));
                    out.send(batch).await;
                }
                Step::Lost(n) => {
                    let mut batch = out.batch();
                    batch.push(frame(&mut seq, n));
                    out.send(batch).await;
                }
                Step::Drop(n) => out.dropped("unreadable", n),
                Step::UntilStop => shutdown.requested().await,
                Step::Fail => return Err("the receiver fails".into()),
                Step::Panic => panic!("the receiver panics"),
            }
        }
        note(&self.diary, "receiver ended");
        Ok(())
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

/// How an exporter ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Manner {
    /// When its inbox ends.
    Drained,
    /// Well, after so many batches.
    After(usize),
    /// With an error, holding its first batch.
    Fails,
    /// In a panic, holding its first batch.
    Panics,
    /// As one whose output nobody reads any more, at its first batch.
    Closed,
    /// With an error, before it takes anything.
    CannotStart,
    /// Never, holding its first batch.
    Hangs,
    /// Never, with its first batch in the hands of a peer that does not answer.
    HangsAtPeer,
    /// When its inbox ends, and no batch was answered for.
    Unanswered,
    /// When its inbox ends, a millisecond for each batch.
    Slowly,
}

/// An exporter that keeps the numbers of the frames that it gets.
pub(crate) struct Keep {
    pub(crate) kept: Arc<Mutex<Vec<u64>>>,
    /// It takes nothing before this is open.
    pub(crate) gate: Arc<Semaphore>,
    pub(crate) manner: Manner,
    pub(crate) diary: Diary,
}

#[async_trait]
impl Exporter for Keep {
    async fn run(self: Box<Self>, mut inbox: Inbox) -> Result<(), StageError> {
        if self.manner == Manner::CannotStart {
            return Err("the exporter cannot start".into());
        }
        let _open = self.gate.acquire().await?;
        let mut batches = 0;
        while self.manner != Manner::After(batches) {
            let Some(mut delivery) = inbox.recv().await else {
                break;
            };
            match self.manner {
                Manner::Fails => {
                    delivery.dropped("refused");
                    return Err("the exporter fails".into());
                }
                Manner::Closed => {
                    delivery.dropped("output_closed");
                    return Err(OutputClosed.into());
                }
                Manner::Panics => panic!("the exporter panics"),
                Manner::Hangs => std::future::pending().await,
                Manner::HangsAtPeer => {
                    delivery.ticket().set_at_peer(true);
                    std::future::pending().await
                }
                Manner::Unanswered => {
                    delivery.into_parts().1.unconfirmed_all();
                    continue;
                }
                Manner::Slowly => tokio::time::sleep(Duration::from_millis(1)).await,
                Manner::Drained | Manner::After(_) | Manner::CannotStart => {}
            }
            self.kept
                .lock()
                .unwrap()
                .extend(delivery.records().map(seq));
            delivery.absorbed();
            batches += 1;
        }
        note(&self.diary, "exporter ended");
        Ok(())
    }
}

/// A processor that judges each record.
pub(crate) struct Judge<F>(pub(crate) F);

impl<F: FnMut(&mut Record) -> Outcome + Send + 'static> Processor for Judge<F> {
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        batch.sift(tally, |record, _| (self.0)(record));
    }
}

/// A topology in the making, with what its exporters keep.
pub(crate) struct Lab {
    pub(crate) topology: Topology,
    pub(crate) kept: Vec<Arc<Mutex<Vec<u64>>>>,
    pub(crate) gate: Arc<Semaphore>,
    pub(crate) diary: Diary,
    pub(crate) shutdown: Shutdown,
    pub(crate) ledger: Ledger,
    pub(crate) health: HealthRegistry,
}

impl Lab {
    /// Nothing yet; the gate of the exporters is open.
    pub(crate) fn new() -> Self {
        let topology = Topology {
            receivers: Vec::new(),
            exporters: Vec::new(),
            pipelines: Vec::new(),
            grace: Duration::from_secs(10),
        };
        let gate = Arc::new(Semaphore::new(100));
        let (diary, shutdown, ledger) = (Diary::default(), Shutdown::new(), Ledger::default());
        Self {
            topology,
            kept: Vec::new(),
            gate,
            diary,
            shutdown,
            ledger,
            health: HealthRegistry::default(),
        }
    }

    /// Nothing yet; the exporters take nothing before the gate gets a permit.
    pub(crate) fn held() -> Self {
        Self {
            gate: Arc::new(Semaphore::new(0)),
            ..Self::new()
        }
    }

    /// One receiver and one exporter in one pipeline, without processors.
    pub(crate) fn line(steps: &[Step], queue: Limits) -> Self {
        Self::new().in_line(steps, queue)
    }

    /// The same, with an exporter that takes nothing yet.
    pub(crate) fn held_line(steps: &[Step], queue: Limits) -> Self {
        Self::held().in_line(steps, queue)
    }

    fn in_line(self, steps: &[Step], queue: Limits) -> Self {
        self.receiver(steps)
            .exporter(Manner::Drained, queue)
            .pipeline("p", &[0], Vec::new(), &[0])
    }

    pub(crate) fn receiver(mut self, steps: &[Step]) -> Self {
        let stage = StageId::receiver(&format!("r{}", self.topology.receivers.len()));
        let receiver = Box::new(Script {
            steps: steps.to_vec(),
            diary: Arc::clone(&self.diary),
        });
        self.topology.receivers.push(ReceiverNode {
            stage,
            fingerprint: String::new(),
            receiver,
        });
        self
    }

    pub(crate) fn exporter(self, manner: Manner, queue: Limits) -> Self {
        self.exporter_of(Kinds::ALL, manner, queue)
    }

    pub(crate) fn exporter_of(mut self, wants: Kinds, manner: Manner, queue: Limits) -> Self {
        let stage = StageId::exporter(&format!("e{}", self.topology.exporters.len()));
        if self.topology.exporters.len() == self.kept.len() {
            self.kept.push(Arc::default());
        }
        let kept = Arc::clone(&self.kept[self.topology.exporters.len()]);
        let health = self.health.stage(&stage);
        let exporter = Box::new(Keep {
            kept,
            gate: Arc::clone(&self.gate),
            manner,
            diary: Arc::clone(&self.diary),
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

    /// Gives the exporter of that number another fingerprint, as if its configuration had been
    /// changed.
    pub(crate) fn changed_exporter(mut self, at: usize) -> Self {
        self.topology.exporters[at].fingerprint.push('!');
        self
    }

    /// The same for a receiver.
    pub(crate) fn changed_receiver(mut self, at: usize) -> Self {
        self.topology.receivers[at].fingerprint.push('!');
        self
    }

    /// Joins receivers and exporters by their numbers.
    pub(crate) fn pipeline(
        mut self,
        name: &str,
        receivers: &[usize],
        processors: Vec<ProcessorNode>,
        exporters: &[usize],
    ) -> Self {
        let (receivers, exporters) = (receivers.to_vec(), exporters.to_vec());
        self.topology.pipelines.push(PipelineNode {
            name: name.to_owned(),
            receivers,
            processors,
            exporters,
        });
        self
    }

    /// Starts everything.
    pub(crate) fn start(self) -> Started {
        let Self {
            topology,
            kept,
            gate,
            diary,
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
            diary,
            shutdown,
            ledger,
            health,
        }
    }

    /// Starts everything and waits until it has ended.
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
    pub(crate) diary: Diary,
    pub(crate) shutdown: Shutdown,
    pub(crate) ledger: Ledger,
    pub(crate) health: HealthRegistry,
}

impl Started {
    /// Lets every stage do what it can, then lets a second pass.
    pub(crate) async fn a_second_later(&self) -> Report {
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.ledger.report()
    }

    /// Stages that are not well, and why.
    pub(crate) fn problems(&self) -> Vec<(StageId, String)> {
        self.health.problems().into_iter().collect()
    }

    /// A topology for a reload, whose exporters keep records where those of the same number did.
    pub(crate) fn next(&self) -> Lab {
        let (kept, gate, diary) = (
            self.kept.clone(),
            Arc::clone(&self.gate),
            Arc::clone(&self.diary),
        );
        let (shutdown, ledger, health) = (
            self.shutdown.clone(),
            self.ledger.clone(),
            self.health.clone(),
        );
        Lab {
            kept,
            gate,
            diary,
            shutdown,
            ledger,
            health,
            ..Lab::new()
        }
    }

    /// Has it become another topology, made by [`Self::next`].
    pub(crate) async fn reload(&mut self, lab: Lab) -> TopologyChange {
        self.kept = lab.kept;
        self.control.reload(lab.topology).await.unwrap()
    }

    pub(crate) async fn ended(self) -> Ended {
        let result = self.running.await.unwrap();
        let kept = self
            .kept
            .iter()
            .map(|kept| kept.lock().unwrap().clone())
            .collect();
        let diary = self.diary.lock().unwrap().clone();
        Ended {
            result,
            report: self.ledger.report(),
            kept,
            diary,
        }
    }
}

/// What is left of a topology.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) result: Result<(), RunError>,
    pub(crate) report: Report,
    /// Numbers of the frames that each exporter kept.
    pub(crate) kept: Vec<Vec<u64>>,
    pub(crate) diary: Vec<String>,
}

impl Ended {
    /// The books of a stage in a pipeline. They have to balance.
    pub(crate) fn books(&self, pipeline: &str, stage: &str) -> &StageReport {
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

    /// What a stage of the pipeline `p` dropped: reason and count.
    pub(crate) fn dropped(&self, stage: &str) -> Vec<(&'static str, u64)> {
        self.books("p", stage)
            .dropped
            .iter()
            .map(|(reason, n)| (*reason, *n))
            .collect()
    }

    /// What the run ended with, in words.
    pub(crate) fn verdict(&self) -> String {
        self.result
            .as_ref()
            .map_or_else(ToString::to_string, |()| "well".to_owned())
    }
}

/// A processor under a name, in the task of the one before it.
pub(crate) fn processor(stage: &str, processor: impl Processor + 'static) -> ProcessorNode {
    ProcessorNode {
        stage: StageId::processor(stage),
        fingerprint: String::new(),
        processor: Box::new(processor),
        queue: None,
    }
}

/// Limits of so many records.
pub(crate) fn records(records: usize, when_full: WhenFull) -> Limits {
    Limits {
        records,
        when_full,
        ..Limits::DEFAULT
    }
}

pub(crate) const ROOMY: Limits = Limits::DEFAULT;
