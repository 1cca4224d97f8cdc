//! The flows and losses whose lines are in `tests/golden/hubble`, as they are decoded.

pub(crate) mod named;

use std::net::IpAddr;
use std::sync::Arc;

use tidegate_model::Timestamp;
use tidegate_model::flow::{
    Address, Direction, Dns, DropReason, Endpoint, EndpointNames, Ethernet, FileNumbering, Flow,
    FlowType, Http, Ip, IpVersion, L4, L7, L7Record, L7Type, Layer, MessageSource, Missing,
    PolicyMatch, SourceFile, TcpFlags, TraceContext, TracePoint, TraceReason, Tunnel,
    TunnelProtocol, Verdict,
};
use tidegate_model::record::{Lost, LostSource};

pub(crate) const TIME: Timestamp = Timestamp(1_772_359_200_123_456_789);
pub(crate) const NODE: &str = "prod/node-a";

pub(crate) fn flows() -> [Flow; 8] {
    [
        new_connection(),
        translated_source(),
        policy_drop(),
        redirected(),
        denied(),
        vxlan(),
        dns(Some("proxy"), L7Type::Response),
        http(L7Type::Response),
    ]
}

pub(crate) fn losses() -> [Lost; 2] {
    let report = |source, count, cpu, span| Lost {
        time: TIME,
        source,
        count,
        cpu,
        span,
    };
    let span = (
        Timestamp(1_772_359_199_100_000_000),
        Timestamp(1_772_359_200_100_000_000),
    );
    [
        report(LostSource::HubbleRingBuffer, 512, None, Some(span)),
        report(LostSource::PerfEventRingBuffer, 10, Some(0), None),
    ]
}

pub(crate) fn ip(source: [u8; 4], destination: [u8; 4]) -> Option<Ip> {
    Some(Ip {
        source: Address::v4(source),
        destination: Address::v4(destination),
        version: IpVersion::V4,
        ..Ip::default()
    })
}

pub(crate) fn tcp(source_port: u16, destination_port: u16, flags: u16) -> L4 {
    L4::Tcp {
        source_port,
        destination_port,
        flags: Some(TcpFlags(flags)),
    }
}

pub(crate) fn identity(identity: u32) -> Endpoint {
    Endpoint {
        identity,
        ..Endpoint::default()
    }
}

/// A TCP packet without further fields.
fn packet() -> Flow {
    let ethernet = Ethernet {
        source: [0xaa, 0xbb, 0xcc, 0, 0, 1],
        destination: [0xaa, 0xbb, 0xcc, 0, 0, 2],
    };
    Flow {
        time: TIME,
        flow_type: FlowType::L34,
        ethernet: Some(ethernet),
        last_layer: Some(Layer::Tcp),
        source: identity(12345),
        ..Flow::default()
    }
}

pub(crate) fn new_connection() -> Flow {
    Flow {
        message_type: 4,
        verdict: Verdict::Forwarded,
        ip: ip([10, 0, 1, 5], [10, 0, 2, 9]),
        l4: tcp(43210, 8080, TcpFlags::SYN),
        destination: identity(23456),
        direction: Direction::Ingress,
        trace_point: TracePoint::TO_ENDPOINT,
        trace_reason: TraceReason(1),
        is_reply: Some(false),
        interface: 17,
        ..packet()
    }
}

fn translated_source() -> Flow {
    let header = ip([10, 0, 1, 5], [198, 51, 100, 7]);
    Flow {
        sub_type: 11,
        ip: header.map(|ip| Ip {
            source_xlated: Some(Address::v4([192, 0, 2, 10])),
            ..ip
        }),
        l4: tcp(40001, 443, TcpFlags::ACK),
        destination: identity(2),
        direction: Direction::Egress,
        trace_point: TracePoint(11),
        trace_reason: TraceReason(2),
        interface: 2,
        ..new_connection()
    }
}

pub(crate) fn policy_drop() -> Flow {
    Flow {
        message_type: 1,
        sub_type: 133,
        verdict: Verdict::Dropped,
        drop_reason: DropReason(133),
        ip: ip([10, 0, 1, 5], [10, 0, 3, 3]),
        l4: L4::Udp {
            source_port: 5353,
            destination_port: 53,
        },
        last_layer: Some(Layer::Udp),
        destination: identity(34567),
        direction: Direction::Ingress,
        file: Some(SourceFile {
            id: 2,
            line: 1234,
            numbering: FileNumbering::V1_19_0,
        }),
        ..packet()
    }
}

pub(crate) fn redirected() -> Flow {
    Flow {
        message_type: 5,
        verdict: Verdict::Redirected,
        ip: ip([10, 0, 1, 5], [10, 0, 3, 3]),
        l4: tcp(50000, 80, TcpFlags::SYN),
        direction: Direction::Ingress,
        policy_match: PolicyMatch(2),
        is_reply: Some(false),
        ..packet()
    }
}

fn denied() -> Flow {
    Flow {
        message_type: 5,
        verdict: Verdict::Dropped,
        drop_reason: DropReason(181),
        ip: ip([10, 0, 3, 3], [203, 0, 113, 5]),
        l4: tcp(50001, 443, TcpFlags::SYN),
        source: identity(0),
        destination: identity(2),
        direction: Direction::Egress,
        policy_match: PolicyMatch(1),
        ..packet()
    }
}

