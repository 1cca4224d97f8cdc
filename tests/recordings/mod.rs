//! Recordings of real Cilium agents, compared with the flows and metrics of the same agent's Hubble.
//! Every difference has a documented reason, and the number of differences is exact, so that every
//! change of it shows.
//!
//! `tests/golden/recordings` holds the recordings, the numbers in `counts.toml`, and the reasons in
//! `reasons.toml`. After an intended change, `RECORDINGS=write cargo test --test tests recordings`
//! rewrites `counts.toml`; review its diff.

pub(crate) mod chain;
mod differences;
mod live;
mod pairs;
mod report;
mod series;
mod with_api;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::Value;

use chain::{Chain, Outcome};
use report::Report;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/recordings");

/// The release configured to mislead the decoder; 1.14 for agents of this one.
const WRONG_RELEASE: &str = "1.12.0";

const ALL_METRICS: &[&str] = &[
    "dns:query",
    "drop",
    "tcp",
    "flow",
    "port-distribution",
    "icmp",
    "httpV2",
    "policy",
];

/// The name of a recording, the release, and the metrics that its Hubble counted.
pub(crate) const RECORDINGS: [(&str, &str, &[&str]); 9] = [
    // Hubble 1.12 has no `policy` metric, and until 1.18 it reads what follows a comma as an option.
    (
        "v1.12.0-s4",
        "1.12.0",
        &["drop", "tcp", "flow", "port-distribution", "icmp"],
    ),
    ("v1.14.0-relabel", "1.14.0", &["dns"]),
    ("v1.16.5-s2", "1.16.5", ALL_METRICS),
    ("v1.18.4-s2", "1.18.4", ALL_METRICS),
    ("v1.19.4-s11", "1.19.4", ALL_METRICS),
    ("v1.19.4-s2", "1.19.4", ALL_METRICS),
    ("v1.19.4-s3", "1.19.4", ALL_METRICS),
    ("v1.19.4-s8", "1.19.4", ALL_METRICS),
    ("v1.20.2-v20a", "1.20.2", ALL_METRICS),
];

#[test]
fn flows_and_metrics_of_real_agents_match_their_own_hubble() {
    let reports: Vec<_> = RECORDINGS.iter().map(compare).collect();
    let counts = report::text(&reports);
    let path = format!("{FOLDER}/counts.toml");
    if std::env::var_os("RECORDINGS").is_some_and(|value| value == "write") {
        fs::write(path, counts).unwrap();
        return;
    }
    let expected = fs::read_to_string(path).unwrap();
    for (line, (found, expected)) in counts.lines().zip(expected.lines()).enumerate() {
        assert_eq!(
            found,
            expected,
            "line {} of counts.toml; all that was found:\n{counts}",
            line + 1
        );
    }
    assert_eq!(
        counts.len(),
        expected.len(),
        "counts.toml has other lines; all that was found:\n{counts}"
    );
}

#[test]
fn every_difference_has_a_reason_and_every_reason_a_difference() {
    let counts = ["counts.toml", "counts-with-api.toml"].map(|file| read(file).parse().unwrap());
    let reasons = report::reasons();
    let classes = counts
        .iter()
        .flat_map(|counts: &toml::Table| counts.values())
        .filter_map(|recording| recording.as_table())
        .flat_map(|recording| {
            ["fields", "series"]
                .into_iter()
                .filter_map(|part| recording.get(part)?.as_table())
                .flat_map(|part| part.keys())
        });
    let classes: BTreeSet<_> = classes.cloned().collect();
    let explained: BTreeSet<_> = reasons.keys().cloned().collect();
    assert_eq!(
        classes.difference(&explained).collect::<Vec<_>>(),
        [""; 0],
        "without a reason"
    );
    assert_eq!(
        explained.difference(&classes).collect::<Vec<_>>(),
        [""; 0],
        "without a difference"
    );
}

