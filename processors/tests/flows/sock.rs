//! Socket traces: the side of the peer, and the layouts.

use crate::support::{NOON, TestChain, golden, only_flow};
use tidegate_model::flow::{Address, Flow, FlowType, Ip, IpVersion, L4, Socket, Verdict};
use tidegate_wire::event::{Encoder, Profile, SockFields};

const COOKIE: u64 = 0x0102_0304_0506_0708;

fn chain(config: &str) -> TestChain {
    TestChain::of(&[
        ("cilium_decode", config),
        ("l34_flow", "{}"),
        ("sock_flow", "{}"),
    ])
}

/// A translation to 1.1.1.1, an address for which both layouts are possible.
fn trace(profile: Profile, xlate_point: u8, l4_proto: u8) -> Vec<u8> {
    let mut dst_ip = [0; 16];
    dst_ip[..4].copy_from_slice(&[1, 1, 1, 1]);
    let fields = SockFields {
        xlate_point,
        dst_ip,
        dst_port: 53,
        sock_cookie: COOKIE,
        cgroup_id: 4242,
        l4_proto,
        flags: 0,
    };
    let mut data = Vec::new();
    Encoder {
        profile,
        padding: 0,
    }
    .trace_sock(&fields, &mut data);
    data
}

fn flow(data: Vec<u8>) -> Flow {
    only_flow(&chain("{ cilium_version = \"1.19\" }").run([data]))
}

#[test]
fn the_translation_point_determines_the_side_of_the_pod() {
    let pod = Address::default();
    let peer = Address::v4([1, 1, 1, 1]);
    for (point, verdict, addresses, ports) in [
        (0, Verdict::Unknown, (pod, peer), (0, 53)),
        (1, Verdict::Traced, (pod, peer), (0, 53)),
        (2, Verdict::Translated, (pod, peer), (0, 53)),
        (3, Verdict::Traced, (peer, pod), (53, 0)),
        (4, Verdict::Translated, (peer, pod), (53, 0)),
        (9, Verdict::Unknown, (pod, peer), (0, 53)),
    ] {
        let flow = flow(trace(Profile::V1_19, point, 2));
        let version = IpVersion::V4;
        assert_eq!(
            flow.ip,
            Some(Ip {
                source: addresses.0,
                destination: addresses.1,
                version,
                ..Ip::default()
            })
        );
        assert_eq!(
            (flow.sub_type, flow.verdict, flow.l4.ports()),
            (point, verdict, Some(ports))
        );
    }
}

/// The flow of a socket trace before the translation to 1.1.1.1.
fn expected_flow(l4: L4) -> Flow {
    let ip = Ip {
        destination: Address::v4([1, 1, 1, 1]),
        version: IpVersion::V4,
        ..Ip::default()
    };
    let socket = Socket {
        cookie: COOKIE,
        cgroup_id: 4242,
        keeps_mapped: false,
    };
    Flow {
        time: NOON,
        seq: 1,
        flow_type: FlowType::Sock,
        message_type: 7,
        sub_type: 1,
        verdict: Verdict::Traced,
        ip: Some(ip),
        l4,
        socket: Some(Box::new(socket)),
        ..Flow::default()
    }
}

#[test]
fn a_socket_flow_has_the_fields_of_its_event_only() {
    let source_port = 0;
    let destination_port = 53;
    let tcp = L4::Tcp {
        source_port,
        destination_port,
        flags: None,
    };
    let udp = L4::Udp {
        source_port,
        destination_port,
    };
    for (protocol, l4) in [(0, L4::None), (1, tcp), (2, udp), (3, L4::None)] {
        let flow = flow(trace(Profile::V1_19, 1, protocol));
        assert_eq!(format!("{flow:?}"), format!("{:?}", expected_flow(l4)));
    }
}

#[test]
fn the_layout_follows_from_the_release_the_stream_or_a_guess() {
    let older_trace = golden("perf")
        .into_iter()
        .find(|(name, _)| name == "perf-trace-v1-hdr48-ip4");
    let older_trace = older_trace.expect("a vector").1;
    for (config, before, noted) in [
        ("{ cilium_version = \"1.18\" }", None, 0),
        ("{}", Some(older_trace), 0),
        ("{}", None, 1),
    ] {
        let mut chain = chain(config);
        let batch = chain.run(before.into_iter().chain([trace(Profile::V1_18, 1, 2)]));
        let flow = crate::support::flows(&batch).pop().expect("a flow");
        assert_eq!(
            flow.socket.as_deref(),
            Some(&Socket {
                cookie: COOKIE,
                cgroup_id: 4242,
                keeps_mapped: false
            }),
            "{config}"
        );
        let ambiguities = chain.step(0).tally.ambiguities();
        let guesses: u64 = ambiguities
            .iter()
            .filter(|(choice, _)| *choice == "trace_sock_layout")
            .map(|choice| choice.1)
            .sum();
        assert_eq!(guesses, noted, "{config}");
    }
}
