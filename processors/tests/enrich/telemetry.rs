//! What operators see of the table: its entries, the age of its lists, and what flows lack.

use tidegate_model::Timestamp;
use tidegate_model::names::{IdentityName, NamesContent, NamesList, NamesSource, ServiceFrontend};

use crate::support::{Enrich, address, from};

const SECOND: u64 = 1_000_000_000;

#[test]
fn entries_are_counted_by_what_they_are_and_the_source_that_stated_them() {
    let mut enrich = Enrich::with_cart();
    enrich.absorb(NamesContent::Identities(vec![IdentityName {
        identity: 5000,
        labels: vec!["k8s:app=ledger".to_owned()],
    }]));
    let frontend = |port| ServiceFrontend {
        address: address("10.96.0.11"),
        port,
        protocol: 6,
        namespace: "shop".to_owned(),
        name: "cart".to_owned(),
    };
    let frontends = vec![frontend(80), frontend(443)];
    enrich.absorb_from(
        NamesSource::Kubernetes,
        Timestamp(1),
        NamesContent::Services(frontends),
    );
    let found = [
        ("addresses", "monitor"),
        ("addresses", "agent_api"),
        ("endpoints", "monitor"),
        ("identities", "monitor"),
        ("identities", "agent_api"),
        ("services", "agent_api"),
        ("services", "kubernetes"),
    ]
    .map(|(of, source)| {
        let labels = [("of", of), ("source", source)];
        enrich.metric("tidegate_enrich_entries", &labels)
    });
    assert_eq!(found, [1, 0, 1, 1, 1, 0, 2].map(Some));
}

#[test]
fn the_age_of_a_list_is_the_time_since_its_request() {
    let mut enrich = Enrich::new("{}");
    let age = |enrich: &Enrich, list| {
        let labels = [("source", "agent_api"), ("list", list)];
        enrich.metric("tidegate_enrich_snapshot_age_seconds", &labels)
    };
    let asked = Timestamp(100 * SECOND);
    let complete = NamesContent::Complete(NamesList::Services);
    enrich.absorb_from(NamesSource::CiliumApi, asked, complete);
    enrich.tick(Timestamp(107 * SECOND));
    let ages = ["services", "identities"].map(|list| age(&enrich, list));
    assert_eq!(
        ages,
        [Some(7), None],
        "a list that was never complete has no age"
    );
}

#[test]
fn sides_of_flows_are_counted_by_what_is_unknown_of_them() {
    let mut enrich = Enrich::with_cart();
    enrich.absorb(NamesContent::Identities(vec![IdentityName {
        identity: 5000,
        labels: vec!["k8s:app=ledger".to_owned()],
    }]));
    let unnamed = |enrich: &Enrich| {
        ["unknown_address", "unknown_identity", "unknown_pod"]
            .map(|cause| enrich.metric("tidegate_enrich_unnamed_total", &[("cause", cause)]))
    };
    // The destination of these flows is unknown.
    enrich.pass(from("10.0.1.5", 0));
    let named = unnamed(&enrich);
    enrich.pass(from("10.9.9.9", 0));
    enrich.pass(from("10.9.9.9", 7777));
    enrich.pass(from("10.9.9.9", 5000));
    let [address, identity, pod] = unnamed(&enrich);
    assert_eq!(named, [Some(1), Some(0), Some(0)]);
    assert_eq!([address, identity, pod], [Some(1 + 4), Some(1), Some(1)]);
}
