//! An encoder with cached templates writes the same bytes as a new one.

use std::net::Ipv4Addr;

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// Copies one field from another flow.
type CopyField = fn(&mut Flow, &Flow);

/// A name that makes the body so long that its length takes two bytes.
const LONG: &str = "checkout-service-with-a-long-name-7d9f8b6c5d-x2x4z-which-exceeds-the-limit-\
                    of-kubernetes-for-the-name-of-a-pod-so-that-lengths-take-two-bytes";

/// Every field that templates depend on.
const FIELDS: [(&str, CopyField); 21] = [
    ("flow_type", |to, from| to.flow_type = from.flow_type),
    ("message_type", |to, from| {
        to.message_type = from.message_type
    }),
    ("sub_type", |to, from| to.sub_type = from.sub_type),
    ("verdict", |to, from| to.verdict = from.verdict),
    ("drop_reason", |to, from| to.drop_reason = from.drop_reason),
    ("auth_type", |to, from| to.auth_type = from.auth_type),
    ("direction", |to, from| to.direction = from.direction),
    ("is_reply", |to, from| to.is_reply = from.is_reply),
    ("policy_match", |to, from| {
        to.policy_match = from.policy_match
    }),
    ("trace_point", |to, from| to.trace_point = from.trace_point),
    ("trace_reason", |to, from| {
        to.trace_reason = from.trace_reason
    }),
    ("last_layer", |to, from| to.last_layer = from.last_layer),
    ("ethernet", |to, from| to.ethernet = from.ethernet),
    ("ip", |to, from| to.ip = from.ip),
    ("l4", |to, from| to.l4 = from.l4),
    ("ip_trace_id", |to, from| to.ip_trace_id = from.ip_trace_id),
    ("l7", |to, from| to.l7.clone_from(&from.l7)),
    ("source", |to, from| to.source = from.source.clone()),
    ("destination", |to, from| {
        to.destination = from.destination.clone()
    }),
    ("source.service", |to, from| {
        to.source.service.clone_from(&from.source.service)
    }),
    ("destination.service", |to, from| {
        to.destination.service.clone_from(&from.destination.service)
    }),
];

fn ethernet() -> impl Strategy<Value = Option<Ethernet>> {
    let macs = || select(vec![[0; 6], [2, 0, 0, 0, 0, 1], [0xff; 6]]);
    proptest::option::of((macs(), macs()).prop_map(|(source, destination)| Ethernet {
        source,
        destination,
    }))
}

fn ip() -> impl Strategy<Value = Option<Ip>> {
    let addresses = || {
        let parsed = |text: &str| Address::from(text.parse::<std::net::IpAddr>().unwrap());
        select(
            ["10.0.0.1", "::ffff:10.0.0.2", "fd00::1", "::"]
                .map(parsed)
                .to_vec(),
        )
    };
    let versions = select(vec![IpVersion::NotUsed, IpVersion::V4, IpVersion::V6]);
    let translated = proptest::option::of(addresses());
    let ips = (addresses(), addresses(), translated, versions);
    proptest::option::of(
        ips.prop_map(|(source, destination, source_xlated, version)| Ip {
            source,
            source_xlated,
            destination,
            version,
            ..Ip::default()
        }),
    )
}

fn l4() -> impl Strategy<Value = L4> {
    select(vec![(40_000, 80), (0, 65_535), (7, 0)])
        .prop_flat_map(|(source, destination)| l4_of(source, destination))
}

fn l4_of(source_port: u16, destination_port: u16) -> impl Strategy<Value = L4> {
    let flags = select(vec![
        None,
        Some(TcpFlags(0)),
        Some(TcpFlags(0x012)),
        Some(TcpFlags(0x112)),
    ]);
    prop_oneof![
        Just(L4::None),
        flags.prop_map(move |flags| L4::Tcp {
            source_port,
            destination_port,
            flags
        }),
        Just(L4::Udp {
            source_port,
            destination_port
        }),
        select(vec![SctpChunk::Unsupported, SctpChunk::Abort]).prop_map(move |chunk_type| {
            L4::Sctp {
                source_port,
                destination_port,
                chunk_type,
            }
        }),
        (select(vec![0, 3, 8]), 0..3_u8)
            .prop_map(|(icmp_type, code)| L4::Icmpv4 { icmp_type, code }),
        (select(vec![1, 3, 128]), 0..3_u8)
            .prop_map(|(icmp_type, code)| L4::Icmpv6 { icmp_type, code }),
        any::<(u8, u8, u8)>().prop_map(|(vrrp_type, vrid, priority)| L4::Vrrp {
            vrrp_type,
            vrid,
            priority
        }),
        select(vec![0x11, 0x16]).prop_map(|igmp_type| L4::Igmp {
            igmp_type,
            group: Ipv4Addr::new(224, 0, 0, 1)
        }),
    ]
}

