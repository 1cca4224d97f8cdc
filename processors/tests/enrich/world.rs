//! Who is outside of the cluster, and by which identity.

use std::sync::Arc;

use serde::de::IntoDeserializer as _;
use tidegate_model::flow::{
    Endpoint, EndpointNames, Flow, FlowType, Generic, L7, L7Record, L7Type, Missing, Seen,
};
use tidegate_model::metric::Value;
use tidegate_model::record::{AgentEventType, Frame, Notification};
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Record, Timestamp};
use tidegate_processors::KINDS;
use tidegate_runtime::component::BuildContext;
use tidegate_runtime::stage::Processor;
use tidegate_runtime::telemetry::Telemetry;
use tidegate_simulate::{Event, Options, Simulator};
use toml::de::ValueDeserializer;

use crate::support::{Enrich, from, shown};

#[test]
fn everything_is_the_longest_prefix_of_what_has_no_other() {
    let mut enrich = Enrich::new("{}");
    enrich.upserted("0.0.0.0/0", 9, "", "");
    assert_eq!(enrich.side("192.0.2.1", 0), "0/9 - - [reserved:world-ipv4]");
    assert_eq!(
        enrich.side("2001:db8::1", 0),
        "0/0 - - [reserved:unknown]",
        "that is no prefix of IPv6"
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
        assert_eq!(enrich.side(ip, 0), expected, "{ip}");
    }
    enrich.deleted("0.0.0.0/0");
    assert_eq!(
        enrich.side("192.0.2.1", 0),
        "0/0 - - [reserved:unknown]",
        "an IPv6 prefix is none of IPv4"
    );
}

#[test]
fn an_identity_of_a_prefix_is_of_the_world() {
    let mut enrich = Enrich::new("{}");
    assert_eq!(
        enrich.side("1.1.1.1", 16_777_217),
        "0/16777217 - - [reserved:world]",
        "it is announced for no prefix"
    );
    enrich.upserted("1.1.1.1/32", 16_777_217, "", "");
    enrich.upserted("fd00:99::/64", 16_777_218, "", "");
    assert_eq!(
        enrich.side("1.1.1.1", 16_777_217),
        "0/16777217 - - [cidr:1.1.1.1/32,reserved:world]"
    );
    assert_eq!(
        enrich.side("1.1.1.1", 0),
        "0/16777217 - - [cidr:1.1.1.1/32,reserved:world]"
    );
    assert_eq!(
        enrich.side("9.9.9.9", 9),
        "0/9 - - [reserved:world-ipv4]",
        "so there are two families"
    );
    assert_eq!(
        enrich.side("1.1.1.1", 0),
        "0/16777217 - - [cidr:1.1.1.1/32,reserved:world-ipv4]"
    );
    assert_eq!(
        enrich.side("fd00:99::1", 0),
        "0/16777218 - - [cidr:fd00-99--0/64,reserved:world-ipv6]"
    );
    enrich.upserted("1.1.1.1/32", 16_777_219, "", "");
    assert_eq!(
        enrich.side("1.1.1.1", 0),
        "0/16777219 - - [cidr:1.1.1.1/32,reserved:world-ipv4]"
    );
    assert_eq!(
        enrich.side("1.1.1.1", 16_777_217),
        "0/16777217 - - [reserved:world-ipv4]",
        "it has no prefix any more"
    );
    enrich.upserted("2.0.0.0/8", 16_777_219, "", "");
    assert_eq!(
        enrich.side("1.1.1.1", 0),
        "0/16777219 - - [reserved:world-ipv4]",
        "an identity of a name"
    );
    enrich.deleted("1.1.1.1/32");
    assert_eq!(
        enrich.side("2.2.2.2", 0),
        "0/16777219 - - [cidr:2.0.0.0/8,reserved:world-ipv4]"
    );
}

#[test]
fn other_nodes_are_nodes_whatever_else_they_are() {
    let mut enrich = Enrich::new("{}");
    assert_eq!(
        enrich.side("172.18.0.3", 33_554_433),
        "0/33554433 - - [reserved:remote-node]"
    );
    enrich.upserted("172.18.0.3/32", 33_554_433, "", "");
    assert_eq!(
        enrich.side("172.18.0.3", 0),
        "0/33554433 - - [reserved:remote-node]"
    );
    assert_eq!(
        enrich.side("172.18.0.4", 7),
        "0/7 - - [reserved:kube-apiserver,reserved:remote-node]"
    );
}

#[test]
fn a_pods_address_with_the_identity_of_a_prefix_follows_its_announcements() {
    let mut enrich = Enrich::new("{}");
    enrich.upserted("10.0.2.9/32", 5000, "shop/web-0", "");
    let side = |enrich: &mut Enrich| enrich.side("10.0.2.9", 16_777_217);
    assert_eq!(
        side(&mut enrich),
        "0/16777217 - shop/web-0 [reserved:world]"
    );
    enrich.upserted("192.0.2.0/24", 16_777_217, "", "");
    assert_eq!(
        side(&mut enrich),
        "0/16777217 - shop/web-0 [cidr:192.0.2.0/24,reserved:world]"
    );
    enrich.deleted("192.0.2.0/24");
    assert_eq!(
        side(&mut enrich),
        "0/16777217 - shop/web-0 [reserved:world]"
    );
}

