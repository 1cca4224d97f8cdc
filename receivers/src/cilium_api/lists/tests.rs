//! Entries of the lists.

use tidegate_model::flow::Address;
use tidegate_model::names::{
    AddressName, DnsName, EndpointName, IdentityName, NamesContent, NodeName, PodCgroups, RuleLog,
    ServiceFrontend,
};
use tidegate_model::time::Timestamp;

use super::{ListParser, release};
use crate::cilium_api::ApiList;

/// The content of a list, and how many elements were invalid.
fn read(list: ApiList, json: &str) -> (Option<NamesContent>, u64) {
    let mut parser = ListParser::new(list);
    assert_eq!(parser.push(json.as_bytes()).unwrap(), None);
    let content = parser.finish().unwrap();
    (content, parser.counts().invalid)
}

fn ip(text: &str) -> Address {
    Address::from(text.parse::<std::net::IpAddr>().unwrap())
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

#[test]
fn identities_have_numbers_and_labels() {
    let json =
        r#"[{"id":1,"labels":["reserved:host"],"labelsSHA256":"x"},{"labels":null,"new":{}}]"#;
    let expected = vec![
        IdentityName {
            identity: 1,
            labels: texts(&["reserved:host"]),
        },
        IdentityName::default(),
    ];
    assert_eq!(
        read(ApiList::Identities, json),
        (Some(NamesContent::Identities(expected)), 0)
    );
}

#[test]
fn addresses_have_a_prefix_an_identity_and_maybe_a_node_and_a_pod() {
    let json = r#"[
        {"cidr":"10.0.1.7/32","identity":7001,"hostIP":"192.168.0.1","encryptKey":0,
         "metadata":{"name":"web-0","namespace":"shop","source":"k8s"}},
        {"cidr":"fd00::/64","identity":16777217,"hostIP":"","metadata":null},
        {"cidr":"0.0.0.0/0","identity":2},
        {"cidr":"10.0.1.7/99","identity":2}, {"cidr":"10.0.1.8"}, {"identity":2}]"#;
    let entry =
        |address, prefix_len, identity, node, namespace: &str, pod_name: &str| AddressName {
            address: ip(address),
            prefix_len,
            identity,
            node,
            namespace: namespace.to_owned(),
            pod_name: pod_name.to_owned(),
        };
    let expected = vec![
        entry(
            "10.0.1.7",
            32,
            7001,
            Some(ip("192.168.0.1")),
            "shop",
            "web-0",
        ),
        entry("fd00::", 64, 16_777_217, None, "", ""),
        entry("0.0.0.0", 0, 2, None, "", ""),
    ];
    assert_eq!(
        read(ApiList::Addresses, json),
        (Some(NamesContent::Addresses(expected)), 3)
    );
}

#[test]
fn endpoints_have_their_pod_by_either_key_and_all_addresses() {
    let json = r#"[
        {"id":12,"spec":{},"status":{
          "external-identifiers":{"k8s-namespace":"shop","k8s-pod-name":"web-0","pod-name":"a/b"},
          "identity":{"id":7001,"labels":["k8s:app=web"]},
          "labels":{"derived":["k8s:pod-template-hash=1"],"security-relevant":["k8s:app=web"]},
          "networking":{"addressing":[{"ipv4":"10.0.1.7","ipv6":"fd00::7"},{"ipv4":""}],
                        "interface-index":21,"interface-name":"lxc1"},
          "policy":{"realized":{"allowed":[1,2]}},"state":"ready"}},
        {"id":13,"status":{"external-identifiers":{"pod-name":"shop/web-1"},"networking":null}},
        {"id":14,"status":{"policy":{"realized":"?"}}},
        {"id":70000}, {"status":{}}]"#;
    let named = |id, namespace: &str, pod_name: &str| EndpointName {
        id,
        namespace: namespace.to_owned(),
        pod_name: pod_name.to_owned(),
        ..EndpointName::default()
    };
    let expected = vec![
        EndpointName {
            identity: 7001,
            labels: texts(&["k8s:app=web"]),
            derived_labels: texts(&["k8s:pod-template-hash=1"]),
            addresses: vec![ip("10.0.1.7"), ip("fd00::7")],
            interface_name: "lxc1".to_owned(),
            interface_index: 21,
            ..named(12, "shop", "web-0")
        },
        named(13, "shop", "web-1"),
        named(14, "", ""),
    ];
    assert_eq!(
        read(ApiList::Endpoints, json),
        (Some(NamesContent::Endpoints(expected)), 2)
    );
}

#[test]
fn services_are_frontends_of_the_external_scope_that_have_a_name() {
    let json = r#"[
        {"spec":{"backend-addresses":[{"ip":"10.0.0.1"}],"flags":{"name":"web","namespace":"shop"},
         "frontend-address":{"ip":"172.20.0.1","port":80,"protocol":"TCP","scope":"external"}},
         "status":{"realized":{}}},
        {"spec":{"flags":{"name":"dns","namespace":"kube-system"},
         "frontend-address":{"ip":"fd20::a","port":53,"protocol":"UDP"}}},
        {"spec":{"flags":{"name":"any"},"frontend-address":{"ip":"172.20.0.2","protocol":"ANY"}}},
        {"spec":{"flags":{"name":"web"},
         "frontend-address":{"ip":"172.20.0.1","port":80,"scope":"internal"}}},
        {"spec":{"flags":null,"frontend-address":{"ip":"172.20.0.3","port":80}}},
        {"spec":{"flags":{"name":"x"},"frontend-address":{"port":80}}},
        {"spec":{"flags":{"name":"x"},"frontend-address":{"ip":"172.20.0.1","port":65536}}}]"#;
    let frontend = |address, port, protocol, namespace: &str, name: &str| ServiceFrontend {
        address: ip(address),
        port,
        protocol,
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    };
    let expected = vec![
        frontend("172.20.0.1", 80, 6, "shop", "web"),
        frontend("fd20::a", 53, 17, "kube-system", "dns"),
        frontend("172.20.0.2", 0, 0, "", "any"),
    ];
    assert_eq!(
        read(ApiList::Services, json),
        (Some(NamesContent::Services(expected)), 2)
    );
}