fn l7() -> impl Strategy<Value = Option<Box<L7>>> {
    let record = L7Record::Http(Http {
        method: "GET".into(),
        ..Http::default()
    });
    let l7 = L7 {
        l7_type: L7Type::Request,
        latency_ns: 0,
        observed_latency: None,
        record,
        trace_context: None,
        source: MessageSource::Proxy,
        missing: Missing::NOTHING,
    };
    select(vec![None, None, Some(Box::new(l7))])
}

fn endpoint() -> impl Strategy<Value = Endpoint> {
    let names = (
        select(vec!["", "cart-0", "p\n", LONG]),
        select(vec![0, 1, 40]),
    )
        .prop_map(|(pod, labels)| EndpointNames {
            pod_name: pod.to_owned(),
            namespace: "shop".to_owned(),
            labels: vec!["k8s:app=".repeat(10); labels].into(),
            ..EndpointNames::default()
        });
    let services = (
        select(vec!["", "shop", "data"]),
        select(vec!["", "web", "w\n"]),
    )
        .prop_map(|(namespace, name)| ServiceName {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        });
    (
        0..3_u32,
        select(vec![0, 1, 2, 4000, u32::MAX]),
        proptest::option::of(names.prop_map(Arc::new)),
        proptest::option::of(services.prop_map(Arc::new)),
    )
        .prop_map(|(id, identity, names, service)| Endpoint {
            id,
            identity,
            names,
            service,
        })
}

prop_compose! {
    fn flow()(
        message_type in select(vec![1_u8, 2, 3, 4, 5, 7, 129, 200]),
        sub_type in 0..16_u8,
        drop_reason in select(vec![0_u32, 133, 134, 70_000]),
        (auth_type, policy_match) in (0..4_u8, 0..5_u8),
        (trace_point, trace_reason) in (0..4_u8, 0..4_u8),
        (is_reply, ip_trace_id) in (any::<Option<bool>>(), select(vec![0_u64, 0, 9])),
        flow_type in select(vec![FlowType::L34, FlowType::L7, FlowType::Sock]),
        (verdict, direction, last_layer) in (verdict(), direction(), last_layer()),
        (ethernet, ip, l4, l7) in (ethernet(), ip(), l4(), l7()),
        (source, destination) in (endpoint(), endpoint()),
    ) -> Flow {
        Flow {
            time: Timestamp(1_000),
            message_type,
            sub_type,
            drop_reason: DropReason(drop_reason),
            flow_type,
            verdict,
            direction,
            last_layer,
            auth_type: AuthType(auth_type),
            policy_match: PolicyMatch(policy_match),
            trace_point: TracePoint(trace_point),
            trace_reason: TraceReason(trace_reason),
            is_reply,
            ip_trace_id,
            l4,
            l7,
            source,
            destination,
            ip,
            ethernet,
            ..Flow::default()
        }
    }
}

fn verdict() -> impl Strategy<Value = Verdict> {
    select(vec![
        Verdict::Unknown,
        Verdict::Forwarded,
        Verdict::Dropped,
        Verdict::Audit,
    ])
}

fn direction() -> impl Strategy<Value = Direction> {
    select(vec![
        Direction::Unknown,
        Direction::Ingress,
        Direction::Egress,
    ])
}

fn last_layer() -> impl Strategy<Value = Option<Layer>> {
    select(vec![
        None,
        Some(Layer::Tcp),
        Some(Layer::Udp),
        Some(Layer::Icmpv4),
        Some(Layer::Icmpv6),
    ])
}

fn encoded(encoder: &mut Encoder, flow: &Flow) -> Vec<u8> {
    let mut out = Vec::new();
    encoder.encode(&Record::Flow(flow.clone()), OBSERVED, &mut out);
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_flow_that_differs_in_one_field_gets_its_own_templates(
        flow in flow(),
        other in flow(),
    ) {
        let new = || Encoder::new(&context(), &LogFormat::default());
        for (name, copy) in FIELDS {
            let mut variant = flow.clone();
            copy(&mut variant, &other);
            let mut encoder_with_cache = new();
            for flow in [&flow, &variant, &flow] {
                let expected = encoded(&mut new(), flow);
                let actual = encoded(&mut encoder_with_cache, flow);
                prop_assert!(actual == expected, "{} of {:?}", name, flow);
            }
        }
    }

    #[test]
    fn the_body_is_the_line_of_hubble_observe(flow in flow()) {
        let mut line = String::new();
        BODY_FORMAT.push_flow_text(&mut line, &flow);
        let log = log(Record::Flow(flow), &[]);
        prop_assert_eq!(log.body.as_ref().map(shown), Some(line));
    }
}
