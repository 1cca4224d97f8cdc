//! Runs that end by themselves, and their books.

use std::io::Write as _;
use std::os::unix::net::UnixListener;

use serde_json::Value;

use crate::support::{Agent, Books, Cilium, Place, recording, tidegate, tidegate_unread};

/// Runs a configuration to its end and reads its ledger.
fn ledger(place: &Place, config: &std::path::Path) -> Value {
    let file = place.path("ledger.json");
    let args = [
        "run".as_ref(),
        "--strict".as_ref(),
        "-c".as_ref(),
        config.as_os_str(),
        "--ledger".as_ref(),
        file.as_os_str(),
    ];
    let ended = tidegate(&args);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .contains("the ledger balances; unaccounted records: 0; in flight: 0"),
        "{}",
        ended.stderr
    );
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

#[test]
fn a_recording_ends_with_books_that_balance() {
    let place = Place::new();
    let config = place.replay(5000, &["cilium_decode", "l34_flow"], "nop", "");
    let ledger = ledger(&place, &config);
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
fn an_empty_recording_is_a_run_too() {
    let place = Place::new();
    let config = place.replay(0, &["cilium_decode"], "nop", "");
    assert_eq!(ledger(&place, &config)["stages"][0]["in"], 0);
}

#[test]
fn a_socket_that_ends_stops_the_agent_if_it_is_to() {
    let place = Place::new();
    let cilium = Cilium::listen(&place.path("monitor.sock"));
    let config = place.socket("stop");
    let sender = std::thread::spawn(move || drop(cilium.send(2000)));
    let ledger = ledger(&place, &config);
    sender.join().unwrap();
    assert_eq!(ledger["stages"][0]["in"], 2000);
}

#[test]
fn a_socket_that_ends_inside_a_frame_fails_a_run_that_is_to_end_with_it() {
    let broken = [&[0xfd, 0, 0, 9, 1][..], &[0xff; 64]];
    for end in broken {
        let place = Place::new();
        let listener = UnixListener::bind(place.path("monitor.sock")).unwrap();
        let config = place.socket("stop");
        let bytes = [&recording(100)[..], end].concat();
        let sender = std::thread::spawn(move || listener.accept().unwrap().0.write_all(&bytes));
        let file = place.path("ledger.json");
        let args = [
            "run".as_ref(),
            "-c".as_ref(),
            config.as_os_str(),
            "--ledger".as_ref(),
            file.as_os_str(),
        ];
        let ended = tidegate(&args);
        sender.join().unwrap().unwrap();
        assert_eq!(ended.code, Some(1), "{}", ended.stderr);
        let said = ended.stderr.lines().last().unwrap();
        assert!(
            said.starts_with("error: stage `receivers.monitor1_2` failed: ")
                && said.contains("is broken: "),
            "{said}"
        );
        assert_eq!(
            Books::read(&file)
                .unwrap()
                .number("receivers.monitor1_2", "forwarded"),
            100,
            "whole frames go on"
        );
    }
}

#[test]
fn a_recording_that_ends_inside_a_frame_fails_the_run() {
    let place = Place::new();
    let config = place.replay(100, &["cilium_decode"], "nop", "");
    let bytes = std::fs::read(place.path("recording")).unwrap();
    place.write("recording", &bytes[..bytes.len() - 3]);
    let ended = tidegate(&["run".as_ref(), "-c".as_ref(), config.as_os_str()]);
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .lines()
            .last()
            .unwrap()
            .contains("; the 99 frames before it were played"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_socket_that_ends_is_connected_to_again() {
    let place = Place::new();
    let cilium = Cilium::listen(&place.path("monitor.sock"));
    let agent = Agent::run(&place.socket("reconnect"));
    drop(cilium.send(10));
    let second = cilium.send(20);
    agent.signal("TERM");
    let ended = agent.ended();
    drop(second);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

#[test]
fn a_recording_that_is_not_there_fails_the_run() {
    let place = Place::new();
    let config = place.replay(1, &["cilium_decode"], "nop", "");
    std::fs::remove_file(place.path("recording")).unwrap();
    let ended = tidegate(&["run".as_ref(), "-c".as_ref(), config.as_os_str()]);
    assert_eq!(ended.code, Some(1));
    let said = ended.stderr.lines().last().unwrap();
    assert!(
        said.starts_with("error: stage `receivers.replay` failed: "),
        "{said}"
    );
    assert!(
        said.ends_with("No such file or directory (os error 2)"),
        "{said}"
    );
}

#[test]
fn a_reader_of_the_flows_that_goes_away_ends_the_run_well() {
    let place = Place::new();
    let config = place.replay(5000, &["cilium_decode", "l34_flow"], "stdout", "");
    let file = place.path("ledger.json");
    let args = [
        "run".as_ref(),
        "-c".as_ref(),
        config.as_os_str(),
        "--strict".as_ref(),
        "--ledger".as_ref(),
        file.as_os_str(),
    ];
    let ended = tidegate_unread(&args);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let ledger: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(ledger["balanced"], true);
}

#[test]
fn every_flow_is_a_line_and_the_books_count_the_lines() {
    let place = Place::new();
    let config = place.replay(
        5000,
        &["cilium_decode", "l34_flow"],
        "stdout",
        "format = \"json\"",
    );
    let file = place.path("ledger.json");
    let args = [
        "run".as_ref(),
        "-c".as_ref(),
        config.as_os_str(),
        "--ledger".as_ref(),
        file.as_os_str(),
    ];
    let ended = tidegate(&args);
    let ledger: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let lines: Vec<Value> = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(ledger["stages"][3]["absorbed"], lines.len() as u64);
    assert!(lines.len() > 1000, "{}", lines.len());
}
