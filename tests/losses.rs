//! Losses are logged, and those caused by the run's own limits decide the exit code.

use std::net::TcpListener;
use std::path::Path;

use crate::support::{
    Agent, AgentOutput, Collector, LedgerReport, Reply, TestDir, eventually, get, run_args,
    tidegate,
};

const CHAIN: &[&str] = &["cilium_decode", "l34_flow"];

fn run(config: &Path, ledger_file: &Path, more: &[&str]) -> AgentOutput {
    let args = run_args(config, ledger_file);
    tidegate(
        &[
            &args[..],
            &more.iter().map(AsRef::as_ref).collect::<Vec<_>>(),
        ]
        .concat(),
    )
}

/// An address on which nothing listens.
fn closed_address() -> std::net::SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

/// The summary of losses at the end of a run's log.
fn loss_summary(output: &AgentOutput) -> Option<&str> {
    let mut lines = output
        .stderr
        .lines()
        .filter(|line| line.contains("records were lost in this run"));
    let line = lines.next();
    assert_eq!(lines.next(), None, "a single line");
    line
}

/// The keys of an `otlp` exporter with this endpoint.
fn otlp_keys(address: impl std::fmt::Display, more: &str) -> String {
    format!("endpoint = \"http://{address}\"\nqueue = {{ when_full = \"block\" }}\n{more}\n")
}

#[test]
fn a_run_without_losses_reports_only_upstream_losses() {
    let dir = TestDir::new();
    let output = run(
        &dir.replay(500, CHAIN, "nop", ""),
        &dir.path("ledger.json"),
        &["--strict"],
    );
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let summary = loss_summary(&output).unwrap_or_default();
    assert!(
        !summary.contains("exporters") && !summary.contains("processors"),
        "only upstream losses: {summary}"
    );
}

#[test]
fn records_left_at_the_drain_timeout_fail_the_run_and_name_the_key() {
    let closed = closed_address();
    let dir = TestDir::new();
    let config = dir.replay(
        500,
        CHAIN,
        "otlp",
        &otlp_keys(closed, "drain_timeout = \"0s\""),
    );
    let ledger_file = dir.path("ledger.json");
    for more in [&[][..], &["--strict"]] {
        let output = run(&config, &ledger_file, more);
        assert_eq!(output.code, Some(1), "{}", output.stderr);
        let ledger = LedgerReport::read(&ledger_file).unwrap();
        let lost = ledger.count("exporters.otlp", "dropped/drain_timeout");
        assert!(lost > 0, "{ledger}");
        let error = output.stderr.lines().last().unwrap();
        let expected = format!(
            "error: lost at the end of the run: {lost} records in exporters.otlp (`exporters.otlp.drain_timeout` gives it more time)"
        );
        assert_eq!(error, expected);
        let summary = loss_summary(&output).unwrap();
        assert!(
            summary.contains(&format!(
                "{lost} in exporters.otlp of pipeline flows (drain_timeout)"
            )),
            "{summary}"
        );
    }
}

#[test]
fn records_that_exhaust_their_retries_at_the_end_fail_the_run() {
    let closed = closed_address();
    let dir = TestDir::new();
    let keys = otlp_keys(
        closed,
        "signals = [\"flows\"]\nretry_on_failure.enabled = false",
    );
    let ledger_file = dir.path("ledger.json");
    let output = run(&dir.replay(500, CHAIN, "otlp", &keys), &ledger_file, &[]);
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    let lost = LedgerReport::read(&ledger_file)
        .unwrap()
        .count("exporters.otlp", "dropped/retries_exhausted");
    let error = output.stderr.lines().last().unwrap();
    let expected = format!(
        "error: lost at the end of the run: {lost} records in exporters.otlp (`exporters.otlp.retry_on_failure` gives it more time)"
    );
    assert_eq!(error, expected);
}

#[test]
fn unsent_final_metric_values_fail_the_run() {
    let closed = closed_address();
    let dir = TestDir::new();
    let chain = &[CHAIN, &["hubble_metrics"]].concat();
    let keys = otlp_keys(closed, "drain_timeout = \"0s\"\nsignals = [\"metrics\"]");
    let output = run(
        &dir.replay(500, chain, "otlp", &keys),
        &dir.path("ledger.json"),
        &[],
    );
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    let error = output.stderr.lines().last().unwrap();
    assert!(
        error.contains("the last values of ") && error.contains("`exporters.otlp.drain_timeout`"),
        "{error}"
    );
}

