//! An `otlp` exporter in a real topology, fed by the test.

use std::time::Duration;

use async_trait::async_trait;
use tidegate_exporters::otlp;
use tidegate_model::flow::{Flow, FlowType, Verdict, message_type};
use tidegate_model::{Record, Timestamp};
use tidegate_runtime::component::BuildContext;
use tidegate_runtime::health::HealthRegistry;
use tidegate_runtime::ledger::{Ledger, Report, StageReport};
use tidegate_runtime::limits::{Limits, WhenFull};
use tidegate_runtime::outbox::Outbox;
use tidegate_runtime::pipeline::{
    ExporterNode, Failure, PipelineNode, ReceiverNode, Running, Topology,
};
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Receiver, StageError};
use tidegate_runtime::telemetry::Telemetry;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use toml::de::ValueDeserializer;

/// Waits between attempts that a test need not wait for.
pub(crate) const QUICK: &str =
    "retry_on_failure = { initial_interval = \"1ms\", max_interval = \"1ms\" }";
/// Sends every record by itself, one after another.
pub(crate) const ONE_BY_ONE: &str = "batch = { max_records = 1 }, in_flight = 1";

/// Hands on what the test sends, until the test ends or a stop is requested.
struct Feed(mpsc::Receiver<Vec<Record>>);

#[async_trait]
impl Receiver for Feed {
    async fn run(mut self: Box<Self>, out: Outbox, shutdown: Shutdown) -> Result<(), StageError> {
        loop {
            let records = tokio::select! {
                records = self.0.recv() => records,
                () = shutdown.requested() => None,
            };
            let Some(records) = records else {
                return Ok(());
            };
            let mut batch = out.batch();
            records.into_iter().for_each(|record| batch.push(record));
            out.send(batch).await;
        }
    }
}

/// The running topology.
pub(crate) struct Rig {
    feed: mpsc::Sender<Vec<Record>>,
    running: Running,
    ledger: Ledger,
    shutdown: Shutdown,
    telemetry: Telemetry,
    health: HealthRegistry,
}

/// How to make one.
pub(crate) struct Setup {
    pub(crate) endpoint: String,
    pub(crate) config: String,
    pub(crate) queue: Limits,
    pub(crate) grace: Duration,
}

impl Setup {
    /// `config` is the inside of the exporter's table.
    pub(crate) fn new(endpoint: &str, config: &[&str]) -> Self {
        let queue = Limits {
            when_full: WhenFull::DropNewest,
            ..Limits::DEFAULT
        };
        Self {
            endpoint: endpoint.to_owned(),
            config: config.join(", "),
            queue,
            grace: Duration::from_secs(60),
        }
    }

    pub(crate) fn start(self) -> Rig {
        let table = format!("{{ endpoint = \"{}\", {} }}", self.endpoint, self.config);
        let config = (otlp::KIND.parse)(ValueDeserializer::parse(&table).unwrap()).unwrap();
        let telemetry = Telemetry::default();
        let health = HealthRegistry::default();
        let context = BuildContext {
            stage: "exporters.otlp".to_owned(),
            node_name: "default/node-a".to_owned(),
            telemetry: telemetry.clone(),
            health: health.stage("exporters.otlp"),
        };
        let exporter = ExporterNode {
            fingerprint: String::new(),
            holds: Vec::new(),
            stage: context.stage.clone(),
            health: context.health.clone(),
            exporter: config.build(&context).unwrap(),
            wants: config.consumes(),
            queue: self.queue,
        };
        let (feed, records) = mpsc::channel(1);
        let receiver = ReceiverNode {
            stage: "receivers.feed".to_owned(),
            fingerprint: String::new(),
            receiver: Box::new(Feed(records)),
        };
        let pipeline = PipelineNode {
            name: "flows".to_owned(),
            receivers: vec![0],
            processors: Vec::new(),
            exporters: vec![0],
        };
        let topology = Topology {
            receivers: vec![receiver],
            exporters: vec![exporter],
            pipelines: vec![pipeline],
            grace: self.grace,
        };
        let (ledger, shutdown) = (Ledger::default(), Shutdown::new());
        let running = Running::start(topology, &Handle::current(), &ledger, shutdown.clone());
        Rig {
            feed,
            running,
            ledger,
            shutdown,
            telemetry,
            health,
        }
    }
}

impl Rig {
    pub(crate) async fn send(&self, records: Vec<Record>) {
        self.feed.send(records).await.unwrap();
    }

    /// The books of the exporter, which have to balance at any time.
    pub(crate) fn books(&self) -> StageReport {
        books(&self.ledger.report())
    }

    /// The sum of the instruments that have `name` and, somewhere in their labels, `label`.
    pub(crate) fn telemetry(&self, name: &str, label: &str) -> i64 {
        let has_label =
            |labels: &[(&'static str, String)]| labels.iter().any(|(_, value)| value == label);
        let instruments = self.telemetry.instruments();
        let named = instruments
            .iter()
            .filter(|known| known.name == name && has_label(&known.labels));
        named
            .map(tidegate_runtime::telemetry::Instrument::value)
            .sum()
    }

    /// What is wrong with the exporter's stage, if anything is.
    pub(crate) fn problem(&self) -> Option<String> {
        self.health.unwell().into_values().next()
    }

    /// Ends the feed and waits until all is delivered or given up. Every record has to have an
    /// outcome.
    pub(crate) async fn finish(self) -> (StageReport, Ended) {
        drop(self.feed);
        let ended = self.running.ended().await;
        (
            settled(&self.ledger),
            Ended {
                failure: ended.err(),
                telemetry: self.telemetry,
            },
        )
    }

    /// Asks for a stop and waits until the grace period is over.
    pub(crate) async fn stop(self) -> (StageReport, Ended) {
        self.shutdown.request();
        let ended = self.running.ended().await;
        (
            settled(&self.ledger),
            Ended {
                failure: ended.err(),
                telemetry: self.telemetry,
            },
        )
    }
}

/// What is left when a topology has ended.
pub(crate) struct Ended {
    pub(crate) failure: Option<Failure>,
    telemetry: Telemetry,
}

impl Ended {
    /// How often `outcome` was counted under `name`.
    pub(crate) fn count(&self, name: &str, outcome: &str) -> i64 {
        let instruments = self.telemetry.instruments();
        let is_it =
            |(label, value): &(&'static str, String)| *label == "outcome" && value == outcome;
        let found = instruments
            .iter()
            .find(|known| known.name == name && known.labels.iter().any(is_it));
        found
            .map(tidegate_runtime::telemetry::Instrument::value)
            .unwrap()
    }

    /// The value of an instrument without further labels.
    pub(crate) fn value(&self, name: &str) -> i64 {
        self.telemetry
            .instruments()
            .iter()
            .find(|known| known.name == name)
            .unwrap()
            .value()
    }
}

fn settled(ledger: &Ledger) -> StageReport {
    let report = ledger.report();
    assert_eq!(report.in_flight(), 0, "{report}");
    books(&report)
}

fn books(report: &Report) -> StageReport {
    assert!(report.balanced, "{report}");
    report
        .stages
        .iter()
        .find(|stage| stage.stage == "exporters.otlp")
        .unwrap()
        .clone()
}

/// Flows that can be told apart by their time.
pub(crate) fn flows(times: std::ops::RangeInclusive<u64>) -> Vec<Record> {
    let flow = |time| Flow {
        time: Timestamp(time),
        seq: time,
        flow_type: FlowType::L34,
        message_type: message_type::TRACE,
        verdict: Verdict::Forwarded,
        ..Flow::default()
    };
    times.map(|time| Record::Flow(flow(time))).collect()
}
