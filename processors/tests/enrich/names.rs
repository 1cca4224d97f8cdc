//! Whom an address belongs to, and what a flow shows of it.

use std::sync::Arc;

use crate::support::{Enrich, NODE, OTHER_NODE, address, from, shown};
use tidegate_model::flow::{
    Direction, Endpoint, EndpointNames, Flow, FlowType, Generic, Ip, L7, L7Record, L7Type, Missing,
    Seen,
};
use tidegate_model::record::{AgentEventType, Notification};

const CART_LABELS: &str = "[k8s:app=cart,k8s:io.cilium.k8s.policy.cluster=east]";

#[test]
fn the_datapaths_identity_goes_before_the_address() {
    let mut enrich = Enrich::with_cart();
    enrich.upserted("10.0.2.9/32", 5000, "shop/web-0", OTHER_NODE);
    enrich.upserted("172.18.0.3/32", 6, "", "");
    enrich.upserted("192.0.2.0/24", 16_777_217, "", "");
    enrich.upserted("192.0.2.7/32", 16_777_218, "", "");
    enrich.upserted("0.0.0.0/0", 2, "", "");
    for (what, ip, identity, expected) in [
        (
            "an endpoint of this node",
            "10.0.1.5",
            0,
            format!("312/4242 east shop/cart-0 {CART_LABELS}"),
        ),
        (
            "whose identity is another by now",
            "10.0.1.5",
            77,
            format!("312/77 east shop/cart-0 {CART_LABELS}"),
        ),
        (
            "a pod of another node",
            "10.0.2.9",
            0,
            "0/5000 - shop/web-0 []".to_owned(),
        ),
        (
            "whose labels its identity tells",
            "10.0.2.9",
            4242,
            format!("0/4242 east shop/web-0 {CART_LABELS}"),
        ),
        (
            "a reserved identity at a pod's address",
            "10.0.2.9",
            1,
            "0/1 - shop/web-0 [reserved:host]".to_owned(),
        ),
        (
            "a node",
            "172.18.0.3",
            0,
            "0/6 - - [reserved:remote-node]".to_owned(),
        ),
        (
            "a node, seen as another",
            "172.18.0.3",
            2,
            "0/2 - - [reserved:world]".to_owned(),
        ),
        (
            "an address in a prefix",
            "192.0.2.8",
            0,
            "0/16777217 - - [cidr:192.0.2.0/24,reserved:world]".to_owned(),
        ),
        (
            "one that has its own entry",
            "192.0.2.7",
            0,
            "0/16777218 - - [cidr:192.0.2.7/32,reserved:world]".to_owned(),
        ),
        (
            "one of the rest of the world",
            "198.51.100.1",
            0,
            "0/2 - - [reserved:world]".to_owned(),
        ),
        (
            "one that nobody announced",
            "2001:db8::1",
            0,
            "0/0 - - [reserved:unknown]".to_owned(),
        ),
        (
            "one with an unknown identity",
            "2001:db8::1",
            999,
            "0/999 - - []".to_owned(),
        ),
    ] {
        assert_eq!(enrich.side(ip, identity), expected, "{what}");
    }
}

#[test]
fn both_sides_are_named_and_share_their_names_with_other_flows() {
    let mut enrich = Enrich::with_cart();
    enrich.upserted("fd00::9/128", 4242, "shop/cart-1", OTHER_NODE);
    let flow = || Flow {
        ip: Some(Ip {
            source: address("10.0.1.5"),
            destination: address("fd00::9"),
            ..Ip::default()
        }),
        flow_type: FlowType::L34,
        ..Flow::default()
    };
    let (one, other) = (enrich.pass(flow()), enrich.pass(flow()));
    assert_eq!(
        shown(&one.source),
        format!("312/4242 east shop/cart-0 {CART_LABELS}")
    );
    assert_eq!(
        shown(&one.destination),
        format!("0/4242 east shop/cart-1 {CART_LABELS}")
    );
    for (one, other) in [
        (one.source, other.source),
        (one.destination, other.destination),
    ] {
        assert!(Arc::ptr_eq(&one.names.unwrap(), &other.names.unwrap()));
    }
}

#[test]
fn what_is_deleted_is_unknown() {
    let mut enrich = Enrich::with_cart();
    enrich.upserted("192.0.2.0/24", 300, "", "");
    enrich.removed(312);
    assert_eq!(
        enrich.side("10.0.1.5", 0),
        format!("0/4242 east shop/cart-0 {CART_LABELS}"),
        "no endpoint"
    );
    enrich.deleted("10.0.1.5/32");
    enrich.deleted("192.0.2.0/24");
    assert_eq!(enrich.side("10.0.1.5", 0), "0/0 - - [reserved:unknown]");
    assert_eq!(enrich.side("192.0.2.1", 0), "0/0 - - [reserved:unknown]");
    assert_eq!(
        enrich.side("10.0.1.5", 4242),
        "0/4242 - - []",
        "nobody has the identity any more"
    );
    assert_eq!(enrich.entries(), [0, 0, 0]);
}

