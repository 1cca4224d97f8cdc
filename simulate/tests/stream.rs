//! Streams follow their options in every release, and all of their events decode.

use std::collections::BTreeSet;

use tidegate_simulate::{Event, Mix, Options, Release, Scenario, Simulator, Stream};
use tidegate_wire::access_log;
use tidegate_wire::event::{self, Hints, PacketEvent};
use tidegate_wire::packet::{self, Link};
use tidegate_wire::payload::{Decoder, Step};

fn bytes(options: Options, frames: usize) -> Vec<u8> {
    let mut stream = Stream::new(options);
    let mut out = Vec::new();
    (0..frames).for_each(|_| stream.next_frame(&mut out));
    out
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_gives_others() {
    let with_seed = |seed| {
        bytes(
            Options {
                seed,
                ..Options::default()
            },
            2000,
        )
    };
    assert_eq!(with_seed(7), with_seed(7));
    assert_ne!(with_seed(7), with_seed(8));
}

#[test]
fn every_frame_of_a_stream_decodes_and_the_summary_counts_them() {
    let mut stream = Stream::new(Options {
        lost_every: 100,
        ..Options::default()
    });
    let mut out = Vec::new();
    (0..3000).for_each(|_| stream.next_frame(&mut out));
    let mut decoder = Decoder::new(1 << 20);
    let mut rest = out.as_slice();
    let mut frames = 0;
    let mut lost = 0;
    while !rest.is_empty() {
        let used = match decoder.next(rest).unwrap() {
            Step::Value { used, payload } => {
                frames += 1;
                lost += payload.lost;
                used
            }
            Step::Definition { used } => used,
            Step::Incomplete { .. } | Step::Refused { .. } => {
                panic!("the stream ends inside a frame, or a frame is broken")
            }
        };
        rest = &rest[used..];
    }
    let summary = stream.summary();
    assert_eq!((frames, lost), (summary.frames, summary.lost));
    assert_eq!(summary.loss_reports, 30);
}

#[test]
fn every_event_is_valid_and_every_type_of_the_release_occurs() {
    for release in Release::ALL {
        let mut types = BTreeSet::new();
        let mut simulator = Simulator::new(Options {
            release,
            mix: Mix::EVEN,
            lost_every: 0,
            ..Options::default()
        });
        let mut hints = Hints::default();
        let mut records = access_log::Decoder::default();
        for _ in 0..5000 {
            let Event::Sample { data, .. } = simulator.next_event() else {
                unreachable!("losses are switched off")
            };
            types.insert(data[0]);
            check(&data, &mut hints, &mut records, release);
        }
        let mut expected = BTreeSet::from([1, 2, 3, 4, 5, 129, 130]);
        expected.extend((release < Release::V1_19).then_some(6));
        expected.extend((release > Release::V1_12).then_some(7));
        assert_eq!(types, expected, "{}", release.name());
    }
}

fn check(data: &[u8], hints: &mut Hints, records: &mut access_log::Decoder, release: Release) {
    let event =
        event::parse(data, hints).unwrap_or_else(|reason| panic!("{}: {reason}", release.name()));
    hints.observe(&event);
    if let event::Event::Trace(trace) = &event {
        assert!(
            trace.orig_ip().is_none() || release >= Release::V1_16,
            "a trace of {} has an original address",
            release.name()
        );
    }
    let packet = match event {
        event::Event::Drop(event) => event.packet(),
        event::Event::PolicyVerdict(event) => event.packet(),
        event::Event::Capture(event) => event.packet(),
        event::Event::Trace(event) if !event.is_l3_device() => event.packet(),
        event::Event::AccessLog(_) => {
            let record = records
                .decode(data)
                .expect("the simulator writes valid records");
            assert_eq!(record.variant, release.access_log());
            return;
        }
        _ => return,
    };
    packet::parse(packet, Link::Ethernet)
        .unwrap_or_else(|reason| panic!("{}: {reason:?}", release.name()));
}

#[test]
fn a_mix_of_one_scenario_has_only_its_events() {
    let mut simulator = Simulator::new(Options {
        mix: Mix::only(Scenario::Drop),
        lost_every: 0,
        ..Options::default()
    });
    for _ in 0..500 {
        let Event::Sample { data, .. } = simulator.next_event() else {
            unreachable!("losses are switched off")
        };
        assert!(matches!(data[0], 1 | 5), "message type {}", data[0]);
    }
}

#[test]
fn two_requests_of_a_trace_have_one_traceparent_and_no_response_has_it() {
    let mut simulator = Simulator::new(Options {
        mix: Mix::only(Scenario::HttpTraced),
        lost_every: 0,
        ..Options::default()
    });
    let mut requests = std::collections::BTreeMap::<String, Vec<String>>::new();
    let mut records = access_log::Decoder::default();
    for _ in 0..960 {
        let Event::Sample { data, .. } = simulator.next_event() else {
            unreachable!("losses are switched off")
        };
        let record = records.decode(&data).unwrap();
        let mut headers = record.http.unwrap().headers.unwrap();
        match headers.remove("Traceparent") {
            Some(values) => requests
                .entry(values.concat())
                .or_default()
                .push(record.observation_point),
            None => assert_eq!(record.kind, "Response"),
        }
    }
    assert!(requests.len() > 200, "{}", requests.len());
    let complete = requests.values().filter(|points| points.len() == 2);
    for points in complete.clone() {
        assert_eq!(points, &["Ingress", "Egress"]);
    }
    assert!(complete.count() > 200);
}
