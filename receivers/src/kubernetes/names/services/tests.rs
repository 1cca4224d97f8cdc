//! Frontends of services of all kinds.

use std::net::IpAddr;

use serde_json::{Value, json};
use tidegate_model::names::{NamesContent, Removal};
use tidegate_model::{Record, Timestamp};
use tokio::sync::watch;

use super::*;

/// The frontends of a service, as `address:port/protocol`.
fn frontends(spec: Value, status: Value, annotations: Value, node: &[&str]) -> Vec<String> {
    let service = json!({
        "metadata": {"name": "web", "namespace": "shop", "annotations": annotations},
        "spec": spec,
        "status": status,
    });
    let service: Service = serde_json::from_value(service).unwrap();
    let node: Vec<IpAddr> = node.iter().map(|ip| ip.parse().unwrap()).collect();
    let frontends = frontends::of(&service, &node).unwrap().into_iter();
    let texts = frontends.map(|one| {
        assert_eq!((&*one.namespace, &*one.name), ("shop", "web"));
        format!("{} {}/{}", one.address, one.port, one.protocol)
    });
    texts.collect()
}

fn of_spec(spec: Value) -> Vec<String> {
    frontends(
        spec,
        Value::Null,
        Value::Null,
        &["192.0.2.7", "2001:db8::7"],
    )
}

#[test]
fn every_port_of_every_cluster_address_is_a_frontend() {
    let ports =
        json!([{"port": 80}, {"port": 53, "protocol": "UDP"}, {"port": 9, "protocol": "SCTP"}]);
    let spec = json!({
        "type": "ClusterIP", "clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7", "fd00::7"],
        "ports": ports,
    });
    let expected = [
        "10.96.0.7 80/6",
        "10.96.0.7 53/17",
        "10.96.0.7 9/132",
        "fd00::7 80/6",
        "fd00::7 53/17",
        "fd00::7 9/132",
    ];
    assert_eq!(of_spec(spec), expected);
    let old = json!({"clusterIP": "10.96.0.7", "ports": [{"port": 443, "protocol": "TCP"}]});
    assert_eq!(of_spec(old), ["10.96.0.7 443/6"]);
}

#[test]
fn services_without_addresses_have_no_frontends() {
    let ports = json!([{"port": 80, "nodePort": 30_080}]);
    for spec in [
        json!({"clusterIP": "None", "clusterIPs": ["None"], "externalIPs": ["203.0.113.1"], "ports": ports}),
        json!({"clusterIP": "", "ports": ports}),
        json!({"type": "ExternalName", "externalName": "example.org", "ports": ports}),
        json!({"clusterIP": "10.96.0.7"}),
        json!({"clusterIP": "10.96.0.7", "ports": null, "clusterIPs": null, "externalIPs": null}),
        json!({"clusterIP": "10.96.0.7", "ports": [{"port": 80, "protocol": "QUIC"}]}),
    ] {
        assert_eq!(of_spec(spec.clone()), Vec::<String>::new(), "{spec}");
    }
}

#[test]
fn node_ports_are_on_the_own_nodes_addresses_of_the_services_families() {
    let ports =
        json!([{"port": 80, "nodePort": 30_080}, {"port": 81, "nodePort": 0}, {"port": 82}]);
    let own_ports = |families: Value| {
        let spec = json!({"type": "NodePort", "clusterIP": "10.96.0.7", "ipFamilies": families, "ports": ports});
        let mut all = of_spec(spec);
        all.retain(|one| !one.starts_with("10.96."));
        all
    };
    let both = ["192.0.2.7 30080/6", "2001:db8::7 30080/6"];
    assert_eq!(own_ports(json!(["IPv4", "IPv6"])), both);
    assert_eq!(own_ports(json!(["IPv6"])), both[1..]);
    assert_eq!(own_ports(Value::Null), both[..1]);
    let spec = json!({"type": "ClusterIP", "clusterIP": "10.96.0.7", "ports": ports});
    assert!(!of_spec(spec).iter().any(|one| one.contains("30080")));
}

#[test]
fn addresses_of_load_balancers_that_do_not_replace_them_and_external_ones_are_frontends() {
    let spec = json!({
        "type": "LoadBalancer", "clusterIP": "10.96.0.7", "externalIPs": ["203.0.113.1", "x"],
        "ports": [{"port": 80}],
    });
    let status = json!({"loadBalancer": {"ingress": [
        {"ip": "203.0.113.8"}, {"ip": "203.0.113.9", "ipMode": "VIP"},
        {"ip": "203.0.113.10", "ipMode": "Proxy"}, {"hostname": "lb.example.org"}, {"ip": ""},
    ]}});
    let of = |annotations| frontends(spec.clone(), status.clone(), annotations, &[]);
    let all = [
        "10.96.0.7 80/6",
        "203.0.113.8 80/6",
        "203.0.113.9 80/6",
        "203.0.113.1 80/6",
    ];
    assert_eq!(of(Value::Null), all);
    assert_eq!(of(json!({"service.cilium.io/type": "other"})), all);
    assert_eq!(
        of(json!({"service.cilium.io/type": "LoadBalancer"})),
        all[1..]
    );
    assert_eq!(
        of(json!({"service.cilium.io/type": "ClusterIP"})),
        [all[0], all[3]]
    );
}

#[test]
fn a_service_with_thousands_of_frontends_is_refused() {
    let ports: Vec<_> = (1..=1000).map(|port| json!({"port": port})).collect();
    let addresses: Vec<_> = (1..=5).map(|last| format!("203.0.113.{last}")).collect();
    let service = json!({
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"ports": ports, "externalIPs": addresses},
    });
    let service: Service = serde_json::from_value(service).unwrap();
    let mut names = Portion::new(Timestamp(1));
    assert!(Services::new(None).add(service, &mut names).is_err());
    assert!(names.is_empty());
}

#[test]
fn a_changed_service_replaces_its_frontends() {
    let (_sender, node) = watch::channel(Some(vec!["192.0.2.7".parse().unwrap()]));
    let mut services = Services::new(Some(node));
    let service = |ports: Value| -> Service {
        let spec = json!({"type": "NodePort", "clusterIP": "10.96.0.7", "ports": ports});
        let service = json!({"metadata": {"name": "web", "namespace": "shop"}, "spec": spec});
        serde_json::from_value(service).unwrap()
    };
    let mut names = Portion::new(Timestamp(1));
    let ports = json!([{"port": 80, "nodePort": 30_080}]);
    services.change(service(ports), &mut names).unwrap();
    services.remove(service(Value::Null), &mut names);
    let contents: Vec<_> = names
        .take()
        .map(|record| match record {
            Record::Names(names) => names.content,
            other => panic!("{other:?}"),
        })
        .collect();
    let removed = NamesContent::Removed(vec![Removal::Service {
        namespace: "shop".to_owned(),
        name: "web".to_owned(),
    }]);
    assert_eq!(
        (contents.len(), &contents[0], &contents[2]),
        (3, &removed, &removed)
    );
    assert_eq!(contents[1].len(), 2);
}
