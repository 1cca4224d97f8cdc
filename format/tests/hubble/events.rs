//! Agent events, debug events and socket flows.

use tidegate_format::hubble::{Compact, Json};
use tidegate_model::Timestamp;
use tidegate_model::flow::{
    Address, EndpointNames, Flow, FlowType, Ip, IpVersion, L4, Socket, Verdict, message_type,
};
use tidegate_model::record::{
    AgentEvent, AgentEventType as Type, DebugEvent, DebugEventType, EndpointRegen, EndpointUpdate,
    IpCache, Notification, PolicyUpdate, ServiceAddress, ServiceDelete, ServiceUpsert,
};

use crate::samples::{NODE, TIME};

fn agent_lines(event_type: Type, notification: Notification) -> (String, String) {
    let event = AgentEvent {
        time: Timestamp(1_772_359_200_000_000_000),
        stream: 0,
        event_type,
        notification,
    };
    let mut json = String::new();
    let mut compact = String::new();
    Json::new(NODE).push_agent_event(&mut json, &event);
    Compact::default().push_agent_event(&mut compact, &event);
    (json, compact)
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn endpoint() -> EndpointUpdate {
    EndpointUpdate {
        id: 312,
        labels: vec![text("k8s:app=cart")],
        error: text(""),
        pod_name: text("cart-7d9f6c5b8-x2x4z"),
        namespace: text("shop"),
    }
}

fn ipcache() -> IpCache {
    IpCache {
        cidr: text("10.0.2.20/32"),
        identity: 31337,
        old_identity: Some(0),
        host_ip: text("172.18.0.3"),
        old_host_ip: text("172.18.0.2"),
        encrypt_key: 3,
        namespace: text("default"),
        pod_name: text("server-0"),
    }
}

fn service() -> ServiceUpsert {
    let address = |ip, port| ServiceAddress { ip: text(ip), port };
    ServiceUpsert {
        id: 7,
        frontend_address: address("10.96.0.10", 53),
        backend_addresses: vec![
            address("10.0.2.20", 53),
            address("fd00::2", 53),
            address("", 0),
        ],
        service_type: text("ClusterIP"),
        traffic_policy: text("Cluster"),
        ext_traffic_policy: text("Cluster"),
        int_traffic_policy: text("Local"),
        name: text("kube-dns"),
        namespace: text("kube-system"),
    }
}

/// The type and notification, the event in JSON, and the compact line without its time.
type Case = (Type, Notification, &'static str, &'static str);

/// Events about the agent, its policy and its endpoints.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn agent_cases() -> Vec<Case> {
    let regenerated = |error| EndpointRegen {
        id: u64::MAX,
        labels: vec![text("a=b"), text("c")],
        error: text(error),
    };
    let policy = PolicyUpdate {
        labels: vec![text("a"), text("b")],
        revision: 42,
        rule_count: -1,
    };
    let unknown = Notification::Unknown {
        notify_type: 1,
        text: text("\"<hello>\n\""),
    };
    vec![
        (
            Type::Unknown,
            unknown,
            r#"{"unknown":{"type":"1","notification":"\"\u003chello\u003e\n\""}}"#,
            r#"AGENT_EVENT_UNKNOWN (type: 1, notification: "<hello>\n")"#,
        ),
        (
            Type::AgentStarted,
            Notification::AgentStart { time: Some(TIME) },
            r#"{"type":"AGENT_STARTED","agent_start":{"time":"2026-03-01T10:00:00.123456789Z"}}"#,
            "AGENT_STARTED (start time: Mar  1 10:00:00.123)",
        ),
        (
            Type::AgentStarted,
            Notification::AgentStart { time: None },
            r#"{"type":"AGENT_STARTED","agent_start":{}}"#,
            "AGENT_STARTED (start time: N/A)",
        ),
        (
            Type::PolicyUpdated,
            Notification::PolicyUpdate(policy),
            r#"{"type":"POLICY_UPDATED","policy_update":{"labels":["a","b"],"revision":"42","rule_count":"-1"}}"#,
            "POLICY_UPDATED (labels: [a,b], revision: 42, count: -1)",
        ),
        (
            Type::PolicyDeleted,
            Notification::PolicyUpdate(PolicyUpdate::default()),
            r#"{"type":"POLICY_DELETED","policy_update":{}}"#,
            "POLICY_DELETED (labels: [], revision: 0, count: 0)",
        ),
        (
            Type::EndpointRegenerateSuccess,
            Notification::EndpointRegenerate(regenerated("")),
            r#"{"type":"ENDPOINT_REGENERATE_SUCCESS","endpoint_regenerate":{"id":"18446744073709551615","labels":["a=b","c"]}}"#,
            "ENDPOINT_REGENERATE_SUCCESS (id: 18446744073709551615, labels: [a=b,c])",
        ),
        (
            Type::EndpointRegenerateFailure,
            Notification::EndpointRegenerate(regenerated("a & b")),
            r#"{"type":"ENDPOINT_REGENERATE_FAILURE","endpoint_regenerate":{"id":"18446744073709551615","labels":["a=b","c"],"error":"a \u0026 b"}}"#,
            "ENDPOINT_REGENERATE_FAILURE (id: 18446744073709551615, labels: [a=b,c], error: a & b)",
        ),
        (
            Type::EndpointCreated,
            Notification::EndpointUpdate(endpoint()),
            r#"{"type":"ENDPOINT_CREATED","endpoint_update":{"id":"312","labels":["k8s:app=cart"],"pod_name":"cart-7d9f6c5b8-x2x4z","namespace":"shop"}}"#,
            "ENDPOINT_CREATED (id: 312, namespace: shop, pod name: cart-7d9f6c5b8-x2x4z)",
        ),
        (
            Type::EndpointDeleted,
            Notification::EndpointUpdate(EndpointUpdate::default()),
            r#"{"type":"ENDPOINT_DELETED","endpoint_update":{}}"#,
            "ENDPOINT_DELETED (id: 0)",
        ),
    ]
}