#[test]
fn an_address_that_another_pod_takes_over_is_its() {
    let mut enrich = Enrich::with_cart();
    enrich.created(313, "shop/web-0");
    enrich.upserted("10.0.1.5/32", 5000, "shop/web-0", NODE);
    assert_eq!(enrich.side("10.0.1.5", 0), "313/5000 - shop/web-0 []");
    enrich.created(314, "shop/web-0");
    enrich.removed(313);
    assert_eq!(
        enrich.side("10.0.1.5", 0),
        "314/5000 - shop/web-0 []",
        "the older endpoint of the pod went late"
    );
    enrich.upserted("10.0.1.5/32", 2, "", "");
    assert_eq!(enrich.side("10.0.1.5", 0), "0/2 - - [reserved:world]");
}

#[test]
fn a_pod_that_is_on_two_nodes_is_not_told_to_be_here() {
    let mut enrich = Enrich::with_cart();
    enrich.upserted("fd00::5/128", 4242, "shop/cart-0", "fc00::2");
    assert!(
        enrich.side("10.0.1.5", 0).starts_with("312/"),
        "an address of each family is one pod's"
    );
    enrich.upserted("10.9.1.5/32", 70_000, "shop/cart-0", "172.19.0.2");
    assert!(
        enrich
            .side("10.0.1.5", 0)
            .starts_with("0/4242 east shop/cart-0")
    );
    assert_eq!(
        enrich.side("10.9.1.5", 0),
        "0/70000 - shop/cart-0 []",
        "of another cluster"
    );
    enrich.deleted("10.9.1.5/32");
    assert!(enrich.side("10.0.1.5", 0).starts_with("312/"));
}

#[test]
fn the_node_of_an_endpoint_is_this_one() {
    let mut enrich = Enrich::with_cart();
    enrich.upserted("10.0.2.9/32", 5000, "shop/web-0", OTHER_NODE);
    enrich.upserted("0.0.0.0/0", 2, "", "");
    assert_eq!(enrich.side(NODE, 0), "0/1 - - [reserved:host]");
    assert_eq!(
        enrich.side(NODE, 6),
        "0/6 - - [reserved:remote-node]",
        "the datapath's identity goes before"
    );
    assert_eq!(
        enrich.side(OTHER_NODE, 0),
        "0/2 - - [reserved:world]",
        "it may have one of several identities"
    );
    enrich.upserted("172.18.0.2/32", 7, "", "");
    assert_eq!(
        enrich.side(NODE, 0),
        "0/7 - - [reserved:kube-apiserver,reserved:remote-node]",
        "it is announced"
    );

    let mut enrich = Enrich::new("{}");
    enrich.upserted("10.9.1.5/32", 70_000, "shop/cart-0", OTHER_NODE);
    enrich.created(312, "shop/cart-0");
    enrich.upserted("10.0.1.5/32", 4242, "shop/cart-0", NODE);
    for node in [NODE, OTHER_NODE] {
        assert_eq!(
            enrich.side(node, 0),
            "0/0 - - [reserved:unknown]",
            "the pod is on two nodes"
        );
    }
}

#[test]
fn a_restart_of_the_agent_leaves_the_names() {
    let mut enrich = Enrich::with_cart();
    enrich.announce(
        AgentEventType::AgentStarted,
        Notification::AgentStart { time: None },
    );
    assert!(
        enrich
            .side("10.0.1.5", 0)
            .starts_with("312/4242 east shop/cart-0")
    );
}

#[test]
fn a_flow_without_an_address_has_what_its_identity_tells() {
    let flow = Flow {
        ip: None,
        ..from("::", 4242)
    };
    assert_eq!(
        shown(&Enrich::with_cart().pass(flow).source),
        format!("0/4242 east - {CART_LABELS}")
    );
    let socket = Flow {
        flow_type: FlowType::Sock,
        sub_type: 1,
        ..from("::", 0)
    };
    assert_eq!(
        shown(&Enrich::with_cart().pass(socket).source),
        "0/0 - - [reserved:unknown]"
    );
}

#[test]
fn debug_events_name_the_endpoint_that_sent_them() {
    let mut enrich = Enrich::with_cart();
    let cart = format!("312/4242 east shop/cart-0 {CART_LABELS}");
    assert_eq!(enrich.reporter(312), cart);
    assert_eq!(enrich.reporter(312), cart, "again");
    assert_eq!(enrich.reporter(0), "", "none sent it");
    assert_eq!(enrich.reporter(99), "99/0 - - []", "an endpoint of before");
    enrich.upserted("10.0.1.5/32", 4343, "shop/cart-0", NODE);
    assert!(
        enrich.reporter(312).starts_with("312/4343 east"),
        "its identity is another"
    );
    enrich.upserted("fd00::5/128", 4242, "shop/cart-0", NODE);
    assert!(
        enrich.reporter(312).starts_with("312/0 east"),
        "it is about to change"
    );
    enrich.regenerated(312, &["k8s:app=web"]);
    assert_eq!(enrich.reporter(312), "312/0 - shop/cart-0 [k8s:app=web]");
    enrich.removed(312);
    assert_eq!(enrich.reporter(312), "312/0 - - []");
}

