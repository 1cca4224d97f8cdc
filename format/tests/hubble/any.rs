//! Properties of the lines of arbitrary flows.

use std::net::Ipv4Addr;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;
use tidegate_format::hubble::{Compact, Json};
use tidegate_model::Timestamp;
use tidegate_model::flow::{
    Address, AuthType, Dns, DropReason, Endpoint, EndpointNames, Flow, FlowIds, FlowType, Generic,
    Http, Ip, IpVersion, Kafka, L4, L7, L7Record, L7Type, Layer, MessagePart, MessageSource,
    Missing, NodeView, PolicyMatch, ServiceName, TcpFlags, TraceContext, TracePoint, TraceReason,
};

fn texts() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec(any::<String>(), 0..3)
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    proptest::collection::vec(any::<(String, String)>(), 0..3)
}

fn l4() -> impl Strategy<Value = L4> {
    let tcp =
        any::<(u16, u16, Option<u16>)>().prop_map(|(source_port, destination_port, flags)| {
            L4::Tcp {
                source_port,
                destination_port,
                flags: flags.map(TcpFlags),
            }
        });
    let icmp = any::<(u8, u8)>().prop_map(|(icmp_type, code)| L4::Icmpv4 { icmp_type, code });
    let igmp = any::<(u8, Ipv4Addr)>().prop_map(|(igmp_type, group)| L4::Igmp { igmp_type, group });
    prop_oneof![Just(L4::None), tcp, icmp, igmp]
}

fn dns() -> impl Strategy<Value = L7Record> {
    let scalars = any::<(String, Option<u32>, String, Option<u32>, Vec<u16>)>();
    (scalars, texts(), any::<Vec<std::net::IpAddr>>()).prop_map(
        |((query, ttl, observation_source, rcode, qtypes), cnames, ips)| {
            L7Record::Dns(Dns {
                query,
                ttl,
                observation_source: observation_source.into(),
                rcode,
                rrtypes: qtypes.as_slice().into(),
                qtypes: qtypes.into(),
                cnames,
                ips: ips.into_iter().map(Into::into).collect(),
            })
        },
    )
}

fn http() -> impl Strategy<Value = L7Record> {
    (any::<(u32, String, String, String)>(), pairs()).prop_map(
        |((code, method, url, protocol), headers)| {
            let headers = headers
                .into_iter()
                .map(|(name, value)| (name.into(), value))
                .collect();
            L7Record::Http(Http {
                code,
                method: method.into(),
                url,
                protocol: protocol.into(),
                headers,
            })
        },
    )
}

fn kafka() -> impl Strategy<Value = L7Record> {
    any::<(i32, i32, String, i32, String)>().prop_map(
        |(error_code, api_version, api_key, correlation_id, topic)| {
            L7Record::Kafka(Kafka {
                error_code,
                api_version,
                api_key,
                correlation_id,
                topic,
            })
        },
    )
}

fn record() -> impl Strategy<Value = L7Record> {
    let generic = (any::<String>(), pairs())
        .prop_map(|(proto, fields)| L7Record::Generic(Generic { proto, fields }));
    prop_oneof![dns(), http(), kafka(), generic]
}

fn l7() -> impl Strategy<Value = Option<Box<L7>>> {
    let l7_type = prop_oneof![
        Just(L7Type::Request),
        Just(L7Type::Response),
        Just(L7Type::Sample)
    ];
    let cut = |part| Missing::NOTHING.and(part);
    let missing = select(vec![
        Missing::NOTHING,
        cut(MessagePart::Answers),
        cut(MessagePart::Rcode),
    ]);
    let l7 = (
        l7_type,
        any::<u64>(),
        record(),
        any::<Option<[u8; 16]>>(),
        missing,
    )
        .prop_map(|(l7_type, latency_ns, record, trace_id, missing)| {
            Box::new(L7 {
                l7_type,
                latency_ns,
                observed_latency: None,
                record,
                trace_context: trace_id.map(|trace_id| TraceContext {
                    trace_id,
                    parent_id: [1; 8],
                    flags: 0,
                }),
                source: MessageSource::Wire,
                missing,
            })
        });
    proptest::option::of(l7)
}

