//! Flows of packets and other datapath events as log records.

use super::*;
use std::net::Ipv4Addr;
use std::num::NonZeroU32;

use tidegate_model::flow::Sampling;

const TRACED: &str = "source.address=192.0.2.9
cilium.source.mac=02:00:00:00:00:0a
cilium.source.endpoint.id=#12
cilium.source.identity=#4000
cilium.source.k8s.cluster.name=default
cilium.source.k8s.namespace.name=shop
cilium.source.k8s.pod.name=cart-0
cilium.source.k8s.statefulset.name=cart
cilium.source.labels=[k8s:app=cart k8s:tier=back]
cilium.source.names=[cart.shop]
cilium.source.original_address=10.0.0.1
destination.address=10.0.0.2
cilium.destination.mac=02:00:00:00:00:0b
cilium.destination.identity=#2
cilium.destination.identity.name=world
network.type=ipv4
network.transport=tcp
cilium.tcp.flags=[SYN ACK]
cilium.flow.type=L3_L4
cilium.verdict=FORWARDED
cilium.event.type=trace
cilium.event.sub_type=to-overlay
cilium.traffic_direction=EGRESS
cilium.is_reply=false
cilium.trace_observation_point=TO_OVERLAY
cilium.trace_reason=ESTABLISHED
source.port=#40000
destination.port=#80
cilium.interface.index=#7
cilium.encrypted=true
cilium.ip_trace_id=#99
cilium.proxy_port=#11000
cilium.tunnel.protocol=VXLAN
cilium.tunnel.vni=#77
cilium.tunnel.source.address=10.0.0.1
cilium.tunnel.destination.address=10.0.0.2
cilium.tunnel.source.port=#5000
cilium.tunnel.destination.port=#8472";

#[test]
fn a_traced_packet_has_all_its_fields() {
    let log = log(Record::Flow(traced()), &[]);
    assert_eq!(attributes(&log), TRACED);
    assert_eq!(
        (log.time_unix_nano, log.observed_time_unix_nano),
        (1_000, 2_000)
    );
    assert_eq!(
        (log.severity_number, log.severity_text.as_str()),
        (9, "INFO")
    );
    assert_eq!(
        (log.event_name.as_str(), &log.trace_id[..]),
        ("hubble.flow", &[][..])
    );
    let body = log.body.as_ref().map(shown).unwrap_or_default();
    assert!(
        body.starts_with(
            "shop/cart-0:40000 (ID:4000) -> 10.0.0.2:80 (world) to-overlay FORWARDED ("
        ),
        "{body}"
    );
    assert!(body.ends_with(')'), "{body}");
}

