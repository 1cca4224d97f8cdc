//! What is lost is in the log, and decides the exit code where the run's own limits lost it.

use std::net::TcpListener;
use std::path::Path;

use crate::support::{Agent, Answer, Books, Collector, Ended, Place, eventually, get, tidegate};

const CHAIN: &[&str] = &["cilium_decode", "l34_flow"];

fn run(config: &Path, ledger: &Path, more: &[&str]) -> Ended {
    let args = [
        "run".as_ref(),
        "-c".as_ref(),
        config.as_os_str(),
        "--ledger".as_ref(),
        ledger.as_os_str(),
    ];
    tidegate(
        &[
            &args[..],
            &more.iter().map(AsRef::as_ref).collect::<Vec<_>>(),
        ]
        .concat(),
    )
}

/// The line about all losses at the end of a run.
fn summary(ended: &Ended) -> Option<&str> {
    let mut lines = ended
        .stderr
        .lines()
        .filter(|line| line.contains("records were lost in this run"));
    let line = lines.next();
    assert_eq!(lines.next(), None, "it is one line");
    line
}

/// An `otlp` exporter's keys, for an endpoint.
fn otlp(address: impl std::fmt::Display, more: &str) -> String {
    format!("endpoint = \"http://{address}\"\nqueue = {{ when_full = \"block\" }}\n{more}\n")
}

#[test]
fn nothing_is_said_where_nothing_is_lost() {
    let place = Place::new();
    let ended = run(
        &place.replay(500, CHAIN, "nop", ""),
        &place.path("ledger.json"),
        &["--strict"],
    );
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let said = summary(&ended).unwrap_or_default();
    assert!(
        !said.contains("exporters") && !said.contains("processors"),
        "only what Cilium lost: {said}"
    );
}

#[test]
fn what_the_time_to_drain_leaves_fails_the_run_and_names_the_key() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let place = Place::new();
    let config = place.replay(500, CHAIN, "otlp", &otlp(nobody, "drain_timeout = \"0s\""));
    let ledger = place.path("ledger.json");
    for more in [&[][..], &["--strict"]] {
        let ended = run(&config, &ledger, more);
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        let books = Books::read(&ledger).unwrap();
        let lost = books.number("exporters.otlp", "dropped/drain_timeout");
        assert!(lost > 0, "{books}");
        let error = ended.stderr.lines().last().unwrap();
        let expected = format!(
            "error: lost at the end of the run: {lost} records in exporters.otlp (`exporters.otlp.drain_timeout` gives it more time)"
        );
        assert_eq!(error, expected);
        let said = summary(&ended).unwrap();
        assert!(
            said.contains(&format!(
                "{lost} in exporters.otlp of flows (drain_timeout)"
            )),
            "{said}"
        );
    }
}

#[test]
fn what_the_end_of_retries_leaves_at_the_end_fails_the_run() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let place = Place::new();
    let keys = otlp(
        nobody,
        "signals = [\"flows\"]\nretry_on_failure.enabled = false",
    );
    let ledger = place.path("ledger.json");
    let ended = run(&place.replay(500, CHAIN, "otlp", &keys), &ledger, &[]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let lost = Books::read(&ledger)
        .unwrap()
        .number("exporters.otlp", "dropped/retries_exhausted");
    let error = ended.stderr.lines().last().unwrap();
    let expected = format!(
        "error: lost at the end of the run: {lost} records in exporters.otlp (`exporters.otlp.retry_on_failure` gives it more time)"
    );
    assert_eq!(error, expected);
}

#[test]
fn the_last_values_of_metrics_count_as_what_the_run_lost_at_its_end() {
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let place = Place::new();
    let chain = &[CHAIN, &["hubble_metrics"]].concat();
    let keys = otlp(nobody, "drain_timeout = \"0s\"\nsignals = [\"metrics\"]");
    let ended = run(
        &place.replay(500, chain, "otlp", &keys),
        &place.path("ledger.json"),
        &[],
    );
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let error = ended.stderr.lines().last().unwrap();
    assert!(
        error.contains("the last values of ") && error.contains("`exporters.otlp.drain_timeout`"),
        "{error}"
    );
}

#[test]
fn requests_that_are_never_answered_are_unconfirmed_and_fail_the_run() {
    let collector = Collector::answering(&[], Answer::Hang);
    let place = Place::new();
    let keys = otlp(
        collector.address,
        "drain_timeout = \"100ms\"\nsignals = [\"flows\"]",
    );
    let ledger = place.path("ledger.json");
    let ended = run(&place.replay(500, CHAIN, "otlp", &keys), &ledger, &[]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let books = Books::read(&ledger).unwrap();
    let unconfirmed = books.number("exporters.otlp", "unconfirmed");
    assert!(unconfirmed > 0, "{books}");
    let error = ended.stderr.lines().last().unwrap();
    let expected = format!(
        "possibly lost, sent without an answer in time: {unconfirmed} records in exporters.otlp ("
    );
    assert!(error.contains(&expected), "{error}");
    assert!(ended.stderr.contains(&format!(
        "unconfirmed, so delivered or lost: {unconfirmed} (exporters.otlp of flows)"
    )));
}

#[test]
fn what_is_lost_in_the_middle_of_a_run_fails_only_a_strict_one() {
    let collector = Collector::answering(&[], Answer::After(50));
    let place = Place::new();
    let keys = otlp(collector.address, "in_flight = 1")
        .replace("\"block\"", "\"drop_newest\", records = 50");
    let config = place.replay(3000, CHAIN, "otlp", &keys);
    for (more, code) in [(&[][..], 0), (&["--strict"], 1)] {
        let ledger = place.path("ledger.json");
        let ended = run(&config, &ledger, more);
        assert_eq!(ended.code, Some(code), "{}", ended.stderr);
        let full = Books::read(&ledger)
            .unwrap()
            .number("exporters.otlp", "dropped/queue_full");
        assert!(full > 0);
        assert!(
            summary(&ended)
                .unwrap()
                .contains(&format!("{full} in exporters.otlp of flows (queue_full)")),
            "{}",
            ended.stderr
        );
        if code == 1 {
            let error = ended.stderr.lines().last().unwrap();
            let says = format!(
                "error: records were lost in the pipelines: {full} in exporters.otlp of flows (queue_full)"
            );
            assert_eq!(error, says);
        }
    }
}

#[test]
fn what_cannot_be_read_is_said_and_is_no_loss_of_ours() {
    let place = Place::new();
    let config = place.replay(0, CHAIN, "nop", "");
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
    place.write("recording", bytes);
    let ended = run(&config, &place.path("ledger.json"), &["--strict"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let expected =
        "3 in processors.cilium_decode of flows (unreadable: event_too_short 2, empty_data 1)";
    assert!(
        summary(&ended).unwrap().ends_with(expected),
        "{}",
        ended.stderr
    );
}

#[test]
fn drops_are_said_when_they_begin() {
    let place = Place::new();
    let text = std::fs::read_to_string(place.replay(
        20_000,
        CHAIN,
        "stdout",
        "queue = { records = 10, when_full = \"drop_newest\" }",
    ))
    .unwrap();
    let mut agent =
        Agent::run(&place.write("slow.toml", text.replace("file =", "rate = 5000\nfile =")));
    let address = agent.address();
    eventually("records are dropped", || {
        get(&address, "/debug/ledger").1.contains("\"queue_full\":")
    });
    let line = agent.says("records are dropped");
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
