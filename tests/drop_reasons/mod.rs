//! Every reason for which a record is dropped has a test that expects it. The reasons are read from
//! the sources, so a new reason without a test fails.

mod declared;
mod gob;
mod packets;
mod stated;
mod table;

use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;
use std::thread;

use tidegate_wire::payload::{Encoder, Payload};

use crate::support::{LedgerReport, TestDir};
use stated::root;

/// What covers a reason.
enum Coverage {
    /// This stage of a running agent drops one record of this stream for the reason, and nothing
    /// else is dropped.
    Stream(&'static str, Vec<u8>),
    /// The test in this file, with this name, expects the reason.
    Test(&'static str, &'static str),
    /// A running agent drops no record for the reason, as this text explains.
    Never(#[expect(dead_code, reason = "documentation")] &'static str),
}

const CHAIN: &[&str] = &[
    "cilium_decode",
    "l34_flow",
    "sock_flow",
    "dns_flow",
    "http_flow",
    "l7_flow",
];
/// Concurrent runs of the agent.
const CONCURRENCY: usize = 4;

/// A stream of event samples with these data.
fn samples(data: &[Vec<u8>]) -> Vec<u8> {
    let mut encoder = Encoder::default();
    let mut bytes = Vec::new();
    for data in data {
        encoder.encode(
            &Payload {
                data,
                cpu: 0,
                lost: 0,
                kind: Payload::EVENT_SAMPLE,
            },
            &mut bytes,
        );
    }
    bytes
}

#[test]
fn every_reason_in_the_sources_is_in_the_table_and_vice_versa() {
    let covered: BTreeSet<_> = table::table()
        .into_iter()
        .map(|(reason, _)| reason.to_owned())
        .collect();
    let stated: BTreeSet<_> = stated::reasons().into_keys().collect();
    let difference = |left: &BTreeSet<String>, right: &BTreeSet<String>| {
        left.difference(right).cloned().collect::<Vec<_>>()
    };
    assert_eq!(
        difference(&stated, &covered),
        [""; 0],
        "in the sources, not in the table"
    );
    assert_eq!(
        difference(&covered, &stated),
        [""; 0],
        "in the table, not in the sources"
    );
}

#[test]
fn every_reason_in_the_sources_is_declared_and_vice_versa() {
    let stated: BTreeSet<_> = stated::reasons().into_keys().collect();
    let declared = declared::reasons();
    assert_eq!(
        stated.difference(&declared).collect::<Vec<_>>(),
        [""; 0],
        "in the sources, not declared"
    );
    assert_eq!(
        declared.difference(&stated).collect::<Vec<_>>(),
        [""; 0],
        "declared, not in the sources"
    );
}

#[test]
fn every_reason_is_a_named_constant() {
    assert_eq!(stated::literals(), [""; 0]);
}

#[test]
fn every_stream_drops_one_record_for_its_reason() {
    let streams = table::table()
        .into_iter()
        .filter_map(|(reason, coverage)| match coverage {
            Coverage::Stream(stage, bytes) => Some((reason, stage, bytes)),
            _ => None,
        });
    let streams = Mutex::new(streams);
    let next = || streams.lock().unwrap().next();
    thread::scope(|scope| {
        for _ in 0..CONCURRENCY {
            scope.spawn(|| {
                while let Some((reason, stage, bytes)) = next() {
                    assert_eq!(drops(&bytes), [(stage.to_owned(), reason.to_owned(), 1)]);
                }
            });
        }
    });
}

fn drops(stream: &[u8]) -> Vec<(String, String, u64)> {
    let dir = TestDir::new();
    let config = dir.replay(0, CHAIN, "nop", "");
    dir.write("recording", stream);
    LedgerReport::of_run(&dir, &config).drops()
}

#[test]
fn every_test_in_the_table_mentions_its_reason() {
    let constants = stated::reasons();
    for (reason, coverage) in table::table() {
        let Coverage::Test(file, test) = coverage else {
            continue;
        };
        let text = fs::read_to_string(root().join(file)).unwrap();
        let start = text
            .find(&format!("fn {test}("))
            .unwrap_or_else(|| panic!("no {test} in {file}"));
        let body = &text[start..];
        let body = &body[..body.find("\n}").unwrap()];
        let mentions_constant = constants[reason]
            .as_ref()
            .is_some_and(|name| body.contains(name.as_str()));
        assert!(
            mentions_constant || body.contains(reason),
            "{test} in {file} does not mention {reason}"
        );
    }
}
