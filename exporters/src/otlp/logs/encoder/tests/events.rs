//! Agent events, debug events, lost reports and socket flows as log records.

use std::sync::Arc;

use tidegate_model::flow::Socket;
use tidegate_model::record::{
    AgentEvent, AgentEventType as Type, DebugEvent, DebugEventType, EndpointRegen, EndpointUpdate,
    IpCache, Notification, PolicyUpdate, ServiceAddress, ServiceDelete, ServiceUpsert,
};

use super::*;

fn agent_log(event_type: Type, notification: Notification) -> LogRecord {
    let event = AgentEvent {
        time: Timestamp(1_000),
        stream: 0,
        event_type,
        notification,
    };
    log(Record::AgentEvent(Box::new(event)), &[])
}

fn text(text: &str) -> String {
    text.to_owned()
}

/// Every kind of notification with all its fields, and the attributes after the type.
#[expect(
    clippy::too_many_lines,
    reason = "a list of one notification of each kind"
)]
pub(super) fn notifications() -> Vec<(Notification, &'static str)> {
    let labels = || vec![text("a"), text("b")];
    let endpoint = EndpointUpdate {
        id: 312,
        labels: labels(),
        error: text("no"),
        pod_name: text("cart-0"),
        namespace: text("shop"),
    };
    let entry = IpCache {
        cidr: text("10.0.2.20/32"),
        identity: 31337,
        old_identity: Some(0),
        host_ip: text("172.18.0.3"),
        old_host_ip: text("172.18.0.2"),
        encrypt_key: 3,
        namespace: text("shop"),
        pod_name: text("cart-0"),
    };
    let address = |ip: &str| ServiceAddress {
        ip: text(ip),
        port: 53,
    };
    let service = ServiceUpsert {
        id: 7,
        frontend_address: address("fd00::a"),
        backend_addresses: vec![address("10.0.2.20"), address("10.0.2.21")],
        service_type: text("ClusterIP"),
        traffic_policy: text("Cluster"),
        ext_traffic_policy: text("Cluster"),
        int_traffic_policy: text("Local"),
        name: text("kube-dns"),
        namespace: text("kube-system"),
    };
    vec![
        (
            Notification::Unknown {
                notify_type: 1,
                text: text("\"hello\""),
            },
            "cilium.agent_event.notification.type=#1 cilium.agent_event.notification=\"hello\"",
        ),
        (
            Notification::AgentStart {
                time: Some(Timestamp(5)),
            },
            "cilium.agent.start_unix_nano=#5",
        ),
        (Notification::AgentStart { time: None }, ""),
        (
            Notification::PolicyUpdate(PolicyUpdate {
                labels: labels(),
                revision: u64::MAX,
                rule_count: -1,
            }),
            "cilium.policy.labels=[a b] cilium.policy.revision=18446744073709551615 \
             cilium.policy.rule_count=#-1",
        ),
        (
            Notification::EndpointRegenerate(EndpointRegen {
                id: 312,
                labels: labels(),
                error: text("no"),
            }),
            "cilium.endpoint.id=#312 cilium.endpoint.error=no cilium.endpoint.labels=[a b]",
        ),
        (
            Notification::EndpointUpdate(endpoint),
            "cilium.endpoint.id=#312 cilium.endpoint.error=no cilium.endpoint.labels=[a b] \
             k8s.namespace.name=shop k8s.pod.name=cart-0",
        ),
        (
            Notification::IpCacheUpdate(entry),
            "cilium.ipcache.cidr=10.0.2.20/32 cilium.ipcache.identity=#31337 \
             cilium.ipcache.old_identity=#0 cilium.ipcache.host_ip=172.18.0.3 \
             cilium.ipcache.old_host_ip=172.18.0.2 cilium.ipcache.encrypt_key=#3 \
             k8s.namespace.name=shop k8s.pod.name=cart-0",
        ),
        (
            Notification::ServiceUpsert(service),
            "cilium.service.id=#7 cilium.service.frontend=[fd00::a]:53 \
             cilium.service.backends=[10.0.2.20:53 10.0.2.21:53] cilium.service.type=ClusterIP \
             cilium.service.traffic_policy=Cluster cilium.service.ext_traffic_policy=Cluster \
             cilium.service.int_traffic_policy=Local k8s.namespace.name=kube-system \
             k8s.service.name=kube-dns",
        ),
        (
            Notification::ServiceDelete(ServiceDelete { id: 7 }),
            "cilium.service.id=#7",
        ),
    ]
}

