//! The labels of identities, and when they are removed.

use std::net::IpAddr;

use tidegate_model::flow::EndpointNames;

use super::*;

fn labels(labels: &str) -> IdentityLabels {
    Arc::new(EndpointNames::of_labels(
        labels.split_whitespace().map(str::to_owned).collect(),
    ))
}

fn identities() -> Identities {
    Identities::new(LabelBudget::new(0))
}

fn held(texts: &str) -> HeldLabels {
    LabelBudget::new(0).hold(labels(texts), None).unwrap()
}

fn learn_recorded(identities: &mut Identities, identity: u32, texts: &str) -> bool {
    let learned = identities.learn_recorded(identity, &labels(texts));
    learned.unwrap()
}

fn prefix(text: &str) -> Prefix {
    Prefix::parse(text).unwrap_or_else(|| panic!("{text} is a prefix"))
}

fn shown(identities: &Identities, identity: u32, ip: &str) -> String {
    let address =
        (!ip.is_empty()).then(|| Address::from(ip.parse::<IpAddr>().expect("an address")));
    identities
        .labels(identity, address)
        .map_or_else(|| "unknown".to_owned(), |shown| shown.labels.join(" "))
}

#[test]
fn reserved_identities_have_hubbles_labels() {
    let identities = identities();
    for (identity, expected) in [
        (0, "reserved:unknown"),
        (1, "reserved:host"),
        (2, "reserved:world"),
        (6, "reserved:remote-node"),
        (7, "reserved:kube-apiserver reserved:remote-node"),
        (8, "reserved:ingress"),
        (10, "reserved:world-ipv6"),
        (11, "unknown"),
        (128, "unknown"),
        (4242, "unknown"),
        (16_777_217, "reserved:world"),
        (33_554_433, "reserved:remote-node"),
        (50_331_649, "unknown"),
    ] {
        assert_eq!(
            shown(&identities, identity, "10.0.0.1"),
            expected,
            "{identity}"
        );
    }
}

#[test]
fn labels_are_removed_with_the_last_entry() {
    let mut identities = identities();
    let address = prefix("10.0.1.5");
    for identity in [4242, 100, 130, 0x00ff_ffff] {
        assert!(
            !identities.learn(identity, &held("k8s:a=1")),
            "the identity has no entry"
        );
        identities.add_prefix(identity, address);
        identities.add_prefix(identity, address);
        assert!(identities.learn(identity, &held("k8s:a=1")));
        assert!(
            !identities.learn(identity, &held("k8s:a=1")),
            "the labels are unchanged"
        );
        identities.remove_prefix(identity, address);
        assert_eq!(shown(&identities, identity, ""), "k8s:a=1");
        identities.remove_prefix(identity, address);
        assert_eq!(shown(&identities, identity, ""), "unknown");
    }
}

#[test]
fn labels_from_a_record_take_precedence_over_those_from_endpoints() {
    let mut identities = identities();
    identities.add_prefix(4242, prefix("10.0.1.5"));
    assert!(identities.learn(4242, &held("k8s:a=1")));
    assert!(learn_recorded(&mut identities, 4242, "k8s:a=2"));
    assert!(
        !learn_recorded(&mut identities, 4242, "k8s:a=2"),
        "the labels are unchanged"
    );
    assert!(!identities.learn(4242, &held("k8s:a=1")));
    assert_eq!(shown(&identities, 4242, ""), "k8s:a=2");
}

#[test]
fn labels_of_reserved_and_node_identities_are_not_learned_from_endpoints() {
    let mut identities = identities();
    for (identity, expected) in [
        (1, "reserved:host"),
        (7, "reserved:kube-apiserver reserved:remote-node"),
        (16_777_217, "cidr:fd00--1/128 reserved:world"),
        (33_554_433, "reserved:remote-node"),
        (50_331_649, "unknown"),
    ] {
        identities.add_prefix(identity, prefix("fd00::1"));
        assert!(!identities.learn(identity, &held("k8s:a=1")), "{identity}");
        assert_eq!(
            shown(&identities, identity, "fd00::1"),
            expected,
            "{identity}"
        );
    }
}

#[test]
fn additional_labels_of_nodes_are_learned_from_records() {
    let mut identities = identities();
    let host = "reserved:host reserved:kube-apiserver";
    assert!(
        !learn_recorded(&mut identities, 1, "k8s:a=1"),
        "these are not the labels of a host"
    );
    assert!(learn_recorded(&mut identities, 1, host));
    assert_eq!(shown(&identities, 1, ""), host);
    assert!(!learn_recorded(&mut identities, 2, "k8s:a=1"));
    let node = "cidr:192.0.2.7/32 node:zone=a reserved:remote-node";
    identities.add_prefix(33_554_433, prefix("192.0.2.7"));
    assert!(learn_recorded(&mut identities, 33_554_433, node));
    assert_eq!(
        shown(&identities, 33_554_433, ""),
        node,
        "labels of nodes are not filtered"
    );
    identities.remove_prefix(33_554_433, prefix("192.0.2.7"));
    assert_eq!(shown(&identities, 33_554_433, ""), "reserved:remote-node");
}

