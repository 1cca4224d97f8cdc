//! When series end: their pod was deleted, or they have not changed for a while.

use tidegate_model::flow::{Direction, Endpoint, Flow, L7Type};
use tidegate_model::metric::{Point, Value};
use tidegate_model::record::{AgentEvent, AgentEventType, EndpointUpdate, IpCache, Notification};
use tidegate_model::{Batch, Record, Timestamp};
use tidegate_processors::hubble_metrics::Config;
use tidegate_runtime::config::NonZeroDuration;
use tidegate_runtime::stage::Processor;

use crate::support::{
    build, config, dropped, finish, http, line, pod, points, process, processor, take_over, totals,
};

const SECOND: u64 = 1_000_000_000;

fn tick(processor: &mut dyn Processor, second: u64) -> Vec<Point> {
    let mut out = Batch::new();
    processor.tick(Timestamp(second * SECOND), &mut out);
    points(&out)
}

/// The series that end at a tick, without the name of their family.
fn ended(processor: &mut dyn Processor, second: u64) -> Vec<String> {
    let points = tick(processor, second);
    let ended = points.iter().filter(|point| point.value == Value::Ended);
    let mut ended: Vec<_> = ended.map(line).collect();
    ended.sort();
    ended
}

fn announced(event_type: AgentEventType, notification: Notification) -> Record {
    Record::AgentEvent(Box::new(AgentEvent {
        time: Timestamp::default(),
        stream: 1,
        event_type,
        notification,
    }))
}

fn endpoint(event_type: AgentEventType, namespace: &str, pod: &str) -> Record {
    let update = EndpointUpdate {
        namespace: namespace.to_owned(),
        pod_name: pod.to_owned(),
        ..EndpointUpdate::default()
    };
    announced(event_type, Notification::EndpointUpdate(update))
}

fn address(event_type: AgentEventType, cidr: &str, namespace: &str, pod: &str) -> Record {
    let entry = IpCache {
        cidr: cidr.to_owned(),
        namespace: namespace.to_owned(),
        pod_name: pod.to_owned(),
        ..IpCache::default()
    };
    announced(event_type, Notification::IpCacheUpdate(entry))
}

fn deleted(pod: &str) -> Record {
    endpoint(AgentEventType::EndpointDeleted, "ns", pod)
}

fn between(source: Endpoint, destination: Endpoint) -> Record {
    Record::Flow(Flow {
        source,
        destination,
        direction: Direction::Egress,
        ..dropped(133)
    })
}

/// The series that end a minute after pod `a` of namespace `ns` was deleted.
fn ended_with(item: &str, flows: Vec<Record>) -> Vec<String> {
    let mut processor = processor(&[item]);
    tick(&mut *processor, 1_000);
    process(&mut *processor, flows);
    process(&mut *processor, vec![deleted("a")]);
    assert_eq!(ended(&mut *processor, 1_059), [""; 0], "{item}");
    ended(&mut *processor, 1_060)
}

