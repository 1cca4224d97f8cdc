//! Summaries of flows.

use std::net::IpAddr;
use std::net::Ipv4Addr;

use tidegate_format::hubble::push_summary;
use tidegate_model::flow::{
    Dns, Flow, FlowType, Generic, Http, Kafka, L4, L7Record, L7Type, Layer, MessagePart,
    MessageSource, Missing, ObservedLatency, SctpChunk, TcpFlags,
};

use crate::samples;

fn summary(flow: &Flow) -> String {
    let mut out = String::new();
    push_summary(&mut out, flow);
    out
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a_packet_has_the_summary_of_its_innermost_layer() {
    let icmpv4 = |icmp_type, code| L4::Icmpv4 { icmp_type, code };
    let icmpv6 = |icmp_type, code| L4::Icmpv6 { icmp_type, code };
    let igmp = |igmp_type| L4::Igmp {
        igmp_type,
        group: Ipv4Addr::UNSPECIFIED,
    };
    let ports = (1, 2);
    let cases = [
        (None, L4::None, ""),
        (Some(Layer::Ethernet), L4::None, "Ethernet"),
        (Some(Layer::Ipv4), L4::None, "IPv4"),
        (Some(Layer::Ipv6), L4::None, "IPv6"),
        (
            Some(Layer::Udp),
            L4::Udp {
                source_port: ports.0,
                destination_port: ports.1,
            },
            "UDP",
        ),
        (
            Some(Layer::Sctp),
            L4::Sctp {
                source_port: ports.0,
                destination_port: ports.1,
                chunk_type: SctpChunk::Init,
            },
            "SCTP",
        ),
        (
            Some(Layer::Tcp),
            samples::tcp(1, 2, TcpFlags::SYN | TcpFlags::ACK),
            "TCP Flags: SYN, ACK",
        ),
        (
            Some(Layer::Tcp),
            samples::tcp(1, 2, 0x1ff),
            "TCP Flags: SYN, ACK, RST, FIN, PSH, URG, ECE, CWR, NS",
        ),
        (Some(Layer::Tcp), samples::tcp(1, 2, 0), "TCP Flags: "),
        (
            Some(Layer::Icmpv4),
            icmpv4(3, 3),
            "ICMPv4 DestinationUnreachable(Port)",
        ),
        (Some(Layer::Icmpv4), icmpv4(200, 1), "ICMPv4 200(1)"),
        (
            Some(Layer::Icmpv6),
            icmpv6(135, 0),
            "ICMPv6 NeighborSolicitation",
        ),
        (Some(Layer::Icmpv6), icmpv6(143, 0), "ICMPv6 143(0)"),
        (
            Some(Layer::Vrrp),
            L4::Vrrp {
                vrrp_type: 1,
                vrid: 1,
                priority: 1,
            },
            "VRRP VRRPv2 Advertisement",
        ),
        (
            Some(Layer::Vxlan),
            L4::Udp {
                source_port: 1,
                destination_port: 4789,
            },
            "VXLAN",
        ),
        (
            Some(Layer::Geneve),
            L4::Udp {
                source_port: 1,
                destination_port: 6081,
            },
            "Geneve",
        ),
        (Some(Layer::Igmp), igmp(0x11), "IGMP IGMP Membership Query"),
        (
            Some(Layer::Igmp),
            igmp(0x12),
            "IGMP IGMPv1 Membership Report",
        ),
        (
            Some(Layer::Igmp),
            igmp(0x16),
            "IGMP IGMPv2 Membership Report",
        ),
        (Some(Layer::Igmp), igmp(0x17), "IGMP Leave Group"),
        (
            Some(Layer::Igmp),
            igmp(0x22),
            "IGMP IGMPv3 Membership Report",
        ),
        (Some(Layer::Igmp), igmp(0x99), "IGMP "),
    ];
    for (last_layer, l4, expected) in cases {
        assert_eq!(
            summary(&Flow {
                flow_type: FlowType::L34,
                last_layer,
                l4,
                ..Flow::default()
            }),
            expected
        );
    }
}

#[test]
fn a_socket_flow_has_the_summary_of_its_protocol() {
    let tcp = L4::Tcp {
        source_port: 0,
        destination_port: 80,
        flags: None,
    };
    for (l4, expected) in [
        (tcp, "TCP"),
        (
            L4::Udp {
                source_port: 0,
                destination_port: 53,
            },
            "UDP",
        ),
        (L4::None, "Unknown"),
    ] {
        assert_eq!(
            summary(&Flow {
                flow_type: FlowType::Sock,
                l4,
                ..Flow::default()
            }),
            expected
        );
    }
}

fn answer(ips: &[&str], cnames: &[&str], rcode: u32, source: &str) -> Dns {
    Dns {
        query: "a.example.".to_owned(),
        ips: ips
            .iter()
            .map(|ip| ip.parse::<IpAddr>().unwrap().into())
            .collect(),
        ttl: Some(5),
        cnames: cnames.iter().map(|cname| (*cname).to_owned()).collect(),
        observation_source: source.to_owned().into(),
        rcode: Some(rcode),
        qtypes: vec![1, 28].into(),
        rrtypes: vec![].into(),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn dns_has_a_summary_of_question_and_answer() {
    let both = ["192.0.2.1", "2001:db8::1"];
    let ips = ["192.0.2.1"];
    let cases = [
        (
            L7Type::Request,
            answer(&[], &[], 0, "proxy"),
            "DNS Query a.example. A,AAAA",
        ),
        (
            L7Type::Response,
            answer(&both, &[], 0, "proxy"),
            r#"DNS Answer "192.0.2.1,2001:db8::1" TTL: 5 (Proxy a.example. A,AAAA)"#,
        ),
        (
            L7Type::Response,
            answer(&[], &["x.", "y."], 0, "agent"),
            r#"DNS Answer CNAMEs: "x.,y." TTL: 5 (Query a.example. A,AAAA)"#,
        ),
        (
            L7Type::Response,
            answer(&ips, &["x\"\n."], 0, "wire"),
            r#"DNS Answer "192.0.2.1" CNAMEs: "x\"\n." TTL: 5 (Query a.example. A,AAAA)"#,
        ),
        (
            L7Type::Response,
            answer(&[], &[], 0, "proxy"),
            "DNS Answer  TTL: 5 (Proxy a.example. A,AAAA)",
        ),
        (
            L7Type::Response,
            answer(&ips, &[], 3, "proxy"),
            "DNS Answer RCode: Non-Existent Domain TTL: 5 (Proxy a.example. A,AAAA)",
        ),
        (
            L7Type::Response,
            answer(&[], &[], 99, "proxy"),
            "DNS Answer RCode: Unknown TTL: 5 (Proxy a.example. A,AAAA)",
        ),
        (
            L7Type::Response,
            answer(&[], &[], 256, "proxy"),
            "DNS Answer  TTL: 5 (Proxy a.example. A,AAAA)",
        ),
        (L7Type::Sample, answer(&ips, &[], 0, "proxy"), ""),
    ];
    for (l7_type, dns, expected) in cases {
        assert_eq!(summary(&samples::l7(l7_type, L7Record::Dns(dns))), expected);
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn missing_parts_of_an_answer_are_marked() {
    let whole = answer(&["192.0.2.1"], &[], 0, "wire");
    let nothing = Dns {
        ips: vec![].into(),
        rcode: None,
        ttl: None,
        ..whole.clone()
    };
    let [answers, rcode, records] = [
        MessagePart::Answers,
        MessagePart::Rcode,
        MessagePart::Records,
    ];
    let cases = [
        (
            Dns {
                ttl: None,
                ..whole.clone()
            },
            &[answers, records][..],
            "DNS Answer \"192.0.2.1\" ... TTL: unknown (Query a.example. A,AAAA) \
             [incomplete: answers,records]",
        ),
        (
            Dns {
                rcode: Some(0),
                ..nothing.clone()
            },
            &[answers, records],
            "DNS Answer ... TTL: unknown (Query a.example. A,AAAA) [incomplete: answers,records]",
        ),
        (
            Dns {
                rcode: Some(3),
                ..nothing.clone()
            },
            &[records],
            "DNS Answer RCode: Non-Existent Domain (Query a.example. A,AAAA) [incomplete: records]",
        ),
        (
            nothing.clone(),
            &[rcode, records],
            "DNS Answer RCode: unknown (Query a.example. A,AAAA) [incomplete: rcode,records]",
        ),
        (
            whole,
            &[records],
            r#"DNS Answer "192.0.2.1" TTL: 5 (Query a.example. A,AAAA) [incomplete: records]"#,
        ),
    ];
    for (dns, parts, expected) in cases {
        let mut flow = samples::l7(L7Type::Response, L7Record::Dns(dns));
        flow.l7.as_mut().unwrap().missing =
            parts.iter().copied().fold(Missing::NOTHING, Missing::and);
        assert_eq!(summary(&flow), expected);
    }
}

#[test]
fn an_unknown_request_is_omitted_only_if_the_response_was_found_in_a_packet() {
    let http = Http {
        code: 503,
        protocol: "HTTP/1.1".into(),
        ..Http::default()
    };
    for (seen, expected) in [
        (MessageSource::Proxy, "HTTP/1.1 503 0ms ( )"),
        (MessageSource::Wire, "HTTP/1.1 503"),
    ] {
        let mut flow = samples::l7(L7Type::Response, L7Record::Http(http.clone()));
        flow.l7.as_mut().unwrap().source = seen;
        assert_eq!(summary(&flow), expected);
    }
}

#[test]
fn a_response_found_in_a_packet_has_its_latency_if_it_is_known() {
    let http = Http {
        code: 503,
        protocol: "HTTP/1.1".into(),
        method: "GET".into(),
        url: "/a".into(),
        ..Http::default()
    };
    let mut flow = samples::l7(L7Type::Response, L7Record::Http(http));
    flow.l7.as_mut().unwrap().source = MessageSource::Wire;
    assert_eq!(summary(&flow), "HTTP/1.1 503 (GET /a)");
    let latency = ObservedLatency {
        nanos: 60_400_000,
        error_nanos: 2_500_000,
        is_exact: false,
    };
    flow.l7.as_mut().unwrap().observed_latency = Some(latency);
    assert_eq!(summary(&flow), "HTTP/1.1 503 ~60ms (GET /a)");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn other_protocols_have_summaries_of_their_own() {
    let kafka = Kafka {
        error_code: -1,
        api_version: 1,
        api_key: "produce".to_owned(),
        correlation_id: 7,
        topic: "t".to_owned(),
    };
    let fields =
        [("cmd", "GET"), ("key", "a b")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let generic = L7Record::Generic(Generic {
        proto: "r2d2".to_owned(),
        fields: fields.to_vec(),
    });
    let http = Http {
        code: 503,
        method: "GET".into(),
        url: "http://a/".to_owned(),
        protocol: "HTTP/2".into(),
        headers: Vec::new(),
    };
    let kafka = |l7_type| samples::l7(l7_type, L7Record::Kafka(kafka.clone()));
    let cases = [
        (
            samples::l7(L7Type::Request, L7Record::Http(http.clone())),
            "HTTP/2 GET http://a/",
        ),
        (
            samples::l7(L7Type::Response, L7Record::Http(http.clone())),
            "HTTP/2 503 0ms (GET http://a/)",
        ),
        (samples::l7(L7Type::Sample, L7Record::Http(http)), ""),
        (
            kafka(L7Type::Request),
            "Kafka request produce correlation id 7 topic 't'",
        ),
        (
            kafka(L7Type::Response),
            "Kafka response produce correlation id 7 topic 't' return code -1",
        ),
        (
            kafka(L7Type::Sample),
            "Kafka response produce correlation id 7 topic 't' return code -1",
        ),
        (
            samples::l7(L7Type::Sample, generic.clone()),
            "r2d2 Fields: map[cmd:GET key:a b]",
        ),
        (
            samples::l7(L7Type::Request, generic),
            "r2d2 Fields: map[cmd:GET key:a b]",
        ),
        (
            samples::l7(L7Type::Request, L7Record::Generic(Generic::default())),
            "",
        ),
    ];
    for (flow, expected) in cases {
        assert_eq!(summary(&flow), expected);
    }
}