fn endpoint() -> impl Strategy<Value = Endpoint> {
    let names = (any::<(String, String, String)>(), texts(), pairs(), texts()).prop_map(
        |((cluster_name, namespace, pod_name), labels, workloads, dns_names)| {
            let labels = labels.into();
            Arc::new(EndpointNames {
                cluster_name,
                namespace,
                pod_name,
                labels,
                workloads,
                dns_names,
            })
        },
    );
    let service = any::<(String, String)>()
        .prop_map(|(namespace, name)| Arc::new(ServiceName { namespace, name }));
    (
        any::<(u32, u32)>(),
        proptest::option::of(names),
        proptest::option::of(service),
    )
        .prop_map(|((id, identity), names, service)| Endpoint {
            id,
            identity,
            names,
            service,
        })
}

fn node() -> impl Strategy<Value = Option<Arc<NodeView>>> {
    let node = (any::<String>(), texts()).prop_map(|(interface_name, labels)| {
        Arc::new(NodeView {
            interface_name,
            node_labels: labels.into(),
            policies: None,
        })
    });
    proptest::option::of(node)
}

fn ip() -> impl Strategy<Value = Option<Ip>> {
    let ip = any::<([u8; 16], Option<[u8; 16]>, [u8; 16], bool)>().prop_map(
        |(source, xlated, destination, encrypted)| Ip {
            source: Address(source),
            source_xlated: xlated.map(Address),
            destination: Address(destination),
            version: IpVersion::V6,
            encrypted,
        },
    );
    proptest::option::of(ip)
}

prop_compose! {
    fn flow()(
        (time, seq, message_type, sub_type) in any::<(u64, u64, u8, u8)>(),
        (drop_reason, auth, policy, point, reason) in any::<(u32, u8, u8, u8, u8)>(),
        (is_reply, ip_trace_id, interface, proxy_port) in any::<(Option<bool>, u64, u32, u32)>(),
        (l4, l7, source, destination, ip) in (l4(), l7(), endpoint(), endpoint(), ip()),
        node in node(),
    ) -> Flow {
        Flow {
            time: Timestamp(time),
            seq,
            message_type,
            sub_type,
            drop_reason: DropReason(drop_reason),
            flow_type: FlowType::L34,
            last_layer: Some(Layer::Icmpv6),
            auth_type: AuthType(auth),
            policy_match: PolicyMatch(policy),
            trace_point: TracePoint(point),
            trace_reason: TraceReason(reason),
            is_reply,
            ip_trace_id,
            interface,
            node,
            proxy_port,
            l4,
            l7,
            source,
            destination,
            ip,
            ..Flow::default()
        }
    }
}

/// Returns the string at a JSON pointer.
fn at<'a>(value: &'a serde_json::Value, path: &str) -> Option<&'a str> {
    value.pointer(path).and_then(serde_json::Value::as_str)
}

proptest! {
    #[test]
    fn every_flow_is_one_line_of_json_with_its_texts(flow in flow(), node in any::<String>()) {
        let mut out = String::from("before\n");
        Json::new(&node).push_flow(&mut out, &flow);
        let line = out.strip_prefix("before\n").unwrap().strip_suffix('\n').unwrap();
        let unescaped = line.contains(['\n', '\r', '<', '>', '&', '\u{2028}', '\u{2029}']);
        prop_assert!(!unescaped, "{}", line);
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        prop_assert_eq!(at(&event, "/node_name").unwrap_or_default(), node.as_str());
        let uuid = FlowIds::new(&node).id(&flow).to_string();
        prop_assert_eq!(at(&event, "/flow/uuid").unwrap(), uuid);
        let pod = flow.source.names.as_ref().map_or("", |names| names.pod_name.as_str());
        prop_assert_eq!(at(&event, "/flow/source/pod_name").unwrap_or_default(), pod);
        let service = flow.source.service.as_ref().map_or("", |service| &service.name);
        prop_assert_eq!(at(&event, "/flow/source_service/name").unwrap_or_default(), service);
        if let Some(L7Record::Http(http)) = flow.l7.as_ref().map(|l7| &l7.record) {
            prop_assert_eq!(at(&event, "/flow/l7/http/url").unwrap_or_default(), http.url.as_str());
        }
    }

    #[test]
    fn every_flow_is_one_compact_line_without_control_characters(
        flow in flow(),
        color in any::<bool>(),
    ) {
        let mut out = String::new();
        Compact::with_color(color).push_flow(&mut out, &flow);
        let line = out.strip_suffix('\n').unwrap();
        let colors = ["\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[35m", "\x1b[36m", "\x1b[0m"];
        let replacement = if color { "" } else { "\x1b" };
        let plain = colors
            .iter()
            .fold(line.to_owned(), |line, sequence| line.replace(sequence, replacement));
        prop_assert!(!plain.contains(char::is_control), "{:?}", line);
    }
}
