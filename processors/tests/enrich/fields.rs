//! The fields that lists fill: workloads, services, DNS names, interfaces, addresses of sockets.

use tidegate_model::Timestamp;
use tidegate_model::flow::{Endpoint, Flow, FlowType, Ip, IpVersion, L4};
use tidegate_model::names::{
    DnsName, EndpointName, IdentityName, InterfaceName, NamesContent, NamesList, NamesSource,
    NodeName, PodCgroups, PodWorkload, ServiceFrontend,
};

use crate::support::{AS_HUBBLE, CART, Enrich, NODE, address, from, shown, socket};

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// The endpoint of `shop/cart-7d9f8b6c5-x2x4k` as the agent's API lists it.
fn cart() -> EndpointName {
    EndpointName {
        id: 312,
        identity: 4242,
        labels: texts(&CART),
        derived_labels: texts(&["k8s:pod-template-hash=7d9f8b6c5"]),
        namespace: "shop".to_owned(),
        pod_name: "cart-7d9f8b6c5-x2x4k".to_owned(),
        addresses: vec![address("10.0.1.5"), address("fd00::5")],
        interface_name: "lxc1234".to_owned(),
        interface_index: 17,
        policy: None,
    }
}

fn with_cart(config: &str) -> Enrich {
    let mut enrich = Enrich::new(config);
    enrich.absorb(NamesContent::Endpoints(vec![cart()]));
    enrich
}

/// A flow of TCP between two addresses and ports.
fn tcp(source: (&str, u16), destination: (&str, u16)) -> Flow {
    Flow {
        flow_type: FlowType::L34,
        ip: Some(Ip {
            source: address(source.0),
            destination: address(destination.0),
            ..Ip::default()
        }),
        l4: L4::Tcp {
            source_port: source.1,
            destination_port: destination.1,
            flags: None,
        },
        ..Flow::default()
    }
}

fn workloads(endpoint: &Endpoint) -> String {
    let names = endpoint.names.clone().unwrap_or_default();
    let shown = names
        .workloads
        .iter()
        .map(|(kind, name)| format!("{kind}/{name}"));
    shown.collect::<Vec<_>>().join(",")
}

#[test]
fn a_listed_endpoint_is_found_by_its_addresses_and_has_the_labels_of_its_own_identity() {
    let mut enrich = with_cart(AS_HUBBLE);
    let labels = "[k8s:app=cart,k8s:io.cilium.k8s.policy.cluster=east]";
    let pod = "shop/cart-7d9f8b6c5-x2x4k";
    for (ip, identity, expected) in [
        ("10.0.1.5", 0, format!("312/4242 east {pod} {labels}")),
        ("fd00::5", 77, format!("312/77 east {pod} {labels}")),
        ("10.0.1.6", 0, "0/0 - - [reserved:unknown]".to_owned()),
    ] {
        assert_eq!(enrich.source(ip, identity), expected, "{ip}");
    }
    assert_eq!(
        enrich.reporter(312),
        format!("312/4242 east {pod} {labels}")
    );
}

#[test]
fn an_endpoint_that_is_announced_after_it_was_listed_keeps_what_announcements_lack() {
    let mut enrich = with_cart(AS_HUBBLE);
    let listed = enrich.source("10.0.1.5", 0);
    enrich.created(312, "shop/cart-7d9f8b6c5-x2x4k");
    enrich.regenerated(312, &CART);
    assert_eq!(enrich.source("10.0.1.5", 0), listed);
    let flow = enrich.pass(from("10.0.1.5", 0));
    assert_eq!(workloads(&flow.source), "Deployment/cart");

    enrich.created(312, "shop/web-0");
    let flow = enrich.pass(from("10.0.1.5", 0));
    assert_eq!(workloads(&flow.source), "", "the id is of another pod now");
}

#[test]
fn endpoints_without_a_pod_have_ids_and_addresses() {
    let mut enrich = Enrich::new(AS_HUBBLE);
    let endpoint = EndpointName {
        id: 99,
        identity: 4,
        labels: texts(&["reserved:health"]),
        addresses: vec![address("10.0.1.99")],
        ..EndpointName::default()
    };
    enrich.absorb(NamesContent::Endpoints(vec![endpoint]));
    assert_eq!(enrich.source("10.0.1.99", 0), "99/4 - - [reserved:health]");
    assert_eq!(enrich.reporter(99), "99/4 - - [reserved:health]");
}

