//! A pipeline of a receiver with given batches and the stdout exporter.

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
    ExporterNode, PipelineNode, ReceiverNode, RunError, RunningTopology, Topology,
};
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Receiver, StageError};
use tidegate_runtime::stage_id::StageId;
use tokio::runtime::Handle;
use tokio::sync::Notify;

/// Returns a report of lost events for each count.
pub(crate) fn losses(counts: RangeInclusive<u64>) -> Batch {
    let mut batch = Batch::new();
    for count in counts {
        batch.push(Record::Lost(Lost {
            time: Timestamp::default(),
            source: LostSource::PerfEventRingBuffer,
            count,
            cpu: Some(0),
            span: None,
        }));
    }
    batch
}

/// A receiver that sends its batches, and then waits for shutdown.
struct BatchReceiver {
    batches: Vec<Batch>,
    sent: Arc<Notify>,
}

#[async_trait]
impl Receiver for BatchReceiver {
    async fn run(self: Box<Self>, out: Outbox, shutdown: Shutdown) -> Result<(), StageError> {
        for batch in self.batches {
            out.send(batch).await;
        }
        self.sent.notify_one();
        shutdown.requested().await;
        Ok(())
    }
}

/// A running pipeline.
pub(crate) struct TestRun {
    running: RunningTopology,
    ledger: Ledger,
    shutdown: Shutdown,
    sent: Arc<Notify>,
    health: Health,
}

/// Retries without limit and almost without delay.
pub(crate) const FAST_RETRIES: WriteTimeouts = WriteTimeouts {
    give_up_after: Duration::from_secs(3600),
    first_delay: Duration::from_millis(1),
    max_delay: Duration::from_millis(1),
    stall: Duration::from_millis(20),
};

/// The result of a run, and the exporter's part of the ledger.
pub(crate) struct RunResult {
    pub(crate) result: Result<(), RunError>,
    pub(crate) stage: StageReport,
    pub(crate) balanced: bool,
}

/// Starts a run that writes `batches` to `output`.
pub(crate) fn start(output: impl Write + Send + 'static, batches: Vec<Batch>) -> TestRun {
    start_exporter(
        Exporter::to_writer(output, LineFormatter::compact(false)),
        FAST_RETRIES,
        batches,
    )
}

/// Starts a run that writes `batches` to a file, pipe or device.
pub(crate) fn start_file(file: impl Into<OwnedFd>, batches: Vec<Batch>) -> TestRun {
    let exporter =
        Exporter::to_file(File::from(file.into()), LineFormatter::compact(false)).unwrap();
    start_exporter(exporter, FAST_RETRIES, batches)
}

/// Starts a run of an exporter with these timeouts.
pub(crate) fn start_exporter(
    exporter: Exporter,
    timeouts: WriteTimeouts,
    batches: Vec<Batch>,
) -> TestRun {
    let ledger = Ledger::default();
    let shutdown = Shutdown::new();
    let sent = Arc::new(Notify::new());
    let health = HealthRegistry::default().stage(&StageId::exporter("stdout"));
    let exporter = exporter.with(health.clone(), timeouts);
    let topology = Topology {
        receivers: vec![ReceiverNode {
            fingerprint: String::new(),
            stage: StageId::receiver("script"),
            receiver: Box::new(BatchReceiver {
                batches,
                sent: Arc::clone(&sent),
            }),
            requests: Default::default(),
        }],
        exporters: vec![ExporterNode {
            fingerprint: String::new(),
            exclusive: Vec::new(),
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
    let running = RunningTopology::start(topology, &Handle::current(), &ledger, shutdown.clone());
    TestRun {
        running,
        ledger,
        shutdown,
        sent,
        health,
    }
}

/// Runs from start to shutdown.
pub(crate) async fn run(output: impl Write + Send + 'static, batches: Vec<Batch>) -> RunResult {
    let run = start(output, batches);
    run.all_sent().await;
    run.shut_down().await
}

impl TestRun {
    /// Waits until all batches are in the exporter's inbox.
    pub(crate) async fn all_sent(&self) {
        self.sent.notified().await;
    }

    /// Waits until the exporter is degraded, and returns the problem.
    pub(crate) async fn degraded(&self) -> String {
        loop {
            match self.health.state().problem() {
                Some(problem) => return problem.to_owned(),
                None => tokio::task::yield_now().await,
            }
        }
    }

    /// Waits until the exporter is healthy.
    pub(crate) async fn healthy(&self) {
        while self.health.state() != HealthState::Healthy {
            tokio::task::yield_now().await;
        }
    }

    /// Shuts down, and waits for the end.
    pub(crate) async fn shut_down(self) -> RunResult {
        self.shutdown.request();
        self.finished().await
    }

    /// Ends the run by force.
    pub(crate) async fn abort(self) -> RunResult {
        self.shutdown.force();
        self.finished().await
    }

    /// Waits for the end of the run.
    pub(crate) async fn finished(self) -> RunResult {
        let result = self.running.ended().await;
        let report = self.ledger.report();
        let stage = report
            .stages
            .iter()
            .find(|stage| stage.stage == "exporters.stdout")
            .cloned()
            .unwrap();
        RunResult {
            result,
            stage,
            balanced: report.balanced,
        }
    }
}