/// Events about addresses and services.
fn cluster_cases() -> Vec<Case> {
    vec![
        (
            Type::IpCacheUpserted,
            Notification::IpCacheUpdate(ipcache()),
            r#"{"type":"IPCACHE_UPSERTED","ipcache_update":{"cidr":"10.0.2.20/32","identity":31337,"old_identity":0,"host_ip":"172.18.0.3","old_host_ip":"172.18.0.2","encrypt_key":3,"namespace":"default","pod_name":"server-0"}}"#,
            "IPCACHE_UPSERTED (cidr: 10.0.2.20/32, identity: 31337, old identity: 0, host ip: 172.18.0.3, \
             old host ip: 172.18.0.2, encrypt key: 3)",
        ),
        (
            Type::IpCacheDeleted,
            Notification::IpCacheUpdate(IpCache::default()),
            r#"{"type":"IPCACHE_DELETED","ipcache_update":{}}"#,
            "IPCACHE_DELETED (cidr: , identity: 0, encrypt key: 0)",
        ),
        (
            Type::ServiceUpserted,
            Notification::ServiceUpsert(service()),
            r#"{"type":"SERVICE_UPSERTED","service_upsert":{"id":7,"frontend_address":{"ip":"10.96.0.10","port":53},"backend_addresses":[{"ip":"10.0.2.20","port":53},{"ip":"fd00::2","port":53},{}],"type":"ClusterIP","traffic_policy":"Cluster","name":"kube-dns","namespace":"kube-system","ext_traffic_policy":"Cluster","int_traffic_policy":"Local"}}"#,
            "SERVICE_UPSERTED (id: 7, frontend: 10.96.0.10:53, backends: [10.0.2.20:53,[fd00::2]:53,:0], \
             type: ClusterIP, traffic policy: Cluster, namespace: kube-system, name: kube-dns)",
        ),
        (
            Type::ServiceUpserted,
            Notification::ServiceUpsert(ServiceUpsert::default()),
            r#"{"type":"SERVICE_UPSERTED","service_upsert":{"frontend_address":{}}}"#,
            "SERVICE_UPSERTED (id: 0, frontend: :0)",
        ),
        (
            Type::ServiceDeleted,
            Notification::ServiceDelete(ServiceDelete { id: 7 }),
            r#"{"type":"SERVICE_DELETED","service_delete":{"id":7}}"#,
            "SERVICE_DELETED (id: 7)",
        ),
    ]
}

