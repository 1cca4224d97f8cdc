//! Streams of agents of every release are decoded, with and without a configured release.

use crate::support::TestChain;
use tidegate_model::flow::Flow;
use tidegate_model::{Batch, Kind, Record};
use tidegate_simulate::{Event, Mix, Options, Release, Simulator};

const EVENTS: usize = 4000;

fn samples(options: Options) -> Vec<Vec<u8>> {
    let mut simulator = Simulator::new(Options {
        lost_every: 0,
        ..options
    });
    let events = std::iter::from_fn(|| Some(simulator.next_event()));
    let sample = |event| match event {
        Event::Sample { data, .. } => data,
        Event::Lost { .. } => unreachable!("no losses were asked for"),
    };
    events.map(sample).take(EVENTS).collect()
}

fn chain(decode: &str) -> TestChain {
    let l34_flow = ("l34_flow", "{ recorder_captures = true }");
    TestChain::of(&[
        ("cilium_decode", decode),
        l34_flow,
        ("sock_flow", "{}"),
        ("dns_flow", "{}"),
        ("l7_flow", "{}"),
    ])
}

/// Describes records, with source files by name.
fn describe(batch: &Batch) -> Vec<String> {
    let text = |record: &Record| match record {
        Record::Flow(flow) => {
            let file = flow.file.map(|file| (file.name(), file.line));
            format!(
                "{file:?} {:?}",
                Flow {
                    file: None,
                    ..flow.clone()
                }
            )
        }
        other => format!("{other:?}"),
    };
    batch.records().iter().map(text).collect()
}

fn configured(release: Release) -> String {
    format!("{{ cilium_version = \"{}\" }}", release.name())
}

#[test]
fn every_event_of_every_release_is_decoded() {
    for release in Release::ALL {
        let name = release.name();
        let mut chain = chain("{}");
        let batch = chain.run(samples(Options {
            release,
            seed: 7,
            ..Options::default()
        }));
        assert_eq!(chain.step(0).tally.notes(), [], "{name}");
        assert!(
            chain.steps().iter().all(|step| step.dropped() == 0),
            "{name}"
        );
        let has = |wanted: fn(&Record) -> bool| batch.records().iter().any(wanted);
        assert!(has(|record| record.kind() == Kind::AgentEvent), "{name}");
        assert!(has(|record| record.kind() == Kind::DebugEvent), "{name}");
        let has_socket =
            has(|record| matches!(record, Record::Flow(flow) if flow.socket.is_some()));
        assert_eq!(has_socket, release >= Release::V1_13, "{name}");
        let has_recorder =
            has(|record| matches!(record, Record::Flow(flow) if flow.message_type == 6));
        assert_eq!(has_recorder, release <= Release::V1_18, "{name}");
    }
}

#[test]
fn a_configured_release_does_not_change_the_flows() {
    for release in Release::ALL {
        for (seed, mix) in [(3, Mix::default()), (4, Mix::EVEN)] {
            let samples = samples(Options {
                release,
                seed,
                mix,
                ..Options::default()
            });
            let (mut unconfigured, mut configured_chain) =
                (chain("{}"), chain(&configured(release)));
            // One event at a time, so that a difference is easy to read.
            for data in &samples {
                assert_eq!(
                    describe(&unconfigured.run([data])),
                    describe(&configured_chain.run([data])),
                    "{}",
                    release.name()
                );
            }
            let tally = &configured_chain.step(0).tally;
            assert_eq!(
                (tally.ambiguities(), tally.notes()),
                (&[][..], &[][..]),
                "{}",
                release.name()
            );
        }
    }
}
