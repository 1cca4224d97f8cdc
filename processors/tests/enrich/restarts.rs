//! What a restart of the agent, and deletions, leave for how long.

use tidegate_model::Timestamp;
use tidegate_model::names::{AddressName, IdentityName, NamesContent, NamesList, NamesSource};
use tidegate_model::record::{AgentEventType, Notification};

use crate::support::{AS_HUBBLE, CART, Enrich, NODE, OTHER_NODE, address};

fn second(second: u64) -> Timestamp {
    Timestamp(second * 1_000_000_000)
}

fn listed(ip: &str, identity: u32, pod: &str) -> AddressName {
    AddressName {
        address: address(ip),
        prefix_len: 32,
        identity,
        node: Some(address(OTHER_NODE)),
        namespace: if pod.is_empty() { "" } else { "shop" }.to_owned(),
        pod_name: pod.to_owned(),
    }
}

fn list(enrich: &mut Enrich, asked: u64, entries: Vec<AddressName>) {
    for content in [
        NamesContent::Addresses(entries),
        NamesContent::Complete(NamesList::Addresses),
    ] {
        enrich.absorb_from(NamesSource::CiliumApi, second(asked), content);
    }
}

fn restart(enrich: &mut Enrich, stream: u32, at: u64) {
    enrich.stream = stream;
    enrich.time = second(at);
    enrich.announce(
        AgentEventType::AgentStarted,
        Notification::AgentStart { time: None },
    );
}

#[test]
fn a_deleted_pod_is_named_for_five_seconds() {
    let mut enrich = Enrich::new("{}");
    enrich.time = second(100);
    enrich.created(312, "shop/cart-0");
    enrich.regenerated(312, &CART);
    enrich.upserted("10.0.1.5/32", 4242, "shop/cart-0", NODE);
    enrich.deleted("10.0.1.5/32");
    enrich.removed(312);
    let named = enrich.source("10.0.1.5", 0);
    assert!(named.starts_with("312/4242 east shop/cart-0"), "{named}");
    enrich.time = Timestamp(second(105).0 - 1);
    assert_eq!(enrich.source("10.0.1.5", 0), named);
    enrich.time = second(105);
    assert_eq!(enrich.source("10.0.1.5", 0), "0/0 - - [reserved:unknown]");
    assert_eq!(enrich.entries(), [0, 0, 0]);
}

#[test]
fn an_address_that_is_announced_again_is_not_removed() {
    let mut enrich = Enrich::new("{}");
    for pod in ["shop/web-0", "shop/web-1"] {
        enrich.time = second(100);
        enrich.upserted("10.0.2.9/32", 4300, "shop/web-0", OTHER_NODE);
        enrich.deleted("10.0.2.9/32");
        enrich.upserted("10.0.2.9/32", 4300, pod, OTHER_NODE);
        enrich.time = second(106);
        assert_eq!(enrich.source("10.0.2.9", 0), format!("0/4300 - {pod} []"));
    }
}

#[test]
fn the_late_deletion_of_an_earlier_pod_leaves_the_next_one() {
    let mut enrich = Enrich::new(AS_HUBBLE);
    enrich.upserted("10.0.2.9/32", 4300, "shop/web-0", OTHER_NODE);
    enrich.upserted("10.0.2.9/32", 4301, "shop/web-1", OTHER_NODE);
    enrich.deleted_pod("10.0.2.9/32", "shop/web-0");
    assert_eq!(enrich.source("10.0.2.9", 0), "0/4301 - shop/web-1 []");
    enrich.deleted_pod("10.0.2.9/32", "shop/web-1");
    assert_eq!(enrich.source("10.0.2.9", 0), "0/0 - - [reserved:unknown]");
}