#[test]
fn the_release_of_the_agents_api_has_the_effect_of_the_configured_one() {
    let mut settled = Vec::new();
    for (name, release, metrics) in RECORDINGS {
        let recording = unzip(&format!("{name}.rec.gz"));
        let run = |configured, reported| {
            let chain = Chain {
                release: configured,
                reported,
                metrics,
                wire: false,
            };
            chain.run(&recording)
        };
        let configured = run(Some(release), None);
        let reported = run(None, Some(release));
        if run(None, None).lines != reported.lines {
            settled.push(name);
        }
        assert_eq!(reported.ambiguous, configured.ambiguous, "{name}");
        assert_eq!(reported.lines, configured.lines, "{name}");
        assert_eq!(reported.series, configured.series, "{name}");
        let over_wrong = run(Some(release), Some(WRONG_RELEASE));
        assert_eq!(over_wrong.lines, configured.lines, "{name}");
    }
    // Traffic directions of 1.14, and the form of mapped addresses of 1.19.
    assert_eq!(settled, ["v1.14.0-relabel", "v1.19.4-s11"]);
}

fn compare(&(name, release, metrics): &(&'static str, &str, &[&str])) -> Report {
    let recording = unzip(&format!("{name}.rec.gz"));
    let hubble: Vec<Value> = lines(&unzip(&format!("{name}.hubble.jsonl.gz")));
    let run = |release, wire| {
        let chain = Chain {
            release,
            reported: None,
            metrics,
            wire,
        };
        chain.run(&recording)
    };
    let configured = run(Some(release), false);
    let pairs = pairs::find(&hubble, &configured.lines);
    let mut report = Report::new(name, &hubble, &configured, &pairs);
    for &(theirs, ours) in &pairs {
        report.add_pair(&differences::classes(
            &hubble[theirs],
            &configured.lines[ours],
        ));
    }
    let exposed = String::from_utf8(unzip(&format!("{name}.hubble.prom.gz"))).unwrap();
    report.series = series::compare(&series::parse(&exposed), &configured.series);
    let unconfigured = run(None, false);
    report.blind = changes(&configured, &unconfigured);
    report.open = unconfigured.ambiguous;
    let wrong_release = if release == WRONG_RELEASE {
        "1.14"
    } else {
        WRONG_RELEASE
    };
    report.misled = changes(&configured, &run(Some(wrong_release), false));
    report.exchanges = l7_messages(&run(Some(release), true));
    report
}

/// The number of lines that differ in each field between a run with the right release configured and
/// another.
fn changes(configured: &Outcome, other: &Outcome) -> BTreeMap<String, u64> {
    assert_eq!(
        configured.lines.len(),
        other.lines.len(),
        "the release does not change the number of lines"
    );
    let mut changes = BTreeMap::new();
    for (configured, other) in configured.lines.iter().zip(&other.lines) {
        for class in differences::classes(configured, other) {
            *changes.entry(class).or_default() += 1;
        }
    }
    changes
}

/// The number of L7 flows by source (a proxy's record or a packet), protocol and type.
fn l7_messages(outcome: &Outcome) -> BTreeMap<String, u64> {
    const ACCESS_LOG: u64 = 129;
    let mut messages = BTreeMap::new();
    for flow in outcome.lines.iter().filter_map(|line| line.get("flow")) {
        let Some(l7) = flow.get("l7").and_then(Value::as_object) else {
            continue;
        };
        let protocol = ["dns", "http", "kafka"]
            .into_iter()
            .find(|name| l7.contains_key(*name))
            .unwrap_or("other");
        let source = if flow["event_type"]["type"] == ACCESS_LOG {
            "proxy"
        } else {
            "wire"
        };
        let key = format!("{source} {protocol} {}", l7["type"].as_str().unwrap());
        *messages.entry(key).or_default() += 1;
    }
    messages
}

fn lines(text: &[u8]) -> Vec<Value> {
    serde_json::Deserializer::from_slice(text)
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

pub(crate) fn unzip(file: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(fs::File::open(format!("{FOLDER}/{file}")).unwrap())
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

fn read(file: &str) -> String {
    fs::read_to_string(format!("{FOLDER}/{file}")).unwrap()
}
