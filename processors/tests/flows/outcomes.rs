//! Which records are dropped, noted and passed on.

use crate::support::{NOON, TestChain, golden, hex, only_flow};
use tidegate_model::flow::{Address, Direction, FlowType, Verdict};
use tidegate_model::record::{Event, EventBody, Frame, Lost, LostSource};
use tidegate_model::{Batch, Record};

fn vector(name: &str) -> Vec<u8> {
    let (_, data) = golden("perf")
        .into_iter()
        .find(|(known, _)| known == name)
        .expect("a vector");
    data
}

fn drops(chain: &TestChain) -> Vec<(usize, &'static str)> {
    let steps = chain.steps().iter().enumerate();
    steps
        .flat_map(|(at, step)| {
            step.tally
                .drops()
                .iter()
                .map(move |(reason, _)| (at, *reason))
        })
        .collect()
}

#[test]
fn a_malformed_event_is_dropped_with_a_reason() {
    let trace = vector("perf-trace-v2-hdr56");
    let drop = vector("perf-drop-v3-hdr48");
    let with = |data: &[u8], at: usize, byte: u8| {
        let mut data = data.to_vec();
        data[at] = byte;
        data
    };
    for (data, reason) in [
        (vec![], "empty_data"),
        (trace[..31].to_vec(), "event_too_short"),
        (drop[..40].to_vec(), "event_too_short"),
        (
            vector("perf-policy-hdr40-redirect-audit")[..16].to_vec(),
            "event_too_short",
        ),
        (
            vector("perf-debug-capture-delivery")[..23].to_vec(),
            "event_too_short",
        ),
        (
            vector("perf-debug-msg-ct-verdict")[..19].to_vec(),
            "event_too_short",
        ),
        (with(&trace, 14, 3), "unknown_event_version"),
        (with(&drop, 14, 4), "unknown_event_version"),
        (
            vector("perf-tracesock-40-ip6")[..37].to_vec(),
            "event_too_short",
        ),
        (vec![129], "gob_missing_value"),
        (vec![130], "gob_missing_value"),
    ] {
        let mut chain = TestChain::to_flows();
        assert!(chain.run([data]).is_empty());
        assert_eq!(drops(&chain), [(0, reason)]);
    }
}

#[test]
fn a_packet_that_hubble_refuses_is_dropped_with_the_reason() {
    let header = hex(
        "040038014d3c2b1a360000003600010039300000a05b000038010000110000000000000000000000
         0000000000000000",
    );
    let mac = hex("aabbcc000002aabbcc0000010800");
    for (packet, reason) in [
        (hex("aabbcc"), "ethernet_too_short"),
        ([mac.clone(), hex("4500")].concat(), "ipv4_too_short"),
        (
            [mac.clone(), hex("44000028000140003f0600000a0001050a000209")].concat(),
            "ipv4_bad_length",
        ),
        (
            [mac, hex("45000028000140003f0600000a0001050a000209a8ca1f90")].concat(),
            "tcp_too_short",
        ),
    ] {
        let mut chain = TestChain::to_flows();
        assert!(chain.run([[header.clone(), packet].concat()]).is_empty());
        assert_eq!(drops(&chain), [(1, reason)]);
    }
}

#[test]
fn a_tunnel_without_its_header_is_refused() {
    let mut data = vector("perf-trace-v2-hdr56-vxlan");
    // The capture ends with the outer UDP header.
    data[12] = 14 + 20 + 8;
    let mut chain = TestChain::to_flows();
    assert!(chain.run([data]).is_empty());
    assert_eq!(drops(&chain), [(1, "vxlan_too_short")]);
}

#[test]
fn a_payload_type_is_an_event_a_loss_or_a_reason_to_drop() {
    let mut chain = TestChain::to_flows();
    let frame = |payload_type, lost| Frame {
        time: NOON,
        payload_type,
        lost,
        cpu: 3,
        ..Frame::default()
    };
    let frames = [
        (frame(2, 512), []),
        (frame(0, 0), []),
        (frame(1, 7), []),
        (frame(-9, 0), []),
    ];
    let batch = chain.run_frames(frames);
    let [Record::Lost(lost)] = batch.records() else {
        panic!("{batch:?}")
    };
    let source = LostSource::PerfEventRingBuffer;
    assert_eq!(
        *lost,
        Lost {
            time: NOON,
            source,
            count: 512,
            cpu: Some(3),
            span: None
        }
    );
    assert_eq!(chain.step(0).tally.drops(), [("unknown_payload_type", 3)]);
}