#[test]
fn a_pod_of_the_same_name_elsewhere_does_not_get_the_id_of_a_deleted_endpoint() {
    let mut enrich = Enrich::new("{}");
    enrich.created(312, "shop/cart-0");
    enrich.upserted("10.0.1.5/32", 4242, "shop/cart-0", NODE);
    enrich.removed(312);
    enrich.deleted("10.0.1.5/32");
    enrich.upserted("10.0.2.5/32", 4242, "shop/cart-0", OTHER_NODE);
    assert!(enrich.source("10.0.2.5", 0).starts_with("0/4242"));
    assert!(enrich.source("10.0.1.5", 0).starts_with("312/4242"));
}

#[test]
fn addresses_of_earlier_connections_are_swept_by_the_next_list_or_after_a_minute() {
    let old = "0/4300 - shop/web-0 []";
    let unknown = "0/0 - - [reserved:unknown]";
    let start = || {
        let mut enrich = Enrich::new(AS_HUBBLE);
        restart(&mut enrich, 1, 1);
        list(&mut enrich, 2, vec![listed("10.0.2.9", 4300, "web-0")]);
        restart(&mut enrich, 2, 100);
        assert_eq!(enrich.source("10.0.2.9", 0), old, "it is still used");
        enrich
    };
    let mut enrich = start();
    list(&mut enrich, 101, vec![listed("10.0.2.8", 4300, "web-1")]);
    assert_eq!(enrich.source("10.0.2.9", 0), unknown);
    assert_eq!(enrich.source("10.0.2.8", 0), "0/4300 - shop/web-1 []");

    let mut enrich = start();
    enrich.time = second(101);
    enrich.upserted("10.0.2.8/32", 4300, "shop/web-1", OTHER_NODE);
    enrich.time = second(159);
    assert_eq!(enrich.source("10.0.2.9", 0), old);
    enrich.time = second(160);
    assert_eq!(
        enrich.source("10.0.2.9", 0),
        unknown,
        "it was not announced again"
    );
    assert_eq!(enrich.source("10.0.2.8", 0), "0/4300 - shop/web-1 []");
}

#[test]
fn without_a_list_names_are_kept_when_the_agent_restarts() {
    let mut enrich = Enrich::new(AS_HUBBLE);
    restart(&mut enrich, 1, 1);
    enrich.upserted("10.0.2.9/32", 4300, "shop/web-0", OTHER_NODE);
    restart(&mut enrich, 2, 100);
    enrich.time = second(1000);
    assert_eq!(enrich.source("10.0.2.9", 0), "0/4300 - shop/web-0 []");
}

#[test]
fn identities_that_an_agent_allocated_are_dropped_at_once_and_not_listed_again_by_it() {
    let local = 16_777_217;
    let labels = |name: &str| {
        NamesContent::Identities(vec![IdentityName {
            identity: local,
            labels: vec![format!("fqdn:{name}"), "reserved:world".to_owned()],
        }])
    };
    let mut enrich = Enrich::new(AS_HUBBLE);
    restart(&mut enrich, 1, 1);
    enrich.absorb_from(NamesSource::CiliumApi, second(2), labels("old.test"));
    list(&mut enrich, 2, vec![listed("203.0.113.7", local, "")]);
    let old = "0/16777217 - - [fqdn:old.test,reserved:world]";
    assert_eq!(enrich.source("203.0.113.7", 0), old);
    enrich.time = second(50);
    enrich.upserted("198.51.100.0/24", 2, "", "");
    restart(&mut enrich, 2, 100);
    assert_eq!(
        enrich.source("203.0.113.7", 0),
        "0/0 - - [reserved:unknown]"
    );
    enrich.absorb_from(NamesSource::CiliumApi, second(49), labels("old.test"));
    let unknown = "0/16777217 - - [reserved:world]";
    assert_eq!(
        enrich.source("203.0.113.7", local),
        unknown,
        "it is from the old agent"
    );
    enrich.absorb_from(NamesSource::CiliumApi, second(101), labels("new.test"));
    let new = "0/16777217 - - [fqdn:new.test,reserved:world]";
    assert_eq!(enrich.source("203.0.113.7", local), new);
}
