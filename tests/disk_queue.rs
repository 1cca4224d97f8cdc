//! The queue on disk of the `otlp` exporter outlives the agent: the ledgers of several runs add up.

use std::path::PathBuf;
use std::process::Command;

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

#[test]
fn a_reload_with_another_configuration_keeps_the_queue() {
    let dir = TestDir::new();
    let collector = Collector::with_replies(&[], Reply::Accept);
    collector.set_stalled(true);
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let mut agent = Agent::run(&config(&dir, &collector, ""));
    let address = agent.telemetry_address();
    let queued = feed(&address, &cilium);
    collector.set_stalled(false);
    config(&dir, &collector, "timeout = \"9s\"");
    agent.send_signal("HUP");
    eventually("the queue is delivered", || {
        let ledger = LedgerReport::live(&address);
        ledger.count(EXPORTER, "in_flight") == 0 && collector.logs().len() as u64 >= queued
    });
    let ledger = LedgerReport::live(&address);
    let stored = ledger.count(EXPORTER, "noted/stored");
    assert!(stored > 0);
    assert_eq!(ledger.count(EXPORTER, "created"), stored);
    assert_eq!(ledger.count(EXPORTER, "absorbed") - stored, queued);
    assert_eq!(collector.logs().len() as u64, queued);
}

#[test]
fn a_disk_without_space_degrades_the_exporter_which_keeps_requests_in_memory() {
    let dir = TestDir::new();
    let collector = Collector::with_replies(&[], Reply::Accept);
    collector.set_stalled(true);
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let config = config(&dir, &collector, "timeout = \"1s\"");
    // A limit of the size of files, which has the effect of a full disk.
    let script = format!(
        "trap '' XFSZ; ulimit -f 4; exec {} run -c {}",
        env!("CARGO_BIN_EXE_tidegate"),
        config.display()
    );
    let mut agent = Agent::start_command(Command::new("sh").args(["-c", &script]));
    let address = agent.telemetry_address();
    let queued = feed(&address, &cilium);
    let (_, ready) = get(&address, "/readyz");
    assert!(
        ready.contains("cannot write to the queue on disk"),
        "{ready}"
    );
    assert!(ready.contains("requests wait in memory"), "{ready}");
    // The requests that the server has swallowed are sent again when their attempts time out.
    collector.set_stalled(false);
    eventually("everything is delivered from memory", || {
        LedgerReport::live(&address).count(EXPORTER, "absorbed") == queued
    });
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
