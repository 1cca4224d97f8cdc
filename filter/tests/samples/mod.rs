//! Flows, and values of filters that match some of them.

use std::net::IpAddr;
use std::sync::Arc;

use tidegate_model::Timestamp;
use tidegate_model::flow::{
    Address, Direction, Dns, DropReason, Endpoint, EndpointNames, Flow, FlowType, Generic, Http,
    Ip, IpVersion, Kafka, L4, L7, L7Record, L7Type, MessageSource, Missing, SctpChunk, Socket,
    TcpFlags, TraceContext, Verdict, message_type,
};

/// The node of the flows.
pub(crate) const NODE: &str = "lab/vm";

/// Values of each field, in JSON.
pub(crate) const VALUES: &[(&str, &[&str])] = &[
    (
        "uuid",
        &["\"e99e2e12-4517-8ad6-acf2-d7d19201baed\"", "\"x\"", "\"\""],
    ),
    (
        "source_ip",
        &[
            "\"10.0.0.1\"",
            "\"10.0.0.0/8\"",
            "\"fd00::/8\"",
            "\"::/0\"",
            "\"::ffff:10.0.0.1\"",
            "\"::0\"",
            "\"::\"",
            "\"fe80::1%eth0\"",
        ],
    ),
    (
        "destination_ip",
        &[
            "\"10.0.0.2\"",
            "\"0.0.0.0/0\"",
            "\"fd00::2\"",
            "\"::ffff:10.0.0.2\"",
            "\"::ffff:0:0/96\"",
        ],
    ),
    ("source_ip_xlated", &["\"192.0.2.1\"", "\"192.0.2.0/24\""]),
    (
        "source_pod",
        &[
            "\"shop/\"",
            "\"shop/cart\"",
            "\"cart\"",
            "\"/cart\"",
            "\"/\"",
            "\"shop/cart-1/x\"",
        ],
    ),
    (
        "destination_pod",
        &["\"data/\"", "\"/db\"", "\"db\"", "\"/\""],
    ),
    (
        "source_fqdn",
        &[
            "\"*.example.com\"",
            "\"a_b.*\"",
            "\"*\"",
            "\"CART.example.com.\"",
        ],
    ),
    ("destination_fqdn", &["\"db\"", "\"d*\""]),
    (
        "source_label",
        &["\"app=cart\"", "\"!app\"", "\"app in (cart,till)\"", "\"\""],
    ),
    (
        "destination_label",
        &["\"k8s:app=db\"", "\"any:app\"", "\"app!=db\""],
    ),
    ("source_service", &["\"shop/\"", "\"/\""]),
    ("destination_service", &["\"shop/\"", "\"/\""]),
    (
        "source_workload",
        &[
            "{}",
            "{\"kind\":\"Deployment\"}",
            "{\"name\":\"cart\",\"kind\":\"Job\"}",
        ],
    ),
    (
        "destination_workload",
        &[
            "{\"name\":\"db\"}",
            "{\"kind\":\"Deployment\",\"name\":\"db\"}",
        ],
    ),
    ("source_cluster_name", &["\"lab\"", "\"east\""]),
    ("destination_cluster_name", &["\"lab\"", "\"east\""]),
    ("traffic_direction", &["0", "\"INGRESS\"", "2", "9", "-1"]),
    ("verdict", &["0", "\"DROPPED\"", "1", "7", "8", "300", "-1"]),
    ("drop_reason_desc", &["\"POLICY_DENIED\"", "181", "0", "-5"]),
    (
        "interface",
        &[
            "{}",
            "{\"index\":3}",
            "{\"name\":\"eth0\"}",
            "{\"index\":4}",
        ],
    ),
    (
        "event_type",
        &[
            "{}",
            "{\"type\":4}",
            "{\"type\":1,\"match_sub_type\":true,\"sub_type\":133}",
            "{\"match_sub_type\":true,\"sub_type\":5}",
            "{\"type\":129}",
            "{\"type\":300}",
            "{\"type\":-1}",
        ],
    ),
    (
        "http_status_code",
        &["\"200\"", "\"2+\"", "\"50+\"", "\"404\""],
    ),
    (
        "protocol",
        &[
            "\"tcp\"",
            "\"UDP\"",
            "\"sctp\"",
            "\"icmp\"",
            "\"icmpv6\"",
            "\"vrrp\"",
            "\"igmp\"",
            "\"dns\"",
            "\"http\"",
            "\"kafka\"",
        ],
    ),
    ("source_port", &["\"40000\"", "\"0\"", "\"053\""]),
    ("destination_port", &["\"53\"", "\"80\"", "\"65535\""]),
    ("reply", &["true", "false"]),
    ("dns_query", &["\"^www\\\\.\"", "\"\"", "\"(?i)EXAMPLE\""]),
    ("source_identity", &["1", "100", "0"]),
    ("destination_identity", &["2", "4294967295", "0"]),
    ("http_method", &["\"get\"", "\"POST\"", "\"\""]),
    ("http_path", &["\"^/a b$\"", "\"/\"", "\"\""]),
    ("http_url", &["\"%20\"", "\"^http://\"", "\"\""]),
    ("http_header", &["{\"key\":\"Host\",\"value\":\"a\"}", "{}"]),
    (
        "tcp_flags",
        &[
            "{\"SYN\":true}",
            "{\"SYN\":true,\"ACK\":true}",
            "{}",
            "{\"NS\":true}",
        ],
    ),
    ("node_name", &["\"vm\"", "\"lab/\"", "\"east/*\""]),
    ("node_labels", &["\"app\"", "\"!app\""]),
    ("ip_version", &["0", "\"IPv4\"", "\"IPv6\"", "3"]),
    (
        "trace_id",
        &["\"\"", "\"4bf92f3577b34da6a3ce929d0e0e4736\""],
    ),
    ("ip_trace_id", &["0", "7", "18446744073709551615"]),
    ("encrypted", &["true", "false"]),
];

