//! The flows of `tests/golden/hubble/names`: services, DNS names, node labels, and the name of an
//! interface.

use std::net::IpAddr;
use std::sync::Arc;

use tidegate_model::flow::{
    Address, Direction, Endpoint, EndpointNames, Flow, FlowType, Ip, IpVersion, L4, NodeView,
    ServiceName, Socket, TcpFlags, TracePoint, TraceReason, Verdict,
};

use super::{identity, ip, local_pod, packet, pod, tcp};

const SYN: u16 = TcpFlags::SYN;

pub(crate) fn flows() -> [Flow; 6] {
    [
        to_service(),
        reply_of_service(),
        to_dns_name(),
        to_pod_and_service(),
        to_service_with_dns_name(),
        socket(),
    ]
}

fn node(interface_name: &str) -> Option<Arc<NodeView>> {
    let labels = [
        "kubernetes.io/hostname=node-a",
        "node-role.kubernetes.io/worker=",
        "topology.kubernetes.io/zone=eu-1a",
    ];
    Some(Arc::new(NodeView {
        interface_name: interface_name.to_owned(),
        node_labels: labels.map(str::to_owned).into(),
        policies: None,
    }))
}

fn service(namespace: &str, name: &str) -> Option<Arc<ServiceName>> {
    Some(Arc::new(ServiceName {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }))
}

fn cart() -> Endpoint {
    let names = local_pod("shop", "cart-7d9f6c5b8-x2x4z", ("app", "cart"));
    Endpoint {
        id: 312,
        names: Some(Arc::new(names)),
        ..identity(12345)
    }
}

/// An endpoint with labels and DNS names.
fn labelled(number: u32, labels: &[&str], dns_names: &[&str]) -> Endpoint {
    let owned = |texts: &[&str]| Vec::from_iter(texts.iter().map(|text| (*text).to_owned()));
    let names = EndpointNames {
        labels: owned(labels).into(),
        dns_names: owned(dns_names),
        ..EndpointNames::default()
    };
    Endpoint {
        names: Some(Arc::new(names)),
        ..identity(number)
    }
}

fn service_address() -> Endpoint {
    Endpoint {
        service: service("shop", "web"),
        ..labelled(2, &["reserved:world"], &[])
    }
}

/// A new connection of the pod.
fn egress() -> Flow {
    Flow {
        message_type: 4,
        sub_type: 5,
        verdict: Verdict::Forwarded,
        source: cart(),
        direction: Direction::Egress,
        trace_point: TracePoint(5),
        trace_reason: TraceReason(1),
        is_reply: Some(false),
        interface: 17,
        node: node("lxc0a1b2c3d4e5f"),
        ..packet()
    }
}

fn to_service() -> Flow {
    Flow {
        ip: ip([10, 0, 1, 5], [10, 96, 12, 34]),
        l4: tcp(43210, 80, SYN),
        destination: service_address(),
        ..egress()
    }
}

fn reply_of_service() -> Flow {
    Flow {
        sub_type: 0,
        ip: ip([10, 96, 12, 34], [10, 0, 1, 5]),
        l4: tcp(80, 43210, SYN | TcpFlags::ACK),
        source: service_address(),
        destination: cart(),
        direction: Direction::Ingress,
        trace_point: TracePoint::TO_ENDPOINT,
        trace_reason: TraceReason(3),
        is_reply: Some(true),
        ..egress()
    }
}

fn to_dns_name() -> Flow {
    let labels = ["cidr:203.0.113.0/24", "reserved:world"];
    Flow {
        ip: ip([10, 0, 1, 5], [203, 0, 113, 5]),
        l4: tcp(43211, 443, SYN),
        destination: labelled(
            16_777_217,
            &labels,
            &["api.example.com", "edge.example.net"],
        ),
        ..egress()
    }
}

/// As in Hubble, the text formats show the pod with the namespace of the service.
fn to_pod_and_service() -> Flow {
    let names = EndpointNames {
        dns_names: vec!["db.example.com".to_owned()],
        ..pod("data", "db-0")
    };
    Flow {
        ip: ip([10, 0, 1, 5], [10, 0, 3, 3]),
        l4: tcp(43212, 5432, SYN),
        destination: Endpoint {
            names: Some(Arc::new(names)),
            service: service("other", "postgres"),
            ..identity(34567)
        },
        ..egress()
    }
}

fn to_service_with_dns_name() -> Flow {
    let v6 = |text: &str| Address::from(text.parse::<IpAddr>().unwrap());
    let labels = ["reserved:kube-apiserver", "reserved:remote-node"];
    Flow {
        ip: Some(Ip {
            source: v6("fd00::5"),
            destination: v6("fd00:96::1"),
            version: IpVersion::V6,
            ..Ip::default()
        }),
        l4: tcp(43213, 443, SYN),
        source: Endpoint {
            service: service("", "cart"),
            ..cart()
        },
        destination: Endpoint {
            service: service("", "kubernetes"),
            ..labelled(7, &labels, &["kubernetes.default.svc.cluster.local"])
        },
        ..egress()
    }
}

fn socket() -> Flow {
    Flow {
        time: super::TIME,
        message_type: 7,
        sub_type: 1,
        flow_type: FlowType::Sock,
        verdict: Verdict::Traced,
        ip: ip([10, 0, 1, 5], [10, 96, 0, 10]),
        l4: L4::Udp {
            source_port: 0,
            destination_port: 53,
        },
        source: cart(),
        destination: Endpoint {
            service: service("kube-system", "kube-dns"),
            ..labelled(2, &["reserved:world"], &[])
        },
        socket: Some(Box::new(Socket {
            cookie: 4711,
            cgroup_id: 90210,
            keeps_mapped: false,
        })),
        node: node(""),
        ..Flow::default()
    }
}
