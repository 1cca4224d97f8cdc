//! Endpoints outside of the cluster and their identities.

use std::sync::Arc;

use serde::de::IntoDeserializer as _;
use tidegate_model::flow::{
    Endpoint, EndpointNames, Flow, FlowType, Generic, L7, L7Record, L7Type, MessageSource, Missing,
};
use tidegate_model::metric::Value;
use tidegate_model::record::{AgentEventType, Frame, Notification};
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Record, Timestamp};
use tidegate_processors::KINDS;
use tidegate_runtime::component::BuildContext;
use tidegate_runtime::stage::Processor;
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;
use tidegate_simulate::{Event, Options, Simulator};
use toml::de::ValueDeserializer;

use crate::support::{AS_HUBBLE, Enrich, from, shown};

#[test]
fn a_default_route_prefix_matches_addresses_without_another_prefix() {
    let mut enrich = Enrich::new(AS_HUBBLE);
    enrich.upserted("0.0.0.0/0", 9, "", "");
    assert_eq!(
        enrich.source("192.0.2.1", 0),
        "0/9 - - [reserved:world-ipv4]"
    );
    assert_eq!(
        enrich.source("2001:db8::1", 0),
        "0/0 - - [reserved:unknown]",
        "an IPv4 prefix does not match an IPv6 address"
    );
    enrich.upserted("::/0", 10, "", "");
    enrich.upserted("192.168.99.1/32", 1, "", "");
    for (ip, expected) in [
        ("192.0.2.1", "0/9 - - [reserved:world-ipv4]"),
        ("255.255.255.255", "0/9 - - [reserved:world-ipv4]"),
        ("0.0.0.0", "0/9 - - [reserved:world-ipv4]"),
        ("2001:db8::1", "0/10 - - [reserved:world-ipv6]"),
        ("ff02::16", "0/10 - - [reserved:world-ipv6]"),
        ("::", "0/10 - - [reserved:world-ipv6]"),
        ("::ffff:192.0.2.1", "0/9 - - [reserved:world-ipv4]"),
        ("192.168.99.1", "0/1 - - [reserved:host]"),
    ] {
        assert_eq!(enrich.source(ip, 0), expected, "{ip}");
    }
    enrich.deleted("0.0.0.0/0");
    assert_eq!(
        enrich.source("192.0.2.1", 0),
        "0/0 - - [reserved:unknown]",
        "an IPv6 prefix does not match an IPv4 address"
    );
}

#[test]
fn an_identity_of_a_prefix_has_labels_of_the_world() {
    let mut enrich = Enrich::new(AS_HUBBLE);
    assert_eq!(
        enrich.source("1.1.1.1", 16_777_217),
        "0/16777217 - - [reserved:world]",
        "no prefix is announced"
    );
    enrich.upserted("1.1.1.1/32", 16_777_217, "", "");
    enrich.upserted("fd00:99::/64", 16_777_218, "", "");
    assert_eq!(
        enrich.source("1.1.1.1", 16_777_217),
        "0/16777217 - - [cidr:1.1.1.1/32,reserved:world]"
    );
    assert_eq!(
        enrich.source("1.1.1.1", 0),
        "0/16777217 - - [cidr:1.1.1.1/32,reserved:world]"
    );
    assert_eq!(
        enrich.source("9.9.9.9", 9),
        "0/9 - - [reserved:world-ipv4]",
        "this shows that the cluster has both families"
    );
    assert_eq!(
        enrich.source("1.1.1.1", 0),
        "0/16777217 - - [cidr:1.1.1.1/32,reserved:world-ipv4]"
    );
    assert_eq!(
        enrich.source("fd00:99::1", 0),
        "0/16777218 - - [cidr:fd00-99--0/64,reserved:world-ipv6]"
    );
}

#[test]
fn a_prefix_can_change_its_identity() {
    let mut enrich = Enrich::new(AS_HUBBLE);
    enrich.upserted("1.1.1.1/32", 16_777_217, "", "");
    enrich.source("9.9.9.9", 9);
    enrich.upserted("1.1.1.1/32", 16_777_219, "", "");
    assert_eq!(
        enrich.source("1.1.1.1", 0),
        "0/16777219 - - [cidr:1.1.1.1/32,reserved:world-ipv4]"
    );
    assert_eq!(
        enrich.source("1.1.1.1", 16_777_217),
        "0/16777217 - - [reserved:world-ipv4]",
        "the prefix has another identity"
    );
    enrich.upserted("2.0.0.0/8", 16_777_219, "", "");
    assert_eq!(
        enrich.source("1.1.1.1", 0),
        "0/16777219 - - [reserved:world-ipv4]",
        "with several prefixes, it may belong to a domain name"
    );
    enrich.deleted("1.1.1.1/32");
    assert_eq!(
        enrich.source("2.2.2.2", 0),
        "0/16777219 - - [cidr:2.0.0.0/8,reserved:world-ipv4]"
    );
}