#[test]
fn agent_events_have_the_fields_of_their_notification() {
    for (notification, expected) in notifications() {
        let log = agent_log(Type::Unknown, notification);
        let attributes = attributes(&log).replace('\n', " ");
        let expected = expected.to_owned();
        assert_eq!(attributes, expected.trim_end());
        assert_eq!(
            (log.event_name.as_str(), log.time_unix_nano),
            ("hubble.agent_event", 1_000)
        );
    }
}

#[test]
fn a_failed_regeneration_is_a_warning_and_a_debug_event_has_severity_debug() {
    let regenerate = || {
        Notification::EndpointRegenerate(EndpointRegen {
            id: 312,
            ..EndpointRegen::default()
        })
    };
    let debug = log(Record::DebugEvent(DebugEvent::default()), &[]);
    for (log, severity, body) in [
        (
            agent_log(Type::EndpointRegenerateFailure, regenerate()),
            (13, "WARN"),
            "ENDPOINT_REGENERATE_FAILURE (id: 312, labels: [])",
        ),
        (
            agent_log(Type::EndpointRegenerateSuccess, regenerate()),
            (9, "INFO"),
            "ENDPOINT_REGENERATE_SUCCESS (id: 312, labels: [])",
        ),
        (
            debug,
            (5, "DEBUG"),
            "N/A DBG_EVENT_UNKNOWN MARK: 0x0 CPU: 00 (Unknown message type=0 arg1=0 arg2=0)",
        ),
    ] {
        assert_eq!((log.severity_number, log.severity_text.as_str()), severity);
        assert_eq!(log.body.as_ref().map(shown).as_deref(), Some(body));
    }
}

#[test]
fn debug_events_have_the_fields_of_their_message() {
    let event = DebugEvent {
        time: Timestamp(1_000),
        event_type: DebugEventType(15),
        source: 312,
        source_identity: 4021,
        source_names: Some(Arc::new(EndpointNames {
            namespace: "shop".to_owned(),
            pod_name: "cart-0".to_owned(),
            ..EndpointNames::of_labels(vec!["k8s:app=cart".to_owned()])
        })),
        hash: u32::MAX,
        args: [1, 2, 3],
        cpu: 7,
        has_old_text: false,
    };
    let log = log(Record::DebugEvent(event), &[]);
    let expected = "cilium.debug.type=DBG_CT_VERDICT cilium.debug.hash=#4294967295 \
                    cilium.debug.arg1=#1 cilium.debug.arg2=#2 cilium.debug.arg3=#3 \
                    cilium.debug.cpu=#7 cilium.endpoint.id=#312 cilium.endpoint.identity=#4021 \
                    cilium.endpoint.labels=[k8s:app=cart] k8s.namespace.name=shop \
                    k8s.pod.name=cart-0";
    assert_eq!(attributes(&log).replace('\n', " "), expected);
    assert_eq!(
        (log.event_name.as_str(), log.time_unix_nano),
        ("hubble.debug_event", 1_000)
    );
}

