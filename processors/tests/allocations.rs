//! The hot path does not allocate, from the frame of a packet to a metric of a known series.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::alloc::System;

use serde::de::IntoDeserializer as _;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tidegate_model::record::Frame;
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Kind, Kinds, Pool, Record};
use tidegate_processors::KINDS;
use tidegate_runtime::component::BuildContext;
use tidegate_runtime::stage::Processor;
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;
use tidegate_simulate::{Event, Options, Release, Simulator};
use tidegate_wire::event::message_type;
use toml::de::ValueDeserializer;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const BATCH: usize = 256;

/// The stages that packets pass. None of them looks for messages, whose texts would be allocated.
const STAGES: [(&str, &str); 7] = [
    ("cilium_decode", "{}"),
    ("l34_flow", "{}"),
    ("dns_flow", "{ wire = false }"),
    ("http_flow", "{ wire = false }"),
    ("l7_flow", "{}"),
    ("cilium_enrich", "{}"),
    (
        "hubble_metrics",
        "{ metrics = ['flow:sourceContext=identity;destinationContext=identity', 'tcp', 'drop', \
         'port-distribution'] }",
    ),
];

fn chain() -> Vec<Box<dyn Processor>> {
    let build = |(kind, config): (&str, &str)| {
        let kind = KINDS.iter().find(|other| other.name == kind).unwrap();
        let config = (kind.parse)(
            ValueDeserializer::parse(config)
                .unwrap()
                .into_deserializer(),
        )
        .unwrap();
        let context = BuildContext {
            stage: StageId::processor(kind.name),
            node_name: "default/node".to_owned(),
            telemetry: Telemetry::default(),
            health: Default::default(),
            requests: Default::default(),
        };
        config.build(&context).unwrap()
    };
    STAGES.map(build).into()
}

/// Returns generated events with a packet.
fn packets(release: Release) -> Vec<Vec<u8>> {
    let has_packet = |data: &Vec<u8>| {
        let types = [
            message_type::DROP,
            message_type::CAPTURE,
            message_type::TRACE,
            message_type::POLICY_VERDICT,
        ];
        types.contains(&data[0])
    };
    let mut simulator = Simulator::new(Options {
        release,
        ..Options::default()
    });
    let events = (0..20_000).filter_map(|_| match simulator.next_event() {
        Event::Sample { data, .. } => Some(data).filter(has_packet),
        Event::Lost { .. } => None,
    });
    events.collect()
}

/// Passes the events through the stages, and returns the number of flows.
fn play(
    events: &[Vec<u8>],
    chain: &mut [Box<dyn Processor>],
    tally: &mut Tally,
    pool: &Pool,
) -> usize {
    let mut flows = 0;
    for events in events.chunks(BATCH) {
        let mut batch = pool.take();
        events.iter().for_each(|data| push(&mut batch, data));
        chain
            .iter_mut()
            .for_each(|processor| processor.process(&mut batch, tally));
        flows += batch.count(Kinds::of(&[Kind::Flow]));
    }
    flows
}

fn push(batch: &mut Batch, data: &[u8]) {
    let data = batch.push_bytes(data);
    batch.push(Record::Frame(Frame {
        payload_type: 9,
        data,
        ..Frame::default()
    }));
}

#[test]
fn a_packet_becomes_a_flow_and_is_counted_without_allocations() {
    let pool = Pool::default();
    for release in Release::ALL {
        let events = packets(release);
        let mut chain = chain();
        let mut tally = Tally::default();
        let first = play(&events, &mut chain, &mut tally, &pool);
        let region = Region::new(ALLOCATOR);
        let second = play(&events, &mut chain, &mut tally, &pool);
        let change = region.change();
        assert!(
            first > 15_000 && first == second,
            "{}: {first} and {second} flows",
            release.name()
        );
        assert_eq!(
            (change.allocations, change.reallocations),
            (0, 0),
            "{}",
            release.name()
        );
    }
}
