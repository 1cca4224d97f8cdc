//! The sides of a flow: `flow.Endpoint` (v1.19.4). Numbers are the flow's own; texts are shared
//! between flows.

use std::sync::Arc;

/// `flow.Endpoint`, and what Hubble calls names and service of its side of the flow.
#[derive(Clone, Debug, Default)]
pub struct Endpoint {
    /// Id of an endpoint on this node; 0 for any other.
    pub id: u32,
    /// Security identity.
    pub identity: u32,
    /// Names and labels, where something knows them; shared by all flows of the endpoint.
    pub names: Option<Arc<EndpointNames>>,
}

/// The texts of a `flow.Endpoint`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointNames {
    /// Cluster that the endpoint runs in.
    pub cluster_name: String,
    /// Kubernetes namespace.
    pub namespace: String,
    /// Kubernetes pod.
    pub pod_name: String,
    /// `source:key=value`, sorted; shared by all endpoints of the identity.
    pub labels: Arc<[String]>,
    /// Owners of the pod: (kind, name).
    pub workloads: Vec<(String, String)>,
    /// `source_names` or `destination_names`: DNS names of the address.
    pub dns_names: Vec<String>,
}

impl EndpointNames {
    /// What labels alone tell: themselves, sorted, and the cluster.
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
    fn the_cluster_is_a_label() {
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
