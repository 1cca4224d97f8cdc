//! What flows show of an address: endpoint, identity, pod and labels.

use std::sync::Arc;

use crate::support::{AS_HUBBLE, CART, Enrich, NODE, OTHER_NODE, address, from, shown};
use tidegate_model::flow::{
    Direction, Endpoint, EndpointNames, Flow, FlowType, Generic, Ip, L7, L7Record, L7Type,
    MessageSource, Missing,
};
use tidegate_model::names::{AddressName, EndpointName, IdentityName, NamesContent};
use tidegate_model::record::{AgentEventType, Notification};

const CART_LABELS: &str = "[k8s:app=cart,k8s:io.cilium.k8s.policy.cluster=east]";

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn the_identity_of_the_datapath_takes_precedence_over_that_of_the_address() {
    let mut enrich = Enrich::with_cart();
    enrich.upserted("10.0.2.9/32", 5000, "shop/web-0", OTHER_NODE);
    enrich.upserted("172.18.0.3/32", 6, "", "");
    enrich.upserted("192.0.2.0/24", 16_777_217, "", "");
    enrich.upserted("192.0.2.7/32", 16_777_218, "", "");
    enrich.upserted("0.0.0.0/0", 2, "", "");
    for (case, ip, identity, expected) in [
        (
            "an endpoint of this node",
            "10.0.1.5",
            0,
            format!("312/4242 east shop/cart-0 {CART_LABELS}"),
        ),
        (
            "an endpoint of this node with another identity",
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
            "a pod of another node with a known identity",
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
            "a node with the identity of the world",
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
            "an address with its own entry",
            "192.0.2.7",
            0,
            "0/16777218 - - [cidr:192.0.2.7/32,reserved:world]".to_owned(),
        ),
        (
            "an address in the default route",
            "198.51.100.1",
            0,
            "0/2 - - [reserved:world]".to_owned(),
        ),
        (
            "an address without an announcement",
            "2001:db8::1",
            0,
            "0/0 - - [reserved:unknown]".to_owned(),
        ),
        (
            "an unknown address with an unknown identity",
            "2001:db8::1",
            999,
            "0/999 - - []".to_owned(),
        ),
    ] {
        assert_eq!(enrich.source(ip, identity), expected, "{case}");
    }
}

