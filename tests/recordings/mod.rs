//! Recordings of real Cilium agents, beside what the same agent's Hubble exported and counted:
//! every flow is the same but for fields with a written reason, and how many those are is exact, so
//! that a change for better or worse shows.
//!
//! `tests/golden/recordings` holds the recordings, `counts.toml` what came out, and `reasons.toml`
//! why. After a change that is meant, `RECORDINGS=write cargo test --test tests recordings` writes
//! the counts anew, for `git diff` to be read.

mod chain;
mod differences;
mod pairs;
mod report;
mod series;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::Value;

use chain::{Chain, Outcome};
use report::Report;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/recordings");

/// A release that is configured for agents of others; for those of this one it is 1.14.
const WRONG: &str = "1.12.0";

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

/// What was recorded, the release, and the metrics that its Hubble counted.
const RECORDINGS: [(&str, &str, &[&str]); 9] = [
    // Hubble of 1.12 knows no `policy`, and took what follows a comma for an option until 1.18.
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
    let counts: toml::Table = read("counts.toml").parse().unwrap();
    let reasons = report::reasons();
    let classes = counts
        .values()
        .filter_map(|recording| recording.as_table())
        .flat_map(|recording| {
            ["fields", "series"]
                .into_iter()
                .filter_map(|part| recording[part].as_table())
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

fn compare(&(name, release, metrics): &(&'static str, &str, &[&str])) -> Report {
    let recording = unzip(&format!("{name}.rec.gz"));
    let hubble: Vec<Value> = lines(&unzip(&format!("{name}.hubble.jsonl.gz")));
    let configured = Chain {
        release: Some(release),
        metrics,
        wire: false,
    }
    .play(&recording);
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
    let blind = Chain {
        release: None,
        metrics,
        wire: false,
    }
    .play(&recording);
    report.blind = changes(&configured, &blind);
    report.open = blind.ambiguous;
    let wrong = if release == WRONG { "1.14" } else { WRONG };
    report.misled = changes(
        &configured,
        &Chain {
            release: Some(wrong),
            metrics,
            wire: false,
        }
        .play(&recording),
    );
    report.exchanges = exchanges(
        &Chain {
            release: Some(release),
            metrics,
            wire: true,
        }
        .play(&recording),
    );
    report
}

/// In which fields, and in how many flows, what is read without the release differs from what is
/// read with it.
fn changes(configured: &Outcome, blind: &Outcome) -> BTreeMap<String, u64> {
    assert_eq!(
        configured.lines.len(),
        blind.lines.len(),
        "the release decides how, not whether"
    );
    let mut changes = BTreeMap::new();
    for (configured, blind) in configured.lines.iter().zip(&blind.lines) {
        for class in differences::classes(configured, blind) {
            *changes.entry(class).or_default() += 1;
        }
    }
    changes
}

/// L7 flows by what tells of them, a proxy's record or a packet, and what they are.
fn exchanges(outcome: &Outcome) -> BTreeMap<String, u64> {
    const ACCESS_LOG: u64 = 129;
    let mut exchanges = BTreeMap::new();
    for flow in outcome.lines.iter().filter_map(|line| line.get("flow")) {
        let Some(l7) = flow.get("l7").and_then(Value::as_object) else {
            continue;
        };
        let protocol = ["dns", "http", "kafka"]
            .into_iter()
            .find(|name| l7.contains_key(*name))
            .unwrap_or("other");
        let seen = if flow["event_type"]["type"] == ACCESS_LOG {
            "proxy"
        } else {
            "wire"
        };
        let what = format!("{seen} {protocol} {}", l7["type"].as_str().unwrap());
        *exchanges.entry(what).or_default() += 1;
    }
    exchanges
}

fn lines(text: &[u8]) -> Vec<Value> {
    serde_json::Deserializer::from_slice(text)
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

fn unzip(file: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(fs::File::open(format!("{FOLDER}/{file}")).unwrap())
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

fn read(file: &str) -> String {
    fs::read_to_string(format!("{FOLDER}/{file}")).unwrap()
}
