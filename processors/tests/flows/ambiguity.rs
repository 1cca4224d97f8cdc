//! Ambiguous events: what resolves them, which reading is chosen otherwise, and that the choice is
//! counted.

use crate::support::{TestChain, flows, golden};
use tidegate_model::record::Frame;
use tidegate_wire::access_log::{self, LogRecord, Variant};
use tidegate_wire::agent_notify::{self, AgentNotify};
use tidegate_wire::event::{
    Common, DropFields, Encoder, PolicyFields, Profile, SockFields, TraceFields, flags,
};
use tidegate_wire::gob::TypeId;

/// Captured bytes with which only one header fits the event; no layer is decoded from them.
const UNAMBIGUOUS: [u8; 20] = [0xaa; 20];
/// Captured bytes with which the headers of both 1.12 and 1.13 fit the event.
const AMBIGUOUS: [u8; 16] = [0xaa; 16];

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

fn drop(profile: Profile, file: u8, packet: &[u8]) -> Vec<u8> {
    let common = Common {
        subtype: 133,
        len_orig: 60,
        ..Common::default()
    };
    let fields = DropFields {
        common,
        file,
        line: 77,
        ..DropFields::default()
    };
    encoded(profile, |encoder, out| encoder.drop(&fields, packet, out))
}

fn trace(profile: Profile, subtype: u8, flags: u8) -> Vec<u8> {
    let fields = TraceFields {
        common: Common {
            subtype,
            ..Common::default()
        },
        flags,
        ..TraceFields::default()
    };
    encoded(profile, |encoder, out| encoder.trace(&fields, &[], out))
}

fn verdict(profile: Profile) -> Vec<u8> {
    encoded(profile, |encoder, out| {
        encoder.policy_verdict(&PolicyFields::default(), &UNAMBIGUOUS, out)
    })
}

fn access_log(variant: Variant) -> Vec<u8> {
    let mut data = Vec::new();
    access_log::Encoder::new(variant, TypeId::FIRST).encode(&LogRecord::default(), &mut data);
    data
}

fn service_deleted() -> Vec<u8> {
    let mut data = Vec::new();
    agent_notify::encode(
        &AgentNotify {
            kind: 12,
            text: r#"{"id":7}"#.to_owned(),
        },
        TypeId::FIRST,
        &mut data,
    );
    data
}