#[test]
fn the_uuid_is_that_of_every_other_exporter() {
    let log = log(Record::Flow(traced()), &[]);
    let uuid = log
        .attributes
        .iter()
        .find(|attribute| attribute.key == "log.record.uid");
    let expected = FlowIds::new("prod/node-a").id(&traced()).to_string();
    assert_eq!(
        uuid.and_then(|uuid| uuid.value.as_ref()).map(shown),
        Some(expected)
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn datapath_events_have_their_types_and_reasons() {
    let event = |message_type, sub_type, verdict| Flow {
        message_type,
        sub_type,
        verdict,
        ..Flow::default()
    };
    let dropped = Flow {
        drop_reason: DropReason(133),
        file: Some(SourceFile {
            id: 2,
            line: 42,
            numbering: FileNumbering::V1_19_0,
        }),
        ..event(message_type::DROP, 133, Verdict::Dropped)
    };
    let verdict = Flow {
        policy_match: PolicyMatch(2),
        auth_type: AuthType(1),
        direction: Direction::Ingress,
        ..event(message_type::POLICY_VERDICT, 0, Verdict::Audit)
    };
    let ping = L4::Icmpv6 {
        icmp_type: 128,
        code: 0,
    };
    let cases = [
        (
            dropped.clone(),
            "cilium.verdict=DROPPED cilium.drop_reason=POLICY_DENIED error.type=POLICY_DENIED cilium.event.type=drop \
             cilium.event.sub_type=Policy denied cilium.file=bpf_lxc.c:42",
        ),
        (
            Flow {
                drop_reason: DropReason(99),
                file: Some(SourceFile {
                    id: 250,
                    line: 1,
                    numbering: FileNumbering::V1_19_0,
                }),
                ..event(message_type::DROP, 99, Verdict::Dropped)
            },
            "cilium.verdict=DROPPED cilium.drop_reason=99 error.type=99 cilium.event.type=drop \
             cilium.event.sub_type=99, 0 cilium.file=unknown(250):1",
        ),
        (
            verdict,
            "cilium.verdict=AUDIT cilium.event.type=policy-verdict \
             cilium.event.sub_type=policy-verdict:L3-L4 INGRESS cilium.traffic_direction=INGRESS \
             cilium.policy_match_type=L3-L4 cilium.auth_type=SPIRE",
        ),
        (
            event(message_type::TRACE_SOCK, 1, Verdict::Translated),
            "cilium.verdict=TRANSLATED cilium.event.type=trace-sock \
             cilium.event.sub_type=pre-xlate-fwd",
        ),
        (
            event(message_type::CAPTURE, 4, Verdict::Unknown),
            "cilium.event.type=capture \
             cilium.event.sub_type=DBG_CAPTURE_DELIVERY",
        ),
        (
            Flow {
                l4: ping,
                is_reply: Some(true),
                ..event(message_type::CAPTURE, 4, Verdict::Unknown)
            },
            "network.transport=icmpv6 cilium.icmp.type=#128 cilium.icmp.code=#0 \
             cilium.event.type=capture \
             cilium.event.sub_type=DBG_CAPTURE_DELIVERY cilium.is_reply=true",
        ),
    ];
    for (flow, expected) in cases {
        assert_eq!(specific_attributes(&flow, &[]), expected);
    }
    assert_eq!(
        log(Record::Flow(dropped), &[]).severity_number,
        13,
        "drops are warnings"
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn protocols_without_ports_have_the_fields_of_their_headers() {
    let group = Ipv4Addr::new(224, 0, 0, 1);
    let cases = [
        (
            L4::Vrrp {
                vrrp_type: 1,
                vrid: 2,
                priority: 3,
            },
            "network.transport=vrrp",
            "cilium.vrrp.type=#1 cilium.vrrp.vrid=#2 cilium.vrrp.priority=#3",
        ),
        (
            L4::Igmp {
                igmp_type: 17,
                group,
            },
            "network.transport=igmp",
            "cilium.igmp.type=#17 cilium.igmp.group=224.0.0.1",
        ),
        (
            L4::Icmpv4 {
                icmp_type: 3,
                code: 1,
            },
            "network.transport=icmpv4 cilium.icmp.type=#3 cilium.icmp.code=#1",
            "",
        ),
        (
            L4::Sctp {
                source_port: 1,
                destination_port: 2,
                chunk_type: SctpChunk::Unsupported,
            },
            "network.transport=sctp",
            "source.port=#1 destination.port=#2",
        ),
        (
            L4::Sctp {
                source_port: 1,
                destination_port: 2,
                chunk_type: SctpChunk::InitAck,
            },
            "network.transport=sctp",
            "cilium.sctp.chunk_type=INIT_ACK",
        ),
        (
            tcp(None),
            "network.transport=tcp",
            "source.port=#40000 destination.port=#80",
        ),
    ];
    for (l4, first, last) in cases {
        let text = specific_attributes(
            &Flow {
                l4,
                ..Flow::default()
            },
            &[],
        );
        assert!(
            text.starts_with(first) && text.ends_with(last) && !text.contains("flags"),
            "{text}"
        );
    }
}

#[test]
fn a_message_has_the_trace_span_and_flags_of_its_request() {
    for flags in [0, TraceContext::SAMPLED | TraceContext::RANDOM] {
        let mut flow = message(L7Record::Http(Http::default()), L7Type::Response);
        let context = TraceContext {
            trace_id: [0xab; 16],
            parent_id: [0xcd; 8],
            flags,
        };
        flow.l7.as_mut().unwrap().trace_context = Some(context);
        let log = log(Record::Flow(flow), &[]);
        assert_eq!(log.trace_id, [0xab; 16]);
        assert_eq!(log.span_id, [0xcd; 8]);
        assert_eq!(log.flags, u32::from(flags));
    }
}

#[test]
fn a_sampled_flow_has_its_rate_also_for_opentelemetrys_samplers() {
    let mut flow = Flow {
        ip: Some(Ip {
            source: Address::v4([10, 0, 0, 1]),
            destination: Address::v4([10, 0, 0, 2]),
            ..Ip::default()
        }),
        l4: L4::Tcp {
            source_port: 40_000,
            destination_port: 80,
            flags: None,
        },
        ..Flow::default()
    };
    let of = |flow: &Flow| {
        let all = attributes(&log(Record::Flow(flow.clone()), &[]));
        let sampling = all.lines().filter(|line| line.contains("sampling"));
        sampling.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(of(&flow), [""; 0]);
    for (one_in, seed, expected) in [
        (1, 0, ["#1", "0", "30db028840b183"]),
        (2, 0, ["#2", "8", "30db028840b183"]),
        (10, 7, ["#10", "e6666666666667", "94ead285a85891"]),
    ] {
        flow.sampling = Sampling::new(NonZeroU32::new(one_in).unwrap(), seed);
        let [rate, threshold, randomness] = expected;
        let expected = [
            format!("cilium.sampling.one_in={rate}"),
            format!("sampling.threshold={threshold}"),
            format!("sampling.randomness={randomness}"),
        ];
        assert_eq!(of(&flow), expected);
    }
    flow.ip = None;
    assert_eq!(of(&flow), ["cilium.sampling.one_in=#10"], "no connection");
}
