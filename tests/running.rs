//! Runs that end with their input, and their ledgers.

use std::io::Write as _;
use std::os::unix::net::UnixListener;

use serde_json::Value;

use crate::support::{
    Agent, FakeCilium, LedgerReport, TestDir, run_args, simulated_frames, strict_run_args,
    tidegate, tidegate_with_closed_stdout,
};

/// Runs a configuration to its end and reads its ledger.
fn ledger(dir: &TestDir, config: &std::path::Path) -> Value {
    let file = dir.path("ledger.json");
    let args = strict_run_args(config, &file);
    let output = tidegate(&args);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(
        output
            .stderr
            .contains("the ledger balances; unaccounted records: 0; in flight: 0"),
        "{}",
        output.stderr
    );
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

#[test]
fn a_recording_ends_with_a_balanced_ledger() {
    let dir = TestDir::new();
    let config = dir.replay(5000, &["cilium_decode", "l34_flow"], "nop", "");
    let ledger = ledger(&dir, &config);
    assert_eq!(ledger["balanced"], true);
    let stages = ledger["stages"].as_array().unwrap();
    let names: Vec<_> = stages
        .iter()
        .map(|stage| stage["stage"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "receivers.replay",
            "processors.cilium_decode",
            "processors.l34_flow",
            "exporters.nop"
        ]
    );
    assert_eq!(stages[0]["in"], 5000);
    assert_eq!(stages[0]["out"]["processors.cilium_decode"], 5000);
    assert_eq!(stages[3]["absorbed"], stages[3]["in"]);
    assert!(
        ledger["upstream_lost"]["perf_ring"].as_u64().unwrap() > 0,
        "one frame in a hundred reports a loss"
    );
}

#[test]
fn an_empty_recording_is_a_valid_run() {
    let dir = TestDir::new();
    let config = dir.replay(0, &["cilium_decode"], "nop", "");
    assert_eq!(ledger(&dir, &config)["stages"][0]["in"], 0);
}

#[test]
fn on_eof_stop_ends_the_run_with_the_socket() {
    let dir = TestDir::new();
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let config = dir.socket("stop");
    let sender = std::thread::spawn(move || drop(cilium.send(2000)));
    let ledger = ledger(&dir, &config);
    sender.join().unwrap();
    assert_eq!(ledger["stages"][0]["in"], 2000);
}

#[test]
fn a_socket_that_ends_inside_a_frame_fails_a_run_with_on_eof_stop() {
    let broken = [&[0xfd, 0, 0, 9, 1][..], &[0xff; 64]];
    for end in broken {
        let dir = TestDir::new();
        let listener = UnixListener::bind(dir.path("monitor.sock")).unwrap();
        let config = dir.socket("stop");
        let bytes = [&simulated_frames(100)[..], end].concat();
        let sender = std::thread::spawn(move || listener.accept().unwrap().0.write_all(&bytes));
        let file = dir.path("ledger.json");
        let args = run_args(&config, &file);
        let output = tidegate(&args);
        sender.join().unwrap().unwrap();
        assert_eq!(output.code, Some(1), "{}", output.stderr);
        let error = output.stderr.lines().last().unwrap();
        assert!(
            error.starts_with("error: stage `receivers.monitor1_2` failed: ")
                && error.contains("is broken: "),
            "{error}"
        );
        assert_eq!(
            LedgerReport::read(&file)
                .unwrap()
                .count("receivers.monitor1_2", "forwarded"),
            100,
            "complete frames are forwarded"
        );
    }
}

#[test]
fn a_recording_that_ends_inside_a_frame_fails_the_run() {
    let dir = TestDir::new();
    let config = dir.replay(100, &["cilium_decode"], "nop", "");
    let bytes = std::fs::read(dir.path("recording")).unwrap();
    dir.write("recording", &bytes[..bytes.len() - 3]);
    let output = tidegate(&["run".as_ref(), "-c".as_ref(), config.as_os_str()]);
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    assert!(
        output
            .stderr
            .lines()
            .last()
            .unwrap()
            .contains("; the 99 frames before it were played"),
        "{}",
        output.stderr
    );
}

#[test]
fn the_agent_reconnects_after_the_socket_ends() {
    let dir = TestDir::new();
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let agent = Agent::run(&dir.socket("reconnect"));
    drop(cilium.send(10));
    let second = cilium.send(20);
    agent.send_signal("TERM");
    let output = agent.wait();
    drop(second);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
}

#[test]
fn a_missing_recording_is_an_error_at_the_start() {
    let dir = TestDir::new();
    let config = dir.replay(1, &["cilium_decode"], "nop", "");
    std::fs::remove_file(dir.path("recording")).unwrap();
    let output = tidegate(&["run".as_ref(), "-c".as_ref(), config.as_os_str()]);
    assert_eq!((output.code, &*output.stdout), (Some(78), ""));
    let error = "error: the file of `receivers.replay.file` cannot be read\n";
    assert!(output.stderr.starts_with(error), "{}", output.stderr);
}

#[test]
fn a_closed_stdout_ends_the_run_successfully() {
    let dir = TestDir::new();
    let config = dir.replay(5000, &["cilium_decode", "l34_flow"], "stdout", "");
    let file = dir.path("ledger.json");
    let args = strict_run_args(&config, &file);
    let output = tidegate_with_closed_stdout(&args);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let ledger: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(ledger["balanced"], true);
}

#[test]
fn the_ledger_counts_every_line_written() {
    let dir = TestDir::new();
    let config = dir.replay(
        5000,
        &["cilium_decode", "l34_flow"],
        "stdout",
        "format = \"json\"",
    );
    let file = dir.path("ledger.json");
    let args = run_args(&config, &file);
    let output = tidegate(&args);
    let ledger: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let lines: Vec<Value> = output
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(ledger["stages"][3]["absorbed"], lines.len() as u64);
    assert!(lines.len() > 1000, "{}", lines.len());
}
