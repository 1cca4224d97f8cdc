//! The receiver of names from a fake Kubernetes API server.

mod access;
mod failures;
mod names;
mod recorded;
mod server;
mod status;

use tidegate_model::names::{Names, NamesContent, NamesList, NamesSource, PodWorkload, Removal};

use crate::support::{Received, TestPipeline};

/// Metadata of a pod of a ReplicaSet's pod with this name and version.
fn pod(name: &str, version: u32) -> String {
    format!(
        r#"{{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{{"name":"{name}","generateName":"web-5d89-","namespace":"shop","uid":"0b5c","resourceVersion":"{version}","creationTimestamp":"2026-01-01T00:00:00Z","labels":{{"app":"web","pod-template-hash":"5d89"}},"ownerReferences":[{{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"web-5d89","uid":"77aa","controller":true,"blockOwnerDeletion":true}}],"managedFields":[{{"manager":"kubelet","operation":"Update","fieldsV1":{{"f:status":{{}}}}}}]}}}}"#
    )
}

/// An event of a watch.
fn event(change: &str, object: &str) -> String {
    format!(r#"{{"type":"{change}","object":{object}}}"#)
}

/// An event of a watch that only advances the version.
fn bookmark(version: u32) -> String {
    let object = format!(
        r#"{{"kind":"Pod","apiVersion":"v1","metadata":{{"resourceVersion":"{version}","creationTimestamp":null}}}}"#
    );
    event("BOOKMARK", &object)
}

/// The workload of [`pod`].
fn workload(pod_name: &str) -> PodWorkload {
    PodWorkload {
        namespace: "shop".to_owned(),
        pod_name: pod_name.to_owned(),
        kind: "Deployment".to_owned(),
        name: "web".to_owned(),
    }
}

fn removed(pod_name: &str) -> NamesContent {
    NamesContent::Removed(vec![Removal::Workload {
        namespace: "shop".to_owned(),
        pod_name: pod_name.to_owned(),
    }])
}

const ALL_WORKLOADS: NamesContent = NamesContent::Complete(NamesList::Workloads);

/// The next names.
async fn next_names(pipeline: &mut TestPipeline) -> Names {
    match pipeline.next().await {
        Received::Names(names) => {
            assert_eq!(names.source, NamesSource::Kubernetes);
            *names
        }
        other => panic!("{other:?} instead of names"),
    }
}

/// The next content.
async fn next(pipeline: &mut TestPipeline) -> NamesContent {
    next_names(pipeline).await.content
}

/// The workloads of these pods and the end of their list.
async fn expect_list(pipeline: &mut TestPipeline, pods: &[&str]) {
    if !pods.is_empty() {
        let workloads = pods.iter().map(|name| workload(name)).collect();
        assert_eq!(next(pipeline).await, NamesContent::Workloads(workloads));
    }
    assert_eq!(next(pipeline).await, ALL_WORKLOADS);
}