fn vxlan() -> Flow {
    let Ethernet {
        source,
        destination,
    } = packet().ethernet.unwrap();
    Flow {
        message_type: 4,
        sub_type: 9,
        verdict: Verdict::Forwarded,
        ethernet: Some(Ethernet {
            source: destination,
            destination: source,
        }),
        ip: ip([10, 0, 1, 5], [10, 0, 2, 9]),
        l4: L4::Icmpv4 {
            icmp_type: 8,
            code: 0,
        },
        last_layer: Some(Layer::Icmpv4),
        tunnel: Some(Tunnel {
            protocol: TunnelProtocol::Vxlan,
            ip: ip([172, 18, 0, 2], [172, 18, 0, 3]),
            l4: L4::Udp {
                source_port: 55555,
                destination_port: 8472,
            },
            vni: 12345,
        }),
        trace_point: TracePoint(9),
        interface: 5,
        ..packet()
    }
}

/// Returns a flow with an L7 record.
pub(crate) fn l7(l7_type: L7Type, record: L7Record) -> Flow {
    Flow {
        time: TIME,
        flow_type: FlowType::L7,
        message_type: 129,
        verdict: Verdict::Forwarded,
        is_reply: Some(l7_type == L7Type::Response),
        l7: Some(Box::new(L7 {
            l7_type,
            latency_ns: 0,
            observed_latency: None,
            record,
            trace_context: None,
            source: MessageSource::Proxy,
            missing: Missing::NOTHING,
        })),
        ..Flow::default()
    }
}

fn pod(namespace: &str, pod_name: &str) -> EndpointNames {
    EndpointNames {
        namespace: namespace.to_owned(),
        pod_name: pod_name.to_owned(),
        ..EndpointNames::default()
    }
}

/// Returns a pod with labels, in a deployment with the first word of its name.
fn local_pod(namespace: &str, pod_name: &str, app: (&str, &str)) -> EndpointNames {
    let mut labels = vec![
        "k8s:io.cilium.k8s.policy.cluster=default".to_owned(),
        format!("k8s:io.kubernetes.pod.namespace={namespace}"),
        format!("k8s:{}={}", app.0, app.1),
    ];
    labels.sort();
    let deployment = pod_name.split('-').next().unwrap().to_owned();
    EndpointNames {
        cluster_name: "default".to_owned(),
        labels: labels.into(),
        workloads: vec![("Deployment".to_owned(), deployment)],
        ..pod(namespace, pod_name)
    }
}

/// Returns a message about the address of `api.example.com`, found in a packet if there is no
/// source.
pub(crate) fn dns(source: Option<&str>, l7_type: L7Type) -> Flow {
    let record = Dns {
        query: "api.example.com.".to_owned(),
        ips: vec![IpAddr::from([203, 0, 113, 5]).into()].into(),
        ttl: Some(30),
        cnames: vec!["edge.example.net.".to_owned()],
        observation_source: source.unwrap_or("wire").to_owned().into(),
        rcode: Some(0),
        qtypes: vec![1].into(),
        rrtypes: vec![5, 1].into(),
    };
    let server = local_pod(
        "kube-system",
        "coredns-6f6b679f8f-abcde",
        ("k8s-app", "kube-dns"),
    );
    let client = local_pod("shop", "cart-7d9f6c5b8-x2x4z", ("app", "cart"));
    Flow {
        ip: ip([10, 0, 0, 7], [10, 0, 1, 5]),
        l4: L4::Udp {
            source_port: 53,
            destination_port: 41234,
        },
        source: Endpoint {
            id: 1021,
            identity: 4021,
            names: Some(Arc::new(server)),
            service: None,
        },
        destination: Endpoint {
            id: 312,
            identity: 12345,
            names: Some(Arc::new(client)),
            service: None,
        },
        direction: Direction::Egress,
        ..l7(l7_type, L7Record::Dns(record))
    }
}

pub(crate) fn http(l7_type: L7Type) -> Flow {
    let record = Http {
        code: 200,
        method: "GET".into(),
        url: "http://api.shop/items?limit=10&page=2".to_owned(),
        protocol: "HTTP/1.1".into(),
        headers: vec![("X-Request-Id".into(), "b6f2c0de".to_owned())],
    };
    let mut flow = Flow {
        ip: ip([10, 0, 2, 9], [10, 0, 1, 5]),
        l4: L4::Tcp {
            source_port: 8080,
            destination_port: 43210,
            flags: None,
        },
        source: Endpoint {
            id: 87,
            identity: 23456,
            names: Some(Arc::new(pod("shop", "api-5c9d4-abcde"))),
            service: None,
        },
        destination: Endpoint {
            names: Some(Arc::new(pod("shop", "cart-7d9f6c5b8-x2x4z"))),
            ..identity(12345)
        },
        direction: Direction::Ingress,
        ..l7(l7_type, L7Record::Http(record))
    };
    let l7 = flow.l7.as_mut().unwrap();
    l7.latency_ns = 2_345_678;
    l7.trace_context = Some(TraceContext {
        trace_id: 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes(),
        parent_id: [1; 8],
        flags: TraceContext::SAMPLED,
    });
    flow
}
