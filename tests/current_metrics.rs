//! Metrics at an OTLP backend do not go stale: after any fault they are those that Prometheus sees,
//! and no older value ever follows a newer one, also beside a queue on disk.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

use opentelemetry_proto::tonic::common::v1::any_value::Value as Text;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{Metric, NumberDataPoint, metric::Data};

use crate::support::{
    Agent, Collector, FakeCilium, HttpCollector, LedgerReport, Reply, TestDir, eventually, get,
    simulated_frames,
};

const EXPORTER: &str = "exporters.otlp";
const FRAMES: u64 = 1000;

/// The labels of a series.
type Labels = BTreeMap<String, String>;

/// An agent with its input.
struct Setup {
    dir: TestDir,
    cilium: FakeCilium,
    config: PathBuf,
}

/// A running agent, its telemetry address, and the address that Prometheus scrapes.
struct Running {
    agent: Agent,
    telemetry: String,
    prometheus: String,
}

impl Setup {
    /// `keys` are those of the exporter; `DIR` in them is the directory of the test.
    fn new(keys: &str) -> Self {
        let dir = TestDir::new();
        let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
        let keys = keys.replace("DIR", dir.path("").to_str().unwrap());
        let text = format!(
            "[receivers.monitor1_2]\nsocket = {:?}\nreconnect = {{ initial = \"1ms\", max = \"5ms\" }}\n\
             [processors.cilium_decode]\n[processors.l34_flow]\n\
             [processors.hubble_metrics]\nmetrics = [\"flow\"]\ninterval = \"20ms\"\n\
             [exporters.prometheus]\nlisten = \"127.0.0.1:0\"\n[exporters.otlp]\n{keys}\n\
             metrics_interval = \"20ms\"\ntimeout = \"500ms\"\nbatch.timeout = \"10ms\"\n\
             retry_on_failure = {{ initial_interval = \"10ms\", max_interval = \"20ms\" }}\n\
             [service]\ntelemetry.listen = \"127.0.0.1:0\"\n\
             [service.pipelines.flows]\nreceivers = [\"monitor1_2\"]\n\
             processors = [\"cilium_decode\", \"l34_flow\", \"hubble_metrics\"]\n\
             exporters = [\"prometheus\", \"otlp\"]\n",
            dir.path("monitor.sock"),
        );
        let config = dir.write("pipeline.toml", text);
        Self {
            dir,
            cilium,
            config,
        }
    }

    fn run(&self) -> Running {
        let mut agent = Agent::run(&self.config);
        Running {
            telemetry: agent.telemetry_address(),
            prometheus: agent.metrics_address(),
            agent,
        }
    }

    /// Sends frames, and waits until the agent has counted `total` frames.
    fn feed(&self, running: &Running, total: u64) {
        let frames = simulated_frames(FRAMES);
        // The first connection may be one that an agent has left by its end.
        let _stream = std::iter::repeat_with(|| self.cilium.accept())
            .find_map(|mut client| client.write_all(&frames).map(|()| client).ok());
        eventually("all frames are read and counted", || {
            let ledger = LedgerReport::live(&running.telemetry);
            ledger.count("receivers.monitor1_2", "in") >= total
                && ledger.count("processors.hubble_metrics", "in_flight") == 0
        });
    }
}

impl Running {
    /// The series that Prometheus sees.
    fn exposed(&self) -> BTreeMap<Labels, f64> {
        let (_, page) = get(&self.prometheus, "/metrics");
        let lines = page.lines();
        let series = lines.filter_map(|line| line.strip_prefix("hubble_flows_processed_total{"));
        series
            .map(|line| {
                let (labels, value) = line.split_once("} ").unwrap();
                let labels = labels.trim_end_matches("\",").trim_end_matches('"');
                let pairs = labels.split("\",").map(|pair| {
                    let (name, value) = pair.split_once("=\"").unwrap();
                    (name.to_owned(), value.to_owned())
                });
                (pairs.collect(), value.parse().unwrap())
            })
            .collect()
    }

    /// Waits until the last export has the values that Prometheus sees.
    fn wait_until_current(&self, what: &str, last: impl Fn() -> Vec<Metric>) {
        eventually(what, || {
            let exposed = self.exposed();
            let exported: BTreeMap<_, _> = points(&last())
                .iter()
                .map(|point| (labels(point), number(point)))
                .collect();
            !exposed.is_empty() && exposed == exported
        });
    }
}

fn points(metrics: &[Metric]) -> Vec<NumberDataPoint> {
    let flows = metrics
        .iter()
        .filter(|metric| metric.name == "hubble_flows_processed");
    flows
        .flat_map(|metric| match &metric.data {
            Some(Data::Sum(sum)) => sum.data_points.clone(),
            other => panic!("a counter is a sum: {other:?}"),
        })
        .collect()
}