/// A socket trace to an address that is possible in both layouts.
fn socket(profile: Profile) -> Vec<u8> {
    let fields = SockFields {
        xlate_point: 1,
        sock_cookie: 5,
        cgroup_id: 6,
        l4_proto: 1,
        ..SockFields::default()
    };
    encoded(profile, |encoder, out| encoder.trace_sock(&fields, out))
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

/// The configured release, the earlier events and the number of the file; the expected name, and
/// how often it is a guess.
type SourceFileCase = (&'static str, Vec<Vec<u8>>, u8, Option<&'static str>, u64);

fn check(profile: Profile, cases: Vec<SourceFileCase>) {
    for (version, before, file, name, guesses) in cases {
        let mut chain = chain(version);
        let types: Vec<_> = before.iter().map(|data| data[0]).collect();
        chain.run(before);
        let flow = flows(&chain.run([drop(profile, file, &[])]))
            .pop()
            .expect("a flow");
        let actual = (
            flow.file.and_then(|file| file.name()),
            flow.file.map(|file| file.line),
        );
        assert_eq!(actual, (name, Some(77)), "{version:?} {types:?} {file}");
        let ambiguities = chain.step(0).tally.ambiguities().to_vec();
        let expected = if guesses > 0 {
            vec![("drop_source_file", guesses)]
        } else {
            Vec::new()
        };
        assert_eq!(ambiguities, expected, "{version:?} {types:?} {file}");
    }
}

#[test]
fn a_source_file_of_1_13_to_1_17_3_is_named_by_the_known_releases() {
    let nothing = Vec::new;
    // An empty capture leaves the header ambiguous, so the events before it resolve the header but
    // not the file.
    let is_1_13 = || drop(Profile::V1_13, 2, &[0xaa; 12]);
    check(
        Profile::V1_13,
        vec![
            ("", vec![is_1_13()], 2, Some("bpf_lxc.c"), 0),
            ("", vec![is_1_13()], 103, Some("srv6.h"), 1),
            ("", vec![is_1_13()], 107, Some("mcast.h"), 1),
            (
                "",
                vec![is_1_13(), access_log(Variant::A)],
                107,
                Some("encrypt.h"),
                0,
            ),
            (
                "",
                vec![is_1_13(), access_log(Variant::A)],
                106,
                Some("lb.h"),
                1,
            ),
            ("", vec![access_log(Variant::B)], 107, Some("mcast.h"), 0),
            ("", vec![access_log(Variant::C)], 107, Some("mcast.h"), 0),
            ("", vec![is_1_13()], 250, None, 0),
            ("1.13", nothing(), 103, Some("egress_policies.h"), 0),
            ("1.14", nothing(), 103, Some("srv6.h"), 1),
            ("1.14.6", nothing(), 103, Some("egress_policies.h"), 0),
            ("v1.14.7", nothing(), 103, Some("srv6.h"), 0),
            ("1.15", nothing(), 106, Some("lb.h"), 0),
            ("1.15", nothing(), 107, Some("encrypt.h"), 0),
            ("1.16.4", nothing(), 108, Some("ipv4.h"), 0),
            ("1.17.3", nothing(), 114, Some("host_firewall.h"), 0),
        ],
    );
}

#[test]
fn a_source_file_of_1_17_4_to_1_18_is_named_by_the_known_releases() {
    check(
        Profile::V1_17_4,
        vec![
            ("", vec![], 2, Some("bpf_lxc.c"), 0),
            ("", vec![], 110, Some("local_delivery.h"), 1),
            (
                "",
                vec![access_log(Variant::C)],
                110,
                Some("local_delivery.h"),
                1,
            ),
            ("", vec![service_deleted()], 110, Some("l3.h"), 0),
            (
                "",
                vec![trace(Profile::V1_18, 4, flags::VXLAN)],
                110,
                Some("local_delivery.h"),
                0,
            ),
            (
                "",
                vec![trace(Profile::V1_18, 12, 0)],
                110,
                Some("local_delivery.h"),
                1,
            ),
            ("1.17", vec![], 110, Some("l3.h"), 0),
            ("1.17.9", vec![], 110, Some("l3.h"), 0),
            ("1.18", vec![], 110, Some("local_delivery.h"), 0),
        ],
    );
}

#[test]
fn source_files_of_1_12_and_from_1_19_on_have_one_name() {
    check(
        Profile::V1_12,
        vec![
            ("1.12", vec![], 2, Some("bpf_sock.c"), 0),
            ("1.12.19", vec![], 100, None, 0),
        ],
    );
    check(
        Profile::V1_19,
        vec![
            ("", vec![], 101, Some("drop.h"), 0),
            ("", vec![], 6, Some("bpf_network.c"), 0),
            ("1.19.4", vec![], 6, Some("bpf_network.c"), 0),
            ("1.20", vec![], 6, None, 0),
            ("1.21", vec![], 101, Some("drop.h"), 0),
        ],
    );
}

/// Each row: the earlier events, and how often a drop's header and a socket trace's layout are
/// ambiguous after them. If the drop contradicts the earlier events, they are ignored.
#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn earlier_events_of_a_connection_resolve_ambiguities() {
    for (case, before, header_count, socket_count) in [
        ("nothing", vec![], 1, 1),
        (
            "1.12's drop",
            vec![drop(Profile::V1_12, 2, &UNAMBIGUOUS)],
            0,
            1,
        ),
        (
            "1.13's drop",
            vec![drop(Profile::V1_13, 2, &UNAMBIGUOUS)],
            0,
            0,
        ),
        (
            "a drop without a device or with one",
            vec![drop(Profile::V1_13, 2, &AMBIGUOUS)],
            2,
            0,
        ),
        ("1.17.4's drop", vec![drop(Profile::V1_17_4, 2, &[])], 1, 0),
        ("1.19's drop", vec![drop(Profile::V1_19, 2, &[])], 1, 0),
        (
            "a trace before 1.19",
            vec![trace(Profile::V1_12, 4, 0)],
            1,
            0,
        ),
        ("a trace of 1.19", vec![trace(Profile::V1_19, 4, 0)], 1, 0),
        ("a crypto trace", vec![trace(Profile::V1_17_4, 13, 0)], 1, 0),
        ("a verdict before 1.19", vec![verdict(Profile::V1_18)], 1, 0),
        ("a verdict of 1.19", vec![verdict(Profile::V1_19)], 1, 0),
        (
            "a record of 1.12 to 1.15",
            vec![access_log(Variant::A)],
            1,
            0,
        ),
        ("a record of 1.16", vec![access_log(Variant::B)], 0, 0),
        (
            "a record of 1.17 to 1.19",
            vec![access_log(Variant::C)],
            0,
            1,
        ),
        ("a record of 1.20", vec![access_log(Variant::D)], 1, 0),
        ("a service's notification", vec![service_deleted()], 1, 0),
        (
            "a recorder's capture",
            vec![golden_vector("perf-recorder-capture-ingress")],
            1,
            0,
        ),
    ] {
        let count = |event: Vec<u8>, choice: &str| -> u64 {
            let mut chain = chain("");
            chain.run(before.clone().into_iter().chain([event]));
            let ambiguities = chain.step(0).tally.ambiguities();
            ambiguities
                .iter()
                .filter(|(known, _)| *known == choice)
                .map(|(_, count)| count)
                .sum()
        };
        assert_eq!(
            count(socket(Profile::V1_18), "trace_sock_layout"),
            socket_count,
            "{case}"
        );
        let header = count(drop(Profile::V1_12, 2, &AMBIGUOUS), "drop_header");
        assert_eq!(header, header_count, "{case}");
    }
}

