//! The agent under random faults of its peers: a monitor socket that ends and comes back, an OTLP
//! server that is slow, refuses, hangs or restarts, and a stdout reader that pauses or closes the
//! pipe; with queues of every policy, reloads, and every kind of shutdown. Packets carry numbers,
//! so that what the sinks received and what the ledger counts as dropped are reconciled with what
//! was sent, record by record.
//!
//! A failure names its seed: `FAULT_SEEDS=17..18 cargo test --test tests end_to_end_faults` repeats
//! one seed, `FAULT_SEEDS=0..1000` runs many. A seed determines the faults, but not how far a run
//! is when one occurs.

mod monitor_server;
mod numbered_frames;
mod output_reader;
mod reconcile;
mod scenario;

use std::ops::Range;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::thread;

use serde_json::Value;

use crate::support::{
    Agent, AgentOutput, Collector, LedgerReport, TestDir, eventually, run_args, try_get,
};
use monitor_server::MonitorServer;
use output_reader::{OutputReader, ReadMode};
use reconcile::{Received, Reconciliation};
use scenario::{Ending, Scenario};

const SEEDS: Range<u64> = 0..40;
const SINKS: [&str; 2] = ["exporters.otlp", "exporters.stdout"];
/// Concurrent runs; each spends most of its time waiting.
const CONCURRENCY: usize = 4;

#[test]
fn every_record_sent_is_received_or_counted() {
    let seeds = Mutex::new(seeds());
    let failed = Mutex::new(Vec::new());
    let next = || seeds.lock().unwrap().next();
    thread::scope(|scope| {
        for _ in 0..CONCURRENCY {
            scope.spawn(|| {
                while let Some(seed) = next() {
                    if catch_unwind(|| run_seed(seed)).is_err() {
                        failed.lock().unwrap().push(format!(
                            "FAULT_SEEDS={seed}..{} cargo test --test tests end_to_end_faults",
                            seed + 1
                        ));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(
        failed.is_empty(),
        "to repeat the failures:\n{}",
        failed.join("\n")
    );
}

fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("FAULT_SEEDS") else {
        return SEEDS;
    };
    let (from, to) = text.split_once("..").unwrap();
    from.parse().unwrap()..to.parse().unwrap()
}

fn run_seed(seed: u64) {
    let scenario = Scenario::from_seed(seed);
    let dir = TestDir::new();
    let collector = Collector::with_replies(&scenario.replies, scenario.default_reply);
    let socket = dir.path("monitor.sock");
    let ledger_file = dir.path("ledger.json");
    let configure = |settings| {
        let text = scenario.config(settings, &socket, collector.address);
        dir.write("pipeline.toml", text)
    };
    let config = configure(&scenario.settings[0]);
    let server = MonitorServer::start(&socket, &scenario.streams);
    let mut agent = Agent::start(&run_args(&config, &ledger_file));
    let reader = OutputReader::start(agent.take_stdout(), scenario.read_mode);
    let address = agent.telemetry_address();
    for settings in &scenario.settings[1..] {
        configure(settings);
        agent.send_signal("HUP");
        agent.wait_for_line("the configuration was re");
    }
    wait_for_ending(&scenario, &server, &reader, &address);
    let output = shut_down(agent, scenario.ending);
    server.stop();
    let ledger = LedgerReport::read(&ledger_file).unwrap();
    check_exit(seed, &scenario, &output, &ledger);
    Reconciliation {
        scenario: &scenario,
        ledger: &ledger,
    }
    .check(
        &Received::from_logs(&collector.logs()),
        &Received::from_json(&reader.lines()),
    );
}

/// Checks that the exit code and the last line agree with the ledger: requests may be given up, or
/// their retries end, before the shutdown or during it.
fn check_exit(seed: u64, scenario: &Scenario, output: &AgentOutput, ledger: &LedgerReport) {
    let last = output.stderr.lines().last().unwrap_or_default();
    let has_lost = last.contains("lost at the end of the run");
    let has_unconfirmed = last.contains("possibly lost");
    let fails = scenario.is_cut_off() || has_lost || has_unconfirmed;
    assert_eq!(
        output.code,
        Some(i32::from(fails)),
        "seed {seed}: {scenario:#?}\n{}",
        output.stderr
    );
    let count = |path: &str| -> u64 { SINKS.iter().map(|sink| ledger.count(sink, path)).sum() };
    let timed_out = count("dropped/retries_exhausted")
        + count("dropped/drain_timeout")
        + count("dropped/shutdown_timeout");
    assert!(!has_lost || timed_out > 0, "seed {seed}: {}", output.stderr);
    assert!(
        !has_unconfirmed || count("unconfirmed") > 0,
        "seed {seed}: {}",
        output.stderr
    );
}

/// Waits until the scenario's signal is due.
fn wait_for_ending(
    scenario: &Scenario,
    server: &MonitorServer,
    reader: &OutputReader,
    address: &str,
) {
    if scenario.is_cut_off() {
        eventually("the OTLP server has a request", || {
            live_ledger(address).is_some_and(|ledger| ledger.count("/stages/3/in") > 0)
        });
        return;
    }
    if matches!(scenario.read_mode, ReadMode::PauseAfter(_)) {
        let is_blocked = || live_ledger(address).is_none_or(|ledger| ledger.receiver_was_blocked());
        eventually("everything is sent, or the receiver is blocked", || {
            server.is_done() || is_blocked()
        });
        reader.resume();
    }
    let enough = if scenario.ending == Ending::Drained {
        server.bytes
    } else {
        server.bytes / 2
    };
    eventually("enough is read", || {
        bytes_read(address).is_none_or(|bytes| bytes >= enough)
    });
}

fn bytes_read(address: &str) -> Option<u64> {
    let (_, page) = try_get(address, "/metrics").ok()?;
    let mut lines = page
        .lines()
        .filter(|line| line.starts_with("tidegate_receiver_bytes_total{"));
    // A truncated page comes from an agent that is exiting.
    lines
        .next()
        .map_or(Some(0), |line| line.rsplit(' ').next()?.parse().ok())
}

/// Sends the signals of an ending and waits for the agent to exit.
fn shut_down(mut agent: Agent, ending: Ending) -> AgentOutput {
    agent.send_signal("TERM");
    if ending == Ending::SecondSignal {
        agent.wait_for_line("shutting down; another signal exits immediately");
        // Signals in quick succession are merged.
        agent.send_signal_until("TERM", "exiting immediately");
    }
    agent.wait_without_reading_stdout()
}

/// The ledger of a running agent.
struct LiveLedger(Value);

fn live_ledger(address: &str) -> Option<LiveLedger> {
    let (_, text) = try_get(address, "/debug/ledger").ok()?;
    Some(LiveLedger(serde_json::from_str(&text).ok()?))
}

impl LiveLedger {
    fn count(&self, path: &str) -> u64 {
        self.0
            .pointer(path)
            .and_then(Value::as_u64)
            .unwrap_or_default()
    }

    /// Whether the receiver has waited for room in its outbox.
    fn receiver_was_blocked(&self) -> bool {
        let edges = self.0["edges"].as_array().unwrap();
        let outbox = edges.iter().filter(|edge| {
            edge["stage"]
                .as_str()
                .is_some_and(|stage| stage.starts_with("receivers."))
        });
        outbox
            .filter_map(|edge| edge["blocked_seconds"].as_f64())
            .any(|seconds| seconds > 0.0)
    }
}