/// Context options, and the labels of the series that end with pod `a`.
const CONTEXTS: &[(&str, &[&str])] = &[
    ("sourceContext=pod", &[r#"source="ns/a""#]),
    ("destinationContext=ip|pod", &[]),
    ("destinationEgressContext=pod", &[r#"destination="ns/a""#]),
    ("destinationIngressContext=pod", &[]),
    (
        "sourceContext=pod;destinationContext=pod",
        &[
            r#"source="ns/a",destination="ns/b""#,
            r#"source="ns/b",destination="ns/a""#,
        ],
    ),
    ("sourceContext=pod-name", &[]),
    ("labelsContext=source_pod", &[]),
    (
        "labelsContext=source_pod,source_namespace",
        &[r#"source_pod="a",source_namespace="ns""#],
    ),
    (
        "labelsContext=destination_namespace,destination_pod,traffic_direction",
        &[r#"destination_pod="a",destination_namespace="ns",traffic_direction="egress""#],
    ),
    (
        "labelsContext=source_app;sourceContext=namespace;destinationContext=pod",
        &[r#"source_app="",source="ns",destination="ns/a""#],
    ),
];

#[test]
fn series_of_a_deleted_pod_end_after_a_minute_in_any_context_that_names_pods() {
    let flows = || {
        vec![
            between(pod("ns", "a"), pod("ns", "b")),
            between(pod("other", "a"), pod("ns", "b")),
            between(pod("ns", "b"), pod("ns", "a")),
        ]
    };
    for (options, labels) in CONTEXTS {
        let expected: Vec<_> = labels
            .iter()
            .map(|labels| {
                let own = r#"reason="POLICY_DENIED",protocol="TCP""#;
                format!("hubble_drop_total{{{labels},{own}}} ended")
            })
            .collect();
        let item = format!("drop:{options}");
        assert_eq!(ended_with(&item, flows()), expected, "{options}");
    }
}

#[test]
fn requests_end_by_the_pod_that_their_labels_show() {
    let response = |source, destination| {
        Record::Flow(Flow {
            source,
            destination,
            ..http(L7Type::Response, 200)
        })
    };
    // The source of the series is the client, which is the destination of the response.
    let item = "httpV2:sourceContext=pod;destinationContext=pod;labelsContext=source_app";
    let flows = vec![
        response(pod("ns", "b"), pod("ns", "a")),
        response(pod("ns", "a"), pod("ns", "b")),
    ];
    let ended = ended_with(item, flows);
    let of = |source, destination, name: &str| {
        let is_of = |line: &&String| {
            line.starts_with(name)
                && line.contains(&format!(
                    "source=\"ns/{source}\",destination=\"ns/{destination}\""
                ))
        };
        ended.iter().filter(is_of).count()
    };
    for (source, destination) in [("a", "b"), ("b", "a")] {
        for name in ["hubble_http_requests_total", "hubble_http_request_duration"] {
            assert_eq!(of(source, destination, name), 1, "{name} {ended:?}");
        }
    }
    assert_eq!(ended.len(), 4);
}

#[test]
fn other_series_keep_their_values_and_a_series_that_returns_begins_anew() {
    let mut processor = processor(&["drop:sourceContext=pod"]);
    tick(&mut *processor, 1_000);
    let flows = || ["a", "b"].map(|name| between(pod("ns", name), pod("ns", "c")));
    process(&mut *processor, flows().into());
    process(&mut *processor, vec![deleted("a")]);
    assert_eq!(ended(&mut *processor, 1_060).len(), 1);
    process(&mut *processor, flows().into());
    let points = finish(&mut *processor);
    let values = totals(&points);
    let value = |pod: &str| {
        let own = r#"reason="POLICY_DENIED",protocol="TCP""#;
        values[&format!("hubble_drop_total{{source=\"ns/{pod}\",{own}}}")].clone()
    };
    assert_eq!((value("a"), value("b")), ("1".to_owned(), "2".to_owned()));
}

#[test]
fn a_pod_that_is_announced_again_keeps_its_series() {
    let again = [
        endpoint(AgentEventType::EndpointCreated, "ns", "a"),
        address(AgentEventType::IpCacheUpserted, "10.0.0.9/32", "ns", "a"),
    ];
    for again in again {
        let mut processor = processor(&["drop:sourceContext=pod"]);
        tick(&mut *processor, 1_000);
        process(
            &mut *processor,
            vec![between(pod("ns", "a"), pod("ns", "b")), deleted("a")],
        );
        tick(&mut *processor, 1_030);
        process(&mut *processor, vec![again]);
        assert_eq!(ended(&mut *processor, 2_000), [""; 0]);
        process(&mut *processor, vec![deleted("a")]);
        assert_eq!(ended(&mut *processor, 3_000).len(), 1);
    }
}

const UPSERTED: AgentEventType = AgentEventType::IpCacheUpserted;
const DELETED: AgentEventType = AgentEventType::IpCacheDeleted;
type Addresses = &'static [(AgentEventType, &'static str)];

/// What is announced of the addresses of a pod, and whether its series ends.
const ADDRESSES: &[(&str, Addresses, usize)] = &[
    ("deleted", &[(DELETED, "10.0.0.1/32")], 1),
    (
        "lived for less than a minute",
        &[(UPSERTED, "10.0.0.1/32"), (DELETED, "10.0.0.1/32")],
        1,
    ),
    (
        "has another address",
        &[(UPSERTED, "10.0.0.2/32"), (DELETED, "10.0.0.1/32")],
        0,
    ),
    (
        "both addresses are deleted",
        &[
            (UPSERTED, "10.0.0.1/32"),
            (UPSERTED, "fd00::1/128"),
            (DELETED, "10.0.0.1/32"),
            (DELETED, "fd00::1/128"),
        ],
        1,
    ),
];

#[test]
fn series_of_pods_of_other_nodes_end_with_their_last_address() {
    for (case, events, expected) in ADDRESSES {
        let mut processor = processor(&["drop:sourceContext=pod"]);
        tick(&mut *processor, 1_000);
        let mut records = vec![between(pod("ns", "a"), pod("ns", "b"))];
        records.extend(
            events
                .iter()
                .map(|(event_type, cidr)| address(*event_type, cidr, "ns", "a")),
        );
        process(&mut *processor, records);
        assert_eq!(ended(&mut *processor, 1_100).len(), *expected, "{case}");
    }
}

#[test]
fn a_reload_keeps_the_deletions() {
    let mut old = processor(&["drop:sourceContext=pod"]);
    tick(&mut *old, 1_000);
    process(
        &mut *old,
        vec![between(pod("ns", "a"), pod("ns", "b")), deleted("a")],
    );
    let mut new = processor(&["drop:sourceContext=pod"]);
    take_over(&mut *new, &mut *old);
    assert_eq!(ended(&mut *new, 1_060).len(), 1);
}

#[test]
fn more_deletions_than_are_remembered_end_series_early() {
    let mut processor = processor(&["drop:sourceContext=pod"]);
    tick(&mut *processor, 1_000);
    process(
        &mut *processor,
        vec![between(pod("ns", "a"), pod("ns", "b")), deleted("a")],
    );
    let others = (0..8_191).map(|n| deleted(&format!("p{n}"))).collect();
    process(&mut *processor, others);
    assert_eq!(ended(&mut *processor, 1_001), [""; 0]);
    process(&mut *processor, vec![deleted("q")]);
    assert_eq!(ended(&mut *processor, 1_002).len(), 1);
}

#[test]
fn deletions_are_due_at_once_after_the_clock_was_set_back() {
    let mut processor = processor(&["drop:sourceContext=pod"]);
    tick(&mut *processor, 10_000);
    process(
        &mut *processor,
        vec![between(pod("ns", "a"), pod("ns", "b")), deleted("a")],
    );
    assert_eq!(ended(&mut *processor, 5_000).len(), 1);
}

fn expiring(items: &[&str], seconds: u64, max_series: usize) -> Box<dyn Processor> {
    let config = Config {
        expire_after: Some(NonZeroDuration::from_millis(seconds * 1_000)),
        max_series: max_series.try_into().unwrap(),
        ..config(items)
    };
    build(&config).unwrap()
}

#[test]
fn idle_series_end_and_others_go_on() {
    let mut processor = expiring(&["drop"], 60, 10);
    tick(&mut *processor, 1_000);
    process(
        &mut *processor,
        vec![Record::Flow(dropped(133)), Record::Flow(dropped(187))],
    );
    assert_eq!(ended(&mut *processor, 1_030), [""; 0]);
    process(&mut *processor, vec![Record::Flow(dropped(187))]);
    assert_eq!(
        ended(&mut *processor, 1_061),
        [r#"hubble_drop_total{reason="POLICY_DENIED",protocol="TCP"} ended"#]
    );
    process(&mut *processor, vec![Record::Flow(dropped(187))]);
    let values = totals(&finish(&mut *processor));
    assert_eq!(
        values[r#"hubble_drop_total{reason="NAT46",protocol="TCP"}"#],
        "3"
    );
    assert!(
        !values.keys().any(|series| series.contains("POLICY_DENIED")),
        "{values:?}"
    );
}

#[test]
fn a_resend_does_not_prolong_series() {
    let mut processor = expiring(&["drop"], 60, 10);
    tick(&mut *processor, 1_000);
    process(&mut *processor, vec![Record::Flow(dropped(133))]);
    tick(&mut *processor, 1_001);
    processor.as_stateful().unwrap().resend();
    tick(&mut *processor, 1_050);
    assert_eq!(ended(&mut *processor, 1_062).len(), 1);
}

#[test]
fn lost_events_and_the_overflow_series_never_end() {
    let mut processor = expiring(&["drop"], 1, 1);
    tick(&mut *processor, 1_000);
    let flows = [133, 134, 135].map(|reason| Record::Flow(dropped(reason)));
    process(&mut *processor, flows.into());
    let ended: Vec<_> = (1_001..1_010)
        .flat_map(|second| ended(&mut *processor, second))
        .collect();
    assert_eq!(
        ended,
        [r#"hubble_drop_total{reason="POLICY_DENIED",protocol="TCP"} ended"#]
    );
}

/// A day of a cluster that starts and deletes pods all the time.
#[test]
fn churn_of_pods_never_fills_the_limit() {
    let mut processor = expiring(
        &[
            "drop:sourceContext=pod",
            "flow:labelsContext=source_pod,source_namespace",
        ],
        86_400,
        4_000,
    );
    let mut live = std::collections::VecDeque::new();
    let mut starts = 0;
    let mut ends = 0;
    for minute in 0..100 {
        ends += ended(&mut *processor, 10_000 + minute * 60).len();
        let mut records = Vec::new();
        for n in 0..1_000 {
            let name = format!("p{minute}-{n}");
            records.push(between(pod("ns", &name), pod("ns", "server")));
            live.push_back(name);
            starts += 2;
        }
        while live.len() > 2_000
            && let Some(gone) = live.pop_front()
        {
            records.push(deleted(&gone));
        }
        assert_eq!(process(&mut *processor, records), [], "minute {minute}");
        ends += ended(&mut *processor, 10_000 + minute * 60 + 30).len();
    }
    for second in 0..10 {
        ends += ended(&mut *processor, 20_000 + second).len();
    }
    assert_eq!(starts - ends, 2 * 2_000, "series of the live pods");
}
