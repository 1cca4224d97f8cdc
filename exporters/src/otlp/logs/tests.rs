//! What flows and losses are as log records, decoded again by `opentelemetry-proto`.

mod events;
mod messages;
mod pieces;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use prost::Message;
use tidegate_model::flow::{
    Address, AuthType, Direction, Dns, DropReason, Endpoint, EndpointNames, Ethernet,
    FileNumbering, Flow, FlowType, Generic, Http, Ip, IpVersion, Kafka, L4, L7, L7Record, L7Type,
    LastLayer, Missing, PolicyMatch, SctpChunk, Seen, SourceFile, TcpFlags, TracePoint,
    TraceReason, Tunnel, TunnelProtocol, Verdict, message_type,
};
use tidegate_model::record::{Lost, LostSource, Record};
use tidegate_runtime::telemetry::Telemetry;

use super::*;
use crate::otlp::resource::ResourceAttributes;

const OBSERVED: Timestamp = Timestamp(2_000);

fn context() -> BuildContext {
    BuildContext {
        stage: "exporters.otlp".to_owned(),
        node_name: "prod/node-a".to_owned(),
        telemetry: Telemetry::default(),
        health: Default::default(),
    }
}

/// Encodes a record as a whole request and reads it as a backend would.
fn request(record: &Record, headers: &[&str]) -> ExportLogsServiceRequest {
    let headers: Vec<_> = headers.iter().map(|name| (*name).to_owned()).collect();
    let mut encoder = Encoder::new(&context(), &headers);
    let envelope = Envelope::new(&ResourceAttributes::new(
        &context(),
        &[("team".to_owned(), "net".to_owned())].into(),
    ));
    let mut encoded = Vec::new();
    encoder.encode(record, OBSERVED, &mut encoded);
    let bytes = [envelope.header(encoded.len()), encoded].concat();
    let request = ExportLogsServiceRequest::decode(&bytes[..]).expect("a message");
    assert!(
        request.encode_to_vec() == bytes,
        "generated code writes other bytes"
    );
    request
}

fn log(record: Record, headers: &[&str]) -> LogRecord {
    let mut request = request(&record, headers);
    request
        .resource_logs
        .remove(0)
        .scope_logs
        .remove(0)
        .log_records
        .remove(0)
}

fn shown(value: &AnyValue) -> String {
    match &value.value {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => format!("#{number}"),
        Some(Value::BoolValue(yes)) => yes.to_string(),
        Some(Value::ArrayValue(array)) => format!(
            "[{}]",
            array.values.iter().map(shown).collect::<Vec<_>>().join(" ")
        ),
        other => format!("{other:?}"),
    }
}

/// The attributes as lines, without the id, which has a test of its own.
fn attributes(log: &LogRecord) -> String {
    let line = |key: &str, value: Option<&AnyValue>| {
        format!("{key}={}", value.map(shown).unwrap_or_default())
    };
    let lines = log
        .attributes
        .iter()
        .map(|attribute| line(&attribute.key, attribute.value.as_ref()));
    lines
        .filter(|line| !line.starts_with("cilium.flow.uuid="))
        .collect::<Vec<_>>()
        .join("\n")
}

fn addresses() -> Ip {
    Ip {
        source: Address::v4([10, 0, 0, 1]),
        destination: Address::v4([10, 0, 0, 2]),
        version: IpVersion::V4,
        ..Ip::default()
    }
}

fn tcp(flags: Option<u16>) -> L4 {
    L4::Tcp {
        source_port: 40_000,
        destination_port: 80,
        flags: flags.map(TcpFlags),
    }
}

