//! Owners of pods: Hubble's `workloads`, which only pods of this node have.
//!
//! The Kubernetes API tells the owner of a pod. Without it, the owner is inferred from the labels
//! that controllers give to their pods, by the rules of `pkg/k8s/utils/workload.go` (v1.19.4). That
//! is wrong where Kubernetes shortened a name of more than 58 characters, and for kinds of owners
//! that give no label.

use std::time::Duration;

use hashbrown::HashMap;
use tidegate_model::Timestamp;
use tidegate_model::names::PodWorkload;

use crate::pods::{PodName, check_len};
use crate::reject_reason::RejectReason;
use crate::times::set_back;

/// The largest number of pods with a workload. A node has some hundreds of pods at most.
const MAX_PODS: usize = 8192;

/// Kind and name of an owner.
pub(crate) type Workload = (String, String);

/// The workloads that the Kubernetes API lists.
#[derive(Debug, Default)]
pub(crate) struct Workloads(HashMap<PodName, ListedWorkload>);

#[derive(Debug)]
struct ListedWorkload {
    /// `None` if the pod has no owner.
    workload: Option<Workload>,
    since: Timestamp,
}

impl Workloads {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The workload of a pod; `None` if it is not listed, and `Some(None)` if it has no owner.
    pub(crate) fn get(&self, pod: &PodName) -> Option<Option<&Workload>> {
        Some(self.0.get(pod)?.workload.as_ref())
    }

    /// Sets the workload of a pod.
    pub(crate) fn set(
        &mut self,
        listed: PodWorkload,
        since: Timestamp,
    ) -> Result<(), RejectReason> {
        check_len(&listed.namespace, &listed.pod_name)?;
        check_len(&listed.kind, &listed.name)?;
        let pod = PodName {
            namespace: listed.namespace,
            name: listed.pod_name,
        };
        if self.0.len() >= MAX_PODS && !self.0.contains_key(&pod) {
            return Err(RejectReason::TableFull);
        }
        let workload = (!listed.kind.is_empty()).then_some((listed.kind, listed.name));
        self.0.insert(pod, ListedWorkload { workload, since });
        Ok(())
    }

    pub(crate) fn remove(&mut self, namespace: String, name: String) {
        self.0.remove(&PodName { namespace, name });
    }

    pub(crate) fn set_back(&mut self, by: Duration) {
        set_back(self.0.values_mut().map(|listed| &mut listed.since), by);
    }

    /// Removes what is not in the list that was requested at `asked`.
    pub(crate) fn sweep(&mut self, asked: Timestamp) {
        self.0.retain(|_, listed| listed.since >= asked);
    }
}

/// Infers the workload of a pod from all of its labels.
pub(crate) fn infer<'a>(
    pod_name: &str,
    labels: impl Iterator<Item = &'a String> + Clone,
) -> Option<Workload> {
    let label = |key: &str| {
        let value = |label: &'a String| {
            let label = label.strip_prefix("k8s:")?;
            label.strip_prefix(key)?.strip_prefix('=')
        };
        labels
            .clone()
            .find_map(value)
            .filter(|value| !value.is_empty())
    };
    let workload = |kind: &str, name: &str| Some((kind.to_owned(), name.to_owned()));
    if let Some(config) = label("deploymentconfig") {
        return workload("DeploymentConfig", config);
    }
    // `NAME-HASH-xxxxx`
    if let Some(hash) = label("pod-template-hash") {
        let name = generate_name(pod_name)?;
        let name = name
            .strip_suffix(hash)
            .and_then(|name| name.strip_suffix('-'));
        return name.and_then(|name| workload("Deployment", name));
    }
    let has_revision = label("controller-revision-hash").is_some();
    if has_revision && label("statefulset.kubernetes.io/pod-name").is_some() {
        let (name, ordinal) = pod_name.rsplit_once('-')?;
        let is_ordinal = !ordinal.is_empty() && ordinal.bytes().all(|byte| byte.is_ascii_digit());
        return is_ordinal.then(|| workload("StatefulSet", name)).flatten();
    }
    if has_revision && label("pod-template-generation").is_some() {
        return workload("DaemonSet", generate_name(pod_name)?);
    }
    let job = label("batch.kubernetes.io/job-name").or_else(|| label("job-name"))?;
    match cron_job(job) {
        Some(cron_job) => workload("CronJob", cron_job),
        None => workload("Job", job),
    }
}

/// The name that Kubernetes generated a pod's name from: without the last part, which has five
/// characters.
fn generate_name(pod_name: &str) -> Option<&str> {
    let (name, suffix) = pod_name.rsplit_once('-')?;
    (suffix.len() == 5 && !name.is_empty()).then_some(name)
}

/// The cron job of a job, whose name it follows with 8 to 10 digits.
fn cron_job(job: &str) -> Option<&str> {
    let (name, time) = job.rsplit_once('-')?;
    let is_time = (8..=10).contains(&time.len()) && time.bytes().all(|byte| byte.is_ascii_digit());
    (is_time && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table of cases")]
    fn the_workload_follows_from_the_labels_of_controllers() {
        for (pod, labels, expected) in [
            (
                "cart-7d9f8b6c5-x2x4k",
                "pod-template-hash=7d9f8b6c5",
                "Deployment/cart",
            ),
            ("cart-x2x4k", "pod-template-hash=7d9f8b6c5", ""),
            (
                "db-0",
                "statefulset.kubernetes.io/pod-name=db-0 controller-revision-hash=db-1",
                "StatefulSet/db",
            ),
            (
                "db-x",
                "statefulset.kubernetes.io/pod-name=db-x controller-revision-hash=db-1",
                "",
            ),
            (
                "cilium-x2x4k",
                "controller-revision-hash=1 pod-template-generation=3",
                "DaemonSet/cilium",
            ),
            (
                "backup-28512345-x2x4k",
                "job-name=backup-28512345",
                "CronJob/backup",
            ),
            (
                "once-x2x4k",
                "job-name=once batch.kubernetes.io/job-name=once",
                "Job/once",
            ),
            ("once-1-x2x4k", "job-name=once-1", "Job/once-1"),
            (
                "front-1-x2x4k",
                "deploymentconfig=front",
                "DeploymentConfig/front",
            ),
            ("bare", "app=bare", ""),
            ("", "pod-template-hash=1", ""),
            ("cart-1-x2x4k", "pod-template-hash=", ""),
        ] {
            let labels: Vec<_> = labels
                .split_whitespace()
                .map(|label| format!("k8s:{label}"))
                .collect();
            let workload = infer(pod, labels.iter());
            let shown = workload.map(|(kind, name)| format!("{kind}/{name}"));
            assert_eq!(shown.unwrap_or_default(), expected, "{pod}");
        }
    }
}
