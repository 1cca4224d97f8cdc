//! Attributes of names that the datapath's events do not have.

use super::*;

fn service(namespace: &str, name: &str) -> Option<Arc<ServiceName>> {
    Some(Arc::new(ServiceName {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }))
}

fn pod(namespace: &str, pod_name: &str) -> Option<Arc<EndpointNames>> {
    Some(Arc::new(EndpointNames {
        namespace: namespace.to_owned(),
        pod_name: pod_name.to_owned(),
        ..EndpointNames::default()
    }))
}

fn destination(names: Option<Arc<EndpointNames>>, service: Option<Arc<ServiceName>>) -> Flow {
    Flow {
        destination: Endpoint {
            names,
            service,
            ..Endpoint::default()
        },
        ..Flow::default()
    }
}

#[test]
fn a_service_has_its_name_and_the_namespace_that_the_pod_does_not_have() {
    let cases = [
        (
            destination(None, service("shop", "web")),
            "cilium.destination.k8s.namespace.name=shop cilium.destination.k8s.service.name=web",
        ),
        (
            destination(pod("shop", "web-0"), service("shop", "web")),
            "cilium.destination.k8s.namespace.name=shop cilium.destination.k8s.pod.name=web-0 \
             cilium.destination.k8s.service.name=web",
        ),
        (
            destination(pod("data", "db-0"), service("shop", "web")),
            "cilium.destination.k8s.namespace.name=data cilium.destination.k8s.pod.name=db-0 \
             cilium.destination.service.namespace=shop cilium.destination.k8s.service.name=web",
        ),
        (
            destination(None, service("", "kubernetes")),
            "cilium.destination.k8s.service.name=kubernetes",
        ),
    ];
    for (flow, expected) in cases {
        let shown = specific_attributes(&flow, &[]);
        assert!(shown.contains(expected), "{expected} in {shown}");
        let reversed = Flow {
            source: flow.destination,
            ..Flow::default()
        };
        let expected = expected.replace("destination", "source");
        let shown = specific_attributes(&reversed, &[]);
        assert!(shown.contains(&expected), "{expected} in {shown}");
    }
}

#[test]
fn the_line_of_a_flow_has_the_service_in_place_of_the_address() {
    let flow = Flow {
        ip: Some(addresses()),
        l4: tcp(None),
        destination: Endpoint {
            service: service("shop", "web"),
            ..Endpoint::default()
        },
        ..Flow::default()
    };
    let log = log(Record::Flow(flow), &[]);
    let body = log.body.as_ref().map(shown).unwrap();
    assert!(body.contains(" <> shop/web:80 (unknown) "), "{body}");
}

#[test]
fn an_interface_has_its_name_if_it_is_known() {
    let flow = |name: &str| Flow {
        interface: 7,
        node: Some(Arc::new(NodeView {
            interface_name: name.to_owned(),
            ..NodeView::default()
        })),
        ..Flow::default()
    };
    let shown = specific_attributes(&flow("lxc0a1b2c3d4e5f"), &[]);
    let expected = "cilium.interface.index=#7 network.interface.name=lxc0a1b2c3d4e5f";
    assert!(shown.contains(expected), "{shown}");
    assert!(!specific_attributes(&flow(""), &[]).contains("network.interface"));
}
