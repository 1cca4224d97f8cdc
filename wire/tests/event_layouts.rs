//! Event layouts: the reasons for refusals, and how layouts that share a version byte are
//! distinguished.

#![expect(clippy::unwrap_used, reason = "test events are well-formed")]

use proptest::prelude::*;
use tidegate_wire::event::{
    Common, DropFields, DropV1Header, Encoder, Event, Hints, PacketEvent, PolicyFields, Profile,
    RecorderFields, SockFields, SockLayout, TraceFields, parse,
};
use tidegate_wire::packet::{Link, TunnelProtocol};

/// `len` bytes with the type and version of an event.
fn event(kind: u8, version: u8, len: usize) -> Vec<u8> {
    let mut data = vec![0; len];
    for (at, byte) in [(0, kind), (14, version)] {
        if let Some(place) = data.get_mut(at) {
            *place = byte;
        }
    }
    data
}

fn encoder(profile: Profile) -> Encoder {
    Encoder {
        profile,
        padding: 0xee,
    }
}

fn drop_event(profile: Profile, packet: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let fields = DropFields {
        ifindex: 0x0102_0304,
        ..DropFields::default()
    };
    encoder(profile).drop(&fields, packet, &mut out);
    out
}

fn drop_header(data: &[u8], hints: &Hints) -> usize {
    match parse(data, hints).unwrap() {
        Event::Drop(drop) => drop.header_len(),
        other => panic!("{other:?}"),
    }
}

