//! What an event reveals about the release of its sender, beside the configured release.

#![expect(clippy::unwrap_used, reason = "test events are well-formed")]

use tidegate_wire::event::{
    DebugFields, DropFields, DropV1Header, Encoder, Event, Hints, PacketEvent, PolicyFields,
    Profile, SockFields, SockLayout, TraceFields, parse,
};
use tidegate_wire::release::{Release, Releases};

fn encoder(profile: Profile) -> Encoder {
    Encoder {
        profile,
        padding: 0xee,
    }
}

fn drop_header(data: &[u8], hints: &Hints) -> usize {
    match parse(data, hints).unwrap() {
        Event::Drop(drop) => drop.header_len(),
        other => panic!("{other:?}"),
    }
}

/// An Ethernet frame with IPv4. Its 32 bytes leave room for both headers of a version 1 drop.
fn frame() -> Vec<u8> {
    let mut frame = vec![0x0a; 32];
    frame[12..14].copy_from_slice(&[0x08, 0x00]);
    frame
}

/// A drop whose captured length leaves room for both headers.
fn drop_from_file(profile: Profile, file: u8, packet: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    encoder(profile).drop(
        &DropFields {
            file,
            ..DropFields::default()
        },
        packet,
        &mut data,
    );
    data
}

#[test]
fn source_files_that_only_one_release_has_determine_the_header_of_a_version_1_drop() {
    for (profile, file, header) in [
        (Profile::V1_12, 8, 32),
        (Profile::V1_13, 101, 36),
        (Profile::V1_13, 108, 36),
    ] {
        let data = drop_from_file(profile, file, &[0x0a; 16]);
        for configured in [
            Releases::ANY,
            Releases::minor(1, 12),
            Releases::minor(1, 14),
        ] {
            let mut hints = Hints::configured(configured);
            assert_eq!(drop_header(&data, &hints), header, "{file} {configured:?}");
            hints.observe(&parse(&data, &hints).unwrap());
            assert_eq!(
                hints.drop_v1(),
                if header == 32 {
                    DropV1Header::Len32
                } else {
                    DropV1Header::Len36
                }
            );
        }
    }
}

/// The configured release counts only if the packet reveals nothing.
#[test]
fn the_packet_of_a_drop_takes_precedence_over_the_configured_release() {
    let ethernet = frame();
    let nothing = [0x0a; 16];
    for (minor, profile, packet, header) in [
        (12, Profile::V1_13, &ethernet[..], 36),
        (14, Profile::V1_12, &ethernet[..], 32),
        (12, Profile::V1_12, &ethernet[..], 32),
        (14, Profile::V1_13, &ethernet[..], 36),
        (12, Profile::V1_12, &nothing[..], 32),
        (14, Profile::V1_13, &nothing[..], 36),
    ] {
        let data = drop_from_file(profile, 2, packet);
        let hints = Hints::configured(Releases::minor(1, minor));
        assert_eq!(drop_header(&data, &hints), header, "1.{minor} {profile:?}");
    }
}

#[test]
fn the_values_of_a_socket_event_take_precedence_over_the_configured_release() {
    for l4_proto in 0..=2 {
        for (dst_ip, flags) in [([0x11; 16], 1), ([0; 16], 0)] {
            for (profile, layout) in [
                (Profile::V1_18, SockLayout::Packed),
                (Profile::V1_19, SockLayout::Aligned),
            ] {
                let fields = SockFields {
                    xlate_point: 1,
                    dst_ip,
                    dst_port: 53,
                    sock_cookie: 0x0102_0304,
                    cgroup_id: 4242,
                    l4_proto,
                    flags,
                };
                let mut data = Vec::new();
                encoder(profile).trace_sock(&fields, &mut data);
                for minor in [18, 19] {
                    let Event::TraceSock(sock) =
                        parse(&data, &Hints::configured(Releases::minor(1, minor))).unwrap()
                    else {
                        panic!("no socket event");
                    };
                    assert_eq!(
                        (sock.layout(), sock.fields()),
                        (layout, fields),
                        "1.{minor} {profile:?}"
                    );
                }
            }
        }
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn numbers_of_certain_releases_narrow_down_the_release() {
    let trace = |reason| {
        let mut out = Vec::new();
        encoder(Profile::V1_13).trace(
            &TraceFields {
                reason,
                ..TraceFields::default()
            },
            &[],
            &mut out,
        );
        out
    };
    let verdict = |match_type: u8, auth_type| {
        let fields = PolicyFields {
            flags: match_type << 3,
            auth_type,
            ..PolicyFields::default()
        };
        let mut out = Vec::new();
        encoder(Profile::V1_13).policy_verdict(&fields, &[1; 9], &mut out);
        out
    };
    let debug = |subtype, args| {
        let mut out = Vec::new();
        encoder(Profile::V1_13).debug(
            &DebugFields {
                subtype,
                args,
                ..DebugFields::default()
            },
            &mut out,
        );
        out
    };
    let before_1_19 = |first| Releases::between(first, Release::V1_19);
    for (data, senders) in [
        (trace(0), Releases::before(Release::V1_19)),
        (trace(4), Releases::before(Release::V1_16)),
        (trace(5), Releases::before(Release::V1_19)),
        (trace(6), before_1_19(Release::V1_14)),
        (trace(7), before_1_19(Release::V1_14)),
        (trace(8), before_1_19(Release::V1_16)),
        (verdict(4, 0), Releases::before(Release::V1_19)),
        (verdict(5, 0), before_1_19(Release::V1_13)),
        (verdict(6, 0), before_1_19(Release::V1_13)),
        (verdict(6, 1), before_1_19(Release::V1_14)),
        (debug(49, [1, 0, 0]), Releases::ANY),
        (debug(49, [1, 1, 0]), Releases::since(Release::V1_14)),
        (debug(52, [1, 0, 1]), Releases::since(Release::V1_14)),
        (debug(50, [1, 1, 0]), Releases::ANY),
        (debug(50, [1, 1, 1]), Releases::before(Release::V1_14)),
        (debug(66, [0; 3]), Releases::since(Release::V1_15)),
        (debug(67, [0; 3]), Releases::since(Release::V1_18)),
        (debug(68, [0; 3]), Releases::since(Release::V1_18)),
    ] {
        let mut hints = Hints::default();
        hints.observe(&parse(&data, &hints).unwrap());
        assert_eq!(
            (hints.shown(), hints.releases()),
            (senders, senders),
            "{data:?}"
        );
    }
}

#[test]
fn received_events_take_precedence_over_the_configuration_but_numbers_alone_do_not() {
    let old = Releases::before(Release::V1_16);
    let new = Releases::since(Release::V1_16);
    let mut hints = Hints::configured(Releases::minor(1, 15));
    hints.narrow_to_if_consistent(new);
    assert_eq!(
        (hints.releases(), hints.are_contradicted()),
        (Releases::minor(1, 15), false)
    );
    hints.narrow_to(new);
    assert_eq!((hints.releases(), hints.are_contradicted()), (new, true));
    hints.narrow_to_if_consistent(Releases::minor(1, 17));
    assert_eq!(
        (hints.releases(), hints.are_contradicted()),
        (Releases::minor(1, 17), true)
    );
    hints.narrow_to(old);
    assert_eq!(
        (hints.releases(), hints.shown(), hints.are_contradicted()),
        (Releases::minor(1, 15), old, false)
    );
}