/// A record of a proxy about the identity.
fn recorded(ip: &str, identity: u32, labels: &[&str]) -> Flow {
    let names = EndpointNames::of_labels(labels.iter().map(|&label| label.to_owned()).collect());
    let l7 = L7 {
        l7_type: L7Type::Request,
        latency_ns: 0,
        observed_latency: None,
        record: L7Record::Generic(Generic::default()),
        trace_id: None,
        seen: Seen::Proxy,
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
fn a_record_keeps_its_labels_and_flows_of_the_datapath_show_the_most_specific() {
    let mut enrich = Enrich::new("{}");
    let all = [
        "cidr:0.0.0.0/0",
        "cidr:1.1.1.0/24",
        "cidr:1.1.1.1/32",
        "fqdn:one.test",
        "reserved:world-ipv4",
    ];
    let record = recorded("1.1.1.1", 16_777_217, &all);
    let own = format!("0/16777217 - - [{}]", all.join(","));
    assert_eq!(shown(&enrich.pass(record.clone()).source), own);
    assert_eq!(
        enrich.side("1.1.1.1", 16_777_217),
        "0/16777217 - - [reserved:world-ipv4]",
        "it is not announced"
    );
    enrich.upserted("1.1.1.1/32", 16_777_217, "", "");
    assert_eq!(
        enrich.side("1.1.1.1", 0),
        "0/16777217 - - [cidr:1.1.1.1/32,reserved:world-ipv4]"
    );
    assert_eq!(shown(&enrich.pass(record).source), own);
    let known = "0/16777217 - - [cidr:1.1.1.1/32,fqdn:one.test,reserved:world-ipv4]";
    assert_eq!(enrich.side("1.1.1.1", 0), known);
    enrich.stream = 1;
    enrich.announce(
        AgentEventType::AgentStarted,
        Notification::AgentStart { time: None },
    );
    enrich.upserted("1.1.1.1/32", 16_777_217, "", "");
    assert_eq!(
        enrich.side("1.1.1.1", 0),
        "0/16777217 - - [cidr:1.1.1.1/32,reserved:world-ipv4]",
        "of another agent"
    );
}

#[test]
fn identities_that_an_agent_gave_out_go_with_it() {
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
        enrich.side("8.8.8.8", 0),
        "0/16777217 - - [cidr:8.8.8.8/32,reserved:world]"
    );
    assert_eq!(enrich.side("1.1.1.1", 0), "0/0 - - [reserved:unknown]");
    assert_eq!(enrich.side("198.51.100.1", 0), "0/2 - - [reserved:world]");
    assert!(
        enrich
            .side("10.0.1.5", 0)
            .starts_with("312/4242 east shop/cart-0"),
        "the cluster's stay"
    );
    enrich.announce(
        AgentEventType::AgentStarted,
        Notification::AgentStart { time: None },
    );
    assert_eq!(
        enrich.side("8.8.8.8", 0),
        "0/16777217 - - [cidr:8.8.8.8/32,reserved:world]",
        "it was before it said so"
    );
}

/// From frames to the metric, without messages that are found on the wire, which Hubble does not
/// look for.
const STAGES: [(&str, &str); 7] = [
    ("cilium_decode", "{}"),
    ("l34_flow", "{}"),
    ("sock_flow", "{}"),
    ("dns_flow", "{ wire = false }"),
    ("http_flow", "{ wire = false }"),
    ("cilium_enrich", "{}"),
    ("hubble_metrics", "{ metrics = ['flows-to-world'] }"),
];

/// What `hubble_flows_to_world_total` is after so many events of a simulated agent.
fn flows_to_world(options: Options, events: u64) -> String {
    let mut chain = STAGES.map(|(kind, config)| {
        let kind = KINDS
            .iter()
            .find(|known| known.name == kind)
            .expect("a kind");
        let config = (kind.parse)(
            ValueDeserializer::parse(config)
                .expect("a table")
                .into_deserializer(),
        );
        let context = BuildContext {
            stage: format!("processors.{}", kind.name),
            node_name: "node-a".to_owned(),
            telemetry: Telemetry::default(),
            health: Default::default(),
        };
        config
            .expect("a configuration")
            .build(&context)
            .unwrap_or_else(|error| panic!("{error}"))
    });
    let (mut simulator, mut tally) = (Simulator::new(options), Tally::default());
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
        chain
            .iter_mut()
            .for_each(|stage: &mut Box<dyn Processor>| stage.process(&mut batch, &mut tally));
    }
    let mut points = Batch::new();
    chain
        .last_mut()
        .expect("the metric")
        .finish(Timestamp(1), &mut points);
    let counts = points.records().iter().filter_map(|record| match record {
        Record::Metric(point) if point.series.family.name == "hubble_flows_to_world_total" => {
            Some(&point.value)
        }
        _ => None,
    });
    counts
        .map(|value| {
            if let Value::Counter(count) = value {
                *count
            } else {
                0.0
            }
        })
        .sum::<f64>()
        .to_string()
}

/// The figures are those of Hubble's own parser and handler (v1.19.4), which took the same streams,
/// and its getters the same announcements. One in five addresses outside has an identity of its
/// own.
#[test]
fn as_many_flows_go_to_the_world_as_hubble_counts() {
    for (seed, count) in [(7, "2378"), (5, "2414")] {
        assert_eq!(
            flows_to_world(
                Options {
                    seed,
                    ..Options::default()
                },
                20_000
            ),
            count,
            "seed {seed}"
        );
    }
}