#[test]
fn an_endpoint_without_a_pod_is_known_by_its_reserved_label() {
    let mut enrich = Enrich::new("{}");
    for (id, labels, expected) in [
        (7, &["reserved:host"][..], "7/1 - - [reserved:host]"),
        (
            8,
            &["reserved:host", "k8s:zone=a"],
            "8/1 - - [k8s:zone=a,reserved:host]",
        ),
        (9, &["reserved:health"], "9/4 - - [reserved:health]"),
        (10, &["reserved:ingress"], "10/8 - - [reserved:ingress]"),
        (11, &["k8s:app=cart"], "11/0 - - []"),
        (12, &["reserved:init"], "12/0 - - []"),
        (13, &[], "13/0 - - []"),
    ] {
        enrich.regenerated(id, labels);
        assert_eq!(enrich.reporter(u16::try_from(id).unwrap()), expected);
    }
    enrich.removed(9);
    assert_eq!(enrich.reporter(9), "9/0 - - []");
    enrich.created(7, "shop/cart-0");
    assert_eq!(enrich.reporter(7), "7/0 - shop/cart-0 []");
    (100..200).for_each(|id| enrich.regenerated(id, &["reserved:host"]));
    assert_eq!(
        enrich.reporter(199),
        "199/0 - - []",
        "there are never so many"
    );
    assert_eq!(enrich.entries(), [0, 0, 1], "they are in no figure");
}

#[test]
fn the_direction_turns_round_where_the_source_reports() {
    let (unknown, ingress, egress) = (Direction::Unknown, Direction::Ingress, Direction::Egress);
    for (turned_by, told, expected) in [
        (312, ingress, egress),
        (312, egress, ingress),
        (312, unknown, unknown),
        (99, ingress, ingress),
        (99, egress, egress),
        (0, ingress, ingress),
    ] {
        let flow = Flow {
            turned_by,
            direction: told,
            ..from("10.0.1.5", 0)
        };
        assert_eq!(
            Enrich::with_cart().pass(flow).direction,
            expected,
            "{told:?} turned by {turned_by}"
        );
    }
    let of_no_endpoint = Flow {
        turned_by: 0,
        direction: ingress,
        ..from("10.0.9.9", 0)
    };
    assert_eq!(
        Enrich::with_cart().pass(of_no_endpoint).direction,
        ingress,
        "0 is nobody"
    );
}

#[test]
fn a_proxys_flow_gets_its_pods_and_one_from_the_wire_everything() {
    let record = Arc::new(EndpointNames::of_labels(vec![
        "k8s:app=recorded".to_owned(),
    ]));
    let flow = |ip, seen, names: Option<&Arc<EndpointNames>>| Flow {
        flow_type: FlowType::L7,
        source: Endpoint {
            id: 9,
            identity: 4300,
            names: names.cloned(),
        },
        l7: Some(Box::new(L7 {
            l7_type: L7Type::Request,
            latency_ns: 0,
            observed_latency: None,
            record: L7Record::Generic(Generic::default()),
            trace_id: None,
            seen,
            missing: Missing::NOTHING,
        })),
        ..from(ip, 0)
    };
    let mut enrich = Enrich::with_cart();
    enrich.upserted("10.0.2.9/32", 4300, "shop/web-0", OTHER_NODE);
    assert_eq!(enrich.side("10.0.2.9", 0), "0/4300 - shop/web-0 []");
    for (ip, seen, names, expected) in [
        (
            "10.0.1.5",
            Seen::Proxy,
            None,
            "9/4300 - shop/cart-0 []".to_owned(),
        ),
        (
            "10.0.1.5",
            Seen::Proxy,
            Some(&record),
            "9/4300 - shop/cart-0 [k8s:app=recorded]".to_owned(),
        ),
        (
            "10.7.7.7",
            Seen::Proxy,
            Some(&record),
            "9/4300 - - [k8s:app=recorded]".to_owned(),
        ),
        ("10.7.7.7", Seen::Proxy, None, "9/4300 - - []".to_owned()),
        (
            "10.0.1.5",
            Seen::Wire,
            None,
            format!("312/4300 east shop/cart-0 {CART_LABELS}"),
        ),
    ] {
        assert_eq!(
            shown(&enrich.pass(flow(ip, seen, names)).source),
            expected,
            "{ip} {seen:?}"
        );
    }
    assert_eq!(
        enrich.side("10.0.2.9", 0),
        "0/4300 - shop/web-0 [k8s:app=recorded]",
        "the record told the labels"
    );
}
