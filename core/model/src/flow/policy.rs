//! The policies that decided a policy verdict: `flow.Policy` (v1.20.2).

/// `flow.Policy`: the labels of a rule, and what they say of the resource that it is from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Policy {
    /// Name of the resource; empty if the rule is from none.
    pub name: String,
    /// Its namespace; empty for a resource of the cluster.
    pub namespace: String,
    /// Labels of the rule: `source:key=value`.
    pub labels: Vec<String>,
    /// Revision of the policy that the endpoint has realized.
    pub revision: u64,
    /// Its kind, such as `CiliumNetworkPolicy`.
    pub kind: String,
}

/// What allowed or denied a packet; shared by flows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppliedPolicies {
    /// The policies whose rules the verdict is derived from.
    pub policies: Vec<Policy>,
    /// `policy_log`: the log texts of these rules, sorted, as Hubble shows them: one empty text if no
    /// rule has any. Empty if they are unknown.
    pub log: Vec<String>,
}

impl Policy {
    /// The policy of a rule with these labels. Name, namespace and kind are in labels of the source
    /// `k8s`, as in Cilium's `GetPolicyFromLabels`.
    #[must_use]
    pub fn of_labels(labels: &[String], revision: u64) -> Self {
        let mut policy = Self {
            labels: labels.to_vec(),
            revision,
            ..Self::default()
        };
        for label in labels {
            let key_and_value = label
                .strip_prefix("k8s:io.cilium.k8s.policy.")
                .and_then(|rest| rest.split_once('='));
            match key_and_value {
                Some(("name", value)) => value.clone_into(&mut policy.name),
                Some(("namespace", value)) => value.clone_into(&mut policy.namespace),
                Some(("derived-from", value)) => value.clone_into(&mut policy.kind),
                _ => {}
            }
        }
        policy
    }
}

#[cfg(test)]
mod tests {
    use super::Policy;

    #[test]
    fn name_namespace_and_kind_are_in_labels_of_kubernetes() {
        let policy = |labels: &[&str]| {
            let labels: Vec<_> = labels.iter().map(ToString::to_string).collect();
            let policy = Policy::of_labels(&labels, 7);
            assert_eq!((&policy.labels, policy.revision), (&labels, 7));
            [policy.kind, policy.namespace, policy.name]
        };
        assert_eq!(
            policy(&[
                "k8s:io.cilium.k8s.policy.derived-from=CiliumNetworkPolicy",
                "k8s:io.cilium.k8s.policy.name=web=1",
                "k8s:io.cilium.k8s.policy.namespace=shop",
                "k8s:io.cilium.k8s.policy.uid=1",
            ]),
            ["CiliumNetworkPolicy", "shop", "web=1"]
        );
        assert_eq!(
            policy(&["directory:io.cilium.k8s.policy.name=web", "k8s:x"]),
            ["", "", ""]
        );
    }
}
