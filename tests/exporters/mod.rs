//! Exporters do not affect each other, and a backend that recovers from an outage gets all that the
//! others have.

pub(crate) mod agreement;
mod live_ledger;
mod spans;

use std::ffi::OsStr;
use std::io::Read as _;

use crate::support::{Agent, Collector, LedgerReport, Reply, TestDir, eventually, get};
use live_ledger::{LiveLedger, sum};

/// Starts a simulated Cilium agent that sends this many events as fast as they are read.
pub(super) fn start_simulator(dir: &TestDir, mix: &str, events: u64) -> Agent {
    let socket = dir.path("monitor.sock");
    let events = events.to_string();
    let options = ["--events", &events, "--rate", "0", "--mix", mix, "--listen"];
    let args: Vec<&OsStr> = std::iter::once("simulate")
        .chain(options)
        .map(AsRef::as_ref)
        .collect();
    let mut simulator = Agent::start(&[args.as_slice(), &[socket.as_os_str()]].concat());
    simulator.wait_for_line("simulating a Cilium agent");
    simulator
}

/// Writes a configuration that reads that agent once, counts flows, and has these exporters.
pub(super) fn config(
    dir: &TestDir,
    metrics: &str,
    exporters: &[(&str, &str)],
) -> std::path::PathBuf {
    let names: Vec<_> = exporters.iter().map(|(name, _)| *name).collect();
    let declared: String = exporters
        .iter()
        .map(|(name, keys)| format!("[exporters.{name}]\n{keys}\n"))
        .collect();
    let text = format!(
        "[receivers.monitor1_2]\nsocket = {:?}\nreconnect = {{ initial = \"1h\", max = \"1h\" }}\n\
         [processors]\ncilium_decode = {{}}\nl34_flow = {{}}\n\
         hubble_metrics = {{ metrics = [{metrics}], interval = \"50ms\" }}\n{declared}\
         [service]\ntelemetry.listen = \"127.0.0.1:0\"\ngrace_period = \"300ms\"\n\
         [service.pipelines.flows]\nreceivers = [\"monitor1_2\"]\n\
         processors = [\"cilium_decode\", \"l34_flow\", \"hubble_metrics\"]\nexporters = {names:?}\n",
        dir.path("monitor.sock")
    );
    dir.write("pipeline.toml", text)
}

const PROMETHEUS: (&str, &str) = ("prometheus", "listen = \"127.0.0.1:0\"");

#[test]
#[expect(clippy::too_many_lines, reason = "one scenario")]
fn a_stalled_stdout_reader_does_not_block_other_exporters() {
    const EVENTS: u64 = 150_000;
    let dir = TestDir::new();
    let _cilium = start_simulator(&dir, "default", EVENTS);
    let config = config(
        &dir,
        "\"flow\"",
        &[("stdout", "format = \"json\""), PROMETHEUS],
    );
    // Its standard output is not read.
    let mut agent = Agent::run(&config);
    let live = LiveLedger(agent.telemetry_address());
    let metrics = agent.metrics_address();
    eventually("all events are received", || {
        live.count("receivers.monitor1_2", "in") >= EVENTS
    });
    eventually("no record is in flight before Prometheus", || {
        let stages = [
            "receivers.monitor1_2",
            "processors.cilium_decode",
            "processors.l34_flow",
        ];
        stages
            .iter()
            .all(|stage| live.count(stage, "in_flight") == 0)
    });
    assert!(
        live.count("exporters.stdout", "dropped/queue_full") > 0,
        "{live}"
    );
    // A loaded machine may drop some events at the receiver, which does not block. A stalled
    // pipeline would have passed on no more than its queues hold.
    assert!(
        live.count("processors.hubble_metrics", "in") > EVENTS / 2,
        "{live}"
    );
    let counted = || sum(&get(&metrics, "/metrics").1, "hubble_flows_processed_total");
    // Some records are agent events or loss reports, not flows.
    let passed = live.count("processors.hubble_metrics", "in")
        - live.count("processors.hubble_metrics", "created");
    eventually("Prometheus has the flows", || {
        counted() > 0.9 * passed as f64
    });
    assert_eq!(
        live.count("exporters.prometheus", "dropped/queue_full"),
        0,
        "{live}"
    );
}