#[test]
fn a_lost_report_is_a_warning_with_its_fields() {
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
fn a_mapped_address_of_a_socket_is_written_as_its_release_does() {
    for (keeps_mapped, expected) in [(false, "10.0.0.2"), (true, "::ffff:10.0.0.2")] {
        let ip = Some(Ip {
            version: IpVersion::V6,
            ..addresses()
        });
        let socket = Some(Box::new(Socket {
            keeps_mapped,
            ..Socket::default()
        }));
        let flow = Flow {
            flow_type: FlowType::Sock,
            ip,
            socket,
            ..Flow::default()
        };
        let text = specific_attributes(&flow, &[]);
        assert!(
            text.contains(&format!("destination.address={expected} network.type=ipv6")),
            "{text}"
        );
    }
}

#[test]
fn a_socket_flow_has_its_cookie_and_no_address_of_the_pod() {
    let flow = Flow {
        flow_type: FlowType::Sock,
        message_type: message_type::TRACE_SOCK,
        sub_type: 1,
        verdict: Verdict::Traced,
        ip: Some(Ip {
            source: Address::default(),
            ..addresses()
        }),
        socket: Some(Box::new(Socket {
            cookie: 99,
            cgroup_id: 4242,
            keeps_mapped: false,
        })),
        ..Flow::default()
    };
    let expected = "destination.address=10.0.0.2 network.type=ipv4 cilium.verdict=TRACED \
                    cilium.event.type=trace-sock cilium.event.sub_type=pre-xlate-fwd \
                    cilium.socket.cookie=#99 cilium.cgroup.id=#4242";
    assert_eq!(specific_attributes(&flow, &[]), expected);
}

/// The value of an attribute: `#` and an integer, or a text.
fn value(record: Record, key: &str) -> Option<String> {
    let log = log(record, &[]);
    log.attributes
        .iter()
        .find(|attribute| attribute.key == key)
        .map(|attribute| attribute.value.as_ref().map(shown).unwrap_or_default())
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a_number_above_the_integers_of_otlp_is_a_string_of_its_digits() {
    type Make = fn(u64) -> Record;
    let attributes: [(&str, Make); 9] = [
        ("cilium.ip_trace_id", |n| {
            Record::Flow(Flow {
                ip_trace_id: n,
                ..Flow::default()
            })
        }),
        ("cilium.socket.cookie", |n| {
            socket(Socket {
                cookie: n,
                ..Socket::default()
            })
        }),
        ("cilium.cgroup.id", |n| {
            socket(Socket {
                cgroup_id: n,
                ..Socket::default()
            })
        }),
        ("cilium.l7.latency_ns", |n| {
            let mut flow = message(L7Record::Dns(Dns::default()), L7Type::Response);
            flow.l7.as_mut().expect("an L7 flow").latency_ns = n;
            Record::Flow(flow)
        }),
        ("cilium.agent.start_unix_nano", |n| {
            agent_event(Notification::AgentStart {
                time: Some(Timestamp(n)),
            })
        }),
        ("cilium.policy.revision", |n| {
            agent_event(Notification::PolicyUpdate(PolicyUpdate {
                labels: Vec::new(),
                revision: n,
                rule_count: 0,
            }))
        }),
        ("cilium.endpoint.id", |n| {
            agent_event(Notification::EndpointRegenerate(EndpointRegen {
                id: n,
                labels: Vec::new(),
                error: String::new(),
            }))
        }),
        ("cilium.lost.count", |n| lost(n, Timestamp(1))),
        ("cilium.lost.last_unix_nano", |n| lost(1, Timestamp(n))),
    ];
    const MAX: u64 = i64::MAX.cast_unsigned();
    for (key, make) in attributes {
        let cases = [
            (1, "#1"),
            (MAX, "#9223372036854775807"),
            (MAX + 1, "9223372036854775808"),
            (u64::MAX, "18446744073709551615"),
        ];
        for (n, expected) in cases {
            assert_eq!(value(make(n), key).as_deref(), Some(expected), "{key}");
        }
    }
}

fn socket(socket: Socket) -> Record {
    Record::Flow(Flow {
        socket: Some(Box::new(socket)),
        ..Flow::default()
    })
}

fn agent_event(notification: Notification) -> Record {
    Record::AgentEvent(Box::new(AgentEvent {
        time: Timestamp(1),
        event_type: Type::Unknown,
        notification,
        stream: 0,
    }))
}

fn lost(count: u64, last: Timestamp) -> Record {
    let span = Some((Timestamp(1), last));
    Record::Lost(Lost {
        time: Timestamp(1),
        source: LostSource::PerfEventRingBuffer,
        count,
        cpu: None,
        span,
    })
}