fn endpoint(identity: u32, app: &str, namespace: &str, cluster: &str) -> Endpoint {
    let names = EndpointNames {
        cluster_name: cluster.to_owned(),
        namespace: namespace.to_owned(),
        pod_name: format!("{app}-1"),
        labels: Arc::new([format!("k8s:app={app}")]),
        workloads: vec![("Deployment".to_owned(), app.to_owned())],
        dns_names: vec![
            format!("{app}.example.com"),
            "a_b.example.com".to_owned(),
            app.to_owned(),
        ],
    };
    Endpoint {
        id: 1,
        identity,
        names: Some(Arc::new(names)),
        service: None,
    }
}

fn ip(source: &str, destination: &str) -> Option<Ip> {
    let parse =
        |text: &str| Address::from(text.parse::<IpAddr>().unwrap_or(IpAddr::V4([0; 4].into())));
    Some(Ip {
        source: parse(source),
        source_xlated: None,
        destination: parse(destination),
        version: if source.contains(':') {
            IpVersion::V6
        } else {
            IpVersion::V4
        },
        encrypted: false,
    })
}

fn message(record: L7Record, trace_id: Option<u128>) -> Flow {
    let l7 = L7 {
        l7_type: L7Type::Request,
        latency_ns: 0,
        observed_latency: None,
        record,
        trace_context: trace_id.map(|id| TraceContext {
            trace_id: id.to_be_bytes(),
            parent_id: [1; 8],
            flags: 0,
        }),
        source: MessageSource::Proxy,
        missing: Missing::NOTHING,
    };
    Flow {
        flow_type: FlowType::L7,
        message_type: message_type::ACCESS_LOG,
        l7: Some(Box::new(l7)),
        ..trace()
    }
}

