//! The queue on disk of the `otlp` exporter outlives the agent: the ledgers of several runs add up.

mod full_disk;
mod reload;

use std::collections::BTreeMap;
use std::path::PathBuf;

use opentelemetry_proto::tonic::logs::v1::LogRecord;

use crate::support::{
    Agent, Collector, FakeCilium, LedgerReport, Reply, TestDir, eventually, get, run_args, tidegate,
};

const EXPORTER: &str = "exporters.otlp";
const FRAMES: u64 = 3000;

/// Writes a configuration of an exporter with a queue on disk, and with these further keys.
fn config(dir: &TestDir, collector: &Collector, more: &str) -> PathBuf {
    let text = format!(
        "[receivers.monitor1_2]\nsocket = {:?}\n[processors.cilium_decode]\n\
         [processors.l34_flow]\n[exporters.otlp]\nendpoint = \"http://{}\"\n\
         signals = [\"flows\"]\nbatch = {{ max_records = 100, timeout = \"10ms\" }}\n\
         drain_timeout = \"0s\"\nqueue.disk = {{ path = {:?} }}\n{more}\n\
         [service]\ntelemetry.listen = \"127.0.0.1:0\"\n\
         [service.pipelines.flows]\nreceivers = [\"monitor1_2\"]\n\
         processors = [\"cilium_decode\", \"l34_flow\"]\nexporters = [\"otlp\"]\n",
        dir.path("monitor.sock"),
        collector.address,
        dir.path("queue"),
    );
    dir.write("pipeline.toml", text)
}

/// The value of a metric without other labels than the stage; 0 before it exists.
fn metric(address: &str, name: &str) -> u64 {
    let (_, page) = get(address, "/metrics");
    let line = page
        .lines()
        .find(|line| line.starts_with(&format!("{name}{{")));
    let value = line.and_then(|line| line.rsplit(' ').next());
    value.map_or(0, |value| value.parse::<f64>().unwrap() as u64)
}

/// Feeds the agent, and waits until all flows are in sealed requests. Returns their number.
fn feed(address: &str, cilium: &FakeCilium) -> u64 {
    let _stream = cilium.send(FRAMES);
    let mut queued = 0;
    eventually("all flows are queued", || {
        let ledger = LedgerReport::live(address);
        queued = ledger.count(EXPORTER, "in_flight");
        ledger.count("receivers.monitor1_2", "in") >= FRAMES
            && ledger.count("processors.cilium_decode", "in_flight") == 0
            && ledger.count("processors.l34_flow", "in_flight") == 0
            && metric(address, "tidegate_otlp_queue_records") == queued
    });
    assert!(queued > 1000, "{queued}");
    queued
}

#[test]
fn flows_on_disk_survive_a_kill_and_the_books_of_both_runs_add_up() {
    let dir = TestDir::new();
    let collector = Collector::with_replies(&[], Reply::Accept);
    collector.set_stalled(true);
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let config = config(&dir, &collector, "");
    let mut agent = Agent::run(&config);
    let address = agent.telemetry_address();
    let queued = feed(&address, &cilium);
    let first = LedgerReport::live(&address);
    let offered = first.count(EXPORTER, "in") - first.filtered(EXPORTER);
    assert_eq!((offered, first.count(EXPORTER, "absorbed")), (queued, 0));
    // That is SIGKILL.
    drop(agent);
    collector.set_stalled(false);
    let mut agent = Agent::run(&config);
    let address = agent.telemetry_address();
    eventually("the queue is delivered", || {
        LedgerReport::live(&address).count(EXPORTER, "absorbed") == queued
    });
    let second = LedgerReport::live(&address);
    assert_eq!(second.count(EXPORTER, "created"), queued);
    assert_eq!(second.count(EXPORTER, "noted/recovered"), queued);
    assert_eq!(second.count(EXPORTER, "in"), queued);
    assert_eq!(collector.logs().len() as u64, queued);
    agent.send_signal("TERM");
    assert_eq!(agent.wait().code, Some(0));
}

#[test]
fn a_recording_fills_the_disk_before_its_reader_waits() {
    let dir = TestDir::new();
    let collector = Collector::with_replies(&[], Reply::Never);
    let keys = format!(
        "endpoint = \"http://{}\"\nsignals = [\"flows\"]\nbatch.max_records = 100\n\
         drain_timeout = \"0s\"\nqueue.disk.path = {:?}",
        collector.address,
        dir.path("queue")
    );
    let processors = ["cilium_decode", "l34_flow"];
    let config = dir.replay(20_000, &processors, "otlp", &keys);
    // The run ends although the backend never takes a request.
    let first = LedgerReport::of_run(&dir, &config);
    let stored = first.count(EXPORTER, "noted/stored");
    assert!(stored > 10_000, "{stored}");
    assert_eq!(first.drops(), []);
    assert_eq!(first.count(EXPORTER, "absorbed"), stored);
}

