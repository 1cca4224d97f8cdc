//! The limits of the table, and the notes about rejected announcements.

use crate::support::{CART, Enrich, NODE, address, build};
use proptest::prelude::*;
use tidegate_model::names::{EndpointName, IdentityName, NamesContent, PodWorkload, Removal};
use tidegate_runtime::telemetry::Telemetry;

#[test]
fn a_full_table_rejects_new_entries_and_updates_existing_ones() {
    let mut enrich = Enrich::new("{ max_entries = 3 }");
    enrich.created(312, "shop/cart-0");
    enrich.upserted("10.0.1.5/32", 4242, "shop/cart-0", NODE);
    enrich.upserted("192.0.2.0/24", 300, "", "");
    assert_eq!(enrich.notes(), []);
    enrich.created(313, "shop/cart-1");
    enrich.upserted("10.0.1.6/32", 4242, "shop/cart-1", NODE);
    enrich.upserted("198.51.100.0/24", 301, "", "");
    assert_eq!(
        (enrich.notes(), enrich.entries()),
        (&[("enrich_table_full", 3)][..], [1, 1, 1])
    );
    assert_eq!(enrich.source("10.0.1.6", 0), "0/0 - - [reserved:unknown]");

    enrich.created(312, "shop/cart-0");
    enrich.upserted("10.0.1.5/32", 4343, "shop/cart-0", NODE);
    enrich.upserted("192.0.2.0/24", 302, "", "");
    assert_eq!(
        enrich.source("10.0.1.5", 0),
        "312/4343 - shop/cart-0 []",
        "existing entries are updated"
    );
    assert_eq!(enrich.source("192.0.2.1", 0), "0/302 - - []");
    enrich.deleted("192.0.2.0/24");
    enrich.upserted("10.0.1.6/32", 4242, "shop/cart-1", NODE);
    assert_eq!(
        enrich.source("10.0.1.6", 0),
        "0/4242 - shop/cart-1 []",
        "there is room again"
    );
    assert_eq!(enrich.notes(), [("enrich_table_full", 3)]);
}

#[test]
fn invalid_announcements_are_noted() {
    let long = format!("shop/{}", "x".repeat(254));
    let labels = "k8s:a=".to_owned() + &"x".repeat(16 * 1024);
    let mut enrich = Enrich::with_cart();
    enrich.upserted("10.0.1.5/33", 1, "", "");
    enrich.deleted("everything");
    enrich.upserted("10.0.1.6/32", 1, &long, NODE);
    enrich.created(400, &long);
    enrich.regenerated(312, &[&labels]);
    assert_eq!(
        enrich.notes(),
        [("enrich_bad_prefix", 2), ("enrich_long_names", 3)]
    );
    assert_eq!(enrich.entries(), [1, 0, 1]);
}

#[test]
fn entries_of_lists_that_no_agent_gives_are_noted() {
    let identity = |labels| IdentityName {
        identity: 4242,
        labels,
    };
    let workload = PodWorkload {
        namespace: "shop".to_owned(),
        pod_name: "cart-0".to_owned(),
        kind: "Deployment".to_owned(),
        name: "x".repeat(254),
    };
    let lists = [
        NamesContent::Identities(vec![
            identity(texts(10_000, "")),
            identity(texts(10_000, "k8s:a=b")),
        ]),
        NamesContent::Endpoints(endpoints_that_no_agent_has()),
        NamesContent::Workloads(vec![workload]),
        NamesContent::NodeLabels(texts(10_000, "a=b")),
    ];
    let mut enrich = Enrich::new("{}");
    for (list, noted) in lists.into_iter().zip([2, 5, 6, 7]) {
        enrich.absorb(list);
        assert_eq!(enrich.notes(), [("enrich_long_names", noted)]);
    }
    assert_eq!(enrich.entries(), [0, 0, 0]);
}

/// Returns endpoints with too many labels, too many addresses, and too long a name.
fn endpoints_that_no_agent_has() -> Vec<EndpointName> {
    let endpoint = EndpointName {
        id: 312,
        namespace: "shop".to_owned(),
        pod_name: "cart-0".to_owned(),
        ..EndpointName::default()
    };
    vec![
        EndpointName {
            derived_labels: texts(10_000, "a"),
            ..endpoint.clone()
        },
        EndpointName {
            addresses: vec![address("10.0.1.5"); 10_000],
            ..endpoint.clone()
        },
        EndpointName {
            interface_name: "x".repeat(254),
            ..endpoint
        },
    ]
}

