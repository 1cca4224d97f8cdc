//! Answers that a kube-apiserver 1.35.4 gave to `tests/kubernetes/run`, as it sent them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use tidegate_model::names::{NamesContent, NamesList, Removal};
use tokio::time::timeout;

use super::next;
use super::server::{Answer, FakeApi};
use crate::support::TestPipeline;

/// The names that hold, one line each, as in `tests/kubernetes/expected`.
#[derive(Default)]
struct Held {
    workloads: BTreeMap<String, String>,
    services: BTreeMap<String, BTreeSet<String>>,
    labels: Vec<String>,
}

impl Held {
    fn apply(&mut self, content: NamesContent) {
        match content {
            NamesContent::Workloads(workloads) => {
                self.workloads.extend(workloads.into_iter().map(|one| {
                    let pod = format!("{}/{}", one.namespace, one.pod_name);
                    (pod, format!("{}/{}", one.kind, one.name))
                }))
            }
            NamesContent::Services(frontends) => {
                for one in frontends {
                    let service = format!("{}/{}", one.namespace, one.name);
                    let frontend = format!("{} {}/{}", one.address, one.port, one.protocol);
                    self.services.entry(service).or_default().insert(frontend);
                }
            }
            NamesContent::NodeLabels(labels) => self.labels = labels,
            NamesContent::Removed(removals) => removals.into_iter().for_each(|one| match one {
                Removal::Workload {
                    namespace,
                    pod_name,
                } => {
                    self.workloads.remove(&format!("{namespace}/{pod_name}"));
                }
                Removal::Service { namespace, name } => {
                    self.services.remove(&format!("{namespace}/{name}"));
                }
                other => panic!("{other:?}"),
            }),
            NamesContent::Complete(NamesList::Workloads | NamesList::Services) => {}
            other => panic!("{other:?}"),
        }
    }

    fn lines(&self) -> String {
        let workloads = self.workloads.iter();
        let workloads = workloads.map(|(pod, workload)| format!("workload {pod} {workload}\n"));
        let services = self.services.iter().flat_map(|(service, frontends)| {
            let lines = frontends.iter();
            lines.map(move |frontend| format!("service {service} {frontend}\n"))
        });
        let labels = self.labels.iter().map(|label| format!("label {label}\n"));
        labels.chain(services).chain(workloads).collect()
    }
}

fn recorded(name: &str) -> String {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/kubernetes/recorded");
    std::fs::read_to_string(directory.join(name)).expect("a recording")
}

fn watch(name: &str) -> Answer {
    let lines: Vec<_> = recorded(name).lines().map(str::to_owned).collect();
    Answer::watch(&lines)
}

fn expected(name: &str) -> String {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/kubernetes/expected");
    std::fs::read_to_string(directory.join(name)).expect("expected names")
}

#[tokio::test]
async fn lists_and_watches_of_a_real_server_become_the_names_of_its_objects() {
    let api = FakeApi::start(vec![
        ("pods", Answer::text(recorded("pods.json"))),
        ("pods", watch("pods.watch")),
        ("nodes", Answer::text(recorded("nodes.json"))),
        ("nodes", watch("nodes.watch")),
        ("services", Answer::text(recorded("services.1.json"))),
        ("services", Answer::text(recorded("services.2.json"))),
        ("services", watch("services.watch")),
    ])
    .await;
    let table = api.table("read = ['workloads', 'node_labels', 'services']");
    let mut pipeline = TestPipeline::start("kubernetes", &table);
    let mut held = Held::default();
    let changes = expected("changes.txt");
    let all = async {
        while held.lines() != changes {
            let content = next(&mut pipeline).await;
            held.apply(content);
        }
    };
    let ended = timeout(Duration::from_secs(30), all).await;
    assert!(ended.is_ok(), "{}", held.lines());
}

#[tokio::test]
async fn refusals_of_a_real_server_are_recognized() {
    let mut api = FakeApi::start(vec![
        ("pods", Answer::text(recorded("pods.json"))),
        ("pods", watch("expired.watch")),
        (
            "pods",
            Answer::text(recorded("forbidden.json")).with_status("403 Forbidden"),
        ),
    ])
    .await;
    let pipeline = TestPipeline::start("kubernetes", &api.table("read = ['workloads']"));
    for _ in 0..3 {
        api.request().await;
    }
    let failed = |reason| {
        move |pipeline: &TestPipeline| {
            pipeline.metric("tidegate_kubernetes_failures_total", Some(reason)) == 1
        }
    };
    pipeline
        .until("an expired version", failed("expired"))
        .await;
    pipeline.until("a refusal", failed("forbidden")).await;
    let problem = pipeline.health_problem().expect("a problem");
    assert!(
        problem.contains("\"system:serviceaccount:tidegate:tidegate\""),
        "{problem}"
    );
}
