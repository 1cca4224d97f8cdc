//! The fields of events, in the layout of each release that has them.

use crate::support::{TestChain, flows, only_flow};
use tidegate_model::flow::{
    Address, Flow, TracePoint, TraceReason, TunnelProtocol, Verdict, capture_point_name,
};
use tidegate_model::record::DebugEventType;
use tidegate_model::{Batch, Record};
use tidegate_wire::event::{
    CaptureFields, Common, DebugFields, DropFields, Encoder, PolicyFields, Profile, SockFields,
    TraceFields, flags,
};

const LAYER_3: [u8; 40] = [
    0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 1, 15, 10, 0, 2, 20, // IPv4
    0x9c, 0x41, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0xff, 0xff, 0, 0, 0, 0, // TCP, SYN
];

fn frame() -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0][..], &LAYER_3].concat()
}

/// The frame in a tunnel: inside UDP, after a tunnel header of eight bytes.
fn tunnelled(header: [u8; 8]) -> Vec<u8> {
    let mut outer = frame();
    outer.truncate(14 + 20);
    outer[14 + 9] = 17;
    outer[14 + 2..14 + 4].copy_from_slice(&(20 + 8 + 8 + 54_u16).to_be_bytes());
    let udp = [0x9c, 0x41, 0x21, 0x18, 0, 8 + 8 + 54, 0, 0];
    [&outer[..], &udp, &header, &frame()].concat()
}

const VXLAN: [u8; 8] = [8, 0, 0, 0, 0, 0, 2, 0];
const GENEVE: [u8; 8] = [0, 0, 0x65, 0x58, 0, 0, 2, 0];

fn run(profile: Profile, write: impl FnOnce(&Encoder, &mut Vec<u8>)) -> Batch {
    let mut data = Vec::new();
    write(
        &Encoder {
            profile,
            padding: 0xee,
        },
        &mut data,
    );
    TestChain::of(&[
        ("cilium_decode", "{}"),
        ("l34_flow", "{}"),
        ("sock_flow", "{}"),
    ])
    .run([data])
}

fn trace(profile: Profile, fields: &TraceFields, packet: &[u8]) -> Flow {
    only_flow(&run(profile, |encoder, out| {
        encoder.trace(fields, packet, out)
    }))
}

fn drop(profile: Profile, fields: &DropFields, packet: &[u8]) -> Flow {
    only_flow(&run(profile, |encoder, out| {
        encoder.drop(fields, packet, out)
    }))
}

fn addresses(flow: &Flow) -> (Option<Address>, Option<Address>) {
    (flow.source_address(), flow.destination_address())
}

fn peers() -> (Option<Address>, Option<Address>) {
    (
        Some(Address::v4([10, 0, 1, 15])),
        Some(Address::v4([10, 0, 2, 20])),
    )
}

#[test]
fn traces_of_every_observation_point_and_reason_are_decoded() {
    for profile in Profile::ALL {
        for (point, reason, encrypted) in
            (0..=13).flat_map(|point| (0..=8).map(move |reason| (point, reason, reason % 2 == 1)))
        {
            let common = Common {
                subtype: point,
                len_orig: 54,
                ..Common::default()
            };
            let fields = TraceFields {
                common,
                reason,
                encrypted,
                ..TraceFields::default()
            };
            let flow = trace(profile, &fields, &frame());
            let case = format!("{profile:?} {point} {reason}");
            assert_eq!(addresses(&flow), peers(), "{case}");
            assert_eq!(flow.trace_point, TracePoint::from_datapath(point), "{case}");
            assert_eq!(
                flow.trace_reason,
                TraceReason::from_datapath(reason),
                "{case}"
            );
            assert!(flow.trace_point.name().is_some(), "{case}");
            assert!(flow.trace_reason.name().is_some(), "{case}");
            assert_eq!(flow.ip.map(|ip| ip.encrypted), Some(encrypted), "{case}");
            let is_reply = (!matches!(reason, 5..=7)).then_some(reason == 2);
            assert_eq!(flow.is_reply, is_reply, "{case}");
        }
    }
}

#[test]
fn overlays_of_traces_and_drops_are_decoded() {
    for profile in [Profile::V1_18, Profile::V1_19] {
        for (flag, header, protocol) in [
            (flags::VXLAN, VXLAN, TunnelProtocol::Vxlan),
            (flags::GENEVE, GENEVE, TunnelProtocol::Geneve),
        ] {
            let packet = tunnelled(header);
            let of_trace = trace(
                profile,
                &TraceFields {
                    flags: flag,
                    ..TraceFields::default()
                },
                &packet,
            );
            let of_drop = drop(
                profile,
                &DropFields {
                    flags: flag,
                    ..DropFields::default()
                },
                &packet,
            );
            for flow in [of_trace, of_drop] {
                let tunnel = flow.tunnel.expect("a tunnel");
                assert_eq!(
                    (tunnel.protocol, tunnel.vni, addresses(&flow)),
                    (protocol, 2, peers()),
                    "{profile:?}"
                );
                assert_eq!(flow.l4.ports(), Some((40001, 80)));
            }
        }
    }
}

