//! Every reason for which a record is dropped, and a test that expects exactly it. The reasons are
//! read from the sources, so that a new one without a test does not get in.

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

/// What shows that a reason is stated where it should be.
enum Proof {
    /// Of this stream, exactly one record is dropped, by this stage of the running agent, and for
    /// no other reason.
    Stream(&'static str, Vec<u8>),
    /// The test of this name, in this file, expects it.
    Test(&'static str, &'static str),
    /// No record of a running agent is dropped for it; why it is there.
    Never(#[expect(dead_code, reason = "for whoever reads the table")] &'static str),
}

const CHAIN: &[&str] = &[
    "cilium_decode",
    "l34_flow",
    "sock_flow",
    "dns_flow",
    "http_flow",
    "l7_flow",
];
/// Agents at once.
const AT_ONCE: usize = 4;

/// A stream of event samples with these data.
fn samples(data: &[Vec<u8>]) -> Vec<u8> {
    let (mut encoder, mut bytes) = (Encoder::default(), Vec::new());
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
    let proved: BTreeSet<_> = table::table()
        .into_iter()
        .map(|(reason, _)| reason.to_owned())
        .collect();
    let stated: BTreeSet<_> = stated::reasons().into_keys().collect();
    let without = |some: &BTreeSet<String>, others: &BTreeSet<String>| {
        some.difference(others).cloned().collect::<Vec<_>>()
    };
    assert_eq!(
        without(&stated, &proved),
        [""; 0],
        "stated, and not in the table"
    );
    assert_eq!(
        without(&proved, &stated),
        [""; 0],
        "in the table, and not stated"
    );
}

#[test]
fn every_reason_in_the_sources_is_declared_and_vice_versa() {
    let stated: BTreeSet<_> = stated::reasons().into_keys().collect();
    let declared = declared::reasons();
    assert_eq!(
        stated.difference(&declared).collect::<Vec<_>>(),
        [""; 0],
        "stated, and not declared"
    );
    assert_eq!(
        declared.difference(&stated).collect::<Vec<_>>(),
        [""; 0],
        "declared, and not stated"
    );
}

#[test]
fn every_reason_is_a_named_constant() {
    assert_eq!(stated::nameless(), [""; 0]);
}

#[test]
fn every_stream_drops_one_record_for_its_reason() {
    let streams = table::table()
        .into_iter()
        .filter_map(|(reason, proof)| match proof {
            Proof::Stream(stage, bytes) => Some((reason, stage, bytes)),
            _ => None,
        });
    let streams = Mutex::new(streams);
    let next = || streams.lock().unwrap().next();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
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
    let names = stated::reasons();
    for (reason, proof) in table::table() {
        let Proof::Test(file, test) = proof else {
            continue;
        };
        let text = fs::read_to_string(root().join(file)).unwrap();
        let start = text
            .find(&format!("fn {test}("))
            .unwrap_or_else(|| panic!("no {test} in {file}"));
        let body = &text[start..];
        let body = &body[..body.find("\n}").unwrap()];
        let named = names[reason]
            .as_ref()
            .is_some_and(|name| body.contains(name.as_str()));
        assert!(
            named || body.contains(reason),
            "{test} in {file} does not name {reason}"
        );
    }
}