const LOCAL: u32 = 16_777_217;

#[test]
fn an_identity_of_a_single_prefix_has_the_label_of_the_prefix() {
    let mut identities = identities();
    identities.add_prefix(LOCAL, prefix("192.0.2.0/24"));
    for (ip, case) in [
        ("192.0.2.1", "at an address of the prefix"),
        ("fd00::1", "at an address of the other family"),
        ("", "without an address"),
    ] {
        assert_eq!(
            shown(&identities, LOCAL, ip),
            "cidr:192.0.2.0/24 reserved:world",
            "{case}"
        );
    }
}

#[test]
fn an_identity_of_several_prefixes_has_the_label_of_the_only_one_of_the_family() {
    let mut identities = identities();
    identities.add_prefix(LOCAL, prefix("192.0.2.0/24"));
    identities.add_prefix(LOCAL, prefix("198.51.100.7/32"));
    assert_eq!(
        shown(&identities, LOCAL, "192.0.2.1"),
        "reserved:world",
        "it may belong to a domain name"
    );
    identities.remove_prefix(LOCAL, prefix("192.0.2.0/24"));
    let v4 = "cidr:198.51.100.7/32 reserved:world";
    assert_eq!(shown(&identities, LOCAL, "192.0.2.1"), v4);
    identities.add_prefix(LOCAL, prefix("fd00::/16"));
    let v6 = "cidr:fd00--0/16 reserved:world";
    assert_eq!(shown(&identities, LOCAL, "192.0.2.1"), v4);
    assert_eq!(shown(&identities, LOCAL, "fd00::1"), v6);
    assert_eq!(shown(&identities, LOCAL, ""), "reserved:world");
    identities.remove_prefix(LOCAL, prefix("198.51.100.7/32"));
    identities.remove_prefix(LOCAL, prefix("fd00::/16"));
    assert_eq!(
        shown(&identities, LOCAL, "192.0.2.1"),
        "reserved:world",
        "it has no prefix any more"
    );
}

/// The labels of an identity with the prefix 192.0.2.0/24, and of one without a prefix at addresses
/// of both families and without an address.
fn worlds(identities: &Identities) -> [String; 4] {
    [
        (LOCAL, "192.0.2.1"),
        (LOCAL + 1, "192.0.2.1"),
        (LOCAL + 1, "fd00::1"),
        (LOCAL + 1, ""),
    ]
    .map(|(identity, ip)| shown(identities, identity, ip))
}

const SINGLE_STACK: [&str; 4] = [
    "cidr:192.0.2.0/24 reserved:world",
    "reserved:world",
    "reserved:world",
    "reserved:world",
];
const DUAL_STACK: [&str; 4] = [
    "cidr:192.0.2.0/24 reserved:world-ipv4",
    "reserved:world-ipv4",
    "reserved:world-ipv6",
    "unknown",
];

#[test]
fn the_world_has_one_label_for_each_family_of_a_dual_stack_cluster() {
    let mut identities = identities();
    identities.add_prefix(LOCAL, prefix("192.0.2.0/24"));
    assert_eq!(worlds(&identities), SINGLE_STACK);
    for identity in [9, 10] {
        identities.observe(2);
        assert_eq!(
            worlds(&identities),
            SINGLE_STACK,
            "identity 2 also occurs in dual-stack clusters"
        );
        identities.observe(identity);
        assert_eq!(worlds(&identities), DUAL_STACK);
        identities.observe_prefix(2, prefix("192.0.2.9/32"));
        assert_eq!(worlds(&identities), DUAL_STACK);
        identities.observe_prefix(2, prefix("0.0.0.0/0"));
        assert_eq!(
            worlds(&identities),
            SINGLE_STACK,
            "the agent announces a single family"
        );
    }
    identities.observe_prefix(10, prefix("::/0"));
    assert_eq!(worlds(&identities), DUAL_STACK);
}

#[test]
fn additional_labels_of_a_prefix_identity_are_learned_from_records() {
    let mut identities = identities();
    let recorded =
        "cidr:0.0.0.0/0 cidr:192.0.2.0/24 cidr:192.0.2.7/32 fqdn:a.test reserved:world-ipv4";
    learn_recorded(&mut identities, LOCAL, recorded);
    assert_eq!(
        shown(&identities, LOCAL, "192.0.2.7"),
        "reserved:world-ipv4",
        "it is not announced, so the record may be from an earlier agent"
    );
    identities.add_prefix(LOCAL, prefix("192.0.2.7"));
    learn_recorded(&mut identities, LOCAL, recorded);
    learn_recorded(&mut identities, LOCAL, recorded);
    assert_eq!(
        shown(&identities, LOCAL, ""),
        "cidr:192.0.2.7/32 fqdn:a.test reserved:world-ipv4"
    );
    identities.remove_prefix(LOCAL, prefix("192.0.2.7"));
    identities.add_prefix(LOCAL, prefix("192.0.2.7"));
    assert_eq!(
        shown(&identities, LOCAL, ""),
        "cidr:192.0.2.7/32 reserved:world-ipv4",
        "its number was reused"
    );
}
