//! The endpoints of a flow: `flow.Endpoint` (v1.19.4). Numbers are stored in each flow; texts are
//! shared between flows.

use std::sync::Arc;

use super::policy::AppliedPolicies;

/// `flow.Endpoint`, with the DNS names that Hubble keeps in the flow.
#[derive(Clone, Debug, Default)]
pub struct Endpoint {
    /// Id of an endpoint on this node; 0 for other endpoints.
    pub id: u32,
    /// Security identity.
    pub identity: u32,
    /// Names and labels, if they are known; shared by all flows of the endpoint.
    pub names: Option<Arc<EndpointNames>>,
    /// `source_service` or `destination_service`: the service that address and port belong to.
    pub service: Option<Arc<ServiceName>>,
}

/// `flow.Service` (v1.19.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ServiceName {
    /// Kubernetes namespace.
    pub namespace: String,
    /// Name of the service.
    pub name: String,
}

/// What the node that reported a flow knows beyond its endpoints, apart from the node's name: shared
/// by all flows of one interface, except that a policy verdict has its own if its policies are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeView {
    /// `interface.name`; empty if unknown.
    pub interface_name: String,
    /// `node_labels`: `key=value`, sorted.
    pub node_labels: Arc<[String]>,
    /// The policies that a policy verdict is derived from.
    pub policies: Option<Arc<AppliedPolicies>>,
}

/// The texts of a `flow.Endpoint`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointNames {
    /// Name of the cluster.
    pub cluster_name: String,
    /// Kubernetes namespace.
    pub namespace: String,
    /// Kubernetes pod.
    pub pod_name: String,
    /// `source:key=value`, sorted; shared by all endpoints of the identity.
    pub labels: Arc<[String]>,
    /// Owners of the pod, as (kind, name).
    pub workloads: Vec<(String, String)>,
    /// `source_names` or `destination_names`: DNS names of the address.
    pub dns_names: Vec<String>,
}

impl EndpointNames {
    /// Creates names from labels: the sorted labels, and the cluster name that one of them has.
    #[must_use]
    pub fn of_labels(mut labels: Vec<String>) -> Self {
        const CLUSTER: &str = "k8s:io.cilium.k8s.policy.cluster=";
        labels.sort_unstable();
        let cluster = labels
            .iter()
            .find_map(|label| label.strip_prefix(CLUSTER))
            .unwrap_or_default();
        Self {
            cluster_name: cluster.to_owned(),
            labels: labels.into(),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::EndpointNames;

    #[test]
    fn the_cluster_name_is_taken_from_a_label() {
        for (labels, cluster, sorted) in [
            (vec![], "", vec![]),
            (vec!["k8s:app=web"], "", vec!["k8s:app=web"]),
            (
                vec!["k8s:io.cilium.k8s.policy.cluster=east", "k8s:app=web"],
                "east",
                vec!["k8s:app=web", "k8s:io.cilium.k8s.policy.cluster=east"],
            ),
        ] {
            let names = EndpointNames::of_labels(labels.into_iter().map(str::to_owned).collect());
            assert_eq!(
                (names.cluster_name.as_str(), names.labels.to_vec()),
                (
                    cluster,
                    sorted.iter().map(|label| (*label).to_owned()).collect()
                )
            );
        }
    }
}
