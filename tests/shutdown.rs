//! Shutdown by signals.

use std::fs::File;
use std::io::Write as _;
use std::process::Command;

use serde_json::Value;

use crate::support::{Agent, FakeCilium, TestDir, eventually, get, run_args, strict_run_args};

#[test]
fn a_signal_stops_the_receivers_and_drains() {
    for signal in ["TERM", "INT"] {
        let dir = TestDir::new();
        let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
        let config = dir.socket("reconnect");
        let ledger = dir.path("ledger.json");
        let mut agent = Agent::start(&strict_run_args(&config, &ledger));
        let address = agent.telemetry_address();
        let connection = cilium.send(500);
        eventually("all frames are read", || {
            get(&address, "/debug/ledger").1.contains("\"in\":500")
        });
        agent.send_signal(signal);
        agent.wait_for_line("shutting down; another signal exits immediately");
        let output = agent.wait();
        drop(connection);
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        let ledger: Value =
            serde_json::from_str(&std::fs::read_to_string(&ledger).unwrap()).unwrap();
        assert_eq!(
            (&ledger["balanced"], &ledger["stages"][0]["in"]),
            (&Value::Bool(true), &Value::from(500))
        );
    }
}

/// An agent that gets SIGTERM while its standard output is full and not read.
fn start_blocked(dir: &TestDir, grace_period: &str) -> Agent {
    start_blocked_with(dir, grace_period, |agent| agent.send_signals(&["TERM"]))
}

/// The same with other signals.
fn start_blocked_with(dir: &TestDir, grace_period: &str, signal: impl Fn(&Agent)) -> Agent {
    let config = dir.replay(20_000, &["cilium_decode", "l34_flow"], "stdout", "");
    let text = std::fs::read_to_string(&config)
        .unwrap()
        .replace("300ms", grace_period);
    let config = dir.write("blocked.toml", text);
    let ledger = dir.path("ledger.json");
    let mut agent = Agent::start(&run_args(&config, &ledger));
    let address = agent.telemetry_address();
    eventually("a stage is blocked", || {
        is_blocked(&get(&address, "/debug/ledger").1)
    });
    signal(&agent);
    agent.wait_for_line("shutting down; another signal exits immediately");
    agent
}

/// More lines than a pipe holds.
const MORE_THAN_A_PIPE: u64 = 2_000;

/// Whether the exporter holds more records than an empty pipe takes, so that it cannot write them
/// within any grace period.
fn is_blocked(ledger: &str) -> bool {
    let ledger: Value = serde_json::from_str(ledger).unwrap();
    let count = |value: &Value| value.as_u64().unwrap_or_default();
    let held = count(&ledger["stages"][3]["in_flight"]);
    let queued = count(&ledger["edges"][0]["queue_records"]);
    held > MORE_THAN_A_PIPE.max(queued)
}

/// The records that the exporter lost to the shutdown, by a final ledger that balances.
fn lost(dir: &TestDir) -> u64 {
    let ledger: Value =
        serde_json::from_str(&std::fs::read_to_string(dir.path("ledger.json")).unwrap()).unwrap();
    assert_eq!(ledger["balanced"], true, "{ledger}");
    assert!(
        ledger["stages"][3]["unconfirmed"].as_u64().unwrap() > 0,
        "the lines that do not fit into the pipe"
    );
    ledger["stages"][3]["dropped"]["shutdown_timeout"]
        .as_u64()
        .unwrap_or_default()
}

#[test]
fn records_unwritten_after_the_grace_period_are_counted_as_lost() {
    let dir = TestDir::new();
    let output = start_blocked(&dir, "100ms").wait_without_reading_stdout();
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    let error = output.stderr.lines().last().unwrap();
    assert!(
        error.contains("exporters.stdout")
            && error.contains("did not end within the grace period of 100ms; lost at the"),
        "{error}"
    );
    assert!(
        error.contains("records in exporters.stdout (`service.grace_period` gives it more time)"),
        "{error}"
    );
    assert!(lost(&dir) > 0);
}

#[test]
fn simultaneous_signals_count_as_one() {
    let dir = TestDir::new();
    let agent = start_blocked_with(&dir, "700ms", |agent| {
        agent.send_signals(&["TERM", "TERM", "INT"])
    });
    let output = agent.wait_without_reading_stdout();
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    assert!(
        !output.stderr.contains("exiting immediately"),
        "{}",
        output.stderr
    );
    assert!(
        output
            .stderr
            .contains("did not end within the grace period of 700ms"),
        "{}",
        output.stderr
    );
}

#[test]
fn signals_during_startup_are_handled() {
    for signals in [&["TERM"][..], &["INT", "INT"]] {
        let dir = TestDir::new();
        let (agent, pipe, _) = start_with_config_pipe(&dir);
        agent.send_signals(signals);
        let output = agent.wait();
        drop(pipe);
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        assert_eq!(
            output.stderr,
            "ended by a signal before the configuration was complete\n"
        );
    }
}

#[test]
fn a_hangup_during_startup_reloads() {
    let dir = TestDir::new();
    let (mut agent, mut pipe, config) = start_with_config_pipe(&dir);
    agent.send_signal("HUP");
    // The second read finds a regular file.
    std::fs::rename(dir.path("pipeline.toml"), dir.path("pipe.toml")).unwrap();
    pipe.write_all(&config).unwrap();
    drop(pipe);
    agent.wait_for_line("the configuration was read again");
}

/// An agent that waits for its configuration from a pipe, the pipe, and the configuration.
fn start_with_config_pipe(dir: &TestDir) -> (Agent, File, Vec<u8>) {
    let pipe = dir.path("pipe.toml");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let config = std::fs::read(dir.socket("reconnect")).unwrap();
    let agent = Agent::run(&pipe);
    // Blocks until the agent has opened the other end.
    let pipe = File::options().write(true).open(&pipe).unwrap();
    (agent, pipe, config)
}

#[test]
fn a_second_signal_exits_immediately_and_writes_the_ledger() {
    let dir = TestDir::new();
    let mut agent = start_blocked(&dir, "1h");
    agent.send_signal_until("INT", "exiting immediately");
    let output = agent.wait_without_reading_stdout();
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    let error = output.stderr.lines().last().unwrap();
    assert!(
        error.contains("exporters.stdout")
            && error.contains("ended at once, on request; lost at the end"),
        "{error}"
    );
    assert!(lost(&dir) > 0);
}

#[test]
fn a_ledger_pipe_without_a_reader_does_not_block_shutdown() {
    let dir = TestDir::new();
    let config = dir.replay(10, &["cilium_decode"], "nop", "");
    let pipe = dir.path("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let args = run_args(&config, &pipe);
    let mut agent = Agent::start(&args);
    agent.wait_for_line("waiting for a reader of the ledger's pipe");
    agent.send_signal("INT");
    let output = agent.wait();
    assert_eq!(output.code, Some(1));
    let is_reason = |line: &str| line.ends_with("it has no reader, and the agent is shutting down");
    assert!(output.stderr.lines().any(is_reason), "{}", output.stderr);

    let agent = Agent::start(&args);
    let text = std::fs::read_to_string(&pipe).unwrap();
    assert!(
        text.starts_with("{\"schema\":2,\"balanced\":true"),
        "{text}"
    );
    assert_eq!(agent.wait().code, Some(0));
}
