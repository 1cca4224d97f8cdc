//! Recorded notifications of every type, and texts that no agent sends.

use crate::support::{NOON, TestChain, golden};
use tidegate_model::record::{
    AgentEvent, AgentEventType as Type, EndpointRegen, EndpointUpdate, IpCache, Notification,
    PolicyUpdate, ServiceAddress, ServiceDelete, ServiceUpsert,
};
use tidegate_model::{Record, Timestamp};
use tidegate_wire::agent_notify::{self, AgentNotify};
use tidegate_wire::gob::TypeId;

/// Returns the event of a notification, or the reason for which it was dropped.
fn outcome(data: &[u8]) -> Result<AgentEvent, &'static str> {
    let mut chain = TestChain::to_flows();
    match chain.run([data]).records() {
        [Record::AgentEvent(event)] => Ok(AgentEvent::clone(event)),
        [] => Err(chain.step(0).tally.drops()[0].0),
        other => panic!("unexpected {other:?}"),
    }
}

fn notification(kind: u32, text: &str) -> Result<(Type, Notification), &'static str> {
    let mut data = Vec::new();
    agent_notify::encode(
        &AgentNotify {
            kind,
            text: text.to_owned(),
        },
        TypeId(65),
        &mut data,
    );
    outcome(&data).map(|event| (event.event_type, event.notification))
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn labels() -> Vec<String> {
    vec![
        text("k8s:app=server"),
        text("k8s:io.kubernetes.pod.namespace=default"),
    ]
}

fn unknown(notify_type: u32, text: &str) -> (Type, Notification) {
    (
        Type::Unknown,
        Notification::Unknown {
            notify_type,
            text: text.to_owned(),
        },
    )
}

fn upserted() -> IpCache {
    IpCache {
        cidr: text("10.0.2.20/32"),
        identity: 31337,
        old_identity: Some(2),
        host_ip: text("172.18.0.3"),
        namespace: text("default"),
        pod_name: text("server-0"),
        ..IpCache::default()
    }
}

fn deleted() -> IpCache {
    IpCache {
        cidr: text("fd00:10:0:2::14/128"),
        identity: 31337,
        old_host_ip: text("fc00:c111::3"),
        encrypt_key: 3,
        ..IpCache::default()
    }
}

fn service() -> ServiceUpsert {
    let address = |ip| ServiceAddress {
        ip: text(ip),
        port: 53,
    };
    ServiceUpsert {
        id: 7,
        frontend_address: address("10.96.0.10"),
        backend_addresses: vec![address("10.0.2.20")],
        service_type: text("ClusterIP"),
        traffic_policy: text("Cluster"),
        ext_traffic_policy: text("Cluster"),
        int_traffic_policy: text("Cluster"),
        name: text("kube-dns"),
        namespace: text("kube-system"),
    }
}

/// The golden files and their events, in the order of Cilium's type numbers.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn expected() -> Vec<(&'static str, (Type, Notification))> {
    let regenerated = |error: &str| {
        Notification::EndpointRegenerate(EndpointRegen {
            id: 567,
            labels: labels(),
            error: error.to_owned(),
        })
    };
    let endpoint = || {
        Notification::EndpointUpdate(EndpointUpdate {
            id: 567,
            labels: labels(),
            pod_name: text("server-0"),
            namespace: text("default"),
            error: text(""),
        })
    };
    let policy = |labels, revision, rule_count| {
        Notification::PolicyUpdate(PolicyUpdate {
            labels,
            revision,
            rule_count,
        })
    };
    let started = Notification::AgentStart {
        time: Some(Timestamp(1_774_634_680_123_456_789)),
    };
    vec![
        ("agent-01-generic.id65", unknown(1, "\"hello\"")),
        ("agent-02-start.id64", (Type::AgentStarted, started.clone())),
        ("agent-02-start.id65", (Type::AgentStarted, started)),
        (
            "agent-03-regen-ok.id65",
            (Type::EndpointRegenerateSuccess, regenerated("")),
        ),
        ("agent-04-regen-fail.id65", {
            (
                Type::EndpointRegenerateFailure,
                regenerated("unable to <compile> & load"),
            )
        }),
        ("agent-05-policy-updated.id65", {
            (
                Type::PolicyUpdated,
                policy(vec![text("k8s:io.cilium.k8s.policy.name=allow-web")], 42, 1),
            )
        }),
        (
            "agent-06-policy-deleted.id65",
            (Type::PolicyDeleted, policy(Vec::new(), 43, 0)),
        ),
        (
            "agent-07-endpoint-created.id65",
            (Type::EndpointCreated, endpoint()),
        ),
        (
            "agent-08-endpoint-deleted.id65",
            (Type::EndpointDeleted, endpoint()),
        ),
        (
            "agent-09-ipcache-upserted.id65",
            (
                Type::IpCacheUpserted,
                Notification::IpCacheUpdate(upserted()),
            ),
        ),
        (
            "agent-10-ipcache-deleted.id65",
            (Type::IpCacheDeleted, Notification::IpCacheUpdate(deleted())),
        ),
        (
            "agent-11-service-upserted.id65",
            (
                Type::ServiceUpserted,
                Notification::ServiceUpsert(service()),
            ),
        ),
        ("agent-12-service-deleted.id65", {
            (
                Type::ServiceDeleted,
                Notification::ServiceDelete(ServiceDelete { id: 7 }),
            )
        }),
    ]
}