#[test]
fn both_endpoints_are_named_and_share_their_names_with_other_flows() {
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
    let one = enrich.pass(flow());
    let other = enrich.pass(flow());
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
fn deleted_addresses_prefixes_and_endpoints_are_unknown() {
    let mut enrich = Enrich::with_cart();
    enrich.upserted("192.0.2.0/24", 300, "", "");
    enrich.removed(312);
    assert_eq!(
        enrich.source("10.0.1.5", 0),
        format!("0/4242 east shop/cart-0 {CART_LABELS}"),
        "the endpoint is deleted"
    );
    enrich.deleted("10.0.1.5/32");
    enrich.deleted("192.0.2.0/24");
    assert_eq!(enrich.source("10.0.1.5", 0), "0/0 - - [reserved:unknown]");
    assert_eq!(enrich.source("192.0.2.1", 0), "0/0 - - [reserved:unknown]");
    assert_eq!(
        enrich.source("10.0.1.5", 4242),
        "0/4242 - - []",
        "no address has the identity any more"
    );
    assert_eq!(enrich.entries(), [0, 0, 0]);
}

#[test]
fn an_address_can_move_to_another_pod() {
    let mut enrich = Enrich::with_cart();
    enrich.created(313, "shop/web-0");
    enrich.upserted("10.0.1.5/32", 5000, "shop/web-0", NODE);
    assert_eq!(enrich.source("10.0.1.5", 0), "313/5000 - shop/web-0 []");
    enrich.created(314, "shop/web-0");
    enrich.removed(313);
    assert_eq!(
        enrich.source("10.0.1.5", 0),
        "314/5000 - shop/web-0 []",
        "the older endpoint of the pod is deleted after the newer one is created"
    );
    enrich.upserted("10.0.1.5/32", 2, "", "");
    assert_eq!(enrich.source("10.0.1.5", 0), "0/2 - - [reserved:world]");
}

#[test]
fn a_pod_name_on_two_nodes_has_no_endpoint_on_this_node() {
    let mut enrich = Enrich::with_cart();
    enrich.upserted("fd00::5/128", 4242, "shop/cart-0", "fc00::2");
    assert!(
        enrich.source("10.0.1.5", 0).starts_with("312/"),
        "one pod can have an address of each family"
    );
    enrich.upserted("10.9.1.5/32", 70_000, "shop/cart-0", "172.19.0.2");
    assert!(
        enrich
            .source("10.0.1.5", 0)
            .starts_with("0/4242 east shop/cart-0")
    );
    assert_eq!(
        enrich.source("10.9.1.5", 0),
        "0/70000 - shop/cart-0 []",
        "the pod of another cluster"
    );
    enrich.deleted("10.9.1.5/32");
    assert!(enrich.source("10.0.1.5", 0).starts_with("312/"));
}

#[test]
fn the_node_address_of_a_local_pod_has_the_identity_of_the_host() {
    let mut enrich = Enrich::with_cart();
    enrich.upserted("10.0.2.9/32", 5000, "shop/web-0", OTHER_NODE);
    enrich.upserted("0.0.0.0/0", 2, "", "");
    assert_eq!(enrich.source(NODE, 0), "0/1 - - [reserved:host]");
    assert_eq!(
        enrich.source(NODE, 6),
        "0/6 - - [reserved:remote-node]",
        "the identity of the datapath takes precedence"
    );
    assert_eq!(
        enrich.source(OTHER_NODE, 0),
        "0/2 - - [reserved:world]",
        "another node can have one of several identities"
    );
    enrich.upserted("172.18.0.2/32", 7, "", "");
    assert_eq!(
        enrich.source(NODE, 0),
        "0/7 - - [reserved:kube-apiserver,reserved:remote-node]",
        "an announced identity takes precedence"
    );

    let mut enrich = Enrich::new(AS_HUBBLE);
    enrich.upserted("10.9.1.5/32", 70_000, "shop/cart-0", OTHER_NODE);
    enrich.created(312, "shop/cart-0");
    enrich.upserted("10.0.1.5/32", 4242, "shop/cart-0", NODE);
    for node in [NODE, OTHER_NODE] {
        assert_eq!(
            enrich.source(node, 0),
            "0/0 - - [reserved:unknown]",
            "the pod is on two nodes"
        );
    }
}

#[test]
fn names_are_kept_when_the_agent_restarts() {
    let mut enrich = Enrich::with_cart();
    enrich.announce(
        AgentEventType::AgentStarted,
        Notification::AgentStart { time: None },
    );
    assert!(
        enrich
            .source("10.0.1.5", 0)
            .starts_with("312/4242 east shop/cart-0")
    );
}

#[test]
fn pods_that_the_agents_api_lists_are_named_before_any_announcement() {
    let mut enrich = Enrich::new(AS_HUBBLE);
    let text = |text: &str| text.to_owned();
    enrich.absorb(NamesContent::Identities(vec![IdentityName {
        identity: 4242,
        labels: CART.map(str::to_owned).to_vec(),
    }]));
    enrich.absorb(NamesContent::Addresses(vec![
        address_name("10.0.1.5", 4242, "cart-0", NODE),
        address_name("10.0.9.9", 4242, "cart-1", OTHER_NODE),
    ]));
    enrich.absorb(NamesContent::Endpoints(vec![EndpointName {
        id: 312,
        identity: 4242,
        labels: CART.map(str::to_owned).to_vec(),
        namespace: text("shop"),
        pod_name: text("cart-0"),
        addresses: vec![address("10.0.1.5")],
        ..EndpointName::default()
    }]));
    assert_eq!(
        enrich.source("10.0.1.5", 0),
        format!("312/4242 east shop/cart-0 {CART_LABELS}")
    );
    assert_eq!(
        enrich.source("10.0.9.9", 0),
        format!("0/4242 east shop/cart-1 {CART_LABELS}")
    );
}

fn address_name(ip: &str, identity: u32, pod: &str, node: &str) -> AddressName {
    AddressName {
        address: address(ip),
        prefix_len: 32,
        identity,
        node: Some(address(node)),
        namespace: "shop".to_owned(),
        pod_name: pod.to_owned(),
    }
}

#[test]
fn a_flow_without_an_address_has_the_labels_of_its_identity() {
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
fn the_direction_is_reversed_if_the_source_is_the_reporting_endpoint() {
    let unknown = Direction::Unknown;
    let ingress = Direction::Ingress;
    let egress = Direction::Egress;
    for (reversing_endpoint, direction, expected) in [
        (312, ingress, egress),
        (312, egress, ingress),
        (312, unknown, unknown),
        (99, ingress, ingress),
        (99, egress, egress),
        (0, ingress, ingress),
    ] {
        let flow = Flow {
            reversing_endpoint,
            direction,
            ..from("10.0.1.5", 0)
        };
        assert_eq!(
            Enrich::with_cart().pass(flow).direction,
            expected,
            "{direction:?} with {reversing_endpoint}"
        );
    }
    let of_no_endpoint = Flow {
        reversing_endpoint: 0,
        direction: ingress,
        ..from("10.0.9.9", 0)
    };
    assert_eq!(
        Enrich::with_cart().pass(of_no_endpoint).direction,
        ingress,
        "0 is not an endpoint"
    );
}

/// A flow of a request with endpoint 9 of identity 4300 as its source.
fn request(ip: &str, source: MessageSource, names: Option<&Arc<EndpointNames>>) -> Flow {
    let l7 = L7 {
        l7_type: L7Type::Request,
        latency_ns: 0,
        observed_latency: None,
        record: L7Record::Generic(Generic::default()),
        trace_context: None,
        source,
        missing: Missing::NOTHING,
    };
    Flow {
        flow_type: FlowType::L7,
        source: Endpoint {
            id: 9,
            identity: 4300,
            names: names.cloned(),
            service: None,
        },
        l7: Some(Box::new(l7)),
        ..from(ip, 0)
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a_flow_from_a_proxy_gets_pods_and_one_from_the_wire_gets_all_names() {
    let record = Arc::new(EndpointNames::of_labels(vec![
        "k8s:app=recorded".to_owned(),
    ]));
    let mut enrich = Enrich::with_cart();
    enrich.upserted("10.0.2.9/32", 4300, "shop/web-0", OTHER_NODE);
    assert_eq!(enrich.source("10.0.2.9", 0), "0/4300 - shop/web-0 []");
    for (ip, seen, names, expected) in [
        (
            "10.0.1.5",
            MessageSource::Proxy,
            None,
            "9/4300 - shop/cart-0 []".to_owned(),
        ),
        (
            "10.0.1.5",
            MessageSource::Proxy,
            Some(&record),
            "9/4300 - shop/cart-0 [k8s:app=recorded]".to_owned(),
        ),
        (
            "10.7.7.7",
            MessageSource::Proxy,
            Some(&record),
            "9/4300 - - [k8s:app=recorded]".to_owned(),
        ),
        (
            "10.7.7.7",
            MessageSource::Proxy,
            None,
            "9/4300 - - []".to_owned(),
        ),
        (
            "10.0.1.5",
            MessageSource::Wire,
            None,
            format!("312/4300 east shop/cart-0 {CART_LABELS}"),
        ),
    ] {
        assert_eq!(
            shown(&enrich.pass(request(ip, seen, names)).source),
            expected,
            "{ip} {seen:?}"
        );
    }
    assert_eq!(
        enrich.source("10.0.2.9", 0),
        "0/4300 - shop/web-0 [k8s:app=recorded]",
        "the labels are learned from the record"
    );
}