#[test]
fn labels_of_announced_endpoints_are_bounded_together_and_rejected_ones_are_noted() {
    let mut enrich = Enrich::new("{ max_entries = 1, keep_deleted = '0s' }");
    let long = "k8s:a=".to_owned() + &"x".repeat(15_000);
    let identity = |identity| IdentityName {
        identity,
        labels: vec![long.clone()],
    };
    enrich.absorb(NamesContent::Identities(
        (300..5300).map(identity).collect(),
    ));
    let [("enrich_table_full", noted)] = enrich.notes()[..] else {
        panic!("{:?}", enrich.notes());
    };
    assert!((1..5000).contains(&noted), "{noted}");
    enrich.created(312, "shop/cart-0");
    assert_eq!(enrich.notes(), [("enrich_table_full", noted)]);
    enrich.regenerated(312, &[&long]);
    assert_eq!(enrich.notes(), [("enrich_table_full", noted + 1)]);
    enrich.absorb(NamesContent::Removed(vec![Removal::Identity(300)]));
    enrich.regenerated(312, &[&long]);
    assert_eq!(
        enrich.notes(),
        [("enrich_table_full", noted + 1)],
        "there is room again"
    );
}

fn texts(count: usize, text: &str) -> Vec<String> {
    vec![text.to_owned(); count]
}

#[test]
fn an_invalid_size_is_rejected() {
    for (config, message) in [
        ("{ max_entries = 16777216 }", ""),
        (
            "{ max_entries = 16777217 }",
            "invalid value: integer `16777217`, expected a whole number from 1 to 16777216",
        ),
    ] {
        let error = build(config, &Telemetry::default())
            .err()
            .unwrap_or_default();
        assert_eq!(error, message, "{config}");
    }
    assert!(build("{ max_entries = 0 }", &Telemetry::default()).is_err());
    assert!(build("{ max_entires = 1 }", &Telemetry::default()).is_err());
}

/// An announcement about a few pods, addresses and identities, or a flow between them.
fn action() -> impl Strategy<Value = (u8, u8, u8, u8)> {
    (0..6_u8, 0..5_u8, 0..4_u8, 0..3_u8)
}

fn apply(enrich: &mut Enrich, (kind, address, pod, node): (u8, u8, u8, u8)) {
    let cidr = if address == 4 {
        "10.0.0.0/24".to_owned()
    } else {
        format!("10.0.0.{address}/32")
    };
    let name = ["", "shop/cart-0", "shop/cart-1", "data/db-0"][usize::from(pod)];
    let node = ["", "172.18.0.2", "172.18.0.3"][usize::from(node)];
    let identity = 4240 + u32::from(pod);
    match kind {
        0 => enrich.upserted(&cidr, identity, name, node),
        1 => enrich.deleted(&cidr),
        2 => enrich.created(address.into(), name),
        3 => enrich.removed(address.into()),
        4 => enrich.regenerated(address.into(), &CART[..usize::from(pod) % 3]),
        _ => drop(enrich.source(&format!("10.0.0.{address}"), 0)),
    }
}

proptest! {
    /// For any order of announcements, the table stays within its limit, and is empty after
    /// everything was deleted.
    #[test]
    fn any_announcements_keep_the_table_within_its_limit(
        actions in proptest::collection::vec(action(), 0..60),
    ) {
        let mut enrich = Enrich::new("{ max_entries = 5, keep_deleted = '0s' }");
        for action in actions {
            apply(&mut enrich, action);
            prop_assert!(enrich.entries().iter().sum::<i64>() <= 5);
        }
        for address in 0..5 {
            apply(&mut enrich, (1, address, 0, 0));
            apply(&mut enrich, (3, address, 0, 0));
        }
        prop_assert_eq!(enrich.entries(), [0, 0, 0]);
        prop_assert_eq!(enrich.source("10.0.0.1", 0), "0/0 - - [reserved:unknown]");
        prop_assert_eq!(enrich.source("10.0.0.1", 4241), "0/4241 - - []");
    }
}