#[test]
fn other_nodes_have_at_least_the_label_of_a_remote_node() {
    let mut enrich = Enrich::new(AS_HUBBLE);
    assert_eq!(
        enrich.source("172.18.0.3", 33_554_433),
        "0/33554433 - - [reserved:remote-node]"
    );
    enrich.upserted("172.18.0.3/32", 33_554_433, "", "");
    assert_eq!(
        enrich.source("172.18.0.3", 0),
        "0/33554433 - - [reserved:remote-node]"
    );
    assert_eq!(
        enrich.source("172.18.0.4", 7),
        "0/7 - - [reserved:kube-apiserver,reserved:remote-node]"
    );
}

#[test]
fn a_pod_with_the_identity_of_a_prefix_shows_its_current_labels() {
    let mut enrich = Enrich::new(AS_HUBBLE);
    enrich.upserted("10.0.2.9/32", 5000, "shop/web-0", "");
    let source = |enrich: &mut Enrich| enrich.source("10.0.2.9", 16_777_217);
    assert_eq!(
        source(&mut enrich),
        "0/16777217 - shop/web-0 [reserved:world]"
    );
    enrich.upserted("192.0.2.0/24", 16_777_217, "", "");
    assert_eq!(
        source(&mut enrich),
        "0/16777217 - shop/web-0 [cidr:192.0.2.0/24,reserved:world]"
    );
    enrich.deleted("192.0.2.0/24");
    assert_eq!(
        source(&mut enrich),
        "0/16777217 - shop/web-0 [reserved:world]"
    );
}

/// A flow of a proxy's record.
fn recorded(ip: &str, identity: u32, labels: &[&str]) -> Flow {
    let names = EndpointNames::of_labels(labels.iter().map(|&label| label.to_owned()).collect());
    let l7 = L7 {
        l7_type: L7Type::Request,
        latency_ns: 0,
        observed_latency: None,
        record: L7Record::Generic(Generic::default()),
        trace_context: None,
        source: MessageSource::Proxy,
        missing: Missing::NOTHING,
    };
    let source = Endpoint {
        identity,
        names: Some(Arc::new(names)),
        ..Endpoint::default()
    };
    Flow {
        flow_type: FlowType::L7,
        source,
        l7: Some(Box::new(l7)),
        ..from(ip, identity)
    }
}

#[test]
fn a_record_keeps_its_labels_and_flows_of_the_datapath_show_the_most_specific_ones() {
    let mut enrich = Enrich::new(AS_HUBBLE);
    let all = [
        "cidr:0.0.0.0/0",
        "cidr:1.1.1.0/24",
        "cidr:1.1.1.1/32",
        "fqdn:one.test",
        "reserved:world-ipv4",
    ];
    let record = recorded("1.1.1.1", 16_777_217, &all);
    let unchanged = format!("0/16777217 - - [{}]", all.join(","));
    assert_eq!(shown(&enrich.pass(record.clone()).source), unchanged);
    assert_eq!(
        enrich.source("1.1.1.1", 16_777_217),
        "0/16777217 - - [reserved:world-ipv4]",
        "its prefix is not announced"
    );
    enrich.upserted("1.1.1.1/32", 16_777_217, "", "");
    assert_eq!(
        enrich.source("1.1.1.1", 0),
        "0/16777217 - - [cidr:1.1.1.1/32,reserved:world-ipv4]"
    );
    assert_eq!(shown(&enrich.pass(record).source), unchanged);
    let specific = "0/16777217 - - [cidr:1.1.1.1/32,fqdn:one.test,reserved:world-ipv4]";
    assert_eq!(enrich.source("1.1.1.1", 0), specific);
    enrich.stream = 1;
    enrich.announce(
        AgentEventType::AgentStarted,
        Notification::AgentStart { time: None },
    );
    enrich.upserted("1.1.1.1/32", 16_777_217, "", "");
    assert_eq!(
        enrich.source("1.1.1.1", 0),
        "0/16777217 - - [cidr:1.1.1.1/32,reserved:world-ipv4]",
        "the record was from another agent"
    );
}

