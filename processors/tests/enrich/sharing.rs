//! One table for several pipelines and for the next configuration, and what leaves a full one.

use tidegate_model::Timestamp;
use tidegate_model::names::{AddressName, NamesContent, NamesList, NamesSource};

use crate::support::{AS_HUBBLE, Enrich, OTHER_NODE, address};

const UNKNOWN: &str = "0/0 - - [reserved:unknown]";

fn list(enrich: &mut Enrich, asked: u64, pods: &[(&str, &str)]) {
    let entry = |(ip, pod): &(&str, &str)| AddressName {
        address: address(ip),
        prefix_len: 32,
        identity: 4300,
        node: Some(address(OTHER_NODE)),
        namespace: "shop".to_owned(),
        pod_name: (*pod).to_owned(),
    };
    for content in [
        NamesContent::Addresses(pods.iter().map(entry).collect()),
        NamesContent::Complete(NamesList::Addresses),
    ] {
        enrich.absorb_from(NamesSource::CiliumApi, Timestamp(asked), content);
    }
}

#[test]
fn pipelines_with_the_same_component_share_a_table() {
    let [mut one, mut other] = Enrich::pair(AS_HUBBLE);
    one.upserted("10.0.2.9/32", 4300, "shop/web-0", OTHER_NODE);
    assert_eq!(other.source("10.0.2.9", 0), "0/4300 - shop/web-0 []");
    other.upserted("10.0.2.9/32", 4301, "shop/web-1", OTHER_NODE);
    assert_eq!(
        one.source("10.0.2.9", 0),
        "0/4300 - shop/web-0 []",
        "it was repeated"
    );
    other.time = Timestamp(1);
    other.upserted("10.0.2.9/32", 4301, "shop/web-1", OTHER_NODE);
    assert_eq!(one.source("10.0.2.9", 0), "0/4301 - shop/web-1 []");
}

#[test]
fn a_pipeline_that_is_behind_does_not_bring_back_an_older_state() {
    let [mut one, mut behind] = Enrich::pair(AS_HUBBLE);
    for enrich in [&mut one, &mut behind] {
        enrich.time = Timestamp(10);
        enrich.upserted("10.0.2.9/32", 4300, "shop/web-0", OTHER_NODE);
        list(enrich, 5, &[("10.0.2.8", "web-8")]);
        enrich.time = Timestamp(11);
        enrich.deleted("10.0.2.9/32");
        enrich.deleted("10.0.2.8/32");
        enrich.time = Timestamp(12);
        enrich.upserted("10.0.2.9/32", 4301, "shop/web-1", OTHER_NODE);
        list(enrich, 13, &[("10.0.2.9", "web-2")]);
        assert_eq!(enrich.source("10.0.2.8", 0), UNKNOWN);
        assert_eq!(enrich.source("10.0.2.9", 0), "0/4300 - shop/web-2 []");
    }
}

#[test]
fn a_new_configuration_continues_with_the_table() {
    let mut enrich = Enrich::new("{ max_entries = 2 }");
    enrich.upserted("10.0.2.9/32", 4300, "shop/web-0", OTHER_NODE);
    enrich.upserted("10.0.2.8/32", 4300, "shop/web-1", OTHER_NODE);
    enrich.reload("{ max_entries = 3 }");
    enrich.upserted("10.0.2.7/32", 4300, "shop/web-2", OTHER_NODE);
    for (ip, pod) in [
        ("10.0.2.9", "web-0"),
        ("10.0.2.8", "web-1"),
        ("10.0.2.7", "web-2"),
    ] {
        assert_eq!(enrich.source(ip, 0), format!("0/4300 - shop/{pod} []"));
    }
    assert_eq!(enrich.notes(), []);
}

#[test]
fn a_full_table_that_an_api_feeds_evicts_the_pod_that_no_flow_has_shown() {
    let mut enrich = Enrich::new("{ max_entries = 3 }");
    let pods = [
        ("10.0.2.1", "web-1"),
        ("10.0.2.2", "web-2"),
        ("10.0.2.3", "web-3"),
    ];
    list(&mut enrich, 1, &pods);
    for (ip, _) in &pods[..2] {
        enrich.source(ip, 0);
    }
    enrich.time = Timestamp(2);
    enrich.upserted("10.0.2.4/32", 4300, "shop/web-4", OTHER_NODE);
    assert_eq!(enrich.source("10.0.2.4", 0), "0/4300 - shop/web-4 []");
    assert_eq!(enrich.source("10.0.2.3", 0), UNKNOWN);
    for (ip, pod) in &pods[..2] {
        assert_eq!(enrich.source(ip, 0), format!("0/4300 - shop/{pod} []"));
    }
    assert_eq!(enrich.notes(), [("enrich_evicted", 1)]);
    assert_eq!(enrich.entries(), [3, 0, 0]);
}

#[test]
fn what_cannot_be_had_again_is_not_evicted() {
    let mut enrich = Enrich::new("{ max_entries = 3 }");
    enrich.created(312, "shop/cart-0");
    enrich.upserted("192.0.2.0/24", 300, "", "");
    enrich.upserted("10.0.2.1/32", 6, "", "");
    list(&mut enrich, 0, &[]);
    enrich.time = Timestamp(2);
    enrich.upserted("10.0.2.4/32", 4300, "shop/web-4", OTHER_NODE);
    assert_eq!(enrich.source("10.0.2.4", 0), UNKNOWN);
    assert_eq!(enrich.notes(), [("enrich_table_full", 1)]);
}