#[test]
fn pods_without_a_control_group_are_left_out() {
    let json = r#"{"pod-metadatas":[
        {"containers":[{"cgroup-id":3318,"cgroup-path":"/a"},{"cgroup-id":0}],
         "ips":["10.0.1.7","fd00::7"],"name":"web-0","namespace":"shop"},
        {"containers":null,"ips":null,"name":"pause"}]}"#;
    let expected = vec![PodCgroups {
        cgroups: vec![3318],
        addresses: vec![ip("10.0.1.7"), ip("fd00::7")],
        namespace: "shop".to_owned(),
        pod_name: "web-0".to_owned(),
    }];
    assert_eq!(
        read(ApiList::Cgroups, json),
        (Some(NamesContent::Cgroups(expected)), 0)
    );
}

#[test]
fn dns_names_have_no_dot_at_their_end_and_at_least_one_address() {
    let json = r#"[
        {"endpoint-id":12,"fqdn":"example.com.","ips":["203.0.113.1"],"ttl":60,"source":"lookup",
         "lookup-time":"1970-01-01T00:00:01.000Z","expiration-time":"1970-01-01T00:01:01.000Z"},
        {"endpoint-id":12,"fqdn":"example.com.","ips":null}, {"fqdn":".","ips":["203.0.113.1"]}]"#;
    let expected = vec![DnsName {
        endpoint: 12,
        asker: None,
        name: "example.com".to_owned(),
        addresses: vec![ip("203.0.113.1")],
        seen: Timestamp(1_000_000_000),
        expires: Timestamp(61_000_000_000),
    }];
    assert_eq!(
        read(ApiList::Dns, json),
        (Some(NamesContent::Dns(expected)), 0)
    );
}

#[test]
fn nodes_have_all_addresses_and_the_own_one_is_marked() {
    let json = r#"{"nodes-added":[
        {"name":"default/node-a","primary-address":{"ipv4":{"ip":"192.168.0.1"},"ipv6":{}},
         "secondary-addresses":[{"address-type":"CiliumInternalIP","ip":"10.0.0.1"}]},
        {"name":"prod/node-b","primary-address":{"ipv6":{"ip":"fd01::2"}},"secondary-addresses":null},
        {"primary-address":{}}],
        "nodes-removed":null,"self":"default/node-a"}"#;
    let node = |name: &str, is_self, addresses| NodeName {
        name: name.to_owned(),
        is_self,
        addresses,
    };
    let expected = vec![
        node("node-a", true, vec![ip("192.168.0.1"), ip("10.0.0.1")]),
        node("prod/node-b", false, vec![ip("fd01::2")]),
    ];
    assert_eq!(
        read(ApiList::Nodes, json),
        (Some(NamesContent::Nodes(expected)), 1)
    );
}

#[test]
fn the_release_is_at_the_beginning_of_the_message() {
    let of = |message: &str| {
        let json = format!("{{\"cilium\":{{\"msg\":{message:?},\"state\":\"Ok\"}},\"x\":1}}");
        release(json.as_bytes()).unwrap()
    };
    assert_eq!(of("1.19.4 (v1.19.4-f0a1b2c3)").as_deref(), Some("1.19.4"));
    assert_eq!(
        of("1.20.0-dev (v1.20.0-dev-a)    down").as_deref(),
        Some("1.20.0-dev")
    );
    assert_eq!(of("Not all probes executed at least once"), None);
    assert_eq!(of(""), None);
    assert_eq!(release(b"{\"cilium\":null}").unwrap(), None);
    assert!(release(b"[1]").is_err());
}

#[test]
fn rules_have_sorted_labels_and_their_log() {
    let rules = r#"[ { \"labels\": [{\"key\":\"b\",\"value\":\"1\",\"source\":\"k8s\"}, {\"key\":\"a\",\"source\":\"k8s\"}],\n\"log\":{\"value\":\"x\\u0026\"}}, {\"Tier\":0,\"Labels\":[{\"key\":\"c\",\"source\":\"k8s\"}],\"Log\":{\"value\":\"y\"},\"L4\":null}, {\"egress\":[{}]} ]"#;
    let json = format!(r#"{{"policy":"{rules}","revision":7}}"#);
    let expected = vec![
        RuleLog {
            labels: texts(&["k8s:a", "k8s:b=1"]),
            log: "x&".to_owned(),
        },
        RuleLog {
            labels: texts(&["k8s:c"]),
            log: "y".to_owned(),
        },
        RuleLog::default(),
    ];
    assert_eq!(
        read(ApiList::RuleLogs, &json),
        (Some(NamesContent::RuleLogs(expected)), 0)
    );
}
