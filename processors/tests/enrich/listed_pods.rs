//! Endpoints that the agent's API lists without their pods, as Cilium 1.20 does.

use tidegate_model::names::{EndpointName, NamesContent};

use crate::support::{AS_HUBBLE, CART, Enrich, NODE, address};

const SHOWN: &str =
    "312/4242 east shop/cart-0 [k8s:app=cart,k8s:io.cilium.k8s.policy.cluster=east]";

/// The endpoint of `shop/cart-0`.
fn without_pod() -> NamesContent {
    NamesContent::Endpoints(vec![EndpointName {
        id: 312,
        identity: 4242,
        labels: CART.map(str::to_owned).to_vec(),
        addresses: vec![address("10.0.1.5")],
        ..EndpointName::default()
    }])
}

#[test]
fn an_endpoint_without_a_pod_has_that_of_its_address() {
    let mut enrich = Enrich::new(AS_HUBBLE);
    enrich.upserted("10.0.1.5/32", 4242, "shop/cart-0", NODE);
    enrich.absorb(without_pod());
    assert_eq!(enrich.source("10.0.1.5", 0), SHOWN);
    assert_eq!(enrich.reporter(312), SHOWN);
}

#[test]
fn an_endpoint_without_a_pod_has_that_of_its_address_once_it_is_announced() {
    let mut enrich = Enrich::new(AS_HUBBLE);
    enrich.absorb(without_pod());
    enrich.time.0 += 1;
    enrich.upserted("10.0.1.5/32", 4242, "shop/cart-0", NODE);
    assert_eq!(enrich.source("10.0.1.5", 0), SHOWN);
}

#[test]
fn an_announced_endpoint_that_is_listed_without_its_pod_keeps_it() {
    let mut enrich = Enrich::new(AS_HUBBLE);
    enrich.created(312, "shop/cart-0");
    enrich.absorb(without_pod());
    assert_eq!(enrich.source("10.0.1.5", 0), SHOWN);
    assert_eq!(enrich.reporter(312), SHOWN);
}
