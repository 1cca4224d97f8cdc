//! Recordings with the lines that Hubble's own parser, exporter and printer (Cilium v1.19.4) write
//! for them: a sample of every kind of generated event, and the inputs of upstream's parser tests.
//! `tests/conformance` wrote them, and compares many more.

use std::fs;

use serde_json::Value;

use crate::support::{FakeCilium, TestDir, tidegate};

/// The folder of the golden files.
pub(crate) const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/conformance");
const PIPELINE: &str = include_str!("conformance/pipeline.toml");
const RECORDINGS: [&str; 2] = ["generated", "upstream"];

/// The lines that tidegate prints for a recording that it reads from the socket.
fn print(recording: &str, format: &str) -> Vec<String> {
    print_with(recording, format, "")
}

/// The same with these keys in `http_flow` and `l7_flow`.
fn print_with(recording: &str, format: &str, keys: &str) -> Vec<String> {
    let dir = TestDir::new();
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let socket = dir.path("monitor.sock").display().to_string();
    let pipeline = PIPELINE
        .replace("@SOCKET@", &socket)
        .replace("@FORMAT@", format)
        .replace("@VERSION@", "1.19");
    let pipeline = ["http_flow", "l7_flow"]
        .iter()
        .fold(pipeline, |pipeline, stage| {
            let header = format!("[processors.{stage}]\n");
            pipeline.replace(&header, &format!("{header}{keys}\n"))
        });
    let config = dir.write("pipeline.toml", pipeline);
    let stream = fs::read(format!("{GOLDEN}/{recording}.stream")).unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(|| drop(cilium.write(&stream)));
        tidegate(&["run".as_ref(), "-c".as_ref(), config.as_os_str()])
    });
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    output.stdout.lines().map(str::to_owned).collect()
}

/// A golden file.
pub(crate) fn golden(file: &str) -> String {
    fs::read_to_string(format!("{GOLDEN}/{file}")).unwrap()
}

/// A line without the fields that differ between the two programs.
pub(crate) fn comparable(line: &str) -> Value {
    let mut line: Value = serde_json::from_str(line).unwrap();
    let document = line.as_object_mut().unwrap();
    document.remove("time");
    if let Some(flow) = document.get_mut("flow").and_then(Value::as_object_mut) {
        flow.retain(|name, _| !["time", "uuid", "emitter"].contains(&name.as_str()));
    }
    line
}

/// A compact line without its timestamp.
pub(crate) fn without_time(line: &str) -> &str {
    &line["Jan  1 00:00:00.000".len()..]
}

#[test]
fn json_output_equals_hubbles_export() {
    for recording in RECORDINGS {
        let lines = print(recording, "json");
        let hubble = golden(&format!("{recording}.jsonl"));
        let expected: Vec<_> = hubble
            .lines()
            .filter(|line| !line.starts_with(r#"{"error""#))
            .collect();
        assert_eq!(lines.len(), expected.len());
        for (line, expected) in lines.iter().zip(expected) {
            assert_eq!(comparable(line), comparable(expected));
        }
    }
}

#[test]
fn compact_output_equals_hubble_observe() {
    for recording in RECORDINGS {
        let lines = print(recording, "compact");
        let hubble = golden(&format!("{recording}.compact"));
        let expected = hubble
            .lines()
            .map(|line| serde_json::from_str::<String>(line).unwrap());
        let expected: Vec<_> = expected.filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.len(), expected.len());
        for (line, expected) in lines.iter().zip(&expected) {
            assert_eq!(without_time(line), without_time(expected));
        }
    }
}

#[test]
fn redaction_equals_hubbles_with_the_same_settings() {
    let golden = golden("redaction.jsonl");
    assert_eq!(golden.lines().count(), 7);
    for setting in golden.lines() {
        let setting: Value = serde_json::from_str(setting).unwrap();
        let redact = setting["redact"].as_str().unwrap();
        let lines = print_with("redaction", "json", &format!("redact = {redact}"));
        let expected = setting["flows"].as_array().unwrap();
        assert_eq!(lines.len(), expected.len());
        for (line, expected) in lines.iter().zip(expected) {
            let flow = &serde_json::from_str::<Value>(line).unwrap()["flow"];
            for part in ["l7", "trace_context", "Summary"] {
                assert_eq!(flow.get(part), expected.get(part), "{part} with {redact}");
            }
        }
    }
}