/// A traced packet with every field that a trace can have.
fn traced() -> Flow {
    let pod = EndpointNames {
        cluster_name: "default".to_owned(),
        namespace: "shop".to_owned(),
        pod_name: "cart-0".to_owned(),
        labels: ["k8s:app=cart".to_owned(), "k8s:tier=back".to_owned()].into(),
        workloads: vec![("StatefulSet".to_owned(), "cart".to_owned())],
        dns_names: vec!["cart.shop".to_owned()],
    };
    Flow {
        time: Timestamp(1_000),
        seq: 1,
        flow_type: FlowType::L34,
        message_type: message_type::TRACE,
        sub_type: 4,
        verdict: Verdict::Forwarded,
        direction: Direction::Egress,
        is_reply: Some(false),
        trace_point: TracePoint::from_datapath(4),
        trace_reason: TraceReason::from_datapath(1),
        ethernet: Some(Ethernet {
            source: [2, 0, 0, 0, 0, 0x0a],
            destination: [2, 0, 0, 0, 0, 0x0b],
        }),
        ip: Some(Ip {
            source_xlated: Some(Address::v4([192, 0, 2, 9])),
            encrypted: true,
            ..addresses()
        }),
        l4: tcp(Some(TcpFlags::SYN | TcpFlags::ACK)),
        last_layer: LastLayer::Tcp,
        tunnel: Some(Tunnel {
            protocol: TunnelProtocol::Vxlan,
            ip: Some(addresses()),
            l4: L4::Udp {
                source_port: 5000,
                destination_port: 8472,
            },
            vni: 77,
        }),
        source: Endpoint {
            id: 12,
            identity: 4000,
            names: Some(pod.into()),
        },
        destination: Endpoint {
            id: 0,
            identity: 2,
            names: None,
        },
        ip_trace_id: 99,
        interface: 7,
        proxy_port: 11_000,
        ..Flow::default()
    }
}

fn message(record: L7Record, l7_type: L7Type) -> Flow {
    let l7 = L7 {
        l7_type,
        latency_ns: 5_000_000,
        observed_latency: None,
        record,
        trace_id: None,
        seen: Seen::Proxy,
        missing: Missing::NOTHING,
    };
    Flow {
        flow_type: FlowType::L7,
        message_type: message_type::ACCESS_LOG,
        verdict: Verdict::Forwarded,
        l7: Some(Box::new(l7)),
        ..Flow::default()
    }
}

const TRACED: &str = "source.address=10.0.0.1
source.mac=02:00:00:00:00:0a
cilium.source.endpoint.id=#12
cilium.source.identity=#4000
source.k8s.cluster.name=default
source.k8s.namespace.name=shop
source.k8s.pod.name=cart-0
source.k8s.statefulset.name=cart
cilium.source.labels=[k8s:app=cart k8s:tier=back]
cilium.source.names=[cart.shop]
destination.address=10.0.0.2
destination.mac=02:00:00:00:00:0b
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
cilium.source.xlated_address=192.0.2.9
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
fn the_id_is_the_one_of_every_other_exporter() {
    let log = log(Record::Flow(traced()), &[]);
    let id = log
        .attributes
        .iter()
        .find(|attribute| attribute.key == "cilium.flow.uuid");
    let expected = FlowIds::new("prod/node-a").id(&traced()).to_string();
    assert_eq!(
        id.and_then(|id| id.value.as_ref()).map(shown),
        Some(expected)
    );
}

/// What a flow says beyond the attributes of an empty one.
fn specifics(flow: &Flow, headers: &[&str]) -> String {
    let known = [
        "cilium.flow.type=",
        "cilium.traffic_direction=TRAFFIC_DIRECTION_UNKNOWN",
    ];
    let log = log(Record::Flow(flow.clone()), headers);
    let lines = attributes(&log);
    lines
        .lines()
        .filter(|line| !known.iter().any(|known| line.starts_with(known)))
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn events_of_the_datapath_say_what_they_are() {
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
            "cilium.verdict=DROPPED cilium.drop_reason=POLICY_DENIED cilium.event.type=drop \
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
            "cilium.verdict=DROPPED cilium.drop_reason=99 cilium.event.type=drop cilium.event.sub_type=99, 0 \
             cilium.file=unknown(250):1",
        ),
        (
            verdict,
            "cilium.verdict=AUDIT cilium.event.type=policy-verdict cilium.event.sub_type=policy-verdict:L3-L4 INGRESS \
             cilium.traffic_direction=INGRESS cilium.policy_match_type=L3-L4 cilium.auth_type=SPIRE",
        ),
        (
            event(message_type::TRACE_SOCK, 1, Verdict::Translated),
            "cilium.verdict=TRANSLATED cilium.event.type=trace-sock cilium.event.sub_type=pre-xlate-fwd",
        ),
        (
            event(message_type::CAPTURE, 4, Verdict::Unknown),
            "cilium.verdict=VERDICT_UNKNOWN cilium.event.type=capture cilium.event.sub_type=DBG_CAPTURE_DELIVERY",
        ),
        (
            Flow {
                l4: ping,
                is_reply: Some(true),
                ..event(message_type::CAPTURE, 4, Verdict::Unknown)
            },
            "network.transport=icmpv6 cilium.icmp.type=#128 cilium.icmp.code=#0 cilium.verdict=VERDICT_UNKNOWN \
             cilium.event.type=capture cilium.event.sub_type=DBG_CAPTURE_DELIVERY cilium.is_reply=true",
        ),
    ];
    for (flow, expected) in cases {
        assert_eq!(specifics(&flow, &[]), expected);
    }
    assert_eq!(
        log(Record::Flow(dropped), &[]).severity_number,
        13,
        "drops are warnings"
    );
}

