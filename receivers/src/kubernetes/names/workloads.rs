//! Workloads of pods, by the rules of Hubble's `GetWorkloadMetaFromPod`
//! (`pkg/k8s/utils/workload.go`, the same from Cilium 1.12 to 1.20), which are Istio's.

use serde::Deserialize;
use tidegate_model::names::{NamesContent, NamesList, PodWorkload, Removal};

use super::portion::Portion;
use super::resource::{Resource, Selection, TooManyNames};
use crate::json::bounded;

/// Turns metadata of pods into their workloads.
#[derive(Debug)]
pub(in crate::kubernetes) struct Workloads {
    node: String,
    /// Whether the current list has a pod.
    has_pods: bool,
}

/// `Pod` of `core/v1`, or `PartialObjectMetadata`.
#[derive(Debug, Deserialize)]
pub(in crate::kubernetes) struct Pod {
    metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: String,
    namespace: String,
    generate_name: Option<String>,
    labels: Option<Labels>,
    #[serde(default, deserialize_with = "bounded::optional_list")]
    owner_references: Option<Vec<OwnerReference>>,
}

/// The labels that the rules use.
#[derive(Debug, Default, Deserialize)]
struct Labels {
    #[serde(rename = "pod-template-hash")]
    pod_template_hash: Option<String>,
    deploymentconfig: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct OwnerReference {
    kind: String,
    name: String,
    controller: Option<bool>,
}

impl Workloads {
    /// The workloads of the pods of this node.
    pub(in crate::kubernetes) fn new(node: &str) -> Self {
        Self {
            node: node.to_owned(),
            has_pods: false,
        }
    }

    /// The pods of a node.
    pub(in crate::kubernetes) fn selection(node: &str) -> Selection {
        Selection {
            resource: "pods",
            fields: Some(format!("spec.nodeName={node}")),
            labels: None,
            is_metadata: true,
            is_few: true,
        }
    }
}

impl Resource for Workloads {
    type Object = Pod;

    fn add(&mut self, pod: Pod, names: &mut Portion) -> Result<(), TooManyNames> {
        self.has_pods = true;
        let (kind, name) = workload(&pod.metadata).unwrap_or_default();
        names.push(NamesContent::Workloads(vec![PodWorkload {
            namespace: pod.metadata.namespace,
            pod_name: pod.metadata.name,
            kind,
            name,
        }]));
        Ok(())
    }

    fn remove(&mut self, pod: Pod, names: &mut Portion) {
        names.push(NamesContent::Removed(vec![Removal::Workload {
            namespace: pod.metadata.namespace,
            pod_name: pod.metadata.name,
        }]));
    }

    fn begin_list(&mut self) {
        self.has_pods = false;
    }