#[test]
fn drain_timeout_begins_while_senders_wait() {
    let dir = TestDir::new();
    let collector = Collector::with_replies(&[], Reply::Never);
    let keys = format!(
        "endpoint = \"http://{}\"\nsignals = [\"flows\"]\nbatch.max_records = 100\n\
         drain_timeout = \"10ms\"\nqueue.records = 100",
        collector.address
    );
    let config = dir.replay(20_000, &["cilium_decode", "l34_flow"], "otlp", &keys);
    let text = std::fs::read_to_string(&config).unwrap();
    let config = dir.write("pipeline.toml", text.replace("300ms", "1h"));
    let file = dir.path("ledger.json");
    let mut agent = Agent::start(&run_args(&config, &file));
    let address = agent.telemetry_address();
    eventually("the reader waits", || {
        metric(&address, "tidegate_otlp_in_flight_requests") == 4
            && LedgerReport::live(&address).blocked_seconds(EXPORTER) > 0.0
    });
    agent.send_signal("TERM");
    assert_eq!(agent.wait().code, Some(1));
    let ledger = LedgerReport::read(&file).unwrap();
    assert!(ledger.count(EXPORTER, "dropped/drain_timeout") > 0);
    assert_eq!(ledger.count(EXPORTER, "dropped/shutdown_timeout"), 0);
}

/// The value of an attribute of text.
fn attribute<'a>(record: &'a LogRecord, key: &str) -> &'a str {
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    let mut attributes = record.attributes.iter();
    let found = attributes.find(|attribute| attribute.key == key).unwrap();
    match found.value.as_ref().unwrap().value.as_ref() {
        Some(Value::StringValue(text)) => text,
        other => panic!("{key}: {other:?}"),
    }
}

#[test]
fn a_record_that_is_delivered_twice_is_the_same_each_time() {
    let dir = TestDir::new();
    // The backend takes the first requests, and the agent is killed before it replies.
    let collector = Collector::with_replies(&[Reply::AcceptSilently; 4], Reply::Accept);
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let config = config(&dir, &collector, "");
    let mut agent = Agent::run(&config);
    let address = agent.telemetry_address();
    let queued = feed(&address, &cilium);
    eventually("the backend has four requests", || {
        collector.replies_left() == 0
    });
    drop(agent);
    let taken = collector.logs().len();
    let mut agent = Agent::run(&config);
    let address = agent.telemetry_address();
    eventually("the queue is delivered", || {
        LedgerReport::live(&address).count(EXPORTER, "absorbed") == queued
    });
    let logs = collector.logs();
    let mut by_uid: BTreeMap<&str, Vec<&LogRecord>> = BTreeMap::new();
    for record in &logs {
        let uid = attribute(record, "log.record.uid");
        by_uid.entry(uid).or_default().push(record);
    }
    assert_eq!(by_uid.len() as u64, queued, "no two records share one");
    let twice: Vec<_> = by_uid.values().filter(|same| same.len() > 1).collect();
    assert_eq!(twice.len(), taken);
    for same in twice {
        assert!(same.len() == 2 && same[0] == same[1], "{same:?}");
    }
}

#[test]
fn a_second_process_does_not_start_and_names_the_first_one() {
    let dir = TestDir::new();
    let collector = Collector::with_replies(&[], Reply::Accept);
    let config = config(&dir, &collector, "");
    let mut agent = Agent::run(&config);
    agent.telemetry_address();
    agent.find_line("opened the queue on disk");
    let output = tidegate(&["run".as_ref(), "-c".as_ref(), config.as_os_str()]);
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    let expected = format!("is in use by another process ({})", agent.id());
    assert!(output.stderr.contains(&expected), "{}", output.stderr);
}

#[test]
fn an_exporter_that_keeps_no_requests_has_no_queue_on_disk() {
    let dir = TestDir::new();
    let text = "[receivers.replay]\nfile = \"x\"\n[exporters.stdout]\n\
                queue.disk = { path = \"/tmp/x\" }\n\
                [service.pipelines.flows]\nreceivers = [\"replay\"]\nexporters = [\"stdout\"]\n";
    let config = dir.write("pipeline.toml", text);
    let output = tidegate(&["validate".as_ref(), "-c".as_ref(), config.as_os_str()]);
    assert_eq!(output.code, Some(78));
    assert!(
        output.stderr.contains("keeps no requests"),
        "{}",
        output.stderr
    );
}