#[test]
fn identities_allocated_by_an_agent_are_removed_with_its_connection() {
    let mut enrich = Enrich::with_cart();
    enrich.stream = 1;
    enrich.upserted("1.1.1.1/32", 16_777_217, "", "");
    enrich.upserted("192.0.2.0/24", 16_777_218, "", "");
    enrich.upserted("172.18.0.3/32", 33_554_433, "", "");
    enrich.upserted("198.51.100.0/24", 2, "", "");
    assert_eq!(enrich.entries(), [3, 2, 1]);
    enrich.stream = 2;
    enrich.upserted("8.8.8.8/32", 16_777_217, "", "");
    assert_eq!(enrich.entries(), [2, 1, 1]);
    assert_eq!(
        enrich.source("8.8.8.8", 0),
        "0/16777217 - - [cidr:8.8.8.8/32,reserved:world]"
    );
    assert_eq!(enrich.source("1.1.1.1", 0), "0/0 - - [reserved:unknown]");
    assert_eq!(enrich.source("198.51.100.1", 0), "0/2 - - [reserved:world]");
    assert!(
        enrich
            .source("10.0.1.5", 0)
            .starts_with("312/4242 east shop/cart-0"),
        "identities of the cluster stay"
    );
    enrich.announce(
        AgentEventType::AgentStarted,
        Notification::AgentStart { time: None },
    );
    assert_eq!(
        enrich.source("8.8.8.8", 0),
        "0/16777217 - - [cidr:8.8.8.8/32,reserved:world]",
        "announcements before the start notification are kept"
    );
}

/// The stages from frames to the metric, without messages found in packets, which Hubble does not
/// have.
const STAGES: [(&str, &str); 7] = [
    ("cilium_decode", "{}"),
    ("l34_flow", "{}"),
    ("sock_flow", "{}"),
    ("dns_flow", "{ wire = false }"),
    ("http_flow", "{ wire = false }"),
    ("cilium_enrich", "{}"),
    ("hubble_metrics", "{ metrics = ['flows-to-world'] }"),
];

/// The stages, with their default configurations except where [`STAGES`] sets a key.
fn stages() -> [Box<dyn Processor>; 7] {
    STAGES.map(|(name, config)| {
        let kind = KINDS.iter().find(|kind| kind.name == name).expect("a kind");
        let table = ValueDeserializer::parse(config).expect("a table");
        let config = (kind.parse)(table.into_deserializer()).expect("a configuration");
        let context = BuildContext {
            stage: StageId::processor(kind.name),
            node_name: "node-a".to_owned(),
            telemetry: Telemetry::default(),
            health: Default::default(),
            requests: Default::default(),
        };
        let stage = config.build(&context);
        stage.unwrap_or_else(|error| panic!("{error}"))
    })
}

/// The value of `hubble_flows_to_world_total` after `events` events of a simulated agent.
fn flows_to_world(options: Options, events: u64) -> f64 {
    let mut stages = stages();
    let mut simulator = Simulator::new(options);
    let mut tally = Tally::default();
    for _ in 0..events {
        let mut batch = Batch::new();
        if let Event::Sample { data, .. } = simulator.next_event() {
            let data = batch.push_bytes(&data);
            batch.push(Record::Frame(Frame {
                payload_type: 9,
                data,
                ..Frame::default()
            }));
        }
        for stage in &mut stages {
            stage.process(&mut batch, &mut tally);
        }
    }
    let mut points = Batch::new();
    let [.., metrics] = &mut stages;
    metrics.finish(Timestamp(1), &mut points);
    let counts = points.records().iter().filter_map(|record| match record {
        Record::Metric(point) if point.series.family.name == "hubble_flows_to_world_total" => {
            match point.value {
                Value::Counter(count) => Some(count),
                _ => None,
            }
        }
        _ => None,
    });
    counts.sum()
}

/// The expected numbers are from Hubble's own parser and metric handler (v1.19.4), given the same
/// streams and announcements. One in five addresses outside of the cluster has its own identity.
#[test]
fn flows_to_the_world_are_counted_like_in_hubble() {
    for (seed, count) in [(7, 2378.0), (5, 2414.0)] {
        let options = Options {
            seed,
            ..Options::default()
        };
        assert_eq!(flows_to_world(options, 20_000), count, "seed {seed}");
    }
}
