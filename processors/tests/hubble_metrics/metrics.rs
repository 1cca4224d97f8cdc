//! The rules of each metric, as tables.

use std::net::IpAddr;

use tidegate_model::flow::{
    Direction, Dns, Endpoint, Flow, Generic, IpVersion, Kafka, L4, L7Record, L7Type, PolicyMatch,
    SctpChunk, Seen, TcpFlags, Verdict, message_type,
};

use crate::support::{counted, dns, dropped, each_counts, http, ip, l7, labelled, tcp, trace};

const SYN: u16 = TcpFlags::SYN;
const ACK: u16 = TcpFlags::ACK;

fn generic() -> L7Record {
    L7Record::Generic(Generic {
        proto: "r2d2".to_owned(),
        fields: vec![],
    })
}

fn kafka() -> L7Record {
    L7Record::Kafka(Kafka {
        error_code: 3,
        api_key: "produce".to_owned(),
        topic: "deathstar".to_owned(),
        ..Kafka::default()
    })
}

fn udp() -> L4 {
    L4::Udp {
        source_port: 1,
        destination_port: 53,
    }
}

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
fn drop_counts_dropped_flows_of_any_type_by_reason() {
    let denied = Flow {
        verdict: Verdict::Dropped,
        ..dns(L7Type::Request, Dns::default())
    };
    let by_policy = Flow {
        message_type: message_type::POLICY_VERDICT,
        ..dropped(133)
    };
    each_counts(
        "drop",
        &[
            (
                dropped(133),
                &[r#"hubble_drop_total{reason="POLICY_DENIED",protocol="TCP"} 1"#],
            ),
            (
                dropped(206),
                &[r#"hubble_drop_total{reason="206",protocol="TCP"} 1"#],
            ),
            (
                denied,
                &[r#"hubble_drop_total{reason="DROP_REASON_UNKNOWN",protocol="DNS"} 1"#],
            ),
            (
                by_policy,
                &[r#"hubble_drop_total{reason="POLICY_DENIED",protocol="TCP"} 1"#],
            ),
            (tcp(SYN), &[]),
            (
                Flow {
                    verdict: Verdict::Error,
                    ..tcp(SYN)
                },
                &[],
            ),
        ],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn tcp_counts_the_flags_that_open_and_close_connections() {
    let flag = |flag: &str| format!(r#"hubble_tcp_flags_total{{flag="{flag}",family="IPv4"}} 1"#);
    let v6 = Flow {
        ip: Some(ip("::1", "::2")),
        ..tcp(SYN)
    };
    let mut unused = tcp(SYN);
    unused.ip = unused.ip.map(|ip| tidegate_model::flow::Ip {
        version: IpVersion::NotUsed,
        ..ip
    });
    let without_flags = L4::Tcp {
        source_port: 1,
        destination_port: 2,
        flags: None,
    };
    let all = SYN | ACK | TcpFlags::FIN | TcpFlags::RST;
    let cases = [
        (tcp(SYN), vec![flag("SYN")]),
        (tcp(SYN | ACK), vec![flag("SYN-ACK")]),
        (
            tcp(SYN | ACK | TcpFlags::FIN),
            vec![flag("FIN"), flag("SYN-ACK")],
        ),
        (tcp(all), vec![flag("FIN"), flag("RST"), flag("SYN-ACK")]),
        (
            tcp(ACK | TcpFlags::PSH | TcpFlags::URG | TcpFlags::ECE | TcpFlags::CWR | TcpFlags::NS),
            vec![],
        ),
        (
            Flow {
                verdict: Verdict::Redirected,
                ..tcp(SYN)
            },
            vec![flag("SYN")],
        ),
        (
            Flow {
                verdict: Verdict::Dropped,
                ..tcp(SYN)
            },
            vec![],
        ),
        (
            Flow {
                verdict: Verdict::Audit,
                ..tcp(SYN)
            },
            vec![],
        ),
        (
            Flow {
                is_reply: Some(true),
                ..tcp(SYN)
            },
            vec![flag("SYN")],
        ),
        (v6, vec![flag("SYN").replace("IPv4", "IPv6")]),
        (unused, vec![flag("SYN").replace("IPv4", "IP_NOT_USED")]),
        (
            Flow {
                ip: None,
                ..tcp(SYN)
            },
            vec![],
        ),
        (
            Flow {
                l4: without_flags,
                ..trace()
            },
            vec![],
        ),
        (
            Flow {
                l4: udp(),
                ..trace()
            },
            vec![],
        ),
    ];
    for (flow, expected) in cases {
        assert_eq!(
            counted(&["tcp"], std::slice::from_ref(&flow)),
            expected,
            "{flow:?}"
        );
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn dns_counts_queries_and_responses() {
    let a = || Dns {
        qtypes: vec![1].into(),
        ..Dns::default()
    };
    let answer = Dns {
        ips: vec![
            IpAddr::from([1, 2, 3, 4]).into(),
            IpAddr::from([5, 6, 7, 8]).into(),
        ]
        .into(),
        rrtypes: vec![5, 1, 1].into(),
        ..a()
    };
    let rcode = |rcode| {
        dns(
            L7Type::Response,
            Dns {
                rcode: Some(rcode),
                qtypes: vec![28, 1].into(),
                ..Dns::default()
            },
        )
    };
    let unknown_reply = Flow {
        is_reply: None,
        ..dns(L7Type::Request, a())
    };
    let mut on_the_wire = dns(
        L7Type::Request,
        Dns {
            qtypes: vec![65, 9999].into(),
            ..Dns::default()
        },
    );
    on_the_wire.message_type = message_type::TRACE;
    on_the_wire.l7.as_mut().unwrap().seen = Seen::Wire;
    let denied = |l7_type| Flow {
        verdict: Verdict::Dropped,
        ..dns(
            l7_type,
            Dns {
                rrtypes: vec![1].into(),
                ..a()
            },
        )
    };
    let no_answer = |rcode: &str| {
        format!(
            r#"hubble_dns_responses_total{{rcode="{rcode}",qtypes="AAAA,A",ips_returned="0"}} 1"#
        )
    };
    let query = r#"hubble_dns_queries_total{rcode="",qtypes="A",ips_returned="0"} 1"#;
    let denied_query =
        r#"hubble_dns_queries_total{rcode="Policy denied",qtypes="A",ips_returned="0"} 1"#;
    each_counts(
        "dns",
        &[
            (dns(L7Type::Request, a()), &[query]),
            (unknown_reply, &[query]),
            (
                on_the_wire,
                &[
                    r#"tidegate_wire_dns_queries_total{rcode="",qtypes="HTTPS,Unknown",ips_returned="0"} 1"#,
                ],
            ),
            (
                dns(L7Type::Response, answer),
                &[
                    r#"hubble_dns_response_types_total{type="A",qtypes="A"} 2"#,
                    r#"hubble_dns_response_types_total{type="CNAME",qtypes="A"} 1"#,
                    r#"hubble_dns_responses_total{rcode="No Error",qtypes="A",ips_returned="2"} 1"#,
                ],
            ),
            (rcode(3), &[&no_answer("Non-Existent Domain")]),
            (rcode(12), &[&no_answer("")]),
            (denied(L7Type::Request), &[denied_query]),
            (denied(L7Type::Response), &[denied_query]),
            (http(L7Type::Request, 0), &[]),
            (tcp(SYN), &[]),
        ],
    );
}

#[test]
fn dns_options_add_the_queried_name_and_exclude_aaaa_queries() {
    let query = |qtypes: &[u16]| {
        dns(
            L7Type::Request,
            Dns {
                qtypes: qtypes.into(),
                ..Dns::default()
            },
        )
    };
    let response = dns(
        L7Type::Response,
        Dns {
            qtypes: vec![1].into(),
            rrtypes: vec![1].into(),
            ..Dns::default()
        },
    );
    let flows = [query(&[28]), query(&[1, 28]), response];
    assert_eq!(
        counted(&["dns:query=false;ignoreAAAA"], &flows),
        [
            r#"hubble_dns_queries_total{rcode="",qtypes="A,AAAA",ips_returned="0",query="cilium.io."} 1"#,
            r#"hubble_dns_response_types_total{type="A",qtypes="A",query="cilium.io."} 1"#,
            r#"hubble_dns_responses_total{rcode="No Error",qtypes="A",ips_returned="0",query="cilium.io."} 1"#,
        ]
    );
}

#[test]
fn icmp_counts_messages_by_type_and_code() {
    let v4 = |icmp_type, code| Flow {
        l4: L4::Icmpv4 { icmp_type, code },
        ..trace()
    };
    let v6 = |icmp_type, code| Flow {
        l4: L4::Icmpv6 { icmp_type, code },
        ..trace()
    };
    each_counts(
        "icmp",
        &[
            (
                v4(3, 3),
                &[r#"hubble_icmp_total{family="IPv4",type="DestinationUnreachable(Port)"} 1"#],
            ),
            (
                v4(8, 5),
                &[r#"hubble_icmp_total{family="IPv4",type="EchoRequest(Code: 5)"} 1"#],
            ),
            (
                v6(143, 0),
                &[r#"hubble_icmp_total{family="IPv6",type="143(0)"} 1"#],
            ),
            (
                Flow {
                    verdict: Verdict::Dropped,
                    ..v6(128, 0)
                },
                &[r#"hubble_icmp_total{family="IPv6",type="EchoRequest"} 1"#],
            ),
            (tcp(SYN), &[]),
        ],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn sctp_counts_forwarded_packets_that_open_or_close_an_association() {
    let sctp = |chunk_type| Flow {
        l4: L4::Sctp {
            source_port: 1,
            destination_port: 2,
            chunk_type,
        },
        ..trace()
    };
    let v6 = Flow {
        ip: Some(ip("fd00::1", "fd00::2")),
        ..sctp(SctpChunk::ShutdownComplete)
    };
    each_counts(
        "sctp",
        &[
            (
                sctp(SctpChunk::Init),
                &[r#"hubble_sctp_chunk_types_total{chunk_type="INIT",family="IPv4"} 1"#],
            ),
            (
                v6,
                &[
                    r#"hubble_sctp_chunk_types_total{chunk_type="SHUTDOWN_COMPLETE",family="IPv6"} 1"#,
                ],
            ),
            (
                Flow {
                    verdict: Verdict::Redirected,
                    ..sctp(SctpChunk::Abort)
                },
                &[r#"hubble_sctp_chunk_types_total{chunk_type="ABORT",family="IPv4"} 1"#],
            ),
            (sctp(SctpChunk::Unsupported), &[]),
            (
                Flow {
                    verdict: Verdict::Dropped,
                    ..sctp(SctpChunk::Init)
                },
                &[],
            ),
            (
                Flow {
                    ip: None,
                    ..sctp(SctpChunk::Init)
                },
                &[],
            ),
            (tcp(SYN), &[]),
        ],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn port_distribution_counts_only_packets_that_are_known_not_to_be_replies() {
    each_counts(
        "port-distribution",
        &[
            (
                tcp(0),
                &[r#"hubble_port_distribution_total{protocol="TCP",port="443"} 1"#],
            ),
            (
                Flow {
                    l4: udp(),
                    ..trace()
                },
                &[r#"hubble_port_distribution_total{protocol="UDP",port="53"} 1"#],
            ),
            (
                Flow {
                    l4: L4::Icmpv4 {
                        icmp_type: 8,
                        code: 0,
                    },
                    verdict: Verdict::Redirected,
                    ..trace()
                },
                &[r#"hubble_port_distribution_total{protocol="ICMPv4",port="0"} 1"#],
            ),
            (
                Flow {
                    is_reply: None,
                    ..tcp(0)
                },
                &[],
            ),
            (
                Flow {
                    is_reply: Some(true),
                    ..tcp(0)
                },
                &[],
            ),
            (
                Flow {
                    is_reply: Some(false),
                    ..dropped(133)
                },
                &[],
            ),
            (trace(), &[]),
        ],
    );
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

#[test]
fn kafka_counts_only_requests() {
    let flows =
        [L7Type::Request, L7Type::Response, L7Type::Sample].map(|l7_type| l7(l7_type, kafka()));
    assert_eq!(
        counted(&["kafka"], &flows),
        [
            r#"hubble_kafka_request_duration_seconds{topic="deathstar",api_key="produce",reporter="unknown"} [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] 0 1"#,
            r#"hubble_kafka_requests_total{topic="deathstar",api_key="produce",error_code="3",reporter="unknown"} 1"#,
        ]
    );
}

#[test]
fn a_message_in_a_packet_is_counted_only_by_message_metrics() {
    let mut query = dns(
        L7Type::Request,
        Dns {
            qtypes: vec![1].into(),
            ..Dns::default()
        },
    );
    query.message_type = message_type::TRACE;
    query.l7.as_mut().unwrap().seen = Seen::Wire;
    let all = ["flow", "drop", "port-distribution", "policy", "dns"];
    let query_alone = r#"tidegate_wire_dns_queries_total{rcode="",qtypes="A",ips_returned="0"} 1"#;
    assert_eq!(counted(&all, std::slice::from_ref(&query)), [query_alone]);
}
