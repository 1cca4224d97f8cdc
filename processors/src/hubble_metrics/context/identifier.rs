//! What a context option can name an endpoint by.

use std::fmt::Write;
use std::net::IpAddr;

use tidegate_core::flow::{Endpoint, EndpointNames, IdentityScope, reserved_identity};

/// An identifier of a context option, or what a label of `labelsContext` shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Identifier {
    /// All labels, joined by commas.
    Identity,
    /// The namespace.
    Namespace,
    /// Namespace and pod.
    Pod,
    /// The pod alone.
    PodName,
    /// DNS names, joined by commas.
    Dns,
    /// The address.
    Ip,
    /// The label of the reserved identity.
    ReservedIdentity,
    /// Namespace and name of the first workload.
    Workload,
    /// The name of the first workload.
    WorkloadName,
    /// The kind of the first workload; for `labelsContext` only.
    WorkloadKind,
    /// The value of the first app label.
    App,
}

/// Labels that name the app, each with its `=`.
const APP_LABELS: [&str; 3] = ["k8s:app.kubernetes.io/name=", "k8s:k8s-app=", "k8s:app="];
const RESERVED: &str = "reserved:";
const KUBE_API_SERVER: &str = "reserved:kube-apiserver";
const REMOTE_NODE: &str = "remote-node";
/// A node that serves the Kubernetes API has both labels.
const API_SERVER_NODE: u32 = 7;

impl Identifier {
    /// By its name in context options, in whatever case.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name.to_lowercase().as_str() {
            "identity" => Self::Identity,
            "namespace" => Self::Namespace,
            "pod" => Self::Pod,
            "pod-name" => Self::PodName,
            "dns" => Self::Dns,
            "ip" => Self::Ip,
            "reserved-identity" => Self::ReservedIdentity,
            "workload" => Self::Workload,
            "workload-name" => Self::WorkloadName,
            "app" => Self::App,
            _ => return None,
        })
    }

    /// Whether it says nothing of an endpoint without names.
    pub(super) fn needs_names(self) -> bool {
        !matches!(self, Self::Identity | Self::ReservedIdentity | Self::Ip)
    }

    /// Appends what it says of an endpoint: nothing where it is not known.
    pub(super) fn write(self, text: &mut String, endpoint: &Endpoint, address: Option<IpAddr>) {
        match self {
            Self::Identity => join(text, labels(endpoint)),
            Self::ReservedIdentity => reserved(text, endpoint),
            Self::Ip => {
                if let Some(address) = address {
                    let _ = write!(text, "{address}");
                }
            }
            _ => {
                if let Some(names) = &endpoint.names {
                    self.write_names(text, names);
                }
            }
        }
    }

    fn write_names(self, text: &mut String, names: &EndpointNames) {
        let workload = names.workloads.first();
        match self {
            Self::Namespace => text.push_str(&names.namespace),
            // With a namespace and no pod, the slash alone follows: that is a value, as in Hubble.
            Self::Pod => qualified(text, &names.namespace, &names.pod_name),
            Self::PodName => text.push_str(&names.pod_name),
            Self::Dns => join(text, names.dns_names.iter().map(|name| ("", name.as_str()))),
            Self::Workload => workload
                .iter()
                .for_each(|(_, name)| qualified(text, &names.namespace, name)),
            Self::WorkloadName => workload.iter().for_each(|(_, name)| text.push_str(name)),
            Self::WorkloadKind => workload.iter().for_each(|(kind, _)| text.push_str(kind)),
            Self::App => text.push_str(app(names)),
            Self::Identity | Self::ReservedIdentity | Self::Ip => {}
        }
    }
}

/// The reserved labels that an identity has for certain, by its number: which of the world's three
/// one of local scope has is for `cilium_enrich` to find out.
fn certain(identity: u32) -> [Option<&'static str>; 2] {
    match IdentityScope::of(identity) {
        IdentityScope::RemoteNode => [Some(REMOTE_NODE), None],
        _ => [
            reserved_identity(identity),
            (identity == API_SERVER_NODE).then_some(REMOTE_NODE),
        ],
    }
}

/// The labels of an endpoint, each in two parts to be read as one.
pub(in super::super) fn labels(endpoint: &Endpoint) -> impl Iterator<Item = (&'static str, &str)> {
    let known = endpoint
        .names
        .as_deref()
        .map_or(&[][..], |names| &*names.labels);
    let derived = if known.is_empty() {
        certain(endpoint.identity)
    } else {
        [None, None]
    };
    let derived = derived.into_iter().flatten();
    known
        .iter()
        .map(|label| ("", label.as_str()))
        .chain(derived.map(|name| (RESERVED, name)))
}

fn join<'a>(text: &mut String, parts: impl Iterator<Item = (&'static str, &'a str)>) {
    for (at, (prefix, rest)) in parts.enumerate() {
        text.extend([if at == 0 { "" } else { "," }, prefix, rest]);
    }
}

fn qualified(text: &mut String, namespace: &str, name: &str) {
    if !namespace.is_empty() {
        text.extend([namespace, "/"]);
    }
    text.push_str(name);
}

fn reserved(text: &mut String, endpoint: &Endpoint) {
    let mut found =
        labels(endpoint).filter(|(prefix, rest)| !prefix.is_empty() || rest.starts_with(RESERVED));
    let Some(first) = found.next() else { return };
    let chosen = found
        .find(|(_, rest)| *rest == KUBE_API_SERVER)
        .unwrap_or(first);
    text.extend([chosen.0, chosen.1]);
}

/// Labels are sorted, so the order of the labels decides, not that of the names.
fn app(names: &EndpointNames) -> &str {
    let value = |label: &'_ String| {
        let name = APP_LABELS.iter().find(|name| label.starts_with(**name))?;
        (label.len() > name.len()).then_some(name.len())
    };
    names
        .labels
        .iter()
        .find_map(|label| value(label).map(|at| &label[at..]))
        .unwrap_or_default()
}
