//! Encoded records, decoded by `opentelemetry-proto`. The helpers are here, the tests in modules.

mod events;
mod flows;
mod mapping;
mod messages;
mod names;
mod requests;
mod spans;
mod templates;

use std::sync::Arc;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ScopeLogs};
use prost::Message;
use tidegate_model::flow::{
    Address, AuthType, Direction, Dns, DropReason, Endpoint, EndpointNames, Ethernet,
    FileNumbering, Flow, FlowType, Generic, Http, Ip, IpVersion, Kafka, L4, L7, L7Record, L7Type,
    Layer, MessageSource, Missing, NodeView, PolicyMatch, SctpChunk, ServiceName, SourceFile,
    TcpFlags, TraceContext, TracePoint, TraceReason, Tunnel, TunnelProtocol, Verdict, message_type,
};
use tidegate_model::record::{Lost, LostSource, Record};
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;

use super::*;
use crate::otlp::logs::NodeResource;
use crate::otlp::resource::ResourceAttributes;

const OBSERVED: Timestamp = Timestamp(2_000);

fn context() -> BuildContext {
    BuildContext {
        stage: StageId::exporter("otlp"),
        node_name: "prod/node-a".to_owned(),
        telemetry: Telemetry::default(),
        health: Default::default(),
        requests: Default::default(),
    }
}

/// Encodes a record as a whole request and decodes it as a backend would.
fn request(record: &Record, format: &LogFormat) -> ExportLogsServiceRequest {
    let mut encoder = Encoder::new(&context(), format);
    let configured = [("team".to_owned(), "net".to_owned())].into();
    let resource = NodeResource::new(ResourceAttributes::new(&context(), &configured));
    let envelope = resource.envelope();
    let mut encoded = Vec::new();
    encoder.encode(record, OBSERVED, &mut encoded);
    let bytes = [envelope.header(encoded.len()), encoded].concat();
    let request = ExportLogsServiceRequest::decode(&bytes[..]).expect("a message");
    assert_eq!(
        request.encoded_len(),
        bytes.len(),
        "the generated encoder writes other bytes"
    );
    request
}

/// Returns the record in a request, whose bytes are those that the generated encoder writes.
fn single(record: &Record, format: &LogFormat) -> LogRecord {
    let mut encoded = Vec::new();
    Encoder::new(&context(), format).encode(record, OBSERVED, &mut encoded);
    let logs = ScopeLogs::decode(&encoded[..]).expect("a record");
    assert!(
        logs.encode_to_vec() == encoded,
        "the generated encoder writes other bytes"
    );
    let mut request = request(record, format);
    request
        .resource_logs
        .remove(0)
        .scope_logs
        .remove(0)
        .log_records
        .remove(0)
}

fn log(record: Record, headers: &[&str]) -> LogRecord {
    let format = LogFormat {
        http_headers: headers.iter().map(|name| (*name).to_owned()).collect(),
        ..LogFormat::default()
    };
    single(&record, &format)
}

fn shown(value: &AnyValue) -> String {
    match &value.value {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => format!("#{number}"),
        Some(Value::BoolValue(value)) => value.to_string(),
        Some(Value::ArrayValue(array)) => format!(
            "[{}]",
            array.values.iter().map(shown).collect::<Vec<_>>().join(" ")
        ),
        Some(Value::KvlistValue(map)) => {
            let entry = |entry: &KeyValue| {
                let value = entry.value.as_ref().map(shown).unwrap_or_default();
                format!("{}: {value}", entry.key)
            };
            let entries: Vec<_> = map.values.iter().map(entry).collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => format!("{other:?}"),
    }
}

/// The attributes as lines, without the UUID, which has a separate test.
fn attributes(log: &LogRecord) -> String {
    let line = |key: &str, value: Option<&AnyValue>| {
        format!("{key}={}", value.map(shown).unwrap_or_default())
    };
    let lines = log
        .attributes
        .iter()
        .map(|attribute| line(&attribute.key, attribute.value.as_ref()));
    lines
        .filter(|line| !line.starts_with("log.record.uid="))
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

/// A traced packet with every field that a trace event can have.
#[expect(clippy::too_many_lines, reason = "a flow with every field")]
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
        last_layer: Some(Layer::Tcp),
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
            service: None,
        },
        destination: Endpoint {
            id: 0,
            identity: 2,
            names: None,
            service: None,
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
        trace_context: None,
        source: MessageSource::Proxy,
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

/// The attributes of a flow, without its type.
fn specific_attributes(flow: &Flow, headers: &[&str]) -> String {
    let log = log(Record::Flow(flow.clone()), headers);
    let lines = attributes(&log);
    let is_specific = |line: &&str| !line.starts_with("cilium.flow.type=");
    let lines = lines.lines().filter(is_specific);
    lines.collect::<Vec<_>>().join(" ")
}
