//! The identifiers of context options: which property of an endpoint becomes a label value.

use std::fmt::Write;
use std::net::IpAddr;

use tidegate_model::flow::{Endpoint, EndpointNames, IdentityScope, reserved_identity};

use crate::names_needed::NamesNeeded;

/// A property of an endpoint: an identifier of a context option, or the value of a label of
/// `labelsContext`.
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
    /// The reserved label.
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
    /// The names that context options use.
    pub(super) const NAMES: [(&'static str, Self); 10] = [
        ("identity", Self::Identity),
        ("namespace", Self::Namespace),
        ("pod", Self::Pod),
        ("pod-name", Self::PodName),
        ("dns", Self::Dns),
        ("ip", Self::Ip),
        ("reserved-identity", Self::ReservedIdentity),
        ("workload", Self::Workload),
        ("workload-name", Self::WorkloadName),
        ("app", Self::App),
    ];

    /// Parses the name that context options use. Case does not matter.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        let found = Self::NAMES.into_iter().find(|(known, _)| *known == name);
        found.map(|(_, identifier)| identifier)
    }

    /// Whether endpoints without names have no value.
    pub(super) fn needs_names(self) -> bool {
        self.names_needed() != NamesNeeded::Nothing
    }

    /// What its values depend on.
    pub(super) fn names_needed(self) -> NamesNeeded {
        match self {
            Self::Identity | Self::ReservedIdentity | Self::Ip => NamesNeeded::Nothing,
            Self::Namespace | Self::Pod | Self::PodName | Self::App => NamesNeeded::Pods,
            Self::Dns => NamesNeeded::Dns,
            Self::Workload | Self::WorkloadName | Self::WorkloadKind => NamesNeeded::Api,
        }
    }

    /// Appends the value for an endpoint to `text`; nothing if it is unknown.
    pub(super) fn write(self, text: &mut String, endpoint: &Endpoint, address: Option<IpAddr>) {
        match self {
            Self::Identity => push_joined(text, labels(endpoint)),
            Self::ReservedIdentity => push_reserved_label(text, endpoint),
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
            // A namespace without a pod gives `namespace/`, as in Hubble.
            Self::Pod => push_qualified(text, &names.namespace, &names.pod_name),
            Self::PodName => text.push_str(&names.pod_name),
            Self::Dns => push_joined(text, names.dns_names.iter().map(|name| ("", name.as_str()))),
            Self::Workload => workload
                .iter()
                .for_each(|(_, name)| push_qualified(text, &names.namespace, name)),
            Self::WorkloadName => workload.iter().for_each(|(_, name)| text.push_str(name)),
            Self::WorkloadKind => workload.iter().for_each(|(kind, _)| text.push_str(kind)),
            Self::App => text.push_str(app_name(names)),
            Self::Identity | Self::ReservedIdentity | Self::Ip => {}
        }
    }
}

/// The names of the reserved labels that follow from an identity's number. For an identity of local
/// scope that is none: `cilium_enrich` determines which of the three labels of the world it has.
fn reserved_names(identity: u32) -> [Option<&'static str>; 2] {
    match IdentityScope::of(identity) {
        IdentityScope::RemoteNode => [Some(REMOTE_NODE), None],
        _ => [
            reserved_identity(identity),
            (identity == API_SERVER_NODE).then_some(REMOTE_NODE),
        ],
    }
}

/// The labels of an endpoint, each as a prefix and the rest.
pub(crate) fn labels(endpoint: &Endpoint) -> impl Iterator<Item = (&'static str, &str)> {
    let labels = endpoint
        .names
        .as_deref()
        .map_or(&[][..], |names| &*names.labels);
    let derived = if labels.is_empty() {
        reserved_names(endpoint.identity)
    } else {
        [None, None]
    };
    let derived = derived.into_iter().flatten();
    labels
        .iter()
        .map(|label| ("", label.as_str()))
        .chain(derived.map(|name| (RESERVED, name)))
}

fn push_joined<'a>(text: &mut String, parts: impl Iterator<Item = (&'static str, &'a str)>) {
    for (at, (prefix, rest)) in parts.enumerate() {
        text.extend([if at == 0 { "" } else { "," }, prefix, rest]);
    }
}

fn push_qualified(text: &mut String, namespace: &str, name: &str) {
    if !namespace.is_empty() {
        text.extend([namespace, "/"]);
    }
    text.push_str(name);
}

fn push_reserved_label(text: &mut String, endpoint: &Endpoint) {
    let mut found =
        labels(endpoint).filter(|(prefix, rest)| !prefix.is_empty() || rest.starts_with(RESERVED));
    let Some(first) = found.next() else { return };
    let chosen = found
        .find(|(_, rest)| *rest == KUBE_API_SERVER)
        .unwrap_or(first);
    text.extend([chosen.0, chosen.1]);
}

/// The value of the first label that names the app, in the order of the endpoint's labels.
fn app_name(names: &EndpointNames) -> &str {
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
