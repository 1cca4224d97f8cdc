//! Bytes of which Hubble makes different flows in different releases: what determines the release,
//! which one is chosen otherwise, and that the choice is counted.

use crate::support::{TestChain, flows, hex, only_flow};
use tidegate_model::flow::{Address, Direction, Flow, IpVersion, L4, SctpChunk};
use tidegate_model::names::{Names, NamesContent, NamesSource};
use tidegate_model::record::{DebugEvent, Frame};
use tidegate_model::{Kind, Kinds, Record, Timestamp};
use tidegate_wire::access_log::{self, LogRecord, Variant};
use tidegate_wire::agent_notify::{self, AgentNotify};
use tidegate_wire::event::observation_point::TO_ENDPOINT;
use tidegate_wire::event::trace_reason::{CT_NEW, CT_REOPENED, CT_REPLY, ENCRYPT_OVERLAY, UNKNOWN};
use tidegate_wire::event::{
    Common, DebugFields, DropFields, Encoder, Profile, SockFields, TraceFields,
};
use tidegate_wire::gob::TypeId;

/// From Cilium 1.14: a trace `to-endpoint` of a UDP packet. The direction is `INGRESS` in Hubble
/// 1.14.
const TRACE_OF_1_14: &str =
    "0400770300000000320000003200010040330700e13a070077030000090000000a0b006500000000
     000000000000000072aa0f53df9a122d0e9b5881080046000024123400003f11bfb00a0b00650a0b
     006694040000045b08ae000c00006f7074730000";

/// From Cilium 1.12: `DBG_CT_LOOKUP4_2`.
const LOOKUP_OF_1_12: &str = "0231de0c00000000010100000000000000000000";

fn encoded(profile: Profile, write: impl FnOnce(&Encoder, &mut Vec<u8>)) -> Vec<u8> {
    let mut data = Vec::new();
    write(
        &Encoder {
            profile,
            padding: 0xee,
        },
        &mut data,
    );
    data
}

fn access_log(variant: Variant) -> Vec<u8> {
    let mut data = Vec::new();
    access_log::Encoder::new(variant, TypeId::FIRST).encode(&LogRecord::default(), &mut data);
    data
}

fn trace(profile: Profile, reason: u8, source: u16, orig_ip: [u8; 4]) -> Vec<u8> {
    let common = Common {
        subtype: TO_ENDPOINT,
        source,
        ..Common::default()
    };
    let mut fields = TraceFields {
        common,
        reason,
        ..TraceFields::default()
    };
    fields.orig_ip[..4].copy_from_slice(&orig_ip);
    encoded(profile, |encoder, out| encoder.trace(&fields, &[], out))
}

fn service_upserted(policies: &str) -> Vec<u8> {
    let text = format!(
        r#"{{
            "id": 7,
            "frontend-address": {{"ip": "10.0.0.1", "port": 80}},
            "backend-addresses": null
            {policies}
        }}"#
    );
    let mut data = Vec::new();
    agent_notify::encode(&AgentNotify { kind: 11, text }, TypeId::FIRST, &mut data);
    data
}

fn chain(version: &str) -> TestChain {
    let config = if version.is_empty() {
        "{}".to_owned()
    } else {
        format!("{{ cilium_version = {version:?} }}")
    };
    TestChain::of(&[
        ("cilium_decode", &config),
        ("l34_flow", "{}"),
        ("sock_flow", "{}"),
    ])
}

/// A record with the release that the agent's API states.
fn reported(release: &str) -> Record {
    Record::Names(Box::new(Names {
        source: NamesSource::CiliumApi,
        asked: Timestamp(1),
        content: NamesContent::Release(release.into()),
    }))
}

fn ambiguous(chain: &TestChain, choice: &str) -> u64 {
    let counts = chain.step(0).tally.ambiguities();
    counts
        .iter()
        .filter(|(known, _)| *known == choice)
        .map(|(_, count)| count)
        .sum()
}

/// Returns the direction of the last event's flow, whether the reporting endpoint can reverse it,
/// and how often a direction was ambiguous.
fn direction(version: &str, events: Vec<Vec<u8>>) -> (Direction, bool, u64) {
    let mut chain = chain(version);
    let flow = flows(&chain.run(events)).pop().expect("a flow");
    (
        flow.direction,
        flow.reversing_endpoint != 0,
        ambiguous(&chain, "traffic_direction"),
    )
}