#[test]
fn a_workload_is_that_of_kubernetes_or_inferred() {
    let show = |enrich: &mut Enrich| workloads(&enrich.pass(from("10.0.1.5", 0)).source);
    let of_kubernetes = |kind: &str, name: &str| {
        NamesContent::Workloads(vec![PodWorkload {
            namespace: "shop".to_owned(),
            pod_name: "cart-7d9f8b6c5-x2x4k".to_owned(),
            kind: kind.to_owned(),
            name: name.to_owned(),
        }])
    };
    let mut enrich = with_cart(AS_HUBBLE);
    assert_eq!(show(&mut enrich), "Deployment/cart");
    for (kind, name, expected) in [("Rollout", "cart-1", "Rollout/cart-1"), ("", "", "")] {
        let content = of_kubernetes(kind, name);
        enrich.absorb_from(NamesSource::Kubernetes, Timestamp(1), content);
        assert_eq!(show(&mut enrich), expected);
    }
    let complete = NamesContent::Complete(NamesList::Workloads);
    enrich.absorb_from(NamesSource::Kubernetes, Timestamp(2), complete);
    assert_eq!(
        show(&mut enrich),
        "Deployment/cart",
        "it is not listed any more"
    );
    let mut enrich = with_cart("{ infer_workloads = false }");
    assert_eq!(show(&mut enrich), "");
}

#[test]
fn both_endpoints_have_the_service_of_their_address_and_port() {
    let mut enrich = with_cart(AS_HUBBLE);
    let frontend = |ip: &str, port, protocol, name: &str| ServiceFrontend {
        address: address(ip),
        port,
        protocol,
        namespace: "shop".to_owned(),
        name: name.to_owned(),
    };
    enrich.absorb(NamesContent::Services(vec![
        frontend("10.96.0.7", 80, 6, "web"),
        frontend("10.96.0.10", 53, 17, "dns"),
    ]));
    let services = |flow: Flow| {
        [flow.source.service, flow.destination.service]
            .map(|service| service.map_or_else(String::new, |service| service.name.clone()))
    };
    for (source, destination, expected) in [
        (("10.0.1.5", 40_000), ("10.96.0.7", 80), ["", "web"]),
        (("10.96.0.7", 80), ("10.0.1.5", 40_000), ["web", ""]),
        (("10.0.1.5", 40_000), ("10.96.0.7", 81), ["", ""]),
        (("10.0.1.5", 40_000), ("10.96.0.10", 53), ["", "dns"]),
    ] {
        let flow = enrich.pass(tcp(source, destination));
        assert_eq!(services(flow), expected, "{source:?} {destination:?}");
    }
    enrich.time = Timestamp(9);
    enrich.absorb(NamesContent::Complete(NamesList::Services));
    let flow = enrich.pass(tcp(("10.0.1.5", 40_000), ("10.96.0.7", 80)));
    assert_eq!(services(flow), ["", ""], "it is not listed any more");
}

/// A DNS answer for endpoint 312, with a time to live of 30 seconds.
fn answer(name: &str, ip: &str, seen: Timestamp) -> NamesContent {
    NamesContent::Dns(vec![DnsName {
        endpoint: 312,
        asker: None,
        name: name.to_owned(),
        addresses: vec![address(ip)],
        seen,
        expires: seen + std::time::Duration::from_secs(30),
    }])
}

fn dns_names(endpoint: &Endpoint) -> Vec<String> {
    endpoint.names.clone().unwrap_or_default().dns_names.clone()
}

