//! Labels of identities, which no event announces: they follow from a pod's endpoint and its
//! address.

use crate::support::{CART, Enrich, NODE, OTHER_NODE};

const NEW: [&str; 1] = ["k8s:app=cart-2"];

/// Another pod of the identity, on another node.
fn other(enrich: &mut Enrich, identity: u32) -> String {
    enrich.upserted("10.0.9.9/32", identity, "shop/other", OTHER_NODE);
    let shown = enrich.side("10.0.9.9", 0);
    shown
        .split_once('[')
        .map(|(_, labels)| labels.trim_end_matches(']').to_owned())
        .unwrap_or_default()
}

#[test]
fn the_announcements_of_a_pod_may_come_in_any_order() {
    type Step = fn(&mut Enrich);
    let created: Step = |enrich| enrich.created(312, "shop/cart-0");
    let regenerated: Step = |enrich| enrich.regenerated(312, &CART);
    let upserted: Step = |enrich| enrich.upserted("10.0.1.5/32", 4242, "shop/cart-0", NODE);
    for (name, steps) in [
        ("as Cilium", [created, regenerated, upserted]),
        (
            "with the address before the labels",
            [created, upserted, regenerated],
        ),
        ("with the address first", [upserted, created, regenerated]),
    ] {
        let mut enrich = Enrich::new("{}");
        steps.iter().for_each(|step| step(&mut enrich));
        assert_eq!(
            other(&mut enrich, 4242),
            "k8s:app=cart,k8s:io.cilium.k8s.policy.cluster=east",
            "{name}"
        );
        assert_eq!(
            enrich.side("10.0.1.5", 0),
            enrich.side("10.0.1.5", 4242),
            "{name}"
        );
    }
}

#[test]
fn labels_of_a_creation_are_not_the_first_identitys() {
    let mut enrich = Enrich::new("{}");
    enrich.created_with(312, "shop/cart-0", &["k8s:stage=0"]);
    assert_eq!(enrich.side("10.0.1.5", 0), "0/0 - - [reserved:unknown]");
    enrich.upserted("10.0.1.5/32", 4242, "shop/cart-0", NODE);
    assert_eq!(
        other(&mut enrich, 4242),
        "",
        "they may have changed meanwhile"
    );
    assert_eq!(
        enrich.side("10.0.1.5", 0),
        "312/4242 - shop/cart-0 [k8s:stage=0]",
        "it has no others yet"
    );
    enrich.regenerated(312, &CART);
    let cart = "k8s:app=cart,k8s:io.cilium.k8s.policy.cluster=east";
    assert_eq!(other(&mut enrich, 4242), cart);
    assert_eq!(
        enrich.side("10.0.1.5", 0),
        format!("312/4242 east shop/cart-0 [{cart}]")
    );

    enrich.created_with(313, "shop/cart-1", &["k8s:stage=0"]);
    enrich.upserted("10.0.1.6/32", 4242, "shop/cart-1", NODE);
    assert_eq!(
        enrich.side("10.0.1.6", 0),
        format!("313/4242 east shop/cart-1 [{cart}]"),
        "its identity knows better"
    );
    enrich.regenerated(313, &["k8s:stage=0"]);
    assert_eq!(
        enrich.side("10.0.1.6", 0),
        "313/4242 - shop/cart-1 [k8s:stage=0]"
    );
}

#[test]
fn an_endpoint_that_had_no_identity_of_its_own_waits_for_none() {
    let mut enrich = Enrich::new("{}");
    enrich.created(312, "shop/cart-0");
    enrich.upserted("10.0.1.5/32", 5, "shop/cart-0", NODE);
    enrich.regenerated(312, &NEW);
    assert_eq!(other(&mut enrich, 5), "reserved:init");
    enrich.upserted("10.0.1.5/32", 4242, "shop/cart-0", NODE);
    assert_eq!(
        other(&mut enrich, 4242),
        "k8s:app=cart-2",
        "the labels were announced first"
    );
}

#[test]
fn labels_that_change_do_not_become_those_of_the_identity_before() {
    type Step = fn(&mut Enrich);
    let labels: Step = |enrich| enrich.regenerated(312, &NEW);
    let identity: Step = |enrich| enrich.upserted("10.0.1.5/32", 4343, "shop/cart-0", NODE);
    for (name, steps) in [
        ("labels first", [labels, identity]),
        ("identity first", [identity, labels]),
    ] {
        let mut enrich = Enrich::with_cart();
        let before = other(&mut enrich, 4242);
        steps[0](&mut enrich);
        assert_eq!(other(&mut enrich, 4242), before, "{name}, halfway");
        steps[1](&mut enrich);
        assert_eq!(other(&mut enrich, 4242), before, "{name}");
        assert_eq!(other(&mut enrich, 4343), "k8s:app=cart-2", "{name}");
        assert!(
            enrich
                .side("10.0.1.5", 0)
                .ends_with("shop/cart-0 [k8s:app=cart-2]"),
            "{name}"
        );
    }
}

#[test]
fn addresses_that_disagree_teach_nothing() {
    let mut enrich = Enrich::with_cart();
    enrich.upserted("fd00::5/128", 4242, "shop/cart-0", NODE);
    enrich.regenerated(312, &NEW);
    enrich.upserted("10.0.1.5/32", 4343, "shop/cart-0", NODE);
    assert_eq!(
        other(&mut enrich, 4343),
        "",
        "the IPv6 address is still of the identity before"
    );
    enrich.upserted("fd00::5/128", 4343, "shop/cart-0", NODE);
    assert_eq!(other(&mut enrich, 4343), "k8s:app=cart-2");
}

#[test]
fn an_endpoint_without_a_pod_and_one_that_was_never_created_teach_nothing() {
    let mut enrich = Enrich::new("{}");
    enrich.created(7, "");
    enrich.regenerated(7, &["reserved:host"]);
    enrich.regenerated(312, &CART);
    enrich.upserted("10.0.1.5/32", 4242, "shop/cart-0", NODE);
    assert_eq!(enrich.side("10.0.1.5", 0), "0/4242 - shop/cart-0 []");
    assert_eq!(enrich.entries(), [1, 0, 0]);
}
