//! The applications of the cluster and their services.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An application: pods of one owner, and the service in front of them.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) namespace: &'static str,
    /// Name of the owner.
    pub(crate) name: &'static str,
    /// The port that its pods and its service listen on.
    pub(crate) port: u16,
    pub(super) owner: Owner,
    /// The label that tells its pods from others.
    pub(super) label_key: &'static str,
    pub(super) label_value: &'static str,
    /// Name of its service.
    pub(crate) service: &'static str,
    /// The last part of the service's addresses.
    service_number: u8,
}

/// What creates the pods, with the hash in the labels that it gives them.
#[derive(Debug)]
pub(super) enum Owner {
    Deployment(&'static str),
    StatefulSet(&'static str),
}

const fn app(
    namespace: &'static str,
    name: &'static str,
    port: u16,
    service_number: u8,
    owner: Owner,
) -> App {
    App {
        namespace,
        name,
        port,
        owner,
        label_key: "app",
        label_value: name,
        service: name,
        service_number,
    }
}

use Owner::{Deployment, StatefulSet};

/// The applications whose pods take part in conversations.
pub(super) const APPS: &[App] = &[
    app("shop", "cart", 8080, 11, Deployment("7d9f6c5b8")),
    app("shop", "checkout", 8080, 12, Deployment("5c67f8d9b4")),
    app("shop", "catalog", 8080, 13, Deployment("6b8d7c9f55")),
    app("shop", "frontend", 80, 14, Deployment("84c9d6b7f")),
    app("payments", "ledger", 9090, 15, Deployment("79c4b5d6f8")),
    app("payments", "gateway", 8443, 16, Deployment("58d7b9c6cc")),
    app("data", "redis", 6379, 17, StatefulSet("6c5d9b7f44")),
    app("data", "postgres", 5432, 18, StatefulSet("7f8b9c6d5d")),
];

/// The cluster's DNS server.
pub(super) const DNS: &App = &App {
    label_key: "k8s-app",
    label_value: "kube-dns",
    service: "kube-dns",
    ..app("kube-system", "coredns", 53, 10, Deployment("668d6bf9bc"))
};

/// All applications.
pub(crate) fn all() -> impl Iterator<Item = &'static App> {
    APPS.iter().chain([DNS])
}

impl App {
    /// The address of its service.
    pub(crate) fn service_ip(&self, v6: bool) -> IpAddr {
        let number = self.service_number;
        if v6 {
            Ipv6Addr::new(0xfd00, 0x10, 0x96, 0, 0, 0, 0, number.into()).into()
        } else {
            Ipv4Addr::new(10, 96, 0, number).into()
        }
    }

    /// The DNS name of its service, with the dot at its end.
    pub(crate) fn service_name(&self) -> String {
        format!("{}.{}.svc.cluster.local.", self.service, self.namespace)
    }

    /// The names of the protocols of its service.
    pub(crate) fn protocols(&self) -> &'static [&'static str] {
        match self.port {
            53 => &["UDP", "TCP"],
            _ => &["TCP"],
        }
    }
}