/// An Ethernet frame of `len` bytes with ARP, which no header of a drop looks like.
fn frame(len: usize) -> Vec<u8> {
    let mut frame = vec![0x0a; len];
    frame[12..14].copy_from_slice(&[0x08, 0x06]);
    frame
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn refusals_have_upstreams_messages() {
    let cases: [(Vec<u8>, &str, &str); 15] = [
        (vec![], "empty_data", "empty data"),
        (
            event(1, 0, 35),
            "event_too_short",
            "unexpected DropNotify data length, expected at least 36 but got 35",
        ),
        (
            event(1, 3, 35),
            "event_too_short",
            "unexpected DropNotify data length, expected at least 36 but got 35",
        ),
        (
            event(1, 4, 64),
            "unknown_event_version",
            "Unrecognized drop event (version 4)",
        ),
        (
            event(1, 2, 39),
            "event_too_short",
            "unexpected DropNotify data length (version 2), expected at least 40 but got 39",
        ),
        (
            event(1, 3, 47),
            "event_too_short",
            "unexpected DropNotify data length (version 3), expected at least 48 but got 47",
        ),
        (
            event(4, 2, 31),
            "event_too_short",
            "unexpected TraceNotify data length, expected at least 32 but got 31",
        ),
        (
            event(4, 3, 72),
            "unknown_event_version",
            "Unrecognized trace event (version 3)",
        ),
        (
            event(4, 2, 55),
            "event_too_short",
            "unexpected TraceNotify data length (version 2), expected at least 56 but got 55",
        ),
        (
            event(4, 1, 47),
            "event_too_short",
            "unexpected TraceNotify data length (version 1), expected at least 48 but got 47",
        ),
        (
            event(5, 1, 31),
            "event_too_short",
            "unexpected PolicyVerdictNotify data length, expected 40 but got 31",
        ),
        (
            event(3, 1, 23),
            "event_too_short",
            "unexpected DebugCapture data length, expected 24 but got 23",
        ),
        (
            event(2, 0, 19),
            "event_too_short",
            "unexpected DebugMsg data length, expected 20 but got 19",
        ),
        (
            event(6, 0, 23),
            "event_too_short",
            "unexpected RecorderCapture data length, expected 24 but got 23",
        ),
        (
            event(7, 0, 37),
            "event_too_short",
            "unexpected TraceSockNotify data length, expected 38 but got 37",
        ),
    ];
    for (data, label, text) in cases {
        let reason = parse(&data, &Hints::default()).unwrap_err();
        assert_eq!(
            (reason.as_str(), reason.to_string().as_str()),
            (label, text)
        );
    }
}

#[test]
fn other_types_are_unknown_and_the_agents_types_keep_their_stream() {
    let hints = Hints::default();
    for kind in [0, 8, 128, 131, 255] {
        let data = [kind, 1, 2];
        assert!(matches!(parse(&data, &hints), Ok(Event::Unknown(unknown)) if unknown == kind));
    }
    assert!(matches!(
        parse(&[129, 7], &hints),
        Ok(Event::AccessLog([7]))
    ));
    assert!(matches!(parse(&[130, 8], &hints), Ok(Event::Agent([8]))));
}

#[test]
fn a_header_without_a_packet_has_an_empty_packet() {
    for (kind, version, len) in [(1, 3, 48), (4, 0, 32), (4, 2, 56), (5, 1, 40), (3, 1, 24)] {
        let data = event(kind, version, len);
        let packet = match parse(&data, &Hints::default()).unwrap() {
            Event::Drop(event) => event.packet(),
            Event::Trace(event) => event.packet(),
            Event::PolicyVerdict(event) => event.packet(),
            Event::Capture(event) => event.packet(),
            other => panic!("{other:?}"),
        };
        assert!(packet.is_empty());
    }
}

#[test]
fn a_packet_ends_with_its_event_if_the_captured_length_is_greater() {
    let mut data = event(4, 2, 60);
    data[12..14].copy_from_slice(&500_u16.to_le_bytes());
    let Event::Trace(trace) = parse(&data, &Hints::default()).unwrap() else {
        panic!("no trace");
    };
    assert_eq!((trace.packet().len(), trace.len_cap()), (4, 500));
}

#[test]
fn without_hints_length_or_ether_type_determine_the_header_of_a_version_1_drop() {
    for len in 14..70 {
        for (profile, header) in [(Profile::V1_12, 32), (Profile::V1_13, 36)] {
            let data = drop_event(profile, &frame(len));
            assert_eq!(
                drop_header(&data, &Hints::default()),
                header,
                "{profile:?} {len}"
            );
        }
    }
}

/// 16 captured bytes leave room for both headers.
#[test]
fn hints_determine_the_header_of_an_ambiguous_version_1_drop() {
    let data = drop_event(Profile::V1_12, &[0x0a; 16]);
    let hinted = |drop_v1: DropV1Header| drop_header(&data, &Hints::from(drop_v1));
    assert_eq!(hinted(DropV1Header::Len32), 32);
    assert_eq!(hinted(DropV1Header::Len36), 36);
    assert_eq!(hinted(DropV1Header::Unknown), 36);
}

#[test]
fn an_unambiguous_drop_determines_the_header_of_an_ambiguous_one() {
    let mut hints = Hints::default();
    // 20 captured bytes leave no room for the longer header, 16 do.
    let unambiguous = drop_event(Profile::V1_12, &[0x0a; 20]);
    let ambiguous = drop_event(Profile::V1_12, &[0x0a; 16]);
    assert_eq!(drop_header(&ambiguous, &hints), 36);
    hints.observe(&parse(&unambiguous, &hints).unwrap());
    assert_eq!(drop_header(&ambiguous, &hints), 32);
}

#[test]
fn a_drop_of_1_12_may_be_shorter_than_upstreams_minimum() {
    let data = drop_event(Profile::V1_12, &[]);
    assert_eq!(data.len(), 36);
    let hints = Hints::for_release(1, 12);
    assert_eq!(drop_header(&data[..32], &hints), 32);
    let Event::Drop(drop) = parse(&data[..32], &hints).unwrap() else {
        panic!("no drop");
    };
    assert_eq!(drop.ifindex(), 0);
}

#[test]
fn a_recorders_capture_ends_with_its_length_or_with_the_event() {
    let fields = RecorderFields {
        subtype: 2,
        rule_id: 0x0102,
        time_boot: 0x0304_0506_0708_090a,
        len_orig: 1500,
    };
    for profile in Profile::ALL
        .into_iter()
        .filter(|profile| profile.sends_recorder())
    {
        for len in 14..34 {
            let packet = frame(len);
            let mut data = Vec::new();
            encoder(profile).recorder(&fields, &packet, &mut data);
            let Event::Recorder(recorder) = parse(&data, &Hints::default()).unwrap() else {
                panic!("no recorder capture");
            };
            assert_eq!(
                (recorder.fields(), recorder.packet()),
                (fields, &packet[..])
            );
            assert_eq!(&data[recorder.packet_offset()..][..packet.len()], packet);
            data[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
            let Event::Recorder(recorder) = parse(&data, &Hints::default()).unwrap() else {
                panic!("no recorder capture");
            };
            assert_eq!(recorder.packet(), &data[24..]);
        }
    }
}

#[test]
fn an_extension_of_the_header_moves_the_packet() {
    for (profile, extension, packet_offset) in [(Profile::V1_19, 16, 64), (Profile::V1_19, 0, 48)] {
        let packet = frame(30);
        let mut data = drop_event(profile, &packet);
        data[15] = 1;
        data.splice(48..48, vec![0xaa; extension]);
        let Event::Drop(drop) = parse(&data, &Hints::default()).unwrap() else {
            panic!("no drop");
        };
        assert_eq!(
            (drop.header_len(), drop.packet_offset()),
            (48, packet_offset)
        );
        assert_eq!(drop.packet(), packet);
    }
}

#[test]
fn other_events_determine_the_layout_of_socket_events() {
    let policy = |profile| {
        let mut out = Vec::new();
        encoder(profile).policy_verdict(&PolicyFields::default(), &[1; 9], &mut out);
        out
    };
    let trace = |profile| {
        let mut out = Vec::new();
        encoder(profile).trace(&TraceFields::default(), &[1; 9], &mut out);
        out
    };
    let cases = [
        (policy(Profile::V1_18), SockLayout::Packed),
        (policy(Profile::V1_19), SockLayout::Aligned),
        (trace(Profile::V1_12), SockLayout::Packed),
        (trace(Profile::V1_19), SockLayout::Aligned),
        (drop_event(Profile::V1_13, &[]), SockLayout::Packed),
        (drop_event(Profile::V1_18, &[]), SockLayout::Packed),
        (drop_event(Profile::V1_19, &[]), SockLayout::Aligned),
        (event(6, 0, 28), SockLayout::Packed),
        (event(3, 1, 28), SockLayout::Unknown),
        (event(4, 0, 36), SockLayout::Unknown),
    ];
    for (data, expected) in cases {
        let mut hints = Hints::default();
        hints.observe(&parse(&data, &hints).unwrap());
        assert_eq!(hints.sock(), expected, "{data:?}");
    }
}

#[test]
fn a_socket_event_proves_that_drops_have_a_device() {
    let mut hints = Hints::default();
    hints.observe(&parse(&event(7, 0, 44), &hints).unwrap());
    assert_eq!(hints.drop_v1(), DropV1Header::Len36);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn without_hints_the_values_determine_the_layout_of_socket_events() {
    let v4 = |octets: [u8; 4]| {
        let mut ip = [0; 16];
        ip[..4].copy_from_slice(&octets);
        (ip, 0)
    };
    let v6 = |first: [u8; 4]| {
        let mut ip = [0x11; 16];
        ip[..4].copy_from_slice(&first);
        (ip, 1)
    };
    let destinations = [
        v4([10, 96, 0, 10]),
        v4([1, 1, 1, 1]),
        v4([1, 0, 0, 1]),
        v4([0, 0, 0, 0]),
        v4([127, 0, 0, 1]),
        v6([0xfd, 0, 0, 0x96]),
        v6([0x20, 0x01, 0x0d, 0xb8]),
    ];
    for (dst_ip, flags) in destinations {
        for (profile, expected) in [
            (Profile::V1_18, SockLayout::Packed),
            (Profile::V1_19, SockLayout::Aligned),
        ] {
            let fields = SockFields {
                xlate_point: 1,
                dst_ip,
                dst_port: 53,
                sock_cookie: 0x0102_0304,
                cgroup_id: 4242,
                l4_proto: 2,
                flags,
            };
            let mut data = Vec::new();
            encoder(profile).trace_sock(&fields, &mut data);
            let Event::TraceSock(sock) = parse(&data, &Hints::default()).unwrap() else {
                panic!("no socket event");
            };
            assert_eq!(
                (sock.layout(), sock.fields()),
                (expected, fields),
                "{profile:?}"
            );
        }
    }
}

#[test]
fn fields_that_a_release_lacks_are_omitted() {
    let fields = TraceFields {
        common: Common::default(),
        flags: 0x0f,
        ip_trace_id: 7,
        ..TraceFields::default()
    };
    let cases = [
        (Profile::V1_12, 0x01, 0),
        (Profile::V1_17_4, 0x03, 0),
        (Profile::V1_18, 0x0f, 0),
        (Profile::V1_19, 0x0f, 7),
    ];
    for (profile, flags, ip_trace_id) in cases {
        let mut data = Vec::new();
        encoder(profile).trace(&fields, &[], &mut data);
        let Event::Trace(trace) = parse(&data, &Hints::default()).unwrap() else {
            panic!("no trace");
        };
        assert_eq!((trace.flags(), trace.ip_trace_id()), (flags, ip_trace_id));
    }
}

#[test]
fn flags_determine_the_first_header_of_the_packet() {
    let cases = [
        (0x00, Link::Ethernet, None),
        (0x01, Link::Ethernet, None),
        (0x02, Link::Ipv4, None),
        (0x03, Link::Ipv6, None),
        (0x04, Link::Ethernet, Some(TunnelProtocol::Vxlan)),
        (0x08, Link::Ethernet, Some(TunnelProtocol::Geneve)),
        (0x0c, Link::Ethernet, Some(TunnelProtocol::Vxlan)),
    ];
    for (flags, link, tunnel) in cases {
        let mut data = event(4, 2, 56);
        data[27] = flags;
        let Event::Trace(trace) = parse(&data, &Hints::default()).unwrap() else {
            panic!("no trace");
        };
        assert_eq!((trace.link(), trace.tunnel()), (link, tunnel), "{flags:#x}");
    }
}

proptest! {
    #[test]
    fn any_bytes_result_in_an_event_or_a_reason(
        kind in 0_u8..9,
        version in 0_u8..5,
        mut data in proptest::collection::vec(any::<u8>(), 0..120),
    ) {
        for (at, byte) in [(0, kind), (14, version)] {
            if let Some(place) = data.get_mut(at) {
                *place = byte;
            }
        }
        let mut hints = Hints::default();
        match parse(&data, &hints) {
            Ok(event) => {
                hints.observe(&event);
                prop_assert!(packet_of(&event).len() <= data.len());
            }
            Err(reason) => prop_assert!(!reason.to_string().is_empty()),
        }
    }
}

/// Reads all fields of an event and returns its packet.
fn packet_of<'a>(event: &Event<'a>) -> &'a [u8] {
    match event {
        Event::Drop(event) => {
            let _ = event.fields();
            event.packet()
        }
        Event::Trace(event) => {
            let _ = event.fields();
            let _ = event.orig_ip();
            event.packet()
        }
        Event::PolicyVerdict(event) => {
            let _ = event.fields();
            event.packet()
        }
        Event::Capture(event) => {
            let _ = event.fields();
            event.packet()
        }
        Event::Recorder(event) => {
            let _ = event.fields();
            event.packet()
        }
        Event::Debug(event) => {
            let _ = event.fields();
            &[]
        }
        Event::TraceSock(event) => {
            let _ = event.fields();
            let _ = event.dst_ip();
            &[]
        }
        _ => &[],
    }
}
