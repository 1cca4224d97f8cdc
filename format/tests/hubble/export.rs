//! Flows and losses as Hubble's exporter writes them.

use std::net::Ipv4Addr;
use std::num::NonZeroU32;
use std::sync::Arc;

use tidegate_format::hubble::Json;
use tidegate_model::flow::{
    Address, AuthType, DropReason, Endpoint, EndpointNames, FileNumbering, Flow, FlowIds, FlowType,
    Generic, Ip, IpVersion, Kafka, L4, L7Record, L7Type, MessagePart, Missing, ObservedLatency,
    Sampling, SctpChunk, SourceFile, TcpFlags, TracePoint, TraceReason, message_type,
};

use crate::samples::{self, NODE};

const FLOWS: &str = include_str!("../../../tests/golden/hubble/flows.jsonl");
const NAMED: &str = include_str!("../../../tests/golden/hubble/names/flows.jsonl");
const LOST: &str = include_str!("../../../tests/golden/hubble/lost.jsonl");

fn line(flow: &Flow) -> String {
    let mut out = String::new();
    Json::new(NODE).push_flow(&mut out, flow);
    out
}

/// Replaces the emitter and the UUID of a line of Hubble.
fn with_own_emitter(line: &str, flow: &Flow) -> String {
    let (before, rest) = line.split_once("\"uuid\":\"").unwrap();
    let emitter = concat!(
        "\"emitter\":{\"name\":\"tidegate\",\"version\":\"",
        env!("CARGO_PKG_VERSION"),
        "\"}"
    );
    let rest = rest[36..].replace(
        "\"emitter\":{\"name\":\"Hubble\",\"version\":\"1.19.4\"}",
        emitter,
    );
    format!("{before}\"uuid\":\"{}{rest}\n", FlowIds::new(NODE).id(flow))
}

#[test]
fn flows_are_written_byte_for_byte_as_hubble_writes_them() {
    for (flows, lines) in [
        (&samples::flows()[..], FLOWS),
        (&samples::named::flows()[..], NAMED),
    ] {
        assert_eq!(lines.lines().count(), flows.len());
        for (flow, expected) in flows.iter().zip(lines.lines()) {
            assert_eq!(line(flow), with_own_emitter(expected, flow));
        }
    }
}

#[test]
fn losses_are_written_byte_for_byte_as_hubble_writes_them() {
    let mut out = String::new();
    samples::losses()
        .iter()
        .for_each(|lost| Json::new(NODE).push_lost(&mut out, lost));
    assert_eq!(out, LOST);
}