#[test]
fn an_address_has_the_dns_names_that_the_other_endpoint_knows() {
    let second = |second: u64| Timestamp(second * 1_000_000_000);
    let mut enrich = with_cart(AS_HUBBLE);
    enrich.time = second(1);
    let learn = |enrich: &mut Enrich, name| {
        let content = answer(name, "203.0.113.7", second(1));
        enrich.absorb_from(NamesSource::Dns, second(1), content);
    };
    learn(&mut enrich, "b.test");
    learn(&mut enrich, "a.test");
    let request = tcp(("10.0.1.5", 40_000), ("203.0.113.7", 443));
    let reply = tcp(("203.0.113.7", 443), ("10.0.1.5", 40_000));
    let other = tcp(("10.0.1.9", 40_000), ("203.0.113.7", 443));
    let flow = enrich.pass(request.clone());
    assert_eq!(dns_names(&flow.destination), ["a.test", "b.test"]);
    assert_eq!(dns_names(&flow.source), [""; 0]);
    assert_eq!(dns_names(&enrich.pass(reply).source), ["a.test", "b.test"]);
    assert_eq!(dns_names(&enrich.pass(other).destination), [""; 0]);
    for (at, expected) in [(60, 2), (61, 2), (120, 2), (300, 2)] {
        enrich.time = second(at);
        let flow = enrich.pass(request.clone());
        assert_eq!(
            dns_names(&flow.destination).len(),
            expected,
            "flows show them"
        );
    }
    for at in [400, 500] {
        enrich.time = second(at);
        enrich.source("10.0.1.5", 0);
    }
    let flow = enrich.pass(request.clone());
    assert_eq!(dns_names(&flow.destination), [""; 0], "they have expired");

    let mut enrich = with_cart("{ max_dns_names = 0 }");
    learn(&mut enrich, "a.test");
    assert_eq!(dns_names(&enrich.pass(request).destination), [""; 0]);
}

#[test]
fn an_answer_belongs_to_the_local_endpoint_that_has_the_address_of_the_asker() {
    let request = tcp(("10.0.1.5", 40_000), ("203.0.113.7", 443));
    for (asker, expected) in [
        (Some("10.0.1.5"), vec!["a.test".to_owned()]),
        (Some("fd00::5"), vec!["a.test".to_owned()]),
        (Some("10.0.1.9"), vec![]),
        (None, vec![]),
    ] {
        let mut enrich = with_cart(AS_HUBBLE);
        let NamesContent::Dns(mut names) = answer("a.test", "203.0.113.7", Timestamp(1)) else {
            panic!("no names of DNS");
        };
        names[0].endpoint = 0;
        names[0].asker = asker.map(address);
        enrich.absorb_from(NamesSource::Dns, Timestamp(1), NamesContent::Dns(names));
        let flow = enrich.pass(request.clone());
        assert_eq!(dns_names(&flow.destination), expected, "{asker:?}");
    }
}

#[test]
fn a_flow_has_the_name_of_its_interface_and_the_labels_of_the_node() {
    let mut enrich = with_cart(AS_HUBBLE);
    let show = |enrich: &mut Enrich, interface| {
        let flow = Flow {
            interface,
            ..from("10.0.1.5", 0)
        };
        let node = enrich.pass(flow).node;
        node.map(|node| (node.interface_name.clone(), node.node_labels.join(",")))
    };
    assert_eq!(
        show(&mut enrich, 17),
        Some(("lxc1234".to_owned(), String::new()))
    );
    assert_eq!(show(&mut enrich, 18), None);
    assert_eq!(show(&mut enrich, 0), None);
    let labels = NamesContent::NodeLabels(texts(&["zone=a"]));
    enrich.absorb_from(NamesSource::Kubernetes, Timestamp(1), labels);
    let zone = "zone=a".to_owned();
    assert_eq!(
        show(&mut enrich, 17),
        Some(("lxc1234".to_owned(), zone.clone()))
    );
    assert_eq!(show(&mut enrich, 0), Some((String::new(), zone)));
}

#[test]
fn interfaces_of_the_host_have_names_until_they_are_gone() {
    let mut enrich = with_cart(AS_HUBBLE);
    let show = |enrich: &mut Enrich, interface| {
        let flow = Flow {
            interface,
            ..from("10.0.1.5", 0)
        };
        let node = enrich.pass(flow).node;
        node.map_or_else(String::new, |node| node.interface_name.clone())
    };
    let interface = |index, name: &str| InterfaceName {
        index,
        name: name.to_owned(),
    };
    let of_host = vec![interface(2, "eth0"), interface(17, "lxc1234")];
    enrich.absorb(NamesContent::Interfaces(of_host));
    let all = [2, 17, 18, 0].map(|index| show(&mut enrich, index));
    assert_eq!(all, ["eth0", "lxc1234", "", ""]);
    enrich.absorb(NamesContent::Interfaces(vec![interface(2, "bond0")]));
    let all = [2, 17].map(|index| show(&mut enrich, index));
    assert_eq!(all, ["bond0", "lxc1234"], "the endpoint has its own still");
}