#[test]
fn protocols_without_ports_have_their_own_numbers() {
    let group = Address::v4([224, 0, 0, 1]);
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
        let text = specifics(
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
fn a_trace_id_is_sixteen_bytes_that_are_not_all_zero() {
    let cases = [
        ("0af7651916cd43dd8448eb211c80319c", 16),
        ("00000000000000000000000000000000", 0),
        ("0af7651916cd43dd8448eb211c8031", 0),
        ("+af7651916cd43dd8448eb211c80319c", 0),
    ];
    for (text, len) in cases {
        let mut flow = message(L7Record::Http(Http::default()), L7Type::Request);
        if let Some(l7) = &mut flow.l7 {
            l7.trace_id = Some(text.to_owned());
        }
        let id = log(Record::Flow(flow), &[]).trace_id;
        assert_eq!(id.len(), len, "{text}");
        assert!(len == 0 || id.starts_with(&[0x0a, 0xf7, 0x65]), "{id:x?}");
    }
}

#[test]
fn a_lost_report_is_a_warning_with_its_numbers() {
    let lost = Lost {
        time: Timestamp(1_000),
        source: LostSource::PerfEventRingBuffer,
        count: 512,
        cpu: Some(3),
        span: Some((Timestamp(10), Timestamp(20))),
    };
    let log = log(Record::Lost(lost), &[]);
    assert_eq!(
        attributes(&log),
        "cilium.lost.source=PERF_EVENT_RING_BUFFER\ncilium.lost.count=#512\ncilium.lost.cpu=#3\n\
         cilium.lost.first_unix_nano=#10\ncilium.lost.last_unix_nano=#20"
    );
    assert_eq!(
        (log.event_name.as_str(), log.severity_text.as_str()),
        ("hubble.lost_events", "WARN")
    );
    let body = log.body.as_ref().map(shown).unwrap_or_default();
    assert!(
        body.starts_with("EVENTS LOST: PERF_EVENT_RING_BUFFER CPU(3) 512"),
        "{body}"
    );
}

#[test]
fn a_request_has_one_resource_and_one_scope() {
    let request = request(&Record::Flow(Flow::default()), &[]);
    let resource = request.resource_logs[0]
        .resource
        .as_ref()
        .expect("a resource");
    let texts: Vec<_> = resource
        .attributes
        .iter()
        .map(|attribute| {
            format!(
                "{}={}",
                attribute.key,
                attribute.value.as_ref().map(shown).unwrap_or_default()
            )
        })
        .collect();
    let version = format!("service.version={}", env!("CARGO_PKG_VERSION"));
    let expected = [
        "host.name=node-a",
        "k8s.cluster.name=prod",
        "k8s.node.name=node-a",
        "service.instance.id=prod/node-a",
        "service.name=tidegate",
        &version,
        "team=net",
    ];
    assert_eq!(texts, expected);
    let scope = request.resource_logs[0].scope_logs[0]
        .scope
        .as_ref()
        .expect("a scope");
    assert_eq!(
        (scope.name.as_str(), scope.version.as_str()),
        ("tidegate", env!("CARGO_PKG_VERSION"))
    );
}