/// Asserts that the line of each flow contains a text.
fn assert_parts(cases: impl IntoIterator<Item = (Flow, &'static str)>) {
    for (flow, expected) in cases {
        let line = line(&flow);
        assert!(line.contains(expected), "{expected} in {line}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn fields_of_events_have_their_names_and_order() {
    let base = Flow::default;
    let packet = |message_type, sub_type| Flow {
        message_type,
        sub_type,
        ..base()
    };
    let file = SourceFile {
        id: 250,
        line: 0,
        numbering: FileNumbering::V1_19_0,
    };
    let post_xlate = Flow {
        flow_type: FlowType::Sock,
        ..packet(message_type::TRACE_SOCK, 2)
    };
    assert_parts([
        (
            Flow {
                auth_type: AuthType(1),
                ..base()
            },
            r#""auth_type":"SPIRE","source""#,
        ),
        (
            Flow {
                auth_type: AuthType(9),
                ..base()
            },
            r#""auth_type":9,"source""#,
        ),
        (
            Flow {
                drop_reason: DropReason(250),
                ..base()
            },
            r#""drop_reason_desc":250}"#,
        ),
        (
            Flow {
                ip_trace_id: u64::MAX,
                ..base()
            },
            r#""ip_trace_id":{"trace_id":"18446744073709551615"}}"#,
        ),
        (
            Flow {
                is_reply: Some(false),
                ..base()
            },
            r#""event_type":{},"is_reply":false}"#,
        ),
        (
            Flow {
                proxy_port: 10001,
                ..base()
            },
            r#""event_type":{},"proxy_port":10001}"#,
        ),
        (
            Flow {
                trace_point: TracePoint(99),
                ..base()
            },
            r#""trace_observation_point":99}"#,
        ),
        (
            Flow {
                trace_reason: TraceReason(99),
                ..base()
            },
            r#""trace_reason":99}"#,
        ),
        (
            Flow {
                file: Some(file),
                ..base()
            },
            r#""file":{"name":"unknown(250)"}"#,
        ),
        (
            packet(message_type::CAPTURE, 4),
            r#""debug_capture_point":"DBG_CAPTURE_DELIVERY""#,
        ),
        (
            packet(message_type::CAPTURE, 3),
            r#""debug_capture_point":3"#,
        ),
        (
            post_xlate,
            r#""sock_xlate_point":"SOCK_XLATE_POINT_POST_DIRECTION_FWD""#,
        ),
    ]);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn fields_of_packets_have_their_names_and_order() {
    let v6 = |text: &str| Address::from(text.parse::<std::net::IpAddr>().unwrap());
    let ip = Ip {
        source: v6("::"),
        destination: v6("ff02::1"),
        version: IpVersion::V6,
        encrypted: true,
        ..Ip::default()
    };
    let l4 = |l4| Flow {
        l4,
        ..Flow::default()
    };
    let all = r#"{"FIN":true,"SYN":true,"RST":true,"PSH":true,"ACK":true,"URG":true,"ECE":true,"CWR":true,"NS":true}"#;
    let sctp = |chunk_type| L4::Sctp {
        source_port: 1,
        destination_port: 2,
        chunk_type,
    };
    let vrrp = L4::Vrrp {
        vrrp_type: 1,
        vrid: 7,
        priority: 100,
    };
    let group = Ipv4Addr::new(224, 0, 0, 251);
    assert_parts([
        (
            Flow {
                ip: Some(ip),
                ..Flow::default()
            },
            r#""IP":{"source":"::","destination":"ff02::1","ipVersion":"IPv6","encrypted":true}"#,
        ),
        (
            l4(samples::tcp(0, 80, 0)),
            r#""l4":{"TCP":{"destination_port":80,"flags":{}}}"#,
        ),
        (l4(samples::tcp(1, 2, 0x1ff)), all),
        (
            l4(samples::tcp(1, 2, TcpFlags::NS)),
            r#""flags":{"NS":true}"#,
        ),
        (
            l4(sctp(SctpChunk::Unsupported)),
            r#""l4":{"SCTP":{"source_port":1,"destination_port":2}}"#,
        ),
        (
            l4(sctp(SctpChunk::ShutdownComplete)),
            r#""l4":{"SCTP":{"source_port":1,"destination_port":2,"chunk_type":"SHUTDOWN_COMPLETE"}}"#,
        ),
        (
            l4(L4::Icmpv4 {
                icmp_type: 0,
                code: 0,
            }),
            r#""l4":{"ICMPv4":{}}"#,
        ),
        (
            l4(L4::Icmpv6 {
                icmp_type: 1,
                code: 4,
            }),
            r#""l4":{"ICMPv6":{"type":1,"code":4}}"#,
        ),
        (
            l4(vrrp),
            r#""l4":{"VRRP":{"type":1,"vrid":7,"priority":100}}"#,
        ),
        (
            l4(L4::Igmp {
                igmp_type: 0x16,
                group,
            }),
            r#""l4":{"IGMP":{"type":22,"group_address":"224.0.0.251"}}"#,
        ),
    ]);
}

#[test]
fn fields_of_endpoints_and_messages_have_their_names_and_order() {
    let dns_names = EndpointNames {
        dns_names: vec!["api.example.com".to_owned()],
        ..EndpointNames::default()
    };
    let named = Endpoint {
        names: Some(Arc::new(dns_names)),
        ..Endpoint::default()
    };
    let kafka = L7Record::Kafka(Kafka {
        error_code: -1,
        api_version: 3,
        api_key: "fetch".to_owned(),
        correlation_id: 9,
        topic: "t".to_owned(),
    });
    let generic = L7Record::Generic(Generic::default());
    assert_parts([
        (
            Flow {
                source: named.clone(),
                ..Flow::default()
            },
            r#""source_names":["api.example.com"],"event_type""#,
        ),
        (
            Flow {
                destination: named,
                ..Flow::default()
            },
            r#""destination_names":["api.example.com"],"event_type""#,
        ),
        (
            samples::l7(L7Type::Response, kafka),
            r#""kafka":{"error_code":-1,"api_version":3,"api_key":"fetch","correlation_id":9,"topic":"t"}"#,
        ),
        (
            samples::l7(L7Type::Sample, generic),
            r#""l7":{"type":"SAMPLE"},"event_type""#,
        ),
    ]);
}

#[test]
fn an_address_that_a_proxy_did_not_report_is_absent() {
    let known = samples::ip([10, 0, 0, 1], [10, 0, 0, 2]).unwrap();
    let ip = Some(Ip {
        source: Address::default(),
        ..known
    });
    assert!(
        line(&Flow {
            ip,
            ..samples::http(L7Type::Request)
        })
        .contains(r#""IP":{"destination":"10.0.0.2","#)
    );
}

#[test]
fn a_message_found_in_a_packet_has_wire_as_its_source() {
    assert!(line(&samples::dns(None, L7Type::Request)).contains(r#""observation_source":"wire""#));
}

#[test]
fn the_missing_parts_of_a_message_are_an_extension() {
    let mut flow = samples::dns(None, L7Type::Response);
    assert!(!line(&flow).contains("extensions"), "a whole message");
    flow.l7.as_mut().unwrap().missing = Missing::NOTHING
        .and(MessagePart::Answers)
        .and(MessagePart::Records);
    let expected = r#"[incomplete: answers,records]","extensions":{"@type":"type.googleapis.com/google.protobuf.Struct","value":{"l7_incomplete":["answers","records"]}}},"node_name""#;
    assert!(line(&flow).contains(expected), "{}", line(&flow));
}

#[test]
fn a_latency_measured_from_packets_is_an_extension_not_latency_ns() {
    let mut flow = samples::dns(None, L7Type::Response);
    let latency = ObservedLatency {
        nanos: 60_400_000,
        error_nanos: 2_500_000,
        is_exact: false,
    };
    flow.l7.as_mut().unwrap().observed_latency = Some(latency);
    let expected = r#""extensions":{"@type":"type.googleapis.com/google.protobuf.Struct","value":{"l7_latency_ns":60400000,"l7_latency_error_ns":2500000}}}"#;
    assert!(line(&flow).contains(expected), "{}", line(&flow));
    assert!(!line(&flow).contains(r#""latency_ns""#), "{}", line(&flow));
}

#[test]
fn an_empty_flow_is_still_an_event() {
    let flow = Flow::default();
    let expected = r#"{"flow":{"uuid":"________","source":{},"destination":{},"node_name":"prod/node-a","event_type":{}},"node_name":"prod/node-a"}"#;
    let id = FlowIds::new(NODE).id(&flow).to_string();
    let line = line(&flow).replace(&id, "________");
    let emitter = line.find(",\"emitter\"").unwrap()..line.find(",\"source\"").unwrap();
    assert_eq!(line.replace(&line[emitter], ""), format!("{expected}\n"));
}

#[test]
fn the_rate_of_a_sampled_flow_is_an_extension() {
    let mut flow = samples::dns(None, L7Type::Response);
    flow.sampling = Sampling::new(NonZeroU32::new(10).unwrap(), 7);
    let alone = r#""extensions":{"@type":"type.googleapis.com/google.protobuf.Struct","value":{"sampled_one_in":10}}},"node_name""#;
    assert!(line(&flow).contains(alone), "{}", line(&flow));
    flow.l7.as_mut().unwrap().missing = Missing::NOTHING.and(MessagePart::Answers);
    let both = r#""value":{"sampled_one_in":10,"l7_incomplete":["answers"]}}},"node_name""#;
    assert!(line(&flow).contains(both), "{}", line(&flow));
    flow.sampling = Sampling::NONE;
    assert!(!line(&flow).contains("sampled"), "{}", line(&flow));
}
