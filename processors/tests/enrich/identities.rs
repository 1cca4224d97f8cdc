//! The labels of identities, which no event announces. They are learned from a pod with an endpoint
//! and an address.

use crate::support::{AS_HUBBLE, CART, Enrich, NODE, OTHER_NODE};

const NEW: [&str; 1] = ["k8s:app=cart-2"];

/// The labels of another pod with the identity, on another node.
fn labels_elsewhere(enrich: &mut Enrich, identity: u32) -> String {
    enrich.upserted("10.0.9.9/32", identity, "shop/other", OTHER_NODE);
    let shown = enrich.source("10.0.9.9", 0);
    shown
        .split_once('[')
        .map(|(_, labels)| labels.trim_end_matches(']').to_owned())
        .unwrap_or_default()
}

#[test]
fn announcements_about_a_pod_are_accepted_in_any_order() {
    type Step = fn(&mut Enrich);
    let created: Step = |enrich| enrich.created(312, "shop/cart-0");
    let regenerated: Step = |enrich| enrich.regenerated(312, &CART);
    let upserted: Step = |enrich| enrich.upserted("10.0.1.5/32", 4242, "shop/cart-0", NODE);
    for (name, steps) in [
        ("the order of Cilium", [created, regenerated, upserted]),
        (
            "the address before the labels",
            [created, upserted, regenerated],
        ),
        ("the address first", [upserted, created, regenerated]),
    ] {
        let mut enrich = Enrich::new(AS_HUBBLE);
        steps.iter().for_each(|step| step(&mut enrich));
        assert_eq!(
            labels_elsewhere(&mut enrich, 4242),
            "k8s:app=cart,k8s:io.cilium.k8s.policy.cluster=east",
            "{name}"
        );
        assert_eq!(
            enrich.source("10.0.1.5", 0),
            enrich.source("10.0.1.5", 4242),
            "{name}"
        );
    }
}

#[test]
fn labels_of_an_endpoints_creation_are_not_learned_for_its_identity() {
    let mut enrich = Enrich::new(AS_HUBBLE);
    enrich.created_with(312, "shop/cart-0", &["k8s:stage=0"]);
    assert_eq!(enrich.source("10.0.1.5", 0), "0/0 - - [reserved:unknown]");
    enrich.upserted("10.0.1.5/32", 4242, "shop/cart-0", NODE);
    assert_eq!(
        labels_elsewhere(&mut enrich, 4242),
        "",
        "the labels may have changed since"
    );
    assert_eq!(
        enrich.source("10.0.1.5", 0),
        "312/4242 - shop/cart-0 [k8s:stage=0]",
        "the pod shows its initial labels"
    );
    enrich.regenerated(312, &CART);
    let cart = "k8s:app=cart,k8s:io.cilium.k8s.policy.cluster=east";
    assert_eq!(labels_elsewhere(&mut enrich, 4242), cart);
    assert_eq!(
        enrich.source("10.0.1.5", 0),
        format!("312/4242 east shop/cart-0 [{cart}]")
    );

    enrich.created_with(313, "shop/cart-1", &["k8s:stage=0"]);
    enrich.upserted("10.0.1.6/32", 4242, "shop/cart-1", NODE);
    assert_eq!(
        enrich.source("10.0.1.6", 0),
        format!("313/4242 east shop/cart-1 [{cart}]"),
        "labels learned for the identity take precedence"
    );
    enrich.regenerated(313, &["k8s:stage=0"]);
    assert_eq!(
        enrich.source("10.0.1.6", 0),
        "313/4242 - shop/cart-1 [k8s:stage=0]"
    );
}

#[test]
fn the_first_identity_after_init_gets_labels_that_were_announced_before_it() {
    let mut enrich = Enrich::new(AS_HUBBLE);
    enrich.created(312, "shop/cart-0");
    enrich.upserted("10.0.1.5/32", 5, "shop/cart-0", NODE);
    enrich.regenerated(312, &NEW);
    assert_eq!(labels_elsewhere(&mut enrich, 5), "reserved:init");
    enrich.upserted("10.0.1.5/32", 4242, "shop/cart-0", NODE);
    assert_eq!(
        labels_elsewhere(&mut enrich, 4242),
        "k8s:app=cart-2",
        "the labels were announced first"
    );
}

#[test]
fn changed_labels_are_not_learned_for_the_previous_identity() {
    type Step = fn(&mut Enrich);
    let labels: Step = |enrich| enrich.regenerated(312, &NEW);
    let identity: Step = |enrich| enrich.upserted("10.0.1.5/32", 4343, "shop/cart-0", NODE);
    for (name, steps) in [
        ("labels first", [labels, identity]),
        ("identity first", [identity, labels]),
    ] {
        let mut enrich = Enrich::with_cart();
        let before = labels_elsewhere(&mut enrich, 4242);
        steps[0](&mut enrich);
        assert_eq!(
            labels_elsewhere(&mut enrich, 4242),
            before,
            "{name}, halfway"
        );
        steps[1](&mut enrich);
        assert_eq!(labels_elsewhere(&mut enrich, 4242), before, "{name}");
        assert_eq!(
            labels_elsewhere(&mut enrich, 4343),
            "k8s:app=cart-2",
            "{name}"
        );
        assert!(
            enrich
                .source("10.0.1.5", 0)
                .ends_with("shop/cart-0 [k8s:app=cart-2]"),
            "{name}"
        );
    }
}

#[test]
fn nothing_is_learned_while_the_addresses_of_a_pod_have_different_identities() {
    let mut enrich = Enrich::with_cart();
    enrich.upserted("fd00::5/128", 4242, "shop/cart-0", NODE);
    enrich.regenerated(312, &NEW);
    enrich.upserted("10.0.1.5/32", 4343, "shop/cart-0", NODE);
    assert_eq!(
        labels_elsewhere(&mut enrich, 4343),
        "",
        "the IPv6 address still has the previous identity"
    );
    enrich.upserted("fd00::5/128", 4343, "shop/cart-0", NODE);
    assert_eq!(labels_elsewhere(&mut enrich, 4343), "k8s:app=cart-2");
}

#[test]
fn nothing_is_learned_from_an_endpoint_without_a_pod_or_without_a_creation() {
    let mut enrich = Enrich::new(AS_HUBBLE);
    enrich.created(7, "");
    enrich.regenerated(7, &["reserved:host"]);
    enrich.regenerated(312, &CART);
    enrich.upserted("10.0.1.5/32", 4242, "shop/cart-0", NODE);
    assert_eq!(enrich.source("10.0.1.5", 0), "0/4242 - shop/cart-0 []");
    assert_eq!(enrich.entries(), [1, 0, 0]);
}
