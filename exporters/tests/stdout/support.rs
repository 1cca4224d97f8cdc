//! A pipeline of one receiver, which sends what it is given and then waits to be stopped, and the stdout
//! exporter.

use std::io::Write;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tidegate_core::edge::Limits;
use tidegate_core::ledger::{Ledger, StageReport};
use tidegate_core::pipeline::{ExporterNode, Failure, PipelineNode, ReceiverNode, Running, Topology};
use tidegate_core::record::{Lost, LostSource};
use tidegate_core::stage::{Outbox, Receiver, StageError, Stop};
use tidegate_core::{Batch, Kind, Kinds, Record, Timestamp};
use tidegate_exporters::stdout::{Exporter, Lines};
use tokio::runtime::Handle;
use tokio::sync::Notify;

/// Losses of `n` events each.
pub(crate) fn losses(counts: RangeInclusive<u64>) -> Batch {
    let mut batch = Batch::new();
    for count in counts {
        let (time, source) = (Timestamp::default(), LostSource::PerfEventRingBuffer);
        batch.push(Record::Lost(Lost { time, source, count, cpu: Some(0), span: None }));
    }
    batch
}

struct Script {
    batches: Vec<Batch>,
    sent: Arc<Notify>,
}

#[async_trait]
impl Receiver for Script {
    async fn run(self: Box<Self>, out: Outbox, stop: Stop) -> Result<(), StageError> {
        for batch in self.batches {
            out.send(batch).await;
        }
        self.sent.notify_one();
        stop.requested().await;
        Ok(())
    }
}

/// A run that has not ended.
pub(crate) struct Run {
    running: Running,
    ledger: Ledger,
    stop: Stop,
    sent: Arc<Notify>,
}

/// How a run ended, and the exporter's books.
pub(crate) struct Ended {
    pub(crate) ended: Result<(), Failure>,
    pub(crate) books: StageReport,
    pub(crate) balanced: bool,
}

/// Starts a run that has `batches` written to `output`.
pub(crate) fn start(output: impl Write + Send + 'static, batches: Vec<Batch>) -> Run {
    let (ledger, stop, sent) = (Ledger::default(), Stop::new(), Arc::new(Notify::new()));
    let topology = Topology {
        receivers: vec![ReceiverNode {
            fingerprint: String::new(),
            stage: "receivers.script".to_owned(),
            receiver: Box::new(Script { batches, sent: Arc::clone(&sent) }),
        }],
        exporters: vec![ExporterNode {
            fingerprint: String::new(),
            holds: Vec::new(),
            stage: "exporters.stdout".to_owned(),
            health: Default::default(),
            exporter: Box::new(Exporter::to(output, Lines::compact(false))),
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
    let running = topology.start(&Handle::current(), &ledger, stop.clone());
    Run { running, ledger, stop, sent }
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

    /// Stops the receiver and waits for the end.
    pub(crate) async fn end(self) -> Ended {
        self.stop.request();
        self.ended().await
    }

    /// Waits until the run ends by itself.
    pub(crate) async fn ended(self) -> Ended {
        let ended = self.running.ended().await;
        let report = self.ledger.report();
        let books = report.stages.iter().find(|stage| stage.stage == "exporters.stdout").cloned().unwrap();
        Ended { ended, books, balanced: report.balanced }
    }
}
