//! The metrics about packets: `drop`, `tcp`, `icmp`, `sctp` and `port-distribution`.

use tidegate_model::flow::{
    Dns, Flow, IpVersion, L4, L7Type, SctpChunk, TcpFlags, Verdict, message_type,
};

use crate::support::{counted, dns, dropped, each_counts, ip, tcp, trace, udp};

const SYN: u16 = TcpFlags::SYN;
const ACK: u16 = TcpFlags::ACK;

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