/// Returns the directions of the flows of `TRACE_OF_1_14`, once in each of these streams, between
/// the given answers of the agent's API and other events; how often one was ambiguous; and how
/// often the events contradicted the release.
fn directions(version: &str, steps: &[Step]) -> (Vec<Direction>, u64, u64) {
    let mut chain = chain(version);
    let mut directions = Vec::new();
    for step in steps {
        match step {
            Step::Reported(release) => {
                let passed = chain.run_record(reported(release));
                assert_eq!(passed.count(Kinds::of(&[Kind::Names])), 1);
            }
            Step::Event(stream, data) => {
                let frame = Frame {
                    stream: *stream,
                    payload_type: 9,
                    ..Frame::default()
                };
                let batch = chain.run_frames([(frame, data)]);
                directions.extend(flows(&batch).iter().map(|flow| flow.direction));
            }
        }
    }
    let notes = chain.step(0).tally.notes().iter();
    let contradicted = notes.filter(|(name, _)| *name == "cilium_version_contradicted");
    (
        directions,
        ambiguous(&chain, "traffic_direction"),
        contradicted.map(|(_, count)| count).sum(),
    )
}

enum Step {
    /// The agent's API states this release.
    Reported(&'static str),
    /// An event of the stream with this number.
    Event(u32, Vec<u8>),
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn the_release_of_the_agents_api_settles_what_the_events_leave_open() {
    use Direction::{Egress, Ingress};
    use Step::{Event, Reported};
    let of_1_14 = |stream| Event(stream, hex(TRACE_OF_1_14));
    let of_1_16 = |stream| Event(stream, access_log(Variant::B));
    for (case, version, steps, expected) in [
        ("no answer", "", vec![of_1_14(1)], (vec![Egress], 1, 0)),
        (
            "from the answer on",
            "",
            vec![of_1_14(1), Reported("1.14.0"), of_1_14(1), of_1_14(2)],
            (vec![Egress, Ingress, Ingress], 1, 0),
        ),
        (
            "the configuration takes precedence",
            "1.16",
            vec![Reported("1.14.0"), of_1_14(1)],
            (vec![Egress], 0, 0),
        ),
        (
            "a release that is not known, and sends no such event",
            "",
            vec![Reported("1.31.2"), of_1_14(1)],
            (vec![Egress], 1, 0),
        ),
        (
            "releases that do not count",
            "",
            vec![
                Reported("1.11.20"),
                of_1_14(1),
                Reported("latest"),
                of_1_14(1),
            ],
            (vec![Egress, Egress], 2, 0),
        ),
        (
            "the events take precedence",
            "",
            vec![of_1_14(1), Reported("1.14.0"), of_1_16(1), of_1_14(1)],
            (vec![Egress, Egress], 1, 2),
        ),
        (
            "an answer that comes after events that contradict it",
            "",
            vec![of_1_16(1), Reported("1.14.0"), of_1_14(1)],
            (vec![Egress], 0, 1),
        ),
        (
            "an agent that was upgraded",
            "",
            vec![
                of_1_14(1),
                Reported("1.14.0"),
                of_1_14(1),
                of_1_16(2),
                of_1_14(2),
                of_1_14(3),
                Reported("1.16.1"),
                of_1_14(3),
            ],
            (vec![Egress, Ingress, Egress, Egress, Egress], 2, 0),
        ),
    ] {
        assert_eq!(directions(version, &steps), expected, "{case}");
    }
}

#[test]
fn the_original_source_of_a_trace_implies_egress_since_1_16() {
    let ingress = (Direction::Ingress, true, 0);
    let egress = (Direction::Egress, false, 0);
    for (version, before, expected) in [
        ("1.12", vec![], ingress),
        ("1.14.0", vec![], ingress),
        ("1.15", vec![], ingress),
        ("1.16", vec![], egress),
        ("1.18", vec![], egress),
        ("", vec![access_log(Variant::A)], ingress),
        ("", vec![access_log(Variant::B)], egress),
        ("", vec![access_log(Variant::C)], egress),
        (
            "",
            vec![trace(Profile::V1_13, CT_REOPENED, 0, [0; 4])],
            ingress,
        ),
        (
            "",
            vec![trace(Profile::V1_13, ENCRYPT_OVERLAY, 0, [0; 4])],
            egress,
        ),
        (
            "",
            vec![trace(Profile::V1_18, CT_NEW, 0, [0; 4])],
            (Direction::Egress, false, 1),
        ),
        ("", vec![], (Direction::Egress, false, 1)),
        // The events contradict the configuration.
        ("1.15", vec![access_log(Variant::B)], egress),
        ("1.16", vec![access_log(Variant::A)], ingress),
    ] {
        let events = [before, vec![hex(TRACE_OF_1_14)]].concat();
        assert_eq!(direction(version, events), expected, "{version:?}");
    }
}

/// Each row: the reason, the reporting endpoint and the original source; the direction until 1.15
/// and since 1.16, and how often it is ambiguous.
#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a_direction_is_ambiguous_only_where_the_two_rules_differ() {
    for (reason, source, orig_ip, old, new, ambiguities) in [
        (
            CT_NEW,
            312,
            [10, 0, 0, 1],
            Direction::Ingress,
            Direction::Egress,
            1,
        ),
        (
            CT_NEW,
            312,
            [0; 4],
            Direction::Ingress,
            Direction::Ingress,
            0,
        ),
        (
            CT_NEW,
            0,
            [10, 0, 0, 1],
            Direction::Unknown,
            Direction::Unknown,
            0,
        ),
        (
            CT_REPLY,
            312,
            [10, 0, 0, 1],
            Direction::Egress,
            Direction::Egress,
            0,
        ),
        (
            UNKNOWN,
            312,
            [10, 0, 0, 1],
            Direction::Unknown,
            Direction::Unknown,
            0,
        ),
    ] {
        let event = || vec![trace(Profile::V1_13, reason, source, orig_ip)];
        assert_eq!(
            direction("1.15", event()).0,
            old,
            "{reason} {source} {orig_ip:?}"
        );
        assert_eq!(
            direction("1.16", event()).0,
            new,
            "{reason} {source} {orig_ip:?}"
        );
        let (unconfigured, _, count) = direction("", event());
        assert_eq!(
            (unconfigured, count),
            (new, ambiguities),
            "{reason} {source} {orig_ip:?}"
        );
    }
}

#[test]
fn an_encrypted_overlay_packet_is_egress_until_1_18() {
    for (profile, expected) in [
        (Profile::V1_13, (Direction::Egress, false, 0)),
        (Profile::V1_18, (Direction::Egress, false, 0)),
        (Profile::V1_19, (Direction::Ingress, true, 0)),
    ] {
        assert_eq!(
            direction("", vec![trace(profile, ENCRYPT_OVERLAY, 312, [0; 4])]),
            expected,
            "{profile:?}"
        );
    }
    assert_eq!(
        direction("", vec![trace(Profile::V1_18, ENCRYPT_OVERLAY, 0, [0; 4])]).0,
        Direction::Unknown
    );
}

/// The traffic policies of a service have different names in 1.12, 1.13 to 1.16, and 1.17.
#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a_notification_about_a_service_narrows_down_the_releases() {
    for (policies, drop_header, drop_file) in [
        (r#","traffic-policy":"Cluster""#, 0, 1),
        (
            r#", "traffic-policy":"Cluster", "ext-traffic-policy":"Cluster",
                "int-traffic-policy":"Cluster""#,
            0,
            1,
        ),
        (
            r#","ext-traffic-policy":"Cluster","int-traffic-policy":"Cluster""#,
            0,
            0,
        ),
        (r#","int-traffic-policy":"Cluster""#, 0, 1),
        ("", 1, 1),
    ] {
        let common = Common {
            subtype: 133,
            len_orig: 60,
            ..Common::default()
        };
        let drop = |file| {
            let fields = DropFields {
                common,
                file,
                ..DropFields::default()
            };
            encoded(Profile::V1_13, |encoder, out| {
                encoder.drop(&fields, &[0xaa; 16], out)
            })
        };
        let mut chain = chain("");
        chain.run([service_upserted(policies), drop(2)]);
        assert_eq!(ambiguous(&chain, "drop_header"), drop_header, "{policies}");
        if drop_header == 0 && !policies.contains(r#""traffic-policy":"Cluster""#) {
            chain.run([drop(107)]);
            assert_eq!(
                ambiguous(&chain, "drop_source_file"),
                drop_file,
                "{policies}"
            );
        }
    }
}

fn debug(subtype: u8, args: [u32; 3]) -> Vec<u8> {
    let fields = DebugFields {
        subtype,
        args,
        ..DebugFields::default()
    };
    encoded(Profile::V1_13, |encoder, out| encoder.debug(&fields, out))
}

fn last_debug_event(chain: &mut TestChain, events: Vec<Vec<u8>>) -> DebugEvent {
    match chain.run(events).records() {
        [.., Record::DebugEvent(event)] => event.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a_debug_message_has_the_text_of_the_senders_release() {
    let lookup = || hex(LOOKUP_OF_1_12);
    let lookup6 = || debug(52, [0x601, 0, 0]);
    let trace_of_1_18 = || trace(Profile::V1_18, CT_NEW, 0, [0; 4]);
    let trace_of_1_19 = || trace(Profile::V1_19, CT_NEW, 0, [0; 4]);
    let drop_of_1_12 = || {
        let fields = DropFields {
            file: 8,
            ..DropFields::default()
        };
        encoded(Profile::V1_12, |encoder, out| {
            encoder.drop(&fields, &[0xaa; 20], out)
        })
    };
    for (version, before, message, is_old, ambiguities) in [
        ("1.12", vec![], lookup(), true, 0),
        ("1.13", vec![], lookup(), true, 0),
        ("1.14", vec![], lookup(), false, 0),
        ("", vec![], lookup(), false, 1),
        ("", vec![], lookup6(), false, 1),
        ("", vec![drop_of_1_12()], lookup(), true, 0),
        ("", vec![trace_of_1_19()], lookup6(), false, 0),
        ("", vec![], debug(49, [0x601, 1, 0]), false, 0),
        ("", vec![debug(49, [0x601, 1, 0])], lookup(), false, 0),
        ("", vec![debug(50, [0, 0, 1])], lookup(), true, 0),
        ("1.18", vec![], debug(66, [0; 3]), true, 0),
        ("1.19", vec![], debug(66, [0; 3]), false, 0),
        ("", vec![], debug(66, [0; 3]), false, 1),
        ("", vec![trace_of_1_18()], debug(67, [0; 3]), true, 0),
        ("1.19", vec![], debug(1, [0; 3]), true, 0),
        ("1.20", vec![], debug(13, [0; 3]), false, 0),
        ("", vec![trace_of_1_18()], debug(13, [0; 3]), true, 0),
        ("", vec![trace_of_1_19()], debug(13, [0; 3]), false, 1),
        ("", vec![access_log(Variant::D)], debug(1, [0; 3]), false, 0),
        ("", vec![], debug(15, [0; 3]), false, 0),
    ] {
        let mut chain = chain(version);
        let what = format!("{version:?} {} before {}", before.len(), message[1]);
        let event = last_debug_event(&mut chain, [before, vec![message]].concat());
        assert_eq!(
            (event.has_old_text, ambiguous(&chain, "debug_text")),
            (is_old, ambiguities),
            "{what}"
        );
    }
}

/// A socket trace to `::ffff:10.11.0.101`, `10.11.0.101` or `fd00::1`.
fn socket(profile: Profile, xlate_point: u8, dst_ip: [u8; 16], flags: u8) -> Vec<u8> {
    let fields = SockFields {
        xlate_point,
        dst_ip,
        dst_port: 53,
        sock_cookie: 9,
        cgroup_id: 8,
        l4_proto: 1,
        flags,
    };
    encoded(profile, |encoder, out| encoder.trace_sock(&fields, out))
}

const MAPPED: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 11, 0, 101];

/// Selects the address of one side of a flow.
type Side = fn(&Flow) -> Option<Address>;

#[test]
fn a_mapped_address_of_a_socket_is_written_as_ipv6_since_1_20() {
    for (version, before, written, ambiguities) in [
        ("1.18", vec![], "10.11.0.101", 0),
        ("1.19.4", vec![], "10.11.0.101", 0),
        ("1.20", vec![], "::ffff:10.11.0.101", 0),
        ("", vec![], "::ffff:10.11.0.101", 1),
        ("", vec![access_log(Variant::C)], "10.11.0.101", 0),
        ("", vec![access_log(Variant::D)], "::ffff:10.11.0.101", 0),
    ] {
        let peers: [(u8, Side); 2] = [(1, Flow::destination_address), (3, Flow::source_address)];
        for (point, side) in peers {
            let profile = if version == "1.18" {
                Profile::V1_18
            } else {
                Profile::V1_19
            };
            let mut chain = chain(version);
            let events = [before.clone(), vec![socket(profile, point, MAPPED, 1)]].concat();
            let flow = flows(&chain.run(events)).pop().expect("a flow");
            let address = side(&flow).map(|address| flow.display_ip(address).to_string());
            assert_eq!(address.as_deref(), Some(written), "{version:?}");
            assert_eq!(flow.ip.map(|ip| ip.version), Some(IpVersion::V6));
            assert_eq!(
                ambiguous(&chain, "mapped_address"),
                ambiguities,
                "{version:?}"
            );
        }
    }
}

#[test]
fn other_addresses_of_sockets_are_not_ambiguous() {
    let mut v6 = [0; 16];
    (v6[0], v6[15]) = (0xfd, 1);
    let mut v4 = [0; 16];
    v4[..4].copy_from_slice(&[10, 11, 0, 101]);
    for (dst_ip, flags, written) in [(v6, 1, "fd00::1"), (v4, 0, "10.11.0.101")] {
        let mut chain = chain("");
        let flow = only_flow(&chain.run([socket(Profile::V1_19, 1, dst_ip, flags)]));
        let address = flow
            .destination_address()
            .map(|address| flow.display_ip(address).to_string());
        assert_eq!(
            (address.as_deref(), ambiguous(&chain, "mapped_address")),
            (Some(written), 0)
        );
    }
}

#[test]
fn ambiguities_resolved_by_a_wrong_configuration_are_counted_when_events_contradict_it() {
    let mut chain = chain("1.12");
    let drop = |packet: &[u8]| {
        let fields = DropFields {
            file: 2,
            ..DropFields::default()
        };
        encoded(Profile::V1_13, |encoder, out| {
            encoder.drop(&fields, packet, out)
        })
    };
    // These are possible in 1.12.
    chain.run([
        drop(&[0xaa; 16]),
        hex(TRACE_OF_1_14),
        hex(LOOKUP_OF_1_12),
        drop(&[]),
    ]);
    assert_eq!(
        (
            chain.step(0).tally.ambiguities(),
            chain.step(0).tally.notes()
        ),
        (&[][..], &[][..])
    );
    // The first of these is not, and resolves the second.
    chain.run([drop(&[0xaa; 20]), drop(&[0xaa; 16])]);
    let tally = &chain.step(0).tally;
    assert_eq!(
        tally.ambiguities(),
        [
            ("drop_header", 2),
            ("traffic_direction", 1),
            ("debug_text", 1)
        ]
    );
    assert_eq!(tally.notes(), [("cilium_version_contradicted", 2)]);
}

/// The drop's length fits both headers, and all releases number its source file alike.
#[test]
fn the_packet_of_a_first_drop_outweighs_a_wrong_configuration() {
    let mut packet = [0x0a; 32];
    packet[12..14].copy_from_slice(&[0x08, 0x06]);
    let fields = DropFields {
        file: 2,
        ..DropFields::default()
    };
    for (version, profile) in [("1.12", Profile::V1_13), ("1.14", Profile::V1_12)] {
        let mut chain = chain(version);
        let flow = only_flow(&chain.run([encoded(profile, |encoder, out| {
            encoder.drop(&fields, &packet, out)
        })]));
        assert_eq!(
            flow.ethernet.map(|ethernet| ethernet.source),
            Some([0x0a; 6]),
            "{version}"
        );
        assert_eq!(
            chain.step(0).tally.notes(),
            [("cilium_version_contradicted", 1)],
            "{version}"
        );
    }
}

/// A trace of an SCTP packet from port 7 to port 9.
fn sctp(chunks: &[u8]) -> Vec<u8> {
    let len = 32 + chunks.len() as u8;
    let ethernet = [&[2; 12][..], &[8, 0]].concat();
    let ipv4 = [
        &[0x45, 0, 0, len, 0, 1, 0, 0, 64, 132, 0, 0][..],
        &[10, 0, 0, 1, 10, 0, 0, 2],
    ]
    .concat();
    let header = [0, 7, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0];
    let packet = [&ethernet[..], &ipv4, &header, chunks].concat();
    let common = Common {
        len_orig: 200,
        ..Common::default()
    };
    let fields = TraceFields {
        common,
        ..TraceFields::default()
    };
    encoded(Profile::V1_19, |encoder, out| {
        encoder.trace(&fields, &packet, out)
    })
}

#[test]
fn the_first_chunk_of_an_sctp_packet_is_in_its_flow() {
    for (chunk, chunk_type) in [
        (None, SctpChunk::Unsupported),
        (Some(0), SctpChunk::Unsupported),
        (Some(1), SctpChunk::Init),
        (Some(2), SctpChunk::InitAck),
        (Some(6), SctpChunk::Abort),
        (Some(7), SctpChunk::Shutdown),
        (Some(8), SctpChunk::ShutdownAck),
        (Some(14), SctpChunk::ShutdownComplete),
        (Some(255), SctpChunk::Unsupported),
    ] {
        let chunks: Vec<u8> = chunk.into_iter().chain(chunk.map(|_| 0)).collect();
        let flow: Flow = only_flow(&chain("").run([sctp(&chunks)]));
        assert_eq!(
            flow.l4,
            L4::Sctp {
                source_port: 7,
                destination_port: 9,
                chunk_type
            },
            "{chunk:?}"
        );
    }
}
