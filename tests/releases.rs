//! Cilium's releases: flows are the same with and without `cilium_version`, and ambiguities are
//! visible to the operator.

use serde_json::{Value, json};
use tidegate_simulate::{Mix, Options, Release, Stream};
use tidegate_wire::event::{DropFields, Encoder, Profile};
use tidegate_wire::gob::TypeId;
use tidegate_wire::payload::{self, Payload};

use crate::support::{
    Agent, FakeCilium, LedgerReport, TestDir, eventually, get, strict_run_args, tidegate,
};

/// The output of a run, and its decoder's row of the ledger.
struct Run {
    lines: Vec<Value>,
    stderr: String,
    decoder: Value,
}

/// Replays a recording, with these keys in `[processors.cilium_decode]`.
fn run(recording: &[u8], decoder_keys: &str) -> Run {
    let dir = TestDir::new();
    let file = dir.write("recording", recording);
    let processors = ["cilium_decode", "l34_flow", "sock_flow", "l7_flow"];
    let text = format!(
        "[receivers.replay]\nfile = {file:?}\n[processors.cilium_decode]\n{decoder_keys}\n\
         [processors.l34_flow]\n[processors.sock_flow]\n[processors.l7_flow]\n\
         [exporters.stdout]\nformat = \"json\"\n\
         [service]\ntelemetry.listen = \"127.0.0.1:0\"\n\
         [service.pipelines.flows]\nreceivers = [\"replay\"]\n\
         processors = {processors:?}\nexporters = [\"stdout\"]\n"
    );
    let config = dir.write("pipeline.toml", text);
    let ledger_file = dir.path("ledger.json");
    let output = tidegate(&strict_run_args(&config, &ledger_file));
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let ledger = LedgerReport::read(&ledger_file).unwrap();
    let decoder = ledger.stage("processors.cilium_decode").clone();
    Run {
        lines: output.stdout.lines().map(without_times).collect(),
        stderr: output.stderr,
        decoder,
    }
}

/// A line without the fields that differ from run to run.
fn without_times(line: &str) -> Value {
    let mut line: Value = serde_json::from_str(line).unwrap();
    line.as_object_mut().unwrap().remove("time");
    for event in ["flow", "agent_event", "debug_event"] {
        if let Some(event) = line.get_mut(event).and_then(Value::as_object_mut) {
            event.retain(|name, _| !["time", "uuid"].contains(&name.as_str()));
        }
    }
    line
}

#[test]
fn flows_are_the_same_with_and_without_a_configured_release() {
    for release in Release::ALL {
        let mut stream = Stream::new(Options {
            release,
            mix: Mix::EVEN,
            ..Options::default()
        });
        let mut recording = Vec::new();
        (0..1500).for_each(|_| stream.next_frame(&mut recording));
        let unconfigured = run(&recording, "");
        let configured = run(
            &recording,
            &format!("cilium_version = \"{}\"", release.name()),
        );
        assert!(unconfigured.lines.len() > 1000, "{}", release.name());
        assert!(unconfigured.lines == configured.lines, "{}", release.name());
        assert_eq!(
            (
                &configured.decoder["ambiguous"],
                &configured.decoder["noted"]
            ),
            (&Value::Null, &Value::Null)
        );
    }
}

/// Drops of 1.13 to 1.17.3, all with lengths that are valid in 1.12: three that name a source file
/// which 1.12 has too, and three that name one whose number was reassigned.
fn ambiguous_drops() -> Vec<u8> {
    let mut frames = payload::Encoder::new(TypeId::FIRST);
    let mut recording = Vec::new();
    for file in [2, 2, 2, 107, 107, 107] {
        let mut data = Vec::new();
        let fields = DropFields {
            file,
            line: 12,
            ..DropFields::default()
        };
        Encoder {
            profile: Profile::V1_13,
            padding: 0,
        }
        .drop(&fields, &[], &mut data);
        frames.encode(
            &Payload {
                data: &data,
                cpu: 0,
                lost: 0,
                kind: Payload::EVENT_SAMPLE,
            },
            &mut recording,
        );
    }
    recording
}

#[test]
fn ambiguities_are_in_the_ledger_and_logged_once() {
    let Run {
        lines,
        stderr,
        decoder,
    } = run(&ambiguous_drops(), "");
    assert_eq!(
        decoder["ambiguous"],
        json!({"drop_header": 3, "drop_source_file": 3})
    );
    assert_eq!(
        lines[0]["flow"]["file"],
        json!({"name": "bpf_lxc.c", "line": 12})
    );
    assert_eq!(
        lines[3]["flow"]["file"],
        json!({"name": "mcast.h", "line": 12})
    );
    for choice in ["drop_header", "drop_source_file"] {
        let row = format!(
            "ambiguous, so chosen by a rule: 3 {choice} (processors.cilium_decode of flows)"
        );
        assert!(stderr.lines().any(|line| line == row), "{stderr}");
        let warnings = stderr
            .lines()
            .filter(|line| line.contains("WARN") && line.contains(choice));
        assert_eq!(
            warnings
                .filter(|line| line.contains("set `cilium_version`"))
                .count(),
            1,
            "{stderr}"
        );
    }
}

#[test]
fn ambiguities_are_exposed_as_a_metric() {
    let dir = TestDir::new();
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let mut agent = Agent::run(&dir.socket("reconnect"));
    let address = agent.telemetry_address();
    let connection = cilium.write(&ambiguous_drops());
    let labels =
        "pipeline=\"flows\",stage=\"processors.cilium_decode\",choice=\"drop_source_file\"";
    let line = format!("tidegate_stage_ambiguous_total{{{labels}}} 3");
    eventually("the metric counts three drops", || {
        get(&address, "/metrics").1.lines().any(|one| one == line)
    });
    drop(connection);
}

#[test]
fn a_configured_release_resolves_every_ambiguity() {
    for (version, file) in [
        ("1.14.9", "unknown(107)"),
        ("1.15", "encrypt.h"),
        ("v1.17.2", "mcast.h"),
    ] {
        let Run {
            lines,
            stderr,
            decoder,
        } = run(&ambiguous_drops(), &format!("cilium_version = {version:?}"));
        assert_eq!(decoder["ambiguous"], Value::Null, "{version}");
        assert_eq!(lines[3]["flow"]["file"]["name"], file, "{version}");
        assert!(
            !stderr.contains("WARN") && !stderr.contains("ambiguous"),
            "{stderr}"
        );
    }
}

#[test]
fn a_wrong_release_is_logged_with_its_ambiguities() {
    let Run {
        lines,
        stderr,
        decoder,
    } = run(&ambiguous_drops(), "cilium_version = \"1.12\"");
    let files: Vec<_> = lines
        .iter()
        .map(|line| line["flow"]["file"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        files,
        [
            "bpf_sock.c",
            "bpf_sock.c",
            "bpf_sock.c",
            "mcast.h",
            "mcast.h",
            "mcast.h"
        ]
    );
    assert_eq!(
        decoder["ambiguous"],
        json!({"drop_header": 3, "drop_source_file": 3})
    );
    assert_eq!(decoder["noted"], json!({"cilium_version_contradicted": 3}));
    let warnings: Vec<_> = stderr
        .lines()
        .filter(|line| line.contains("the release in `cilium_version` does not"))
        .collect();
    assert_eq!(warnings.len(), 1, "{stderr}");
    assert!(
        warnings[0].contains("WARN") && warnings[0].contains("ambiguities=\"3 drop_header\""),
        "{}",
        warnings[0]
    );
}