#[test]
fn each_notification_becomes_the_event_that_hubble_makes() {
    let recorded = golden("agent");
    let expected = expected();
    assert_eq!(recorded.len(), expected.len());
    for ((name, data), (expected_name, (event_type, notification))) in
        recorded.into_iter().zip(expected)
    {
        assert_eq!(name, expected_name);
        assert_eq!(
            outcome(&data),
            Ok(AgentEvent {
                time: NOON,
                stream: 0,
                event_type,
                notification
            }),
            "{name}"
        );
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn fields_may_be_absent_null_unknown_and_in_any_order() {
    let upserted = r#"{
        "x": [{}],
        "backend-addresses": null,
        "traffic-policy": "Local",
        "frontend-address": {"ip": "", "port": 0},
        "id": 7
    }"#;
    let service = ServiceUpsert {
        id: 7,
        traffic_policy: text("Local"),
        ..ServiceUpsert::default()
    };
    let empty = Notification::PolicyUpdate(PolicyUpdate::default());
    let old = IpCache {
        old_identity: Some(0),
        ..IpCache::default()
    };
    for (kind, text, expected) in [
        (5, "{}", (Type::PolicyUpdated, empty.clone())),
        (
            5,
            r#" {"labels":null , "later":{"a":[1.5e3]}}"#,
            (Type::PolicyUpdated, empty),
        ),
        (
            9,
            r#"{"old-id":0}"#,
            (Type::IpCacheUpserted, Notification::IpCacheUpdate(old)),
        ),
        (
            10,
            r#"{"old-id":null}"#,
            (
                Type::IpCacheDeleted,
                Notification::IpCacheUpdate(IpCache::default()),
            ),
        ),
        (
            11,
            upserted,
            (Type::ServiceUpserted, Notification::ServiceUpsert(service)),
        ),
    ] {
        assert_eq!(notification(kind, text), Ok(expected), "{text}");
    }
}

#[test]
fn a_start_with_an_invalid_time_has_no_time() {
    let at = |nanoseconds| Some(Timestamp(nanoseconds));
    for (text, time) in [
        (
            r#"{"time":"2026-03-01T11:00:00+01:00"}"#,
            at(1_772_359_200_000_000_000),
        ),
        (r#"{"time":"yesterday"}"#, None),
        (r#"{"time":"1969-12-31T23:59:59Z"}"#, None),
        (r#"{"time":"9999-12-31T23:59:59Z"}"#, None),
        ("{}", None),
    ] {
        assert_eq!(
            notification(2, text),
            Ok((Type::AgentStarted, Notification::AgentStart { time })),
            "{text}"
        );
    }
}

#[test]
fn a_text_that_does_not_fit_its_type_is_unknown() {
    for (kind, text) in [
        (0, "null"),
        (13, r#"{"id":1}"#),
        (u32::MAX, "not even JSON"),
        (2, "\"hello\""),
        (3, r#"{"id":-1}"#),
        (9, r#"{"encrypt-key":256}"#),
        (12, "7"),
    ] {
        assert_eq!(
            notification(kind, text),
            Ok(unknown(kind, text)),
            "{kind} {text}"
        );
    }
}

#[test]
fn a_malformed_notification_is_dropped_with_a_reason() {
    for text in ["", "{", r#"{"id":1"#, r#"{"id":1}}"#, "{id:1}"] {
        assert_eq!(
            notification(3, text),
            Err("agent_notify_bad_text"),
            "{text}"
        );
    }
    let [.., (_, data)] = &golden("agent")[..] else {
        panic!("no vectors")
    };
    assert_eq!(outcome(&data[..data.len() - 1]), Err("gob_missing_value"));
}
