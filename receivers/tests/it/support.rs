//! Runs a receiver in a pipeline with an exporter that collects the records.

use std::time::Duration;

use async_trait::async_trait;
use tidegate_model::Record;
use tidegate_model::names::Names;
use tidegate_model::record::{Kinds, Lost};
use tidegate_receivers::KINDS;
use tidegate_runtime::component::{BuildContext, BuildError};
use tidegate_runtime::edge::Inbox;
use tidegate_runtime::ledger::{Ledger, Report};
use tidegate_runtime::limits::Limits;
use tidegate_runtime::pipeline::{
    ExporterNode, PipelineNode, ReceiverNode, RunError, RunningTopology, Topology,
};
use tidegate_runtime::requests::Requests;
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Exporter, Receiver, StageError};
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;
use tidegate_wire::payload::{Encoder, Payload};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

/// A record that the exporter got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Received {
    Frame {
        seq: u64,
        payload_type: i32,
        cpu: i32,
        lost: u64,
        data: Vec<u8>,
    },
    Lost(Lost),
    Names(Box<Names>),
}

impl Received {
    pub(crate) fn data(&self) -> &[u8] {
        match self {
            Self::Frame { data, .. } => data,
            other => panic!("{other:?} instead of a frame"),
        }
    }

    pub(crate) fn names(self) -> Names {
        match self {
            Self::Names(names) => *names,
            other => panic!("{other:?} instead of names"),
        }
    }
}

/// A pipeline with the receiver under test.
pub(crate) struct TestPipeline {
    pub(crate) ledger: Ledger,
    pub(crate) telemetry: Telemetry,
    pub(crate) shutdown: Shutdown,
    /// Sends requests to the receiver.
    pub(crate) requester: Requests,
    /// The receiver's end of requests.
    pub(crate) requests: Requests,
    running: RunningTopology,
    received: mpsc::UnboundedReceiver<Received>,
    gate: watch::Sender<bool>,
}

/// A receiver as the agent builds it.
pub(crate) struct Built {
    receiver: Box<dyn Receiver>,
    requests: Requests,
}

/// Parses and builds a receiver from its table.
pub(crate) fn build(kind: &str, table: &str, telemetry: &Telemetry) -> Result<Built, BuildError> {
    let kind = KINDS
        .iter()
        .find(|known| known.name == kind)
        .expect("a kind of this crate");
    let table = toml::de::ValueDeserializer::parse(table).expect("TOML");
    let config = (kind.parse)(table).expect("a configuration");
    let stage = StageId::receiver("under_test");
    let [sends, takes] = [config.sends_requests(), config.takes_requests()];
    let context = BuildContext {
        health: telemetry.health().stage(&stage),
        requests: Requests::new(&stage, sends, takes, telemetry),
        stage,
        node_name: "default/node".to_owned(),
        telemetry: telemetry.clone(),
    };
    let receiver = config.build(&context)?;
    let requests = context.requests;
    Ok(Built { receiver, requests })
}

impl TestPipeline {
    /// Starts a receiver.
    pub(crate) fn start(kind: &str, table: &str) -> Self {
        Self::start_with(kind, table, true)
    }

    /// Starts a receiver whose exporter does not accept records until [`Self::open`].
    pub(crate) fn start_blocked(kind: &str, table: &str) -> Self {
        Self::start_with(kind, table, false)
    }

    fn start_with(kind: &str, table: &str, open: bool) -> Self {
        let telemetry = Telemetry::default();
        let ledger = Ledger::default();
        let shutdown = Shutdown::new();
        let (sender, received) = mpsc::unbounded_channel();
        let (gate, exporter_gate) = watch::channel(open);
        let built = build(kind, table, &telemetry).expect("a valid configuration");
        let requester = Requests::default();
        requester.connect([&built.requests]);
        let requests = built.requests.clone();
        let exporter = Collect {
            sender,
            gate: exporter_gate,
        };
        let topology = topology(built, Box::new(exporter));
        let running =
            RunningTopology::start(topology, &Handle::current(), &ledger, shutdown.clone());
        Self {
            ledger,
            telemetry,
            shutdown,
            requester,
            requests,
            running,
            received,
            gate,
        }
    }

    /// Lets the exporter accept records.
    pub(crate) fn open(&self) {
        self.gate.send_replace(true);
    }

    /// Discards all records from now on.
    #[allow(dead_code, reason = "the test of memory uses it")]
    pub(crate) fn discard(&mut self) {
        self.received.close();
    }

    /// The next record.
    pub(crate) async fn next(&mut self) -> Received {
        self.received.recv().await.expect("another record")
    }

    /// The counts of the receiver.
    pub(crate) fn counts(&self) -> tidegate_runtime::ledger::StageReport {
        self.ledger.report().stages.swap_remove(0)
    }

    /// The value of a metric, with a `reason` label if it has one; 0 if it does not exist.
    pub(crate) fn metric(&self, name: &str, reason: Option<&str>) -> i64 {
        let label = |labels: &[(&str, String)]| {
            labels
                .iter()
                .find(|(name, _)| *name == "reason")
                .map(|(_, v)| v.clone())
        };
        let instruments = self.telemetry.instruments();
        let matching = instruments
            .iter()
            .filter(|one| one.name == name && label(&one.labels).as_deref() == reason);
        matching.map(|one| one.value()).sum()
    }

