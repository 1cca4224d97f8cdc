//! The metrics about all flows: `flow`, `policy` and `flows-to-world`.

use tidegate_model::flow::{
    Direction, Dns, Endpoint, Flow, L4, L7Type, PolicyMatch, TcpFlags, Verdict, message_type,
};

use crate::support::{
    counted, dns, dropped, each_counts, generic, http, kafka, l7, labelled, tcp, trace, udp,
};

const SYN: u16 = TcpFlags::SYN;
const ACK: u16 = TcpFlags::ACK;

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn flow_counts_every_flow_by_protocol_type_and_verdict() {
    let line = |labels: &str| format!("hubble_flows_processed_total{{{labels}}} 1");
    let capture = Flow {
        message_type: message_type::CAPTURE,
        verdict: Verdict::Unknown,
        ..trace()
    };
    let verdict = Flow {
        message_type: message_type::POLICY_VERDICT,
        verdict: Verdict::Audit,
        l4: udp(),
        ..trace()
    };
    let sock = Flow {
        message_type: message_type::TRACE_SOCK,
        verdict: Verdict::Traced,
        ..tcp(0)
    };
    let icmpv6 = Flow {
        sub_type: 13,
        l4: L4::Icmpv6 {
            icmp_type: 1,
            code: 2,
        },
        ..trace()
    };
    let cases = [
        (
            tcp(0),
            r#"protocol="TCP",type="Trace",subtype="to-endpoint",verdict="FORWARDED""#,
        ),
        (
            icmpv6,
            r#"protocol="ICMPv6",type="Trace",subtype="to-crypto",verdict="FORWARDED""#,
        ),
        (
            Flow {
                sub_type: 14,
                ..trace()
            },
            r#"protocol="Unknown L4",type="Trace",subtype="",verdict="FORWARDED""#,
        ),
        (
            dropped(133),
            r#"protocol="TCP",type="Drop",subtype="",verdict="DROPPED""#,
        ),
        (
            capture,
            r#"protocol="Unknown L4",type="Capture",subtype="",verdict="VERDICT_UNKNOWN""#,
        ),
        (
            verdict,
            r#"protocol="UDP",type="PolicyVerdict",subtype="",verdict="AUDIT""#,
        ),
        (
            sock,
            r#"protocol="Unknown flow",type="Unknown",subtype="7",verdict="TRACED""#,
        ),
        (
            Flow::default(),
            r#"protocol="Unknown flow",type="Unknown",subtype="0",verdict="VERDICT_UNKNOWN""#,
        ),
        (
            dns(L7Type::Request, Dns::default()),
            r#"protocol="DNS",type="L7",subtype="DNS",verdict="FORWARDED""#,
        ),
        (
            http(L7Type::Response, 200),
            r#"protocol="HTTP",type="L7",subtype="HTTP",verdict="FORWARDED""#,
        ),
        (
            l7(L7Type::Request, kafka()),
            r#"protocol="Kafka",type="L7",subtype="Kafka",verdict="FORWARDED""#,
        ),
        (
            l7(L7Type::Request, generic()),
            r#"protocol="Unknown L7",type="L7",subtype="",verdict="FORWARDED""#,
        ),
    ];
    for (flow, labels) in cases {
        assert_eq!(
            counted(&["flow"], std::slice::from_ref(&flow)),
            [line(labels)],
            "{flow:?}"
        );
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn policy_counts_verdicts_on_packets_and_messages() {
    let packet = |identity, number| Flow {
        message_type: message_type::POLICY_VERDICT,
        policy_match: PolicyMatch(number),
        direction: Direction::Egress,
        verdict: Verdict::Audit,
        source: Endpoint {
            identity,
            ..Endpoint::default()
        },
        ..trace()
    };
    let from_host = Flow {
        source: Endpoint {
            identity: 1,
            ..Endpoint::default()
        },
        ..http(L7Type::Response, 403)
    };
    let line = |labels: &str| format!("hubble_policy_verdicts_total{{{labels}}} 1");
    let cases = [
        (
            packet(9, 0),
            r#"direction="egress",match="none",action="audit""#,
        ),
        (
            packet(9, 1),
            r#"direction="egress",match="l3-only",action="audit""#,
        ),
        (
            packet(9, 5),
            r#"direction="egress",match="l3-proto",action="audit""#,
        ),
        (
            packet(9, 77),
            r#"direction="egress",match="unknown",action="audit""#,
        ),
        (
            from_host,
            r#"direction="traffic_direction_unknown",match="l7/http",action="forwarded""#,
        ),
        (
            l7(L7Type::Request, generic()),
            r#"direction="traffic_direction_unknown",match="l7/",action="forwarded""#,
        ),
    ];
    for (flow, labels) in cases {
        assert_eq!(
            counted(&["policy"], std::slice::from_ref(&flow)),
            [line(labels)],
            "{flow:?}"
        );
    }
    assert!(counted(&["policy"], &[packet(1, 1), tcp(SYN), dropped(133)]).is_empty());
}

fn to_world(flow: Flow) -> Flow {
    Flow {
        destination: Endpoint {
            identity: 2,
            ..Endpoint::default()
        },
        ..flow
    }
}

/// To an identity of local scope.
fn to_prefix(labels: &[&str]) -> Flow {
    Flow {
        destination: Endpoint {
            identity: 16_777_217,
            ..labelled(labels)
        },
        ..tcp(0)
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn flows_to_world_counts_requests_and_policy_drops_to_outside() {
    let forwarded = r#"hubble_flows_to_world_total{protocol="TCP",verdict="FORWARDED"} 1"#;
    let denied = r#"hubble_flows_to_world_total{protocol="TCP",verdict="DROPPED"} 1"#;
    each_counts(
        "flows-to-world",
        &[
            (to_world(tcp(0)), &[forwarded]),
            (
                Flow {
                    destination: labelled(&["k8s:app=x", "reserved:world-ipv6"]),
                    ..tcp(0)
                },
                &[forwarded],
            ),
            (
                Flow {
                    destination: labelled(&["reserved:worldly"]),
                    ..tcp(0)
                },
                &[],
            ),
            (
                Flow {
                    destination: labelled(&["world"]),
                    ..tcp(0)
                },
                &[],
            ),
            (
                Flow {
                    is_reply: None,
                    ..to_world(tcp(0))
                },
                &[forwarded],
            ),
            (
                Flow {
                    is_reply: Some(true),
                    ..to_world(tcp(0))
                },
                &[],
            ),
            (to_world(dropped(133)), &[denied]),
            (
                Flow {
                    is_reply: Some(true),
                    ..to_world(dropped(133))
                },
                &[denied],
            ),
            (to_world(dropped(181)), &[]),
            (
                Flow {
                    message_type: 0,
                    ..to_world(tcp(0))
                },
                &[],
            ),
            (to_world(trace()), &[]),
            (tcp(0), &[]),
            (to_prefix(&[]), &[forwarded]),
            (
                to_prefix(&["cidr:1.1.1.1/32", "reserved:world"]),
                &[forwarded],
            ),
            (to_prefix(&["reserved:remote-node"]), &[]),
        ],
    );
    assert_eq!(
        counted(&["flows-to-world:any-drop"], &[to_world(dropped(181))]),
        [denied]
    );
}

#[test]
fn flows_to_world_options_limit_it_to_syn_packets_and_add_the_port() {
    let of = |flow: Flow| counted(&["flows-to-world:syn-only;port"], &[to_world(flow)]);
    assert_eq!(
        of(tcp(SYN)),
        [r#"hubble_flows_to_world_total{protocol="TCP",verdict="FORWARDED",port="443"} 1"#]
    );
    assert!(of(tcp(ACK)).is_empty());
    assert!(
        of(Flow {
            l4: udp(),
            ..trace()
        })
        .is_empty()
    );
    assert!(
        of(Flow {
            is_reply: Some(true),
            ..dropped(133)
        })
        .is_empty()
    );
    let icmp = to_world(Flow {
        l4: L4::Icmpv4 {
            icmp_type: 8,
            code: 0,
        },
        ..trace()
    });
    let expected =
        r#"hubble_flows_to_world_total{protocol="ICMPv4",verdict="FORWARDED",port=""} 1"#;
    assert_eq!(counted(&["flows-to-world:port"], &[icmp]), [expected]);
}