/// Flows of every kind.
pub(crate) fn flows() -> Vec<Flow> {
    let mut flows = packets();
    flows.extend(messages());
    for (seq, flow) in (1..).zip(&mut flows) {
        flow.time = Timestamp(1_772_359_200_000_000_000);
        flow.seq = seq;
    }
    flows
}

fn packets() -> Vec<Flow> {
    let translated = Flow {
        verdict: Verdict::Translated,
        flow_type: FlowType::Sock,
        socket: Some(Box::new(Socket {
            keeps_mapped: true,
            ..Socket::default()
        })),
        ..trace()
    };
    let mut flows = vec![trace(), drop(), encrypted(), translated, Flow::default()];
    flows.extend(transports().into_iter().map(|l4| Flow {
        l4,
        is_reply: Some(true),
        interface: 0,
        ..trace()
    }));
    flows
}

fn trace() -> Flow {
    Flow {
        flow_type: FlowType::L34,
        message_type: message_type::TRACE,
        sub_type: 5,
        verdict: Verdict::Forwarded,
        direction: Direction::Egress,
        is_reply: Some(false),
        ip: ip("10.0.0.1", "10.0.0.2"),
        l4: L4::Tcp {
            source_port: 40_000,
            destination_port: 80,
            flags: Some(TcpFlags(TcpFlags::SYN)),
        },
        source: endpoint(100, "cart", "shop", "lab"),
        destination: endpoint(2, "db", "data", "east"),
        interface: 3,
        ..Flow::default()
    }
}

fn drop() -> Flow {
    Flow {
        message_type: message_type::DROP,
        sub_type: 133,
        verdict: Verdict::Dropped,
        drop_reason: DropReason(133),
        direction: Direction::Ingress,
        is_reply: None,
        ip: ip("fd00::1", "fd00::2"),
        l4: L4::Udp {
            source_port: 53,
            destination_port: 53,
        },
        source: Endpoint {
            identity: 1,
            ..Endpoint::default()
        },
        ip_trace_id: 7,
        ..trace()
    }
}

fn encrypted() -> Flow {
    let mut ip = ip("10.0.0.1", "192.0.2.7");
    if let Some(ip) = &mut ip {
        ip.encrypted = true;
        ip.source_xlated = Some(Address::v4([192, 0, 2, 1]));
    }
    Flow { ip, ..trace() }
}

fn transports() -> [L4; 7] {
    let tcp = |flags| L4::Tcp {
        source_port: 1,
        destination_port: 65_535,
        flags,
    };
    [
        tcp(Some(TcpFlags(TcpFlags::SYN | TcpFlags::ACK))),
        tcp(None),
        L4::Sctp {
            source_port: 0,
            destination_port: 1,
            chunk_type: SctpChunk::default(),
        },
        L4::Icmpv4 {
            icmp_type: 8,
            code: 0,
        },
        L4::Icmpv6 {
            icmp_type: 128,
            code: 0,
        },
        L4::Vrrp {
            vrrp_type: 1,
            vrid: 1,
            priority: 1,
        },
        L4::Igmp {
            igmp_type: 1,
            group: [224, 0, 0, 1].into(),
        },
    ]
}

fn messages() -> Vec<Flow> {
    let http = |code, method: &'static str, url: &str| {
        L7Record::Http(Http {
            code,
            method: method.into(),
            url: url.to_owned(),
            headers: vec![("Host".into(), "a".to_owned())],
            ..Http::default()
        })
    };
    let dns = L7Record::Dns(Dns {
        query: "www.example.com.".to_owned(),
        ..Dns::default()
    });
    vec![
        message(
            http(0, "GET", "/a%20b"),
            Some(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736),
        ),
        message(http(200, "post", "http://shop/a"), None),
        message(http(503, "", ""), None),
        message(dns, None),
        message(L7Record::Kafka(Kafka::default()), None),
        message(L7Record::Generic(Generic::default()), None),
    ]
}