#[test]
fn a_socket_has_the_address_of_the_pod_of_its_control_group() {
    let mut enrich = with_cart(AS_HUBBLE);
    let unknown = enrich.pass(socket(7, IpVersion::V4));
    assert_eq!(shown(&unknown.source), "0/0 - - [reserved:unknown]");
    enrich.absorb(NamesContent::Cgroups(vec![PodCgroups {
        cgroups: vec![7],
        addresses: vec![address("10.0.1.5"), address("fd00::5")],
        namespace: "shop".to_owned(),
        pod_name: "cart-7d9f8b6c5-x2x4k".to_owned(),
    }]));
    for (version, ip) in [(IpVersion::V4, "10.0.1.5"), (IpVersion::V6, "fd00::5")] {
        let flow = enrich.pass(socket(7, version));
        assert_eq!(flow.source_address(), Some(address(ip)));
        assert!(shown(&flow.source).starts_with("312/4242 east shop/cart"));
    }
    let mut reply = socket(7, IpVersion::V4);
    reply.sub_type = 3;
    reply.ip = Some(Ip {
        source: address("203.0.113.7"),
        version: IpVersion::V4,
        ..Ip::default()
    });
    let flow = enrich.pass(reply);
    assert!(shown(&flow.destination).starts_with("312/4242 east shop/cart"));
    assert!(enrich.try_pass(socket(8, IpVersion::V4)).is_some());
    enrich.absorb(NamesContent::Complete(NamesList::Cgroups));
    assert!(
        enrich.try_pass(socket(8, IpVersion::V4)).is_none(),
        "no pod has it"
    );
    assert!(enrich.try_pass(socket(7, IpVersion::V4)).is_some());

    let mut enrich = Enrich::new("{ skip_unknown_cgroups = false }");
    enrich.absorb(NamesContent::Complete(NamesList::Cgroups));
    assert!(enrich.try_pass(socket(8, IpVersion::V4)).is_some());
}

#[test]
fn listed_labels_take_precedence_and_a_prefix_shows_its_longest_one() {
    let mut enrich = Enrich::new(AS_HUBBLE);
    let identity = |identity, labels: &[&str]| IdentityName {
        identity,
        labels: texts(labels),
    };
    enrich.absorb(NamesContent::Identities(vec![
        identity(1, &["reserved:host", "reserved:kube-apiserver"]),
        identity(
            16_777_217,
            &[
                "cidr:203.0.113.0/24",
                "cidr:203.0.113.7/32",
                "fqdn:a.test",
                "reserved:world",
            ],
        ),
        identity(4300, &["k8s:app=web"]),
    ]));
    enrich.upserted("203.0.113.7/32", 16_777_217, "", "");
    for (ip, observed, expected) in [
        (
            "10.0.1.1",
            1,
            "0/1 - - [reserved:host,reserved:kube-apiserver]",
        ),
        (
            "203.0.113.7",
            0,
            "0/16777217 - - [cidr:203.0.113.7/32,fqdn:a.test,reserved:world]",
        ),
        ("10.9.9.9", 4300, "0/4300 - - [k8s:app=web]"),
        ("10.9.9.9", 6, "0/6 - - [reserved:remote-node]"),
    ] {
        assert_eq!(enrich.source(ip, observed), expected);
    }
    enrich.time = Timestamp(9);
    enrich.absorb(NamesContent::Complete(NamesList::Identities));
    assert_eq!(enrich.source("10.0.1.1", 1), "0/1 - - [reserved:host]");
    assert_eq!(enrich.source("10.9.9.9", 4300), "0/4300 - - []");
}

#[test]
fn the_addresses_of_the_node_have_the_identity_of_the_host() {
    let mut enrich = Enrich::new(AS_HUBBLE);
    let node = |is_self, ip: &str| NodeName {
        name: "node".to_owned(),
        is_self,
        addresses: vec![address(ip)],
    };
    enrich.absorb(NamesContent::Nodes(vec![
        node(true, NODE),
        node(false, "172.18.0.9"),
    ]));
    assert_eq!(enrich.source(NODE, 0), "0/1 - - [reserved:host]");
    assert_eq!(enrich.source("172.18.0.9", 0), "0/0 - - [reserved:unknown]");
    assert_eq!(enrich.source(NODE, 6), "0/6 - - [reserved:remote-node]");
    enrich.time = Timestamp(9);
    enrich.absorb(NamesContent::Complete(NamesList::Nodes));
    assert_eq!(enrich.source(NODE, 0), "0/0 - - [reserved:unknown]");
}