#[test]
fn a_slow_backend_receives_a_whole_recording() {
    let dir = TestDir::new();
    let collector = Collector::with_replies(&[], Reply::AcceptAfterMillis(20));
    let keys = format!(
        "endpoint = \"http://{}\"\nsignals = [\"flows\"]\nin_flight = 1\nbatch.max_records = 100\n\
         queue = {{ records = 100 }}",
        collector.address
    );
    let config = dir.replay(5000, &["cilium_decode", "l34_flow"], "otlp", &keys);
    let ledger = LedgerReport::of_run(&dir, &config);
    let offered = ledger.count("exporters.otlp", "in") - ledger.filtered("exporters.otlp");
    assert!(offered > 3000, "{ledger}");
    assert_eq!(
        (ledger.count("exporters.otlp", "absorbed"), ledger.drops()),
        (offered, vec![]),
        "{ledger}"
    );
    assert_eq!(collector.logs().len() as u64, offered);
}

#[test]
fn other_exporters_continue_after_stdout_is_closed() {
    let dir = TestDir::new();
    let _cilium = start_simulator(&dir, "default", 20_000);
    let mut agent = Agent::run(&config(&dir, "\"flow\"", &[("stdout", ""), PROMETHEUS]));
    let live = LiveLedger(agent.telemetry_address());
    let mut first = [0];
    agent.take_stdout().read_exact(&mut first).unwrap();
    agent.wait_for_line("the output of the exporter is closed");
    eventually("all events are received", || {
        live.count("receivers.monitor1_2", "in") >= 20_000
    });
    let (status, ready) = get(&live.0, "/readyz");
    assert_eq!((status, ready.lines().next()), (200, Some("degraded")));
    assert!(ready.contains("exporters.stdout: "), "{ready}");
    let (_, page) = get(&live.0, "/metrics");
    let degraded = |stage: &str| {
        sum(
            &page,
            &format!("tidegate_stage_degraded{{stage=\"{stage}\"}}"),
        )
    };
    assert_eq!(
        (
            degraded("exporters.stdout"),
            degraded("exporters.prometheus")
        ),
        (1.0, 0.0)
    );
    agent.send_signal("TERM");
    let output = agent.wait_without_reading_stdout();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
}

#[test]
fn a_failed_exporter_ends_alone_and_the_run_exits_with_1() {
    let dir = TestDir::new();
    let _cilium = start_simulator(&dir, "default", 20_000);
    let config = config(
        &dir,
        "\"flow\"",
        &[("stdout", "give_up_after = \"0s\""), PROMETHEUS],
    );
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut agent = Agent::run_with_stdout(&config, full);
    let live = LiveLedger(agent.telemetry_address());
    let reason = "No space left on device";
    eventually("the exporter has failed", || {
        get(&live.0, "/readyz").1.contains(reason)
    });
    eventually("all events are received", || {
        live.count("receivers.monitor1_2", "in") >= 20_000
    });
    assert_eq!(get(&live.0, "/readyz").1.lines().next(), Some("degraded"));
    agent.send_signal("TERM");
    let output = agent.wait_without_reading_stdout();
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    let last = output.stderr.lines().last().unwrap();
    assert!(
        last.starts_with("error: stage `exporters.stdout` failed: ") && last.contains(reason),
        "{last}"
    );
}

#[test]
fn the_run_succeeds_when_every_output_is_closed() {
    let dir = TestDir::new();
    let _cilium = start_simulator(&dir, "default", 20_000);
    let mut agent = Agent::run(&config(&dir, "\"flow\"", &[("stdout", "")]));
    let mut first = [0];
    agent.take_stdout().read_exact(&mut first).unwrap();
    agent.wait_for_line("every exporter has ended");
    let output = agent.wait_without_reading_stdout();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
}