#[test]
fn agent_events_are_written_as_hubble_writes_them() {
    for (event_type, notification, object, details) in
        agent_cases().into_iter().chain(cluster_cases())
    {
        let (json, compact) = agent_lines(event_type, notification);
        assert_eq!(
            json,
            format!(
                "{{\"agent_event\":{object},\"node_name\":\"node-a\",\"time\":\"2026-03-01T10:00:00Z\"}}\n"
            )
        );
        assert_eq!(compact, format!("Mar  1 10:00:00.000: {details}\n"));
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn debug_events_are_written_as_hubble_writes_them() {
    let event = DebugEvent {
        time: TIME,
        event_type: DebugEventType(15),
        source: 312,
        args: [1, 0, 0],
        cpu: 3,
        ..DebugEvent::default()
    };
    let number = DebugEvent {
        event_type: DebugEventType(200),
        hash: u32::MAX,
        cpu: -1,
        ..DebugEvent::default()
    };
    let mut lines = String::new();
    Json::new(NODE).push_debug_event(&mut lines, &event);
    Json::new(NODE).push_debug_event(&mut lines, &number);
    let names = EndpointNames {
        namespace: text("shop"),
        pod_name: text("cart-0"),
        ..EndpointNames::of_labels(vec![
            text("k8s:io.cilium.k8s.policy.cluster=east"),
            text("k8s:app=cart"),
        ])
    };
    let named = DebugEvent {
        source: 312,
        source_identity: 4021,
        source_names: Some(names.into()),
        ..number
    };
    Json::new(NODE).push_debug_event(&mut lines, &named);
    assert_eq!(
        lines,
        concat!(
            r#"{"debug_event":{"type":"DBG_CT_VERDICT","source":{"ID":312},"hash":0,"arg1":1,"arg2":0,"arg3":0,"message":"CT verdict: Established, revnat=0","cpu":3},"node_name":"node-a","time":"2026-03-01T10:00:00.123456789Z"}"#,
            "\n",
            r#"{"debug_event":{"type":200,"hash":4294967295,"arg1":0,"arg2":0,"arg3":0,"message":"Unknown message type=200 arg1=0 arg2=0","cpu":-1},"node_name":"node-a"}"#,
            "\n",
            r#"{"debug_event":{"type":200,"source":{"ID":312,"identity":4021,"cluster_name":"east","namespace":"shop","labels":["k8s:app=cart","k8s:io.cilium.k8s.policy.cluster=east"],"pod_name":"cart-0"},"hash":4294967295,"arg1":0,"arg2":0,"arg3":0,"message":"Unknown message type=200 arg1=0 arg2=0","cpu":-1},"node_name":"node-a"}"#,
            "\n",
        )
    );
}

/// Returns the flow of a socket's translation of `::`.
fn socket(sub_type: u8) -> Flow {
    Flow {
        time: TIME,
        flow_type: FlowType::Sock,
        message_type: message_type::TRACE_SOCK,
        sub_type,
        verdict: Verdict::Traced,
        ip: Some(Ip {
            version: IpVersion::V6,
            ..Ip::default()
        }),
        l4: L4::Udp {
            source_port: 0,
            destination_port: 53,
        },
        socket: Some(Box::new(Socket {
            cookie: u64::MAX,
            cgroup_id: 4242,
            keeps_mapped: false,
        })),
        ..Flow::default()
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a_socket_flow_has_only_the_address_of_its_peer() {
    let mapped = |ip, sub_type| {
        let keeps_mapped = Socket {
            keeps_mapped: true,
            ..Socket::default()
        };
        Flow {
            ip: Some(ip),
            socket: Some(Box::new(keeps_mapped)),
            ..socket(sub_type)
        }
    };
    let ip = Ip {
        source: Address::v4([10, 0, 0, 1]),
        destination: Address::v4([10, 0, 0, 2]),
        ..Ip::default()
    };
    for (flow, expected_json, expected_line) in [
        (
            socket(1),
            r#""IP":{"destination":"::","ipVersion":"IPv6"}"#,
            ":  (unknown) <> [::]:53 (unknown) pre-xlate-fwd TRACED (UDP)",
        ),
        (
            socket(3),
            r#""IP":{"source":"::","ipVersion":"IPv6"}"#,
            ": :: (unknown) <> :53 (unknown) pre-xlate-rev TRACED (UDP)",
        ),
        (
            Flow {
                ip: Some(ip),
                ..socket(2)
            },
            r#""IP":{"source":"10.0.0.1","destination":"10.0.0.2"}"#,
            ": 10.0.0.1 (unknown) <> 10.0.0.2:53 (unknown) post-xlate-fwd TRACED (UDP)",
        ),
        (
            mapped(
                Ip {
                    source: Address::default(),
                    ..ip
                },
                1,
            ),
            r#""IP":{"destination":"::ffff:10.0.0.2"}"#,
            ":  (unknown) <> [::ffff:10.0.0.2]:53 (unknown) pre-xlate-fwd TRACED (UDP)",
        ),
        (
            mapped(
                Ip {
                    destination: Address::default(),
                    ..ip
                },
                3,
            ),
            r#""IP":{"source":"::ffff:10.0.0.1"}"#,
            ": ::ffff:10.0.0.1 (unknown) <> :53 (unknown) pre-xlate-rev TRACED (UDP)",
        ),
    ] {
        let mut json = String::new();
        let mut line = String::new();
        Json::new(NODE).push_flow(&mut json, &flow);
        Compact::default().push_flow(&mut line, &flow);
        assert!(json.contains(expected_json), "{expected_json} in {json}");
        assert!(line.contains(expected_line), "{expected_line} in {line}");
    }
}

#[test]
fn a_socket_flow_has_its_cookie_and_cgroup_after_its_translation_point() {
    let mut json = String::new();
    Json::new(NODE).push_flow(&mut json, &socket(2));
    let expected = r#""sock_xlate_point":"SOCK_XLATE_POINT_POST_DIRECTION_FWD","socket_cookie":"18446744073709551615","cgroup_id":"4242","Summary":"UDP"}"#;
    assert!(json.contains(expected), "{json}");
}

#[test]
fn control_characters_of_agent_events_are_escaped() {
    let failed = EndpointRegen {
        error: text("\x1b[2J\nx"),
        ..EndpointRegen::default()
    };
    let (_, compact) = agent_lines(
        Type::EndpointRegenerateFailure,
        Notification::EndpointRegenerate(failed),
    );
    assert!(compact.ends_with("error: ^[[2J\\nx)\n"), "{compact}");
}