    /// A node of Cilium has pods, the Cilium agent's at least.
    fn end_list(&mut self, names: &mut Portion) -> Option<String> {
        names.push(NamesContent::Complete(NamesList::Workloads));
        (!self.has_pods).then(|| {
            let node = &self.node;
            format!("the cluster has no pod on a Node {node:?}; check `node_name`")
        })
    }
}

/// Kind and name of a pod's workload. Pods whose names are not generated, such as static ones, have
/// none.
fn workload(pod: &Metadata) -> Option<(String, String)> {
    pod.generate_name
        .as_deref()
        .filter(|name| !name.is_empty())?;
    let mut owners = pod.owner_references.iter().flatten();
    let owner = owners.find(|owner| owner.controller == Some(true))?;
    let labels = pod.labels.as_ref();
    let hash = labels.and_then(|labels| non_empty(labels.pod_template_hash.as_deref()));
    let deployment_config = labels.and_then(|labels| non_empty(labels.deploymentconfig.as_deref()));
    let (kind, name) = match (owner.kind.as_str(), hash, deployment_config) {
        ("ReplicaSet", Some(hash), _) if owner.name.ends_with(hash) => {
            let name = owner.name.strip_suffix(hash);
            let name = name.and_then(|name| name.strip_suffix('-'));
            ("Deployment", name.unwrap_or(&owner.name))
        }
        ("ReplicationController", _, Some(config)) => ("DeploymentConfig", config),
        ("Job", ..) => match cron_job(&owner.name) {
            Some(name) => ("CronJob", name),
            None => ("Job", owner.name.as_str()),
        },
        (kind, ..) => (kind, owner.name.as_str()),
    };
    Some((kind.to_owned(), name.to_owned()))
}

fn non_empty(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// The name of the CronJob that made a Job: `(.+)-\d{8,10}$`.
fn cron_job(job: &str) -> Option<&str> {
    let (name, time) = job.rsplit_once('-')?;
    let is_time = (8..=10).contains(&time.len()) && time.bytes().all(|byte| byte.is_ascii_digit());
    (is_time && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::{Pod, workload};

    fn of(metadata: &str) -> Option<(String, String)> {
        let pod = format!(r#"{{"metadata": {{"name": "p", "namespace": "n", {metadata}}}}}"#);
        workload(&serde_json::from_str::<Pod>(&pod).unwrap().metadata)
    }

    fn owned(labels: &str, kind: &str, name: &str) -> Option<(String, String)> {
        of(&format!(
            r#""generateName": "p-", "labels": {{{labels}}}, "ownerReferences": [
                {{"kind": "Other", "name": "first", "controller": false}},
                {{"kind": "{kind}", "name": "{name}", "controller": true, "apiVersion": "v1"}},
                {{"kind": "Other", "name": "last", "controller": true}}]"#
        ))
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn the_controlling_owner_of_a_pod_is_its_workload_by_hubbles_rules() {
        let hash = r#""app": "web", "pod-template-hash": "5d89""#;
        let config = r#""deploymentconfig": "shop""#;
        let cases = [
            (hash, "ReplicaSet", "web-5d89", "Deployment", "web"),
            (hash, "ReplicaSet", "web5d89", "Deployment", "web5d89"),
            (hash, "ReplicaSet", "web-77aa", "ReplicaSet", "web-77aa"),
            (
                r#""pod-template-hash": """#,
                "ReplicaSet",
                "web",
                "ReplicaSet",
                "web",
            ),
            ("", "ReplicaSet", "web-5d89", "ReplicaSet", "web-5d89"),
            (
                config,
                "ReplicationController",
                "shop-3",
                "DeploymentConfig",
                "shop",
            ),
            (
                "",
                "ReplicationController",
                "shop-3",
                "ReplicationController",
                "shop-3",
            ),
            (config, "StatefulSet", "db", "StatefulSet", "db"),
            ("", "DaemonSet", "agent", "DaemonSet", "agent"),
            (hash, "Rollout", "web-5d89", "Rollout", "web-5d89"),
            ("", "Node", "node-a", "Node", "node-a"),
            ("", "Job", "backup-28912345", "CronJob", "backup"),
            ("", "Job", "a-b-1234567890", "CronJob", "a-b"),
            ("", "Job", "backup-1234567", "Job", "backup-1234567"),
            ("", "Job", "backup-12345678901", "Job", "backup-12345678901"),
            ("", "Job", "backup-1234567x", "Job", "backup-1234567x"),
            ("", "Job", "-12345678", "Job", "-12345678"),
            ("", "Job", "12345678", "Job", "12345678"),
            (hash, "Job", "import", "Job", "import"),
        ];
        for (labels, owner, owner_name, kind, name) in cases {
            let expected = Some((kind.to_owned(), name.to_owned()));
            assert_eq!(
                owned(labels, owner, owner_name),
                expected,
                "{owner} {owner_name}"
            );
        }
    }

    #[test]
    fn a_pod_without_a_generated_name_or_a_controlling_owner_has_no_workload() {
        let owner = r#"[{"kind": "DaemonSet", "name": "d", "controller": true}]"#;
        let other = r#"[{"kind": "DaemonSet", "name": "d"}]"#;
        let cases = [
            format!(r#""ownerReferences": {owner}"#),
            format!(r#""generateName": "", "ownerReferences": {owner}"#),
            format!(r#""generateName": "p-", "ownerReferences": {other}"#),
            r#""generateName": "p-", "ownerReferences": []"#.to_owned(),
            r#""generateName": "p-", "ownerReferences": null, "labels": null"#.to_owned(),
            r#""generateName": null"#.to_owned(),
        ];
        for metadata in cases {
            assert_eq!(of(&metadata), None, "{metadata}");
        }
    }
}
