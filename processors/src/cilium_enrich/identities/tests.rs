//! What labels identities have, and until when.

use std::net::IpAddr;

use super::*;

fn labels(labels: &str) -> Labels {
    Arc::new(EndpointNames::of_labels(
        labels.split_whitespace().map(str::to_owned).collect(),
    ))
}

fn prefix(text: &str) -> Prefix {
    Prefix::parse(text).unwrap_or_else(|| panic!("{text} is a prefix"))
}

fn shown(identities: &mut Identities, identity: u32, ip: &str) -> String {
    let address =
        (!ip.is_empty()).then(|| Address::from(ip.parse::<IpAddr>().expect("an address")));
    identities
        .names(identity, address)
        .map_or_else(|| "unknown".to_owned(), |names| names.labels.join(" "))
}

#[test]
fn reserved_identities_have_hubbles_labels() {
    let mut identities = Identities::new();
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
            shown(&mut identities, identity, "10.0.0.1"),
            expected,
            "{identity}"
        );
    }
}

#[test]
fn labels_are_forgotten_with_the_last_entry() {
    let mut identities = Identities::new();
    let address = prefix("10.0.1.5");
    for identity in [4242, 100, 130, 0x00ff_ffff] {
        assert!(
            !identities.learn(identity, &labels("k8s:a=1")),
            "nothing has it"
        );
        identities.hold(identity, address);
        identities.hold(identity, address);
        assert!(identities.learn(identity, &labels("k8s:a=1")));
        assert!(
            !identities.learn(identity, &labels("k8s:a=1")),
            "it is no news"
        );
        identities.release(identity, address);
        assert_eq!(shown(&mut identities, identity, ""), "k8s:a=1");
        identities.release(identity, address);
        assert_eq!(shown(&mut identities, identity, ""), "unknown");
    }
}

#[test]
fn a_record_goes_before_what_endpoints_teach() {
    let mut identities = Identities::new();
    identities.hold(4242, prefix("10.0.1.5"));
    assert!(identities.learn(4242, &labels("k8s:a=1")));
    assert!(identities.learn_recorded(4242, &labels("k8s:a=2")));
    assert!(
        !identities.learn_recorded(4242, &labels("k8s:a=2")),
        "it is no news"
    );
    assert!(!identities.learn(4242, &labels("k8s:a=1")));
    assert_eq!(shown(&mut identities, 4242, ""), "k8s:a=2");
}

#[test]
fn endpoints_teach_nothing_of_reserved_identities_and_those_of_a_node() {
    let mut identities = Identities::new();
    for (identity, expected) in [
        (1, "reserved:host"),
        (7, "reserved:kube-apiserver reserved:remote-node"),
        (16_777_217, "cidr:fd00--1/128 reserved:world"),
        (33_554_433, "reserved:remote-node"),
        (50_331_649, "unknown"),
    ] {
        identities.hold(identity, prefix("fd00::1"));
        assert!(
            !identities.learn(identity, &labels("k8s:a=1")),
            "{identity}"
        );
        assert_eq!(
            shown(&mut identities, identity, "fd00::1"),
            expected,
            "{identity}"
        );
    }
}

#[test]
fn records_tell_what_else_a_node_is() {
    let mut identities = Identities::new();
    let host = "reserved:host reserved:kube-apiserver";
    assert!(
        !identities.learn_recorded(1, &labels("k8s:a=1")),
        "that is no host"
    );
    assert!(identities.learn_recorded(1, &labels(host)));
    assert_eq!(shown(&mut identities, 1, ""), host);
    assert!(!identities.learn_recorded(2, &labels("k8s:a=1")));
    let node = "cidr:192.0.2.7/32 node:zone=a reserved:remote-node";
    identities.hold(33_554_433, prefix("192.0.2.7"));
    assert!(identities.learn_recorded(33_554_433, &labels(node)));
    assert_eq!(
        shown(&mut identities, 33_554_433, ""),
        node,
        "these are not filtered"
    );
    identities.release(33_554_433, prefix("192.0.2.7"));
    assert_eq!(
        shown(&mut identities, 33_554_433, ""),
        "reserved:remote-node"
    );
}