#[test]
fn events_of_unknown_type_are_passed_on_with_a_note() {
    for (data, note) in [
        (vec![0], "undecoded_unknown"),
        (vec![8, 0], "undecoded_unknown"),
        (vec![255], "undecoded_unknown"),
    ] {
        let mut chain = TestChain::to_flows();
        let batch = chain.run([&data]);
        let [
            Record::Event(Event {
                body: EventBody::Undecoded,
                data: span,
                ..
            }),
        ] = batch.records()
        else {
            panic!("{batch:?}")
        };
        assert_eq!(span.of(batch.bytes()), data);
        assert_eq!(chain.step(0).tally.notes(), [(note, 1)]);
    }
}

/// A version 1 drop whose length fits both headers, and whose packet has an EtherType after neither
/// of them.
fn ambiguous_drop() -> Vec<u8> {
    let mut data = vector("perf-drop-1.12-hdr32");
    data.truncate(32 + 72);
    data[12] = 72;
    // The kernel pads the sample and its size of four bytes to a multiple of eight.
    data.resize(108, 0xee);
    data[32 + 12] = 0x99;
    data[36 + 12] = 0x99;
    data
}

fn header_len(batch: &Batch) -> u16 {
    match batch.records() {
        [
            ..,
            Record::Event(Event {
                body: EventBody::Packet(header),
                ..
            }),
        ] => header.len,
        other => panic!("no packet: {other:?}"),
    }
}

#[test]
fn a_drop_header_is_guessed_until_the_stream_resolves_it() {
    let unambiguous = vector("perf-drop-1.12-hdr32");
    let no_data: [Vec<u8>; 0] = [];
    for (config, before, expected, guessed) in [
        ("{}", no_data.to_vec(), 36, true),
        ("{}", vec![unambiguous], 32, false),
        ("{ cilium_version = \"1.12\" }", no_data.to_vec(), 32, false),
        (
            "{ cilium_version = \"v1.17.3-rc.1\" }",
            no_data.to_vec(),
            36,
            false,
        ),
    ] {
        let mut chain = TestChain::of(&[("cilium_decode", config)]);
        let batch = chain.run(before.into_iter().chain([ambiguous_drop()]));
        assert_eq!(header_len(&batch), expected, "{config}");
        let ambiguities = chain.step(0).tally.ambiguities();
        assert_eq!(
            ambiguities
                .iter()
                .any(|(choice, _)| *choice == "drop_header"),
            guessed,
            "{config}"
        );
    }
}

#[test]
fn a_recorder_capture_is_dropped_unless_the_configuration_accepts_it() {
    let data = vector("perf-recorder-capture-ingress");
    let mut chain = TestChain::to_flows();
    assert!(chain.run([&data]).is_empty());
    assert_eq!(drops(&chain), [(1, "recorder_capture")]);
    let mut chain = TestChain::of(&[
        ("cilium_decode", "{}"),
        ("l34_flow", "{ recorder_captures = true }"),
    ]);
    let flow = only_flow(&chain.run([&data]));
    let addresses = (flow.source_address(), flow.destination_address());
    assert_eq!(
        addresses,
        (
            Some(Address::v4([10, 0, 1, 15])),
            Some(Address::v4([10, 0, 2, 20]))
        )
    );
    assert_eq!(
        (flow.flow_type, flow.message_type, flow.sub_type),
        (FlowType::L34, 6, 1)
    );
    assert_eq!(
        (flow.verdict, flow.direction, flow.is_reply),
        (Verdict::Unknown, Direction::Unknown, None)
    );
    assert_eq!(flow.l4.ports(), Some((40001, 80)));
}
