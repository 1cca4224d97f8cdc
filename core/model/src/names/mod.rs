//! What receivers learn about names from an API: the content of records of kind `names`.
//!
//! Cilium's agent announces only changes on its monitor socket. Its REST API, and the Kubernetes
//! API, list what exists. A receiver reads such a list and sends it in portions, each as one record
//! ([`Names`]); a processor keeps what they contain.

mod entries;
mod policies;

pub use entries::{
    AddressName, DnsName, EndpointName, IdentityName, InterfaceName, NodeName, PodCgroups,
    PodWorkload, Removal, ServiceFrontend,
};

pub use policies::{EndpointPolicy, FilterRules, PolicyFilter, RuleLog};

use std::mem::size_of_val;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::time::Timestamp;

/// A portion of a list of names, or its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// Where the list is from.
    pub source: NamesSource,
    /// Before the list was requested, on the clock of frames. What was announced since is newer
    /// than the list.
    pub asked: Timestamp,
    /// The portion.
    pub content: NamesContent,
}

/// Where names are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NamesSource {
    /// The REST API of the node's Cilium agent.
    CiliumApi,
    /// The Kubernetes API.
    Kubernetes,
    /// Answers of DNS servers in captured packets and proxies' records.
    Dns,
}

impl NamesSource {
    /// All sources.
    pub const ALL: [Self; 3] = [Self::CiliumApi, Self::Kubernetes, Self::Dns];

    /// The name in telemetry.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CiliumApi => "agent_api",
            Self::Kubernetes => "kubernetes",
            Self::Dns => "dns",
        }
    }
}

/// The lists of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NamesList {
    /// [`NamesContent::Identities`]
    Identities,
    /// [`NamesContent::Addresses`]
    Addresses,
    /// [`NamesContent::Endpoints`]
    Endpoints,
    /// [`NamesContent::Services`]
    Services,
    /// [`NamesContent::Cgroups`]
    Cgroups,
    /// [`NamesContent::Dns`]
    Dns,
    /// [`NamesContent::Nodes`]
    Nodes,
    /// [`NamesContent::Workloads`]
    Workloads,
    /// [`NamesContent::RuleLogs`]
    RuleLogs,
}

impl NamesList {
    /// All lists.
    pub const ALL: [Self; 9] = [
        Self::Identities,
        Self::Addresses,
        Self::Endpoints,
        Self::Services,
        Self::Cgroups,
        Self::Dns,
        Self::Nodes,
        Self::Workloads,
        Self::RuleLogs,
    ];

    /// The name in telemetry and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Identities => "identities",
            Self::Addresses => "addresses",
            Self::Endpoints => "endpoints",
            Self::Services => "services",
            Self::Cgroups => "cgroups",
            Self::Dns => "dns",
            Self::Nodes => "nodes",
            Self::Workloads => "workloads",
            Self::RuleLogs => "rule_logs",
        }
    }
}

/// The content of one record. The bytes of all texts of one are bounded by its sender.
///
/// In JSON it is the list of entries, the list that is complete, or the release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum NamesContent {
    /// Security identities and their labels: `/v1/identity`.
    Identities(Vec<IdentityName>),
    /// Addresses and prefixes with their identities and pods: `/v1/ip`.
    Addresses(Vec<AddressName>),
    /// The endpoints of this node: `/v1/endpoint`.
    Endpoints(Vec<EndpointName>),
    /// Frontends of services: `/v1/service`, or Kubernetes' services.
    Services(Vec<ServiceFrontend>),
    /// Pods of this node by control group: `/v1/cgroup-dump-metadata` (since Cilium 1.14).
    Cgroups(Vec<PodCgroups>),
    /// DNS names by the endpoint that asked for them: `/v1/fqdn/cache`, or answers of DNS servers.
    Dns(Vec<DnsName>),
    /// Nodes of the cluster: `/v1/cluster/nodes`.
    Nodes(Vec<NodeName>),
    /// Owners of this node's pods: the Kubernetes API.
    Workloads(Vec<PodWorkload>),
    /// The labels of this node, as `key=value`, sorted: the Kubernetes API. Replaces earlier ones.
    NodeLabels(Vec<String>),
    /// The network interfaces of this node. Replaces earlier ones.
    Interfaces(Vec<InterfaceName>),
    /// What rules of the network policy have verdicts log: `/v1/policy`.
    RuleLogs(Vec<RuleLog>),
    /// Entries of this source that no longer exist.
    Removed(Vec<Removal>),
    /// A list has been sent completely since `asked`: entries of this source that were in an
    /// earlier one and not in this one no longer exist.
    Complete(NamesList),
    /// The release of Cilium's agent, such as "1.19.4": `/v1/healthz`.
    Release(#[serde(serialize_with = "text")] Arc<str>),
}

