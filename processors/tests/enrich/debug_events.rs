//! The endpoints that debug events show.

use crate::support::{AS_HUBBLE, Enrich, NODE};

const CART_LABELS: &str = "[k8s:app=cart,k8s:io.cilium.k8s.policy.cluster=east]";

#[test]
fn debug_events_name_the_endpoint_that_sent_them() {
    let mut enrich = Enrich::with_cart();
    let cart = format!("312/4242 east shop/cart-0 {CART_LABELS}");
    assert_eq!(enrich.reporter(312), cart);
    assert_eq!(enrich.reporter(312), cart, "again");
    assert_eq!(enrich.reporter(0), "", "no endpoint sent it");
    assert_eq!(
        enrich.reporter(99),
        "99/0 - - []",
        "an endpoint that was not announced"
    );
    enrich.upserted("10.0.1.5/32", 4343, "shop/cart-0", NODE);
    assert!(
        enrich.reporter(312).starts_with("312/4343 east"),
        "the identity has changed"
    );
    enrich.upserted("fd00::5/128", 4242, "shop/cart-0", NODE);
    assert!(
        enrich.reporter(312).starts_with("312/0 east"),
        "the addresses have different identities"
    );
    enrich.regenerated(312, &["k8s:app=web"]);
    assert_eq!(enrich.reporter(312), "312/0 - shop/cart-0 [k8s:app=web]");
    enrich.removed(312);
    assert_eq!(enrich.reporter(312), "312/0 - - []");
}

#[test]
fn an_endpoint_without_a_pod_has_the_identity_of_its_reserved_label() {
    let mut enrich = Enrich::new(AS_HUBBLE);
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
        "the number of such endpoints is limited"
    );
    assert_eq!(enrich.entries(), [0, 0, 1], "they do not count as entries");
}
