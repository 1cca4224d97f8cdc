//! Names compared with Hubble's: what an agent's API lists, and a recording of its traffic with the
//! lines of Hubble's own parser, exporter and printer (Cilium v1.19.4), which had the same lists.
//! `tests/conformance/run --names` compares many more.

use std::fs;
use std::io::Write as _;

use crate::conformance_golden::{GOLDEN, comparable, golden, without_time};
use crate::support::{Agent, FakeApi, FakeCilium, LedgerReport, TestDir, eventually};

const PIPELINE: &str = include_str!("conformance/names/pipeline.toml");

/// The lines that tidegate prints for the recording, after it has read the lists.
fn print(format: &str) -> Vec<String> {
    let dir = TestDir::new();
    let answers = serde_json::from_str(&golden("names.api.json")).unwrap();
    let api = FakeApi::listen(&dir.path("api.sock"), answers);
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let path = |name| dir.path(name).display().to_string();
    let pipeline = PIPELINE
        .replace("@SOCKET@", &path("monitor.sock"))
        .replace("@API@", &path("api.sock"))
        .replace("@FORMAT@", format);
    let mut agent = Agent::run(&dir.write("pipeline.toml", pipeline));
    let stdout = agent.read_stdout();
    let telemetry = agent.telemetry_address();
    let stream = fs::read(format!("{GOLDEN}/names.stream")).unwrap();
    let read_lists = || {
        let ledger = LedgerReport::live(&telemetry);
        let absorbed = ledger.count("processors.cilium_enrich", "absorbed");
        absorbed > 0 && absorbed == ledger.count("receivers.cilium_api", "in")
    };
    let mut client = cilium.accept();
    agent.find_line("read names from the Cilium agent's API");
    assert!(api.all_were_asked_for());
    api.refuse();
    eventually("the lists are in the table", read_lists);
    client.write_all(&stream).unwrap();
    drop(client);
    agent.wait_for_line("closed the connection");
    agent.send_signal("TERM");
    let output = agent.wait();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    stdout.join().unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn names_in_json_equal_hubbles_export() {
    let lines = print("json");
    let expected = golden("names.jsonl");
    assert_eq!(lines.len(), expected.lines().count());
    for (line, expected) in lines.iter().zip(expected.lines()) {
        assert_eq!(comparable(line), comparable(expected));
    }
}

#[test]
fn names_in_compact_lines_equal_hubble_observe() {
    let lines = print("compact");
    let expected = golden("names.compact");
    assert_eq!(lines.len(), expected.lines().count());
    for (line, expected) in lines.iter().zip(expected.lines()) {
        let expected: String = serde_json::from_str(expected).unwrap();
        assert_eq!(without_time(line), without_time(&expected));
    }
}