#[test]
fn packets_of_layer_3_devices_are_decoded() {
    for profile in [Profile::V1_17_4, Profile::V1_18, Profile::V1_19] {
        let flags = flags::L3_DEVICE;
        let of_trace = trace(
            profile,
            &TraceFields {
                flags,
                ..TraceFields::default()
            },
            &LAYER_3,
        );
        let of_drop = drop(
            profile,
            &DropFields {
                flags,
                ..DropFields::default()
            },
            &LAYER_3,
        );
        // The verdict's flag for it is the same in all releases.
        let fields = PolicyFields {
            flags: 0x81,
            ..PolicyFields::default()
        };
        let of_verdict = only_flow(&run(profile, |encoder, out| {
            encoder.policy_verdict(&fields, &LAYER_3, out)
        }));
        for flow in [of_trace, of_drop, of_verdict] {
            assert_eq!(
                (flow.ethernet, addresses(&flow)),
                (None, peers()),
                "{profile:?}"
            );
        }
    }
}

#[test]
fn only_1_19_reports_trace_ids_of_ip_options() {
    for profile in Profile::ALL {
        let expected = if profile == Profile::V1_19 {
            0x1234_5678_9abc
        } else {
            0
        };
        let ip_trace_id = 0x1234_5678_9abc;
        let of_trace = trace(
            profile,
            &TraceFields {
                ip_trace_id,
                ..TraceFields::default()
            },
            &frame(),
        );
        let of_drop = drop(
            profile,
            &DropFields {
                ip_trace_id,
                ..DropFields::default()
            },
            &frame(),
        );
        assert_eq!(
            (of_trace.ip_trace_id, of_drop.ip_trace_id),
            (expected, expected),
            "{profile:?}"
        );
    }
}

#[test]
fn header_extensions_are_skipped_in_every_event_with_a_packet() {
    for profile in Profile::ALL {
        let encoder = Encoder {
            profile,
            padding: 0xee,
        };
        let policy = PolicyFields::default();
        let capture = CaptureFields::default();
        let mut events = vec![Vec::new(); 3];
        encoder.trace(&TraceFields::default(), &frame(), &mut events[0]);
        encoder.policy_verdict(&policy, &frame(), &mut events[1]);
        encoder.capture(&capture, &frame(), &mut events[2]);
        if profile > Profile::V1_13 {
            // The drop header of 1.13 is not a multiple of 8, so an extension is not recognised.
            events.push(Vec::new());
            encoder.drop(&DropFields::default(), &frame(), &mut events[3]);
        }
        for mut data in events {
            let header = match (data[0], profile) {
                (1, Profile::V1_19) => 48,
                (1, _) => 40,
                (3, _) => 24,
                (4, Profile::V1_19) => 56,
                (4, _) => 48,
                (_, Profile::V1_19) => 40,
                _ => 32,
            };
            data[15] = 1;
            data.splice(header..header, [0xcc; 8]);
            let flow = flows(&TestChain::to_flows().run([&data]))
                .pop()
                .expect("a flow");
            // A verdict with a longer header is read as one of 1.19, with a cookie.
            assert_eq!(addresses(&flow), peers(), "{profile:?} {}", data[0]);
        }
    }
}

#[test]
fn every_capture_point_has_its_name() {
    for profile in Profile::ALL {
        for point in 4..=11 {
            let common = Common {
                subtype: point,
                ..Common::default()
            };
            let fields = CaptureFields {
                common,
                arg1: 12,
                arg2: 0,
            };
            let flow = only_flow(&run(profile, |encoder, out| {
                encoder.capture(&fields, &frame(), out)
            }));
            assert_eq!(
                (flow.message_type, flow.sub_type, addresses(&flow)),
                (3, point, peers())
            );
            assert!(capture_point_name(point).is_some(), "{point}");
            assert_eq!(flow.interface, if matches!(point, 8 | 9) { 0 } else { 12 });
        }
    }
}

#[test]
fn every_debug_message_has_its_name() {
    for subtype in 0..=68 {
        let fields = DebugFields {
            subtype,
            source: 567,
            hash: 9,
            args: [1, 2, 3],
        };
        let batch = run(Profile::V1_12, |encoder, out| encoder.debug(&fields, out));
        let [Record::DebugEvent(event)] = batch.records() else {
            panic!("{batch:?}")
        };
        assert_eq!(
            (event.event_type, event.source, event.hash, event.args),
            (DebugEventType(subtype), 567, 9, [1, 2, 3])
        );
        assert!(event.event_type.name().is_some(), "{subtype}");
    }
}

#[test]
fn socket_traces_of_both_layouts_are_decoded() {
    let v6 = [0xfd, 0, 0, 0x96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10];
    let v4 = [10, 96, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    for profile in Profile::ALL
        .into_iter()
        .filter(|profile| profile.sends_trace_sock())
    {
        for (flags, dst_ip, address) in [
            (0, v4, Address::v4([10, 96, 0, 10])),
            (1, v6, Address::from(std::net::IpAddr::from(v6))),
        ] {
            for (xlate_point, verdict) in [
                (1, Verdict::Traced),
                (2, Verdict::Translated),
                (3, Verdict::Traced),
                (4, Verdict::Translated),
            ] {
                let fields = SockFields {
                    xlate_point,
                    dst_ip,
                    dst_port: 53,
                    sock_cookie: 0x0102_0304_0506_0708,
                    cgroup_id: 4242,
                    l4_proto: 2,
                    flags,
                };
                let flow = only_flow(&run(profile, |encoder, out| {
                    encoder.trace_sock(&fields, out)
                }));
                let (source, destination) = addresses(&flow);
                let peer = if xlate_point > 2 { source } else { destination };
                let actual = (flow.sub_type, flow.verdict, peer);
                assert_eq!(actual, (xlate_point, verdict, Some(address)), "{profile:?}");
                let socket = flow.socket.expect("a socket");
                assert_eq!(socket.cookie, fields.sock_cookie, "{profile:?}");
                assert_eq!(socket.cgroup_id, fields.cgroup_id, "{profile:?}");
            }
        }
    }
}