#[test]
fn unanswered_requests_are_unconfirmed_and_fail_the_run() {
    let collector = Collector::with_replies(&[], Reply::Never);
    let dir = TestDir::new();
    let keys = otlp_keys(
        collector.address,
        "drain_timeout = \"100ms\"\nsignals = [\"flows\"]",
    );
    let ledger_file = dir.path("ledger.json");
    let output = run(&dir.replay(500, CHAIN, "otlp", &keys), &ledger_file, &[]);
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    let ledger = LedgerReport::read(&ledger_file).unwrap();
    let unconfirmed = ledger.count("exporters.otlp", "unconfirmed");
    assert!(unconfirmed > 0, "{ledger}");
    let error = output.stderr.lines().last().unwrap();
    let expected = format!(
        "possibly lost, sent without an answer in time: {unconfirmed} records in exporters.otlp ("
    );
    assert!(error.contains(&expected), "{error}");
    assert!(output.stderr.contains(&format!(
        "unconfirmed, so delivered or lost: {unconfirmed} (exporters.otlp of flows)"
    )));
}

#[test]
fn losses_during_a_run_fail_only_a_strict_run() {
    let collector = Collector::with_replies(&[], Reply::AcceptAfterMillis(50));
    let dir = TestDir::new();
    let keys = otlp_keys(collector.address, "in_flight = 1").replace(
        "\"block\"",
        "\"drop_newest\", records = 50, requests = \"1KiB\"",
    );
    let config = dir.replay(3000, CHAIN, "otlp", &keys);
    for (more, code) in [(&[][..], 0), (&["--strict"], 1)] {
        let ledger_file = dir.path("ledger.json");
        let output = run(&config, &ledger_file, more);
        assert_eq!(output.code, Some(code), "{}", output.stderr);
        let full = LedgerReport::read(&ledger_file)
            .unwrap()
            .count("exporters.otlp", "dropped/queue_full");
        assert!(full > 0);
        assert!(
            loss_summary(&output).unwrap().contains(&format!(
                "{full} in exporters.otlp of pipeline flows (queue_full)"
            )),
            "{}",
            output.stderr
        );
        if code == 1 {
            let error = output.stderr.lines().last().unwrap();
            let expected = format!(
                "error: records were lost in the pipelines: {full} in exporters.otlp of pipeline flows (queue_full)"
            );
            assert_eq!(error, expected);
        }
    }
}

#[test]
fn unreadable_input_is_reported_and_is_not_a_loss() {
    let dir = TestDir::new();
    let config = dir.replay(0, CHAIN, "nop", "");
    let mut bytes = Vec::new();
    let mut encoder = tidegate_wire::payload::Encoder::default();
    for data in [&[1, 2, 3][..], &[], &[1, 2]] {
        let kind = tidegate_wire::payload::Payload::EVENT_SAMPLE;
        encoder.encode(
            &tidegate_wire::payload::Payload {
                data,
                cpu: 0,
                lost: 0,
                kind,
            },
            &mut bytes,
        );
    }
    dir.write("recording", bytes);
    let output = run(&config, &dir.path("ledger.json"), &["--strict"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let expected = "3 in processors.cilium_decode of pipeline flows (unreadable: event_too_short 2, empty_data 1)";
    assert!(
        loss_summary(&output).unwrap().ends_with(expected),
        "{}",
        output.stderr
    );
}

#[test]
fn the_first_drops_are_logged() {
    let dir = TestDir::new();
    let text = std::fs::read_to_string(dir.replay(
        20_000,
        CHAIN,
        "stdout",
        "queue = { records = 10, when_full = \"drop_newest\" }",
    ))
    .unwrap();
    let mut agent =
        Agent::run(&dir.write("slow.toml", text.replace("file =", "rate = 5000\nfile =")));
    let address = agent.telemetry_address();
    eventually("records are dropped", || {
        get(&address, "/debug/ledger").1.contains("\"queue_full\":")
    });
    let line = agent.wait_for_line("records are dropped");
    assert!(
        line.contains(" WARN ")
            && line.contains("stage=\"exporters.stdout\"")
            && line.contains("pipeline=\"flows\""),
        "{line}"
    );
    assert!(
        line.contains("reason=\"queue_full\"")
            && line.contains("records=")
            && line.contains("total="),
        "{line}"
    );
}