fn golden_vector(name: &str) -> Vec<u8> {
    golden("perf")
        .into_iter()
        .find(|(known, _)| known == name)
        .expect("a vector")
        .1
}

#[test]
fn a_configured_release_resolves_all_ambiguities() {
    for (version, profile) in [
        ("1.12", Profile::V1_12),
        ("1.13.2", Profile::V1_13),
        ("1.14.0", Profile::V1_13),
        ("1.16", Profile::V1_13),
        ("v1.17.3", Profile::V1_13),
        ("1.17", Profile::V1_17_4),
        ("1.18.0-rc.1", Profile::V1_18),
        ("1.19", Profile::V1_19),
        ("1.20.0-dev", Profile::V1_19),
    ] {
        let mut chain = chain(version);
        let socket = profile.sends_trace_sock().then(|| socket(profile));
        chain.run(socket.into_iter().chain([drop(profile, 2, &AMBIGUOUS)]));
        let tally = &chain.step(0).tally;
        assert_eq!(
            (tally.ambiguities(), tally.notes()),
            (&[][..], &[][..]),
            "{version}"
        );
    }
}

#[test]
fn a_new_connection_starts_without_knowledge_of_the_release() {
    let mut chain = chain("");
    let frame = |stream| Frame {
        payload_type: 9,
        stream,
        ..Frame::default()
    };
    chain.run_frames([
        (frame(1), drop(Profile::V1_12, 2, &UNAMBIGUOUS)),
        (frame(1), drop(Profile::V1_12, 2, &AMBIGUOUS)),
        (frame(2), drop(Profile::V1_12, 2, &AMBIGUOUS)),
        (frame(2), drop(Profile::V1_13, 2, &UNAMBIGUOUS)),
        (frame(2), drop(Profile::V1_13, 2, &AMBIGUOUS)),
    ]);
    assert_eq!(chain.step(0).tally.ambiguities(), [("drop_header", 1)]);
}

#[test]
fn events_outweigh_the_configured_release_with_a_note() {
    let mut chain = chain("1.18");
    let drops = [
        (Profile::V1_18, 110),
        (Profile::V1_19, 110),
        (Profile::V1_13, 103),
        (Profile::V1_18, 110),
    ];
    let batch = chain.run(drops.map(|(profile, file)| drop(profile, file, &[])));
    let names: Vec<_> = flows(&batch)
        .iter()
        .map(|flow| flow.file.and_then(|file| file.name()))
        .collect();
    assert_eq!(
        names,
        [
            Some("local_delivery.h"),
            Some("trace.h"),
            Some("srv6.h"),
            Some("local_delivery.h")
        ]
    );
    let tally = &chain.step(0).tally;
    assert_eq!(tally.notes(), [("cilium_version_contradicted", 2)]);
}

#[test]
fn a_header_with_an_unknown_extension_is_counted() {
    for profile in Profile::ALL {
        let mut data = trace(profile, 4, 0);
        data[15] = 1;
        let mut chain = chain("1.19");
        chain.run([data]);
        assert_eq!(
            chain.step(0).tally.ambiguities(),
            [("header_extension", 1)],
            "{profile:?}"
        );
    }
}