#[test]
fn an_identity_of_one_prefix_has_its_label() {
    let mut identities = Identities::new();
    let local = 16_777_217;
    identities.hold(local, prefix("192.0.2.0/24"));
    assert_eq!(
        shown(&mut identities, local, "192.0.2.1"),
        "cidr:192.0.2.0/24 reserved:world"
    );
    assert_eq!(
        shown(&mut identities, local, "fd00::1"),
        "cidr:192.0.2.0/24 reserved:world",
        "wherever it is seen"
    );
    assert_eq!(
        shown(&mut identities, local, ""),
        "cidr:192.0.2.0/24 reserved:world"
    );
    identities.hold(local, prefix("198.51.100.7/32"));
    assert_eq!(
        shown(&mut identities, local, "192.0.2.1"),
        "reserved:world",
        "it may be a name's"
    );
    identities.release(local, prefix("192.0.2.0/24"));
    assert_eq!(
        shown(&mut identities, local, "192.0.2.1"),
        "cidr:198.51.100.7/32 reserved:world"
    );
    identities.hold(local, prefix("fd00::/16"));
    assert_eq!(
        shown(&mut identities, local, "192.0.2.1"),
        "cidr:198.51.100.7/32 reserved:world"
    );
    assert_eq!(
        shown(&mut identities, local, "fd00::1"),
        "cidr:fd00--0/16 reserved:world"
    );
    assert_eq!(shown(&mut identities, local, ""), "reserved:world");
    identities.release(local, prefix("198.51.100.7/32"));
    identities.release(local, prefix("fd00::/16"));
    assert_eq!(
        shown(&mut identities, local, "192.0.2.1"),
        "reserved:world",
        "none is known any more"
    );
}

#[test]
fn the_world_of_two_families_has_two_labels() {
    let mut identities = Identities::new();
    let local = 16_777_217;
    let worlds = |identities: &mut Identities| {
        [
            (local, "192.0.2.1"),
            (local + 1, "192.0.2.1"),
            (local + 1, "fd00::1"),
            (local + 1, ""),
        ]
        .map(|(identity, ip)| shown(identities, identity, ip))
    };
    identities.hold(local, prefix("192.0.2.0/24"));
    let single = worlds(&mut identities);
    assert_eq!(
        single,
        [
            "cidr:192.0.2.0/24 reserved:world",
            "reserved:world",
            "reserved:world",
            "reserved:world"
        ]
    );
    let dual = [
        "cidr:192.0.2.0/24 reserved:world-ipv4",
        "reserved:world-ipv4",
        "reserved:world-ipv6",
        "unknown",
    ];
    for identity in [9, 10] {
        identities.observe(2);
        assert_eq!(
            worlds(&mut identities),
            single,
            "records have it with two families, too"
        );
        identities.observe(identity);
        assert_eq!(worlds(&mut identities), dual);
        identities.hold(2, prefix("192.0.2.9/32"));
        assert_eq!(worlds(&mut identities), dual);
        identities.hold(2, prefix("0.0.0.0/0"));
        assert_eq!(worlds(&mut identities), single, "the agent has one family");
    }
    identities.hold(10, prefix("::/0"));
    assert_eq!(worlds(&mut identities), dual);
}

#[test]
fn a_record_shows_what_else_an_identity_of_a_prefix_has() {
    let mut identities = Identities::new();
    let local = 16_777_217;
    let recorded = labels(
        "cidr:0.0.0.0/0 cidr:192.0.2.0/24 cidr:192.0.2.7/32 fqdn:a.test reserved:world-ipv4",
    );
    identities.learn_recorded(local, &recorded);
    assert_eq!(
        shown(&mut identities, local, "192.0.2.7"),
        "reserved:world-ipv4",
        "the rest may be of an earlier agent"
    );
    identities.hold(local, prefix("192.0.2.7"));
    identities.learn_recorded(local, &recorded);
    identities.learn_recorded(local, &recorded);
    assert_eq!(
        shown(&mut identities, local, ""),
        "cidr:192.0.2.7/32 fqdn:a.test reserved:world-ipv4"
    );
    identities.release(local, prefix("192.0.2.7"));
    identities.hold(local, prefix("192.0.2.7"));
    assert_eq!(
        shown(&mut identities, local, ""),
        "cidr:192.0.2.7/32 reserved:world-ipv4",
        "its number is used anew"
    );
}
