//! A pipeline of a receiver that the test feeds and an `otlp` exporter.

use std::time::Duration;

use async_trait::async_trait;
use tidegate_exporters::otlp;
use tidegate_model::flow::{Flow, FlowType, Verdict, message_type};
use tidegate_model::{Record, Timestamp};
use tidegate_runtime::component::BuildContext;
use tidegate_runtime::config::RequestQueue;
use tidegate_runtime::health::HealthRegistry;
use tidegate_runtime::ledger::{Ledger, Report, StageReport};
use tidegate_runtime::limits::{Limits, WhenFull};
use tidegate_runtime::outbox::Outbox;
use tidegate_runtime::pipeline::{
    ExporterNode, PipelineNode, ReceiverNode, ReloadHandle, RunError, RunningTopology, Topology,
};
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Receiver, StageError};
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use toml::de::ValueDeserializer;

/// Retries with delays that are short enough for tests.
pub(crate) const FAST_RETRIES: &str =
    "retry_on_failure = { initial_interval = \"1ms\", max_interval = \"1ms\" }";
/// Sends each record in a request of its own, one request after another.
pub(crate) const ONE_RECORD_PER_REQUEST: &str = "batch = { max_records = 1 }, in_flight = 1";

/// Emits the records that the test sends, until it ends or shutdown is requested.
struct TestReceiver(mpsc::Receiver<Vec<Record>>);

#[async_trait]
impl Receiver for TestReceiver {
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

/// A running pipeline.
pub(crate) struct TestPipeline {
    feed: mpsc::Sender<Vec<Record>>,
    running: JoinHandle<Result<(), RunError>>,
    control: ReloadHandle,
    ledger: Ledger,
    shutdown: Shutdown,
    telemetry: Telemetry,
    health: HealthRegistry,
}

/// The configuration of a [`TestPipeline`].
pub(crate) struct PipelineSetup {
    /// Variables of the environment.
    pub(crate) environment: Vec<(&'static str, String)>,
    pub(crate) config: String,
    pub(crate) queue: Limits,
    pub(crate) requests: RequestQueue,
    pub(crate) grace: Duration,
}

impl PipelineSetup {
    /// `config` are entries of the exporter's table.
    pub(crate) fn new(endpoint: &str, config: &[&str]) -> Self {
        let endpoint = format!("endpoint = \"{endpoint}\"");
        Self::without_endpoint(&[&[&*endpoint], config].concat())
    }

    /// As [`Self::new`], without the key `endpoint`.
    pub(crate) fn without_endpoint(config: &[&str]) -> Self {
        let queue = Limits {
            when_full: WhenFull::DropNewest,
            ..Limits::DEFAULT
        };
        Self {
            environment: Vec::new(),
            config: config.join(", "),
            queue,
            requests: RequestQueue::default(),
            grace: Duration::from_secs(60),
        }
    }

    pub(crate) fn start(self) -> TestPipeline {
        let telemetry = Telemetry::default();
        let health = HealthRegistry::default();
        let (feed, records) = mpsc::channel(1);
        let receiver = ReceiverNode {
            stage: StageId::receiver("feed"),
            fingerprint: String::new(),
            receiver: Box::new(TestReceiver(records)),
            requests: Default::default(),
        };
        let pipeline = PipelineNode {
            name: "flows".to_owned(),
            receivers: vec![0],
            processors: Vec::new(),
            exporters: vec![0],
        };
        let topology = Topology {
            receivers: vec![receiver],
            exporters: vec![self.exporter(&telemetry, &health)],
            pipelines: vec![pipeline],
            grace: self.grace,
        };
        let ledger = Ledger::default();
        let shutdown = Shutdown::new();
        let running =
            RunningTopology::start(topology, &Handle::current(), &ledger, shutdown.clone());
        TestPipeline {
            feed,
            control: running.control(),
            running: tokio::spawn(running.ended()),
            ledger,
            shutdown,
            telemetry,
            health,
        }
    }

