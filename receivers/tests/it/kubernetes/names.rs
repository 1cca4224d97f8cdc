//! What is read, in the order of an API server without faults.

use tidegate_model::names::{NamesContent, NamesList, Removal};

use super::server::{Answer, FakeApi};
use super::{bookmark, event, expect_list, next, next_names, pod, removed, workload};
use crate::support::TestPipeline;

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "a scenario from its script to its requests"
)]
async fn a_list_comes_first_and_then_every_change_of_the_watch() {
    let events = [
        event("ADDED", &pod("web-5d89-c", 101)),
        event("MODIFIED", &pod("web-5d89-a", 102)),
        bookmark(103),
        event("DELETED", &pod("web-5d89-b", 104)),
    ];
    let pods = [pod("web-5d89-a", 90), pod("web-5d89-b", 91)];
    let mut api = FakeApi::start(vec![
        ("pods", Answer::list("100", &[&pods[0], &pods[1]])),
        ("pods", Answer::watch(&events).then_ends()),
    ])
    .await;
    let mut pipeline = TestPipeline::start("kubernetes", &api.table("read = ['workloads']"));
    expect_list(&mut pipeline, &["web-5d89-a", "web-5d89-b"]).await;
    let mut changes = Vec::new();
    while changes.last() != Some(&removed("web-5d89-b")) {
        changes.push(next(&mut pipeline).await);
    }
    let changed: Vec<_> = changes
        .iter()
        .filter_map(|content| match content {
            NamesContent::Workloads(workloads) => Some(workloads.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    assert_eq!(changed, [workload("web-5d89-c"), workload("web-5d89-a")]);

    let list = api.request().await;
    assert_eq!(
        list.path,
        "/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-a&resourceVersion=0&limit=500"
    );
    let metadata = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
    assert!(list.accept.starts_with(metadata), "{}", list.accept);
    assert_eq!(list.authorization.as_deref(), Some("Bearer first"));
    let watch = api.request().await;
    let from = "/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-a&watch=1\
                &allowWatchBookmarks=true&resourceVersion=100&timeoutSeconds=";
    assert!(watch.path.starts_with(from), "{}", watch.path);
    let metadata = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
    assert!(watch.accept.starts_with(metadata), "{}", watch.accept);
    // The server ends a watch after some time, and the next one goes on from there.
    let next = api.request().await;
    assert!(next.path.contains("&resourceVersion=104&"), "{}", next.path);

    pipeline.shutdown.request();
    let result = pipeline.end().await;
    assert!(result.result.is_ok(), "{}", result.error());
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "a scenario from its script to its requests"
)]
async fn services_are_listed_in_pages_of_one_time() {
    let service = |name: &str, ip: &str| {
        format!(
            r#"{{"metadata":{{"name":"{name}","namespace":"shop"}},"spec":{{"type":"ClusterIP","clusterIP":"{ip}","clusterIPs":["{ip}"],"ports":[{{"name":"http","port":80,"protocol":"TCP"}}]}},"status":{{"loadBalancer":{{}}}}}}"#
        )
    };
    let first = service("web", "10.96.0.7");
    let second = service("db", "10.96.0.8");
    let changed = service("web", "10.96.0.9");
    let mut api = FakeApi::start(vec![
        ("services", Answer::page("100", "t/k", &[&first])),
        ("services", Answer::page("100", "", &[&second])),
        (
            "services",
            Answer::watch(&[event(
                "MODIFIED",
                &changed.replace("\"namespace\"", "\"resourceVersion\":\"101\",\"namespace\""),
            )]),
        ),
    ])
    .await;
    let table = api.table("read = ['services'], page_size = 1");
    let mut pipeline = TestPipeline::start("kubernetes", &table);
    let frontends = |content: NamesContent| match content {
        NamesContent::Services(frontends) => frontends
            .iter()
            .map(|one| format!("{} {}:{}", one.name, one.address, one.port))
            .collect::<Vec<_>>(),
        other => panic!("{other:?} instead of frontends"),
    };
    let list = next_names(&mut pipeline).await;
    assert_eq!(
        frontends(list.content),
        ["web 10.96.0.7:80", "db 10.96.0.8:80"]
    );
    let end = next_names(&mut pipeline).await;
    assert_eq!(end.content, NamesContent::Complete(NamesList::Services));
    assert_eq!(end.asked, list.asked);
    let old = NamesContent::Removed(vec![Removal::Service {
        namespace: "shop".to_owned(),
        name: "web".to_owned(),
    }]);
    let change = next_names(&mut pipeline).await;
    assert_eq!(change.content, old);
    assert!(change.asked > end.asked);
    assert_eq!(frontends(next(&mut pipeline).await), ["web 10.96.0.9:80"]);

    let selector = "/api/v1/services?labelSelector=%21service.kubernetes.io%2Fservice-proxy-name%2C\
                    %21service.kubernetes.io%2Fheadless&limit=1";
    let request = api.request().await;
    assert_eq!(
        (request.path.as_str(), request.accept.as_str()),
        (selector, "application/json")
    );
    assert_eq!(
        api.request().await.path,
        format!("{selector}&continue=t%2Fk")
    );
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "a scenario from its script to its requests"
)]
async fn node_ports_follow_the_own_nodes_addresses() {
    let node = |address: &str, version: u32| {
        format!(
            r#"{{"metadata":{{"name":"node-a","resourceVersion":"{version}","labels":{{"zone":"a","arch":"arm64"}}}},"status":{{"addresses":[{{"type":"InternalIP","address":"{address}"}}]}}}}"#
        )
    };
    let service = r#"{"metadata":{"name":"web","namespace":"shop"},"spec":{"type":"NodePort","clusterIP":"10.96.0.7","ports":[{"port":80,"nodePort":30080}]}}"#;
    let mut api = FakeApi::start(vec![
        ("nodes", Answer::list("100", &[&node("192.0.2.7", 90)])),
        (
            "nodes",
            Answer::watch(&[event("MODIFIED", &node("192.0.2.8", 101))]).then_ends(),
        ),
        ("services", Answer::list("100", &[service])),
        ("services", Answer::watch(&[])),
        ("services", Answer::list("102", &[service])),
    ])
    .await;
    let table = api.table("read = ['node_labels', 'services']");
    let mut pipeline = TestPipeline::start("kubernetes", &table);
    let mut labels = Vec::new();
    let mut node_ports = Vec::new();
    while node_ports
        .last()
        .is_none_or(|last| last != "192.0.2.8:30080")
    {
        match next(&mut pipeline).await {
            NamesContent::NodeLabels(all) => labels.push(all.join(",")),
            NamesContent::Services(frontends) => node_ports.extend(
                frontends
                    .iter()
                    .map(|one| format!("{}:{}", one.address, one.port))
                    .filter(|one| one.ends_with(":30080")),
            ),
            _ => {}
        }
    }
    assert_eq!(labels, ["arch=arm64,zone=a"]);
    assert!(
        node_ports
            .iter()
            .all(|one| one == "192.0.2.7:30080" || one == "192.0.2.8:30080")
    );
    let mut paths = Vec::new();
    for _ in 0..2 {
        paths.push(api.request().await.path);
    }
    let of_node = "/api/v1/nodes?fieldSelector=metadata.name%3Dnode-a&resourceVersion=0&limit=500";
    assert_eq!(paths[0], of_node);
}

#[tokio::test]
async fn a_list_of_thousands_becomes_records_of_a_bounded_size() {
    let pods: Vec<_> = (0..3000)
        .map(|at| pod(&format!("web-5d89-{at}"), 90))
        .collect();
    let items: Vec<_> = pods.iter().map(String::as_str).collect();
    let api = FakeApi::start(vec![
        ("pods", Answer::list("100", &items)),
        ("pods", Answer::watch(&[])),
    ])
    .await;
    let mut pipeline = TestPipeline::start("kubernetes", &api.table("read = ['workloads']"));
    let mut seen = 0;
    loop {
        let names = next_names(&mut pipeline).await;
        assert!(
            names.heap_bytes() < 128 << 10,
            "{} bytes",
            names.heap_bytes()
        );
        match names.content {
            NamesContent::Workloads(workloads) => seen += workloads.len(),
            other => {
                assert_eq!(other, super::ALL_WORKLOADS);
                break;
            }
        }
    }
    assert_eq!(seen, 3000);
}
