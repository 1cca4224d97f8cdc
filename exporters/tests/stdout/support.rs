//! A pipeline of one receiver, which sends what it is given and then waits to be stopped, and the
//! stdout exporter.

use std::fs::File;
use std::io::Write;
use std::ops::RangeInclusive;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tidegate_exporters::stdout::{Exporter, LineFormatter, WriteTimeouts};
use tidegate_model::record::{Lost, LostSource};
use tidegate_model::{Batch, Kind, Kinds, Record, Timestamp};
use tidegate_runtime::health::{Health, HealthRegistry, HealthState};
use tidegate_runtime::ledger::{Ledger, StageReport};
use tidegate_runtime::limits::Limits;
use tidegate_runtime::outbox::Outbox;
use tidegate_runtime::pipeline::{
    ExporterNode, Failure, PipelineNode, ReceiverNode, Running, Topology,
};
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Receiver, StageError};
use tidegate_runtime::stage_id::StageId;
use tokio::runtime::Handle;
use tokio::sync::Notify;

/// Losses of `n` events each.
pub(crate) fn losses(counts: RangeInclusive<u64>) -> Batch {
    let mut batch = Batch::new();
    for count in counts {
        let (time, source) = (Timestamp::default(), LostSource::PerfEventRingBuffer);
        batch.push(Record::Lost(Lost {
            time,
            source,
            count,
            cpu: Some(0),
            span: None,
        }));
    }
    batch
}

struct Script {
    batches: Vec<Batch>,
    sent: Arc<Notify>,
}

#[async_trait]
impl Receiver for Script {
    async fn run(self: Box<Self>, out: Outbox, shutdown: Shutdown) -> Result<(), StageError> {
        for batch in self.batches {
            out.send(batch).await;
        }
        self.sent.notify_one();
        shutdown.requested().await;
        Ok(())
    }
}

/// A run that has not ended.
pub(crate) struct Run {
    running: Running,
    ledger: Ledger,
    shutdown: Shutdown,
    sent: Arc<Notify>,
    health: Health,
}

/// Never gives up, and tries again as quickly as a test can want it to.
pub(crate) const PATIENT: WriteTimeouts = WriteTimeouts {
    give_up_after: Duration::from_secs(3600),
    first_delay: Duration::from_millis(1),
    max_delay: Duration::from_millis(1),
    stall: Duration::from_millis(20),
};

/// How a run ended, and the exporter's books.
pub(crate) struct Ended {
    pub(crate) ended: Result<(), Failure>,
    pub(crate) books: StageReport,
    pub(crate) balanced: bool,
}

/// Starts a run that has `batches` written to `output`.
pub(crate) fn start(output: impl Write + Send + 'static, batches: Vec<Batch>) -> Run {
    start_exporter(
        Exporter::to_writer(output, LineFormatter::compact(false)),
        PATIENT,
        batches,
    )
}

/// Starts a run that has `batches` written to a file, pipe or device.
pub(crate) fn start_file(file: impl Into<OwnedFd>, batches: Vec<Batch>) -> Run {
    let exporter =
        Exporter::to_file(File::from(file.into()), LineFormatter::compact(false)).unwrap();
    start_exporter(exporter, PATIENT, batches)
}

/// Starts a run of an exporter at its own pace.
pub(crate) fn start_exporter(exporter: Exporter, pace: WriteTimeouts, batches: Vec<Batch>) -> Run {
    let (ledger, shutdown, sent) = (Ledger::default(), Shutdown::new(), Arc::new(Notify::new()));
    let health = HealthRegistry::default().stage(&StageId::exporter("stdout"));
    let exporter = exporter.with(health.clone(), pace);
    let topology = Topology {
        receivers: vec![ReceiverNode {
            fingerprint: String::new(),
            stage: StageId::receiver("script"),
            receiver: Box::new(Script {
                batches,
                sent: Arc::clone(&sent),
            }),
        }],
        exporters: vec![ExporterNode {
            fingerprint: String::new(),
            holds: Vec::new(),
            stage: StageId::exporter("stdout"),
            health: health.clone(),
            exporter: Box::new(exporter),
            wants: Kinds::of(&[Kind::Flow, Kind::Lost]),
            queue: Limits::DEFAULT,
        }],
        pipelines: vec![PipelineNode {
            name: "flows".to_owned(),
            receivers: vec![0],
            processors: Vec::new(),
            exporters: vec![0],
        }],
        grace: Duration::from_secs(60),
    };
    let running = Running::start(topology, &Handle::current(), &ledger, shutdown.clone());
    Run {
        running,
        ledger,
        shutdown,
        sent,
        health,
    }
}

/// A run from start to end.
pub(crate) async fn run(output: impl Write + Send + 'static, batches: Vec<Batch>) -> Ended {
    let run = start(output, batches);
    run.sent().await;
    run.end().await
}

impl Run {
    /// Waits until all batches are in the exporter's inbox.
    pub(crate) async fn sent(&self) {
        self.sent.notified().await;
    }

    /// Waits until something is wrong with the exporter, and yields what.
    pub(crate) async fn problem(&self) -> String {
        loop {
            match self.health.now().problem() {
                Some(problem) => return problem.to_owned(),
                None => tokio::task::yield_now().await,
            }
        }
    }

    /// Waits until nothing is wrong with it.
    pub(crate) async fn well(&self) {
        while self.health.now() != HealthState::Well {
            tokio::task::yield_now().await;
        }
    }

    /// Stops the receiver and waits for the end.
    pub(crate) async fn end(self) -> Ended {
        self.shutdown.request();
        self.ended().await
    }

    /// Ends at once, whatever is under way.
    pub(crate) async fn end_at_once(self) -> Ended {
        self.shutdown.force();
        self.ended().await
    }

    /// Waits until the run ends by itself.
    pub(crate) async fn ended(self) -> Ended {
        let ended = self.running.ended().await;
        let report = self.ledger.report();
        let books = report
            .stages
            .iter()
            .find(|stage| stage.stage == "exporters.stdout")
            .cloned()
            .unwrap();
        Ended {
            ended,
            books,
            balanced: report.balanced,
        }
    }
}
