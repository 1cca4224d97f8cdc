//! Signals.

use std::fs::File;
use std::io::Write as _;
use std::process::Command;

use serde_json::Value;

use crate::support::{Agent, Cilium, Place, eventually, get};

#[test]
fn a_signal_stops_the_receivers_and_drains() {
    for signal in ["TERM", "INT"] {
        let place = Place::new();
        let cilium = Cilium::listen(&place.path("monitor.sock"));
        let config = place.socket("reconnect");
        let ledger = place.path("ledger.json");
        let mut agent = Agent::start(&[
            "run".as_ref(),
            "--strict".as_ref(),
            "-c".as_ref(),
            config.as_os_str(),
            "--ledger".as_ref(),
            ledger.as_os_str(),
        ]);
        let address = agent.address();
        let connection = cilium.send(500);
        eventually("all frames are read", || {
            get(&address, "/debug/ledger").1.contains("\"in\":500")
        });
        agent.signal(signal);
        agent.says("shutting down; another signal exits immediately");
        let ended = agent.ended();
        drop(connection);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let ledger: Value =
            serde_json::from_str(&std::fs::read_to_string(&ledger).unwrap()).unwrap();
        assert_eq!(
            (&ledger["balanced"], &ledger["stages"][0]["in"]),
            (&Value::Bool(true), &Value::from(500))
        );
    }
}

/// An agent whose standard output nobody reads, stopped by a signal, when its pipe is full.
fn stuck(place: &Place, grace: &str) -> Agent {
    stuck_with(place, grace, |agent| agent.signals(&["TERM"]))
}

fn stuck_with(place: &Place, grace: &str, stop: impl Fn(&Agent)) -> Agent {
    let config = place.replay(20_000, &["cilium_decode", "l34_flow"], "stdout", "");
    let text = std::fs::read_to_string(&config)
        .unwrap()
        .replace("300ms", grace);
    let config = place.write("stuck.toml", text);
    let ledger = place.path("ledger.json");
    let mut agent = Agent::start(&[
        "run".as_ref(),
        "-c".as_ref(),
        config.as_os_str(),
        "--ledger".as_ref(),
        ledger.as_os_str(),
    ]);
    let address = agent.address();
    eventually("a stage is blocked", || {
        blocked(&get(&address, "/debug/ledger").1)
    });
    stop(&agent);
    agent.says("shutting down; another signal exits immediately");
    agent
}

/// Lines that no pipe has room for, together.
const TOO_MANY: u64 = 2_000;

/// Whether the exporter holds records that it took and cannot write: more than fit in a pipe that
/// was empty. It holds some whenever it writes, and those may be written yet, within any grace
/// period.
fn blocked(ledger: &str) -> bool {
    let ledger: Value = serde_json::from_str(ledger).unwrap();
    let count = |value: &Value| value.as_u64().unwrap_or_default();
    let (held, queued) = (
        count(&ledger["stages"][3]["in_flight"]),
        count(&ledger["edges"][0]["queue_records"]),
    );
    held > TOO_MANY.max(queued)
}

/// The final ledger, which has to balance, and what the exporter lost to the stop.
fn lost(place: &Place) -> u64 {
    let ledger: Value =
        serde_json::from_str(&std::fs::read_to_string(place.path("ledger.json")).unwrap()).unwrap();
    assert_eq!(ledger["balanced"], true, "{ledger}");
    assert!(
        ledger["stages"][3]["unconfirmed"].as_u64().unwrap() > 0,
        "the lines that the pipe has no room for"
    );
    ledger["stages"][3]["dropped"]["shutdown_timeout"]
        .as_u64()
        .unwrap_or_default()
}

#[test]
fn what_cannot_be_written_within_the_grace_period_is_lost_with_a_count() {
    let place = Place::new();
    let ended = stuck(&place, "100ms").ended_unread();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let said = ended.stderr.lines().last().unwrap();
    assert!(
        said.contains("exporters.stdout")
            && said.contains("did not end within the grace period of 100ms; lost at the"),
        "{said}"
    );
    assert!(
        said.contains("records in exporters.stdout (`service.grace_period` gives it more time)"),
        "{said}"
    );
    assert!(lost(&place) > 0);
}

#[test]
fn two_signals_that_come_together_are_one() {
    let place = Place::new();
    let agent = stuck_with(&place, "700ms", |agent| {
        agent.signals(&["TERM", "TERM", "INT"])
    });
    let ended = agent.ended_unread();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(
        !ended.stderr.contains("exiting immediately"),
        "{}",
        ended.stderr
    );
    assert!(
        ended
            .stderr
            .contains("did not end within the grace period of 700ms"),
        "{}",
        ended.stderr
    );
}

#[test]
fn signals_while_the_agent_starts_are_heard() {
    for signals in [&["TERM"][..], &["INT", "INT"]] {
        let place = Place::new();
        let (agent, mut pipe, config) = starting(&place);
        agent.signals(signals);
        pipe.write_all(&config).unwrap();
        drop(pipe);
        let ended = agent.ended();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert!(
            ended.stderr.contains("the ledger balances"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn a_hang_up_while_the_agent_starts_is_a_reload() {
    let place = Place::new();
    let (mut agent, mut pipe, config) = starting(&place);
    agent.signal("HUP");
    // What is read the second time is a file again.
    std::fs::rename(place.path("pipeline.toml"), place.path("pipe.toml")).unwrap();
    pipe.write_all(&config).unwrap();
    drop(pipe);
    agent.says("the configuration was read again");
}

/// An agent that waits for the configuration that it reads from a pipe; the pipe, and what to write
/// to it.
fn starting(place: &Place) -> (Agent, File, Vec<u8>) {
    let pipe = place.path("pipe.toml");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let config = std::fs::read(place.socket("reconnect")).unwrap();
    let agent = Agent::run(&pipe);
    // This waits until it has opened the other end.
    let pipe = File::options().write(true).open(&pipe).unwrap();
    (agent, pipe, config)
}

#[test]
fn a_second_signal_ends_at_once_with_the_ledger_written() {
    let place = Place::new();
    let mut agent = stuck(&place, "1h");
    agent.signal_until("INT", "exiting immediately");
    let ended = agent.ended_unread();
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    let said = ended.stderr.lines().last().unwrap();
    assert!(
        said.contains("exporters.stdout")
            && said.contains("ended at once, on request; lost at the end"),
        "{said}"
    );
    assert!(lost(&place) > 0);
}

#[test]
fn a_ledger_pipe_that_nobody_reads_does_not_hold_up_a_stop() {
    let place = Place::new();
    let config = place.replay(10, &["cilium_decode"], "nop", "");
    let pipe = place.path("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let args = [
        "run".as_ref(),
        "-c".as_ref(),
        config.as_os_str(),
        "--ledger".as_ref(),
        pipe.as_os_str(),
    ];
    let mut agent = Agent::start(&args);
    agent.says("waiting for a reader of the ledger's pipe");
    agent.signal("INT");
    let ended = agent.ended();
    assert_eq!(ended.code, Some(1));
    let says_why = |line: &str| line.ends_with("it has no reader, and the agent is shutting down");
    assert!(ended.stderr.lines().any(says_why), "{}", ended.stderr);

    let agent = Agent::start(&args);
    let text = std::fs::read_to_string(&pipe).unwrap();
    assert!(
        text.starts_with("{\"schema\":2,\"balanced\":true"),
        "{text}"
    );
    assert_eq!(agent.ended().code, Some(0));
}
