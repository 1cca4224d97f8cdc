//! Records that together have every attribute.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;

use tidegate_model::flow::{
    AppliedPolicies, MessagePart, ObservedLatency, Policy, Sampling, Socket,
};
use tidegate_model::record::{DebugEvent, DebugEventType};

use super::super::*;

/// A record with a name, and how it is presented.
pub(super) struct Sample {
    pub(super) name: &'static str,
    pub(super) record: Record,
    pub(super) format: LogFormat,
}

fn sample(name: &'static str, record: Record) -> Sample {
    let format = LogFormat {
        http_headers: vec!["accept".to_owned()],
        ..LogFormat::default()
    };
    Sample {
        name,
        record,
        format,
    }
}

fn flow(name: &'static str, flow: Flow) -> Sample {
    sample(name, Record::Flow(flow))
}

fn peer(n: u8, service_namespace: &str) -> Endpoint {
    let names = EndpointNames {
        cluster_name: "default".to_owned(),
        namespace: "shop".to_owned(),
        pod_name: format!("cart-{n}"),
        labels: ["k8s:app=cart".to_owned(), "reserved:x".to_owned()].into(),
        workloads: vec![("Deployment".to_owned(), "cart".to_owned())],
        dns_names: vec!["cart.shop".to_owned()],
    };
    let service = ServiceName {
        namespace: service_namespace.to_owned(),
        name: "cart".to_owned(),
    };
    Endpoint {
        id: n.into(),
        identity: 2,
        names: Some(names.into()),
        service: Some(service.into()),
    }
}

/// The policies of a verdict: one of a namespace, one of the cluster, and a rule of no resource.
fn policies() -> AppliedPolicies {
    let policy = |namespace: &str, name: &str| Policy {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        ..Policy::default()
    };
    AppliedPolicies {
        policies: vec![policy("shop", "web"), policy("", "all"), policy("", "")],
        log: vec![String::new(), "checked".to_owned()],
    }
}

#[expect(clippy::too_many_lines, reason = "records with every field")]
fn packets() -> Vec<Sample> {
    let interface = NodeView {
        interface_name: "lxc1".to_owned(),
        ..NodeView::default()
    };
    let trace = Flow {
        source: peer(1, "shop"),
        destination: peer(2, "data"),
        node: Some(interface.into()),
        ..traced()
    };
    let sampled = Flow {
        sampling: Sampling::new(NonZeroU32::new(10).unwrap(), 7),
        source: peer(1, "data"),
        ..trace.clone()
    };
    let drop = Flow {
        message_type: message_type::DROP,
        sub_type: 133,
        verdict: Verdict::Dropped,
        drop_reason: DropReason(133),
        file: Some(SourceFile {
            id: 2,
            line: 42,
            numbering: FileNumbering::V1_19_0,
        }),
        ip: Some(addresses()),
        l4: L4::Icmpv4 {
            icmp_type: 8,
            code: 0,
        },
        ..Flow::default()
    };
    let verdict = Flow {
        node: Some(
            NodeView {
                policies: Some(policies().into()),
                ..NodeView::default()
            }
            .into(),
        ),
        message_type: message_type::POLICY_VERDICT,
        verdict: Verdict::Audit,
        policy_match: PolicyMatch(2),
        auth_type: AuthType(1),
        direction: Direction::Ingress,
        ip: Some(addresses()),
        l4: tcp(Some(TcpFlags::SYN)),
        ..Flow::default()
    };
    let socket = Flow {
        flow_type: FlowType::Sock,
        message_type: message_type::TRACE_SOCK,
        sub_type: 1,
        verdict: Verdict::Traced,
        socket: Some(Box::new(Socket {
            cookie: 99,
            cgroup_id: 4242,
            keeps_mapped: false,
        })),
        ..Flow::default()
    };
    vec![
        flow("trace", trace),
        flow("sampled trace", sampled),
        flow("drop", drop),
        flow("policy verdict", verdict),
        flow("socket", socket),
        flow("unknown", Flow::default()),
    ]
}

fn protocols() -> Vec<Sample> {
    let of = |l4| Flow {
        l4,
        ip: Some(addresses()),
        ..Flow::default()
    };
    vec![
        flow(
            "SCTP",
            of(L4::Sctp {
                source_port: 1,
                destination_port: 2,
                chunk_type: SctpChunk::Init,
            }),
        ),
        flow(
            "VRRP",
            of(L4::Vrrp {
                vrrp_type: 1,
                vrid: 2,
                priority: 3,
            }),
        ),
        flow(
            "IGMP",
            of(L4::Igmp {
                igmp_type: 17,
                group: Ipv4Addr::new(224, 0, 0, 1),
            }),
        ),
    ]
}

fn exchange(record: L7Record, l7_type: L7Type) -> Flow {
    Flow {
        time: Timestamp(10_000_000),
        ip: Some(addresses()),
        l4: tcp(None),
        direction: Direction::Egress,
        is_reply: Some(l7_type == L7Type::Response),
        ..message(record, l7_type)
    }
}