fn text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

impl Names {
    /// Bytes on the heap, for the byte limits of edges.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        size_of_val(self) + self.content.heap_bytes()
    }
}

impl Names {
    /// Takes the content, and leaves none.
    #[must_use]
    pub fn take(&mut self) -> Self {
        Self {
            source: self.source,
            asked: self.asked,
            content: std::mem::replace(&mut self.content, NamesContent::Removed(Vec::new())),
        }
    }
}

impl NamesContent {
    /// Bytes on the heap.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        fn sum<T>(entries: &[T], heap_bytes: impl Fn(&T) -> usize) -> usize {
            size_of_val(entries) + entries.iter().map(heap_bytes).sum::<usize>()
        }
        match self {
            Self::Identities(entries) => sum(entries, IdentityName::heap_bytes),
            Self::Addresses(entries) => sum(entries, AddressName::heap_bytes),
            Self::Endpoints(entries) => sum(entries, EndpointName::heap_bytes),
            Self::Services(entries) => sum(entries, ServiceFrontend::heap_bytes),
            Self::Cgroups(entries) => sum(entries, PodCgroups::heap_bytes),
            Self::Dns(entries) => sum(entries, DnsName::heap_bytes),
            Self::Nodes(entries) => sum(entries, NodeName::heap_bytes),
            Self::Workloads(entries) => sum(entries, PodWorkload::heap_bytes),
            Self::NodeLabels(labels) => sum(labels, String::capacity),
            Self::Interfaces(entries) => sum(entries, InterfaceName::heap_bytes),
            Self::RuleLogs(entries) => sum(entries, RuleLog::heap_bytes),
            Self::Removed(entries) => sum(entries, Removal::heap_bytes),
            Self::Complete(_) => 0,
            Self::Release(release) => release.len(),
        }
    }

    /// What the entries are, in logs and taps.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Identities(_) => NamesList::Identities.name(),
            Self::Addresses(_) => NamesList::Addresses.name(),
            Self::Endpoints(_) => NamesList::Endpoints.name(),
            Self::Services(_) => NamesList::Services.name(),
            Self::Cgroups(_) => NamesList::Cgroups.name(),
            Self::Dns(_) => NamesList::Dns.name(),
            Self::Nodes(_) => NamesList::Nodes.name(),
            Self::Workloads(_) => NamesList::Workloads.name(),
            Self::RuleLogs(_) => NamesList::RuleLogs.name(),
            Self::NodeLabels(_) => "node_labels",
            Self::Interfaces(_) => "interfaces",
            Self::Removed(_) => "removed",
            Self::Complete(_) => "complete",
            Self::Release(_) => "release",
        }
    }

    /// The list that is complete, or the release.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Complete(list) => Some(list.name()),
            Self::Release(release) => Some(release),
            _ => None,
        }
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Identities(entries) => entries.len(),
            Self::Addresses(entries) => entries.len(),
            Self::Endpoints(entries) => entries.len(),
            Self::Services(entries) => entries.len(),
            Self::Cgroups(entries) => entries.len(),
            Self::Dns(entries) => entries.len(),
            Self::Nodes(entries) => entries.len(),
            Self::Workloads(entries) => entries.len(),
            Self::NodeLabels(labels) => labels.len(),
            Self::Interfaces(entries) => entries.len(),
            Self::RuleLogs(entries) => entries.len(),
            Self::Removed(entries) => entries.len(),
            Self::Complete(_) | Self::Release(_) => 0,
        }
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_portion_weighs_its_entries_and_their_texts() {
        let names = |labels: Vec<String>| Names {
            source: NamesSource::CiliumApi,
            asked: Timestamp(1),
            content: NamesContent::Identities(vec![IdentityName {
                identity: 256,
                labels,
            }]),
        };
        let empty = names(Vec::new()).heap_bytes();
        assert!(empty >= size_of::<Names>() + size_of::<IdentityName>());
        let label = String::from("k8s:app=web");
        let added = label.len() + size_of::<String>();
        assert_eq!(names(vec![label]).heap_bytes(), empty + added);
    }
}