    /// The sum of a metric over all its series of a resource.
    pub(crate) fn resource_metric(&self, name: &str, resource: &str) -> i64 {
        let instruments = self.telemetry.instruments();
        let is_of_resource = |labels: &[(&str, String)]| {
            labels
                .iter()
                .any(|(name, value)| *name == "resource" && value == resource)
        };
        let matching = instruments
            .iter()
            .filter(|one| one.name == name && is_of_resource(&one.labels));
        matching.map(|one| one.value()).sum()
    }

    /// What the receiver reports as its problem.
    pub(crate) fn health_problem(&self) -> Option<String> {
        let problems = self.telemetry.health().problems();
        problems.into_values().next()
    }

    /// Waits until `condition` holds.
    pub(crate) async fn until(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
        while !condition(self) {
            assert!(
                tokio::time::Instant::now() < deadline,
                "{what}: {}",
                self.ledger.report()
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Waits until the pipeline ends, and checks that every record is accounted for and was
    /// delivered.
    pub(crate) async fn end(self) -> RunResult {
        self.open();
        let Self {
            ledger,
            running,
            mut received,
            ..
        } = self;
        let result = running.ended().await;
        let mut remaining = Vec::new();
        while let Some(record) = received.recv().await {
            remaining.push(record);
        }
        let report = ledger.report();
        assert!(report.balanced && report.in_flight() == 0, "{report}");
        assert_eq!(
            report.stages[0].forwarded, report.stages[1].absorbed,
            "{report}"
        );
        RunResult {
            result,
            received: remaining,
            report,
        }
    }
}

/// One pipeline from the receiver to the exporter.
fn topology(built: Built, exporter: Box<dyn Exporter>) -> Topology {
    Topology {
        receivers: vec![ReceiverNode {
            stage: StageId::receiver("under_test"),
            fingerprint: String::new(),
            receiver: built.receiver,
            requests: built.requests,
        }],
        exporters: vec![ExporterNode {
            fingerprint: String::new(),
            exclusive: Vec::new(),
            stage: StageId::exporter("collect"),
            health: Default::default(),
            exporter,
            wants: Kinds::ALL,
            queue: Limits {
                records: 1,
                ..Limits::DEFAULT
            },
        }],
        pipelines: vec![PipelineNode {
            name: "flows".to_owned(),
            receivers: vec![0],
            processors: Vec::new(),
            exporters: vec![0],
        }],
        grace: Duration::from_secs(60),
    }
}

/// The outcome of a run.
pub(crate) struct RunResult {
    pub(crate) result: Result<(), RunError>,
    /// The records after the last [`TestPipeline::next`].
    pub(crate) received: Vec<Received>,
    pub(crate) report: Report,
}

impl RunResult {
    /// The data of the received frames.
    pub(crate) fn data(&self) -> Vec<&[u8]> {
        self.received.iter().map(Received::data).collect()
    }

    /// The records that the receiver dropped, by reason.
    pub(crate) fn dropped(&self) -> Vec<(&'static str, u64)> {
        self.report.stages[0]
            .dropped
            .iter()
            .map(|(reason, n)| (*reason, *n))
            .collect()
    }

    /// The failure with its causes, as the agent reports it; empty if there is none.
    pub(crate) fn error(&self) -> String {
        let Err(failure) = &self.result else {
            return String::new();
        };
        let mut text = failure.to_string();
        let mut cause = std::error::Error::source(failure);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}

struct Collect {
    sender: mpsc::UnboundedSender<Received>,
    gate: watch::Receiver<bool>,
}

#[async_trait]
impl Exporter for Collect {
    async fn run(mut self: Box<Self>, mut inbox: Inbox) -> Result<(), StageError> {
        while let Some(delivery) = inbox.recv().await {
            self.gate.wait_for(|open| *open).await?;
            for record in delivery.records() {
                if self.sender.is_closed() {
                    break;
                }
                let _ = self.sender.send(received(record, delivery.bytes()));
            }
            delivery.absorbed();
        }
        Ok(())
    }
}

fn received(record: &Record, bytes: &[u8]) -> Received {
    match record {
        Record::Frame(frame) => Received::Frame {
            seq: frame.seq,
            payload_type: frame.payload_type,
            cpu: frame.cpu,
            lost: frame.lost,
            data: frame.data.of(bytes).to_vec(),
        },
        Record::Lost(lost) => Received::Lost(*lost),
        Record::Names(names) => Received::Names(names.clone()),
        other => panic!("{other:?} from a receiver"),
    }
}

/// A stream of events with these data.
pub(crate) fn stream(events: &[&[u8]]) -> Vec<u8> {
    let payloads = events.iter().map(|data| Payload {
        data,
        cpu: 1,
        lost: 0,
        kind: Payload::EVENT_SAMPLE,
    });
    encode(payloads)
}

/// A stream of these payloads.
pub(crate) fn encode<'a>(payloads: impl IntoIterator<Item = Payload<'a>>) -> Vec<u8> {
    let mut encoder = Encoder::default();
    let mut out = Vec::new();
    payloads
        .into_iter()
        .for_each(|payload| encoder.encode(&payload, &mut out));
    out
}