fn labels(point: &NumberDataPoint) -> Labels {
    let text = |value: Option<&Text>| match value {
        Some(Text::StringValue(text)) => text.clone(),
        other => panic!("a label is a text: {other:?}"),
    };
    let attributes = point.attributes.iter();
    attributes
        .map(|attribute| {
            let value = attribute.value.as_ref().unwrap().value.as_ref();
            (attribute.key.clone(), text(value))
        })
        .collect()
}

fn number(point: &NumberDataPoint) -> f64 {
    match point.value {
        Some(Number::AsDouble(value)) => value,
        other => panic!("a counter is a double: {other:?}"),
    }
}

/// Checks that the values of each series grow in the order of arrival, or begin anew later.
fn check_order(received: &[Metric]) {
    let mut latest = BTreeMap::new();
    for point in points(received) {
        let labels = labels(&point);
        let value = (
            point.start_time_unix_nano,
            point.time_unix_nano,
            number(&point),
        );
        if let Some((start, time, number)) = latest.insert(labels.clone(), value) {
            let is_newer = value.0 > start && value.1 > time
                || value.0 == start && value.1 >= time && value.2 >= number;
            assert!(is_newer, "{labels:?}: {value:?} after {number} at {time}");
        }
    }
    assert!(!latest.is_empty());
}

#[test]
fn metrics_are_current_after_outages_and_restarts_beside_a_queue_on_disk() {
    let collector = Collector::with_replies(&[], Reply::Accept);
    let keys = format!(
        "endpoint = \"http://{}\"\nqueue.disk.path = \"DIRqueue\"",
        collector.address
    );
    let setup = Setup::new(&keys);
    let running = setup.run();
    setup.feed(&running, FRAMES);
    running.wait_until_current("the start", || collector.last_metrics());
    collector.set_stalled(true);
    setup.feed(&running, 2 * FRAMES);
    collector.set_stalled(false);
    running.wait_until_current("an outage", || collector.last_metrics());
    collector.restart();
    setup.feed(&running, 3 * FRAMES);
    running.wait_until_current("a restart of the backend", || collector.last_metrics());
    // Flows wait on disk when the agent is killed, and are sent beside the metrics of the next run.
    collector.set_stalled(true);
    setup.feed(&running, 4 * FRAMES);
    eventually("flows are queued", || {
        let (_, page) = get(&running.telemetry, "/metrics");
        let mut lines = page.lines();
        lines.any(|line| line.starts_with("tidegate_otlp_queue_records{") && !line.ends_with(" 0"))
    });
    drop(running);
    let running = setup.run();
    setup.feed(&running, FRAMES);
    let before = collector.logs().len();
    collector.set_stalled(false);
    running.wait_until_current("a restart of the agent", || collector.last_metrics());
    eventually("the queue is delivered", || {
        LedgerReport::live(&running.telemetry).count(EXPORTER, "in_flight") == 0
    });
    let recovered = LedgerReport::live(&running.telemetry).count(EXPORTER, "noted/recovered");
    assert!(recovered > 0 && collector.logs().len() as u64 >= before as u64 + recovered);
    running.wait_until_current("the queue", || collector.last_metrics());
    check_order(&collector.metrics());
    running.agent.send_signal("TERM");
    assert_eq!(running.agent.wait().code, Some(0));
    assert!(setup.dir.path("queue").exists());
}

#[test]
fn metrics_over_http_are_current_after_outages_and_restarts() {
    let collector = HttpCollector::start();
    let keys = format!(
        "endpoint = \"http://{}\"\nprotocol = \"http/protobuf\"\ncompression = \"none\"\n\
         queue.disk.path = \"DIRqueue\"",
        collector.address
    );
    let setup = Setup::new(&keys);
    let running = setup.run();
    setup.feed(&running, FRAMES);
    running.wait_until_current("the start", || collector.last_metrics());
    collector.set_unavailable(true);
    setup.feed(&running, 2 * FRAMES);
    collector.set_unavailable(false);
    running.wait_until_current("an outage", || collector.last_metrics());
    drop(running);
    let running = setup.run();
    setup.feed(&running, FRAMES);
    running.wait_until_current("a restart", || collector.last_metrics());
    check_order(&collector.metrics());
}

#[test]
fn metrics_are_current_at_the_endpoint_that_is_left_after_another_has_failed() {
    let first = Collector::with_replies(&[], Reply::Accept);
    let second = Collector::with_replies(&[], Reply::Accept);
    let keys = format!(
        "endpoints = [\"http://{}\", \"http://{}\"]",
        first.address, second.address
    );
    let setup = Setup::new(&keys);
    let running = setup.run();
    setup.feed(&running, FRAMES);
    running.wait_until_current("the start", || first.last_metrics());
    let mut received = first.metrics();
    drop(first);
    setup.feed(&running, 2 * FRAMES);
    running.wait_until_current("the failure of an endpoint", || second.last_metrics());
    received.extend(second.metrics());
    check_order(&received);
}