    fn exporter(&self, telemetry: &Telemetry, health: &HealthRegistry) -> ExporterNode {
        let table = format!("{{ {} }}", self.config);
        let mut config = (otlp::KIND.parse)(ValueDeserializer::parse(&table).unwrap()).unwrap();
        config.use_environment(&|name| {
            let mut variables = self.environment.iter();
            let found = variables.find(|(known, _)| *known == name);
            found.map(|(_, value)| value.clone())
        });
        config.keep_requests(self.requests.clone());
        let context = BuildContext {
            stage: StageId::exporter("otlp"),
            node_name: "default/node-a".to_owned(),
            telemetry: telemetry.clone(),
            health: health.stage(&StageId::exporter("otlp")),
            requests: Default::default(),
        };
        ExporterNode {
            fingerprint: String::new(),
            exclusive: Vec::new(),
            stage: context.stage.clone(),
            health: context.health.clone(),
            exporter: config.build(&context).unwrap(),
            wants: config.consumes(),
            queue: self.queue,
        }
    }
}

impl TestPipeline {
    pub(crate) async fn send(&self, records: Vec<Record>) {
        self.feed.send(records).await.unwrap();
    }

    /// Makes the exporter read its files again. Returns the text of its error, with the causes.
    pub(crate) async fn refresh(&self) -> Result<(), String> {
        let outcomes = self.control.refresh().await.unwrap();
        let [outcome] = <[_; 1]>::try_from(outcomes).unwrap();
        outcome.result.map_err(|error| {
            let sources = std::iter::successors(error.source(), |error| error.source());
            let sources: String = sources.map(|source| format!(": {source}")).collect();
            format!("{error}{sources}")
        })
    }

    /// Returns the exporter's counts, which must balance at any time.
    pub(crate) fn report(&self) -> StageReport {
        exporter_report(&self.ledger.report())
    }

    /// Returns the sum of the instruments with this name and this value of any label.
    pub(crate) fn sum_of(&self, name: &str, label: &str) -> i64 {
        let has_label =
            |labels: &[(&'static str, String)]| labels.iter().any(|(_, value)| value == label);
        let instruments = self.telemetry.instruments();
        let named = instruments
            .iter()
            .filter(|instrument| instrument.name == name && has_label(&instrument.labels));
        named
            .map(tidegate_runtime::telemetry::Instrument::value)
            .sum()
    }

    /// Returns the number of records that were sealed, less those that have their outcome.
    pub(crate) fn queued(&self) -> u64 {
        u64::try_from(self.sum_of("tidegate_otlp_queue_records", "exporters.otlp")).unwrap()
    }

    /// Returns the number of records in the inbox.
    pub(crate) fn queued_in_inbox(&self) -> u64 {
        let edges = self.ledger.report().edges;
        edges.iter().map(|edge| edge.queue_records).sum()
    }

    /// Returns the problem of the exporter's stage, if it is degraded.
    pub(crate) fn problem(&self) -> Option<String> {
        self.health.problems().into_values().next()
    }

    /// Ends the receiver and waits until everything is delivered or given up. Every record must
    /// have an outcome.
    pub(crate) async fn finish(self) -> (StageReport, Finished) {
        drop(self.feed);
        let ended = self.running.await.unwrap();
        (
            final_report(&self.ledger),
            Finished {
                failure: ended.err(),
                telemetry: self.telemetry,
            },
        )
    }

    /// Requests shutdown and waits until the pipeline has ended.
    pub(crate) async fn shut_down(self) -> (StageReport, Finished) {
        self.shutdown.request();
        let ended = self.running.await.unwrap();
        (
            final_report(&self.ledger),
            Finished {
                failure: ended.err(),
                telemetry: self.telemetry,
            },
        )
    }
}

/// What remains of a pipeline that has ended.
pub(crate) struct Finished {
    pub(crate) failure: Option<RunError>,
    telemetry: Telemetry,
}

impl Finished {
    /// Returns the counter with this name and outcome.
    pub(crate) fn count(&self, name: &str, outcome: &str) -> i64 {
        let instruments = self.telemetry.instruments();
        let has_outcome =
            |(label, value): &(&'static str, String)| *label == "outcome" && value == outcome;
        let found = instruments
            .iter()
            .find(|found| found.name == name && found.labels.iter().any(has_outcome));
        found
            .map(tidegate_runtime::telemetry::Instrument::value)
            .unwrap()
    }

    /// Returns the value of an instrument with no other labels.
    pub(crate) fn value(&self, name: &str) -> i64 {
        self.telemetry
            .instruments()
            .iter()
            .find(|instrument| instrument.name == name)
            .unwrap()
            .value()
    }
}

fn final_report(ledger: &Ledger) -> StageReport {
    let report = ledger.report();
    assert_eq!(report.in_flight(), 0, "{report}");
    exporter_report(&report)
}

fn exporter_report(report: &Report) -> StageReport {
    assert!(report.balanced, "{report}");
    report
        .stages
        .iter()
        .find(|stage| stage.stage == "exporters.otlp")
        .unwrap()
        .clone()
}

/// Returns flows with these times.
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
