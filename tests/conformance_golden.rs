//! A small recording with the lines that Hubble's own parser and exporter (Cilium v1.19.4) write about it.
//! `tests/conformance` made both, and compares many more.

use serde_json::Value;

use crate::support::{Place, tidegate};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/conformance");
const PIPELINE: &str = include_str!("conformance/pipeline.toml");

/// A line without what the two cannot have in common.
fn comparable(line: &str) -> Value {
    let mut line: Value = serde_json::from_str(line).unwrap();
    let document = line.as_object_mut().unwrap();
    document.remove("time");
    if let Some(flow) = document.get_mut("flow").and_then(Value::as_object_mut) {
        flow.retain(|name, _| !["time", "uuid", "emitter"].contains(&name.as_str()));
    }
    line
}

#[test]
fn a_recording_prints_as_hubble_exports_it() {
    let place = Place::new();
    let config = place.write("pipeline.toml", PIPELINE.replace("@FILE@", &format!("{GOLDEN}/events.stream")));
    let ended = tidegate(&["run".as_ref(), "-c".as_ref(), config.as_os_str()]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let lines: Vec<_> = ended.stdout.lines().map(comparable).collect();
    let hubble = std::fs::read_to_string(format!("{GOLDEN}/hubble.jsonl")).unwrap();
    let expected: Vec<_> = hubble.lines().filter(|line| !line.starts_with(r#"{"error""#)).map(comparable).collect();
    assert_eq!(lines.len(), expected.len());
    for (line, expected) in lines.iter().zip(&expected) {
        assert_eq!(line, expected);
    }
}