#[expect(clippy::too_many_lines, reason = "records with every field")]
fn http_messages() -> Vec<Sample> {
    let header = |name: &'static str, value: &str| (name.into(), value.to_owned());
    let request = Http {
        method: "GET".into(),
        url: "http://user:secret@shop.example/cart?id=1&sig=secret#top".to_owned(),
        protocol: "HTTP/1.1".into(),
        headers: vec![
            header("Accept", "a"),
            header("Accept", "b"),
            header("Host", "other.example:8080"),
            header("User-Agent", "curl/8"),
        ],
        ..Http::default()
    };
    let response = Http {
        code: 404,
        method: "purge".into(),
        url: "/cart".to_owned(),
        protocol: "HTTP/2".into(),
        headers: vec![header("Accept", "c")],
    };
    let connect = Http {
        method: "CONNECT".into(),
        url: "db:5432".to_owned(),
        headers: vec![header("Host", "db.example")],
        ..Http::default()
    };
    // A proxy reports a request that it denies once, with the status of its own response.
    let mut denied = exchange(
        L7Record::Http(Http {
            code: 403,
            ..request.clone()
        }),
        L7Type::Request,
    );
    denied.verdict = Verdict::Dropped;
    let mut seen = exchange(L7Record::Http(response.clone()), L7Type::Response);
    let l7 = seen.l7.as_mut().unwrap();
    l7.source = MessageSource::Wire;
    l7.missing = Missing::NOTHING.and(MessagePart::Headers);
    l7.observed_latency = Some(ObservedLatency {
        nanos: 6,
        error_nanos: 2,
        is_exact: false,
    });
    vec![
        flow(
            "HTTP request",
            exchange(L7Record::Http(request), L7Type::Request),
        ),
        flow(
            "HTTP response",
            exchange(L7Record::Http(response), L7Type::Response),
        ),
        flow("denied HTTP request", denied),
        flow("HTTP response in packets", seen),
        flow(
            "HTTP tunnel",
            exchange(L7Record::Http(connect), L7Type::Request),
        ),
    ]
}

fn other_messages() -> Vec<Sample> {
    let dns = Dns {
        query: "shop.example.".to_owned(),
        ips: vec![IpAddr::from([192, 0, 2, 1]).into()].into(),
        ttl: Some(30),
        cnames: vec!["www.shop.example.".to_owned()],
        observation_source: "proxy".into(),
        rcode: Some(3),
        qtypes: vec![1, 28].into(),
        rrtypes: vec![5, 1].into(),
    };
    let kafka = Kafka {
        error_code: 3,
        api_version: 2,
        api_key: "fetch".to_owned(),
        correlation_id: 7,
        topic: "orders".to_owned(),
    };
    let generic = Generic {
        proto: "R2D2".to_owned(),
        fields: vec![("cmd".to_owned(), "READ".to_owned())],
    };
    let denied = Flow {
        verdict: Verdict::Dropped,
        ..exchange(L7Record::Dns(Dns::default()), L7Type::Request)
    };
    let of = |name, record, l7_type| flow(name, exchange(record, l7_type));
    vec![
        of("DNS response", L7Record::Dns(dns), L7Type::Response),
        flow("denied DNS request", denied),
        of("Kafka response", L7Record::Kafka(kafka), L7Type::Response),
        of(
            "generic message",
            L7Record::Generic(generic),
            L7Type::Request,
        ),
    ]
}

fn events() -> Vec<Sample> {
    let debug = DebugEvent {
        time: Timestamp(1_000),
        event_type: DebugEventType(15),
        source: 312,
        source_identity: 4021,
        source_names: peer(1, "shop").names,
        hash: 8,
        args: [1, 2, 3],
        cpu: 7,
        has_old_text: false,
    };
    let lost = Lost {
        time: Timestamp(1_000),
        source: LostSource::PerfEventRingBuffer,
        count: 512,
        cpu: Some(3),
        span: Some((Timestamp(10), Timestamp(20))),
    };
    let agent_events =
        super::super::events::notifications()
            .into_iter()
            .map(|(notification, _)| {
                let event = AgentEvent {
                    time: Timestamp(1_000),
                    stream: 1,
                    event_type: AgentEventType::PolicyUpdated,
                    notification,
                };
                sample("agent event", Record::AgentEvent(Box::new(event)))
            });
    let rest = [
        sample("debug event", Record::DebugEvent(debug)),
        sample("lost report", Record::Lost(lost)),
    ];
    agent_events.chain(rest).collect()
}

/// Other forms of some records.
fn formats() -> Vec<Sample> {
    let with = |name, format: LogFormat| {
        let mut sample = flow(
            name,
            Flow {
                l4: tcp(None),
                source: peer(1, "shop"),
                ..traced()
            },
        );
        sample.format = format;
        sample
    };
    let labels = LogFormat {
        labels: Labels::Map,
        body: Body::Json,
        ..LogFormat::default()
    };
    let none = LogFormat {
        body: Body::None,
        ..LogFormat::default()
    };
    vec![
        with("trace with maps of labels and a body of JSON", labels),
        with("trace without a body", none),
    ]
}

pub(super) fn samples() -> Vec<Sample> {
    [
        packets(),
        protocols(),
        http_messages(),
        other_messages(),
        events(),
        formats(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
