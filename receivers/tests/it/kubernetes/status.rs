//! What operators see.

use super::server::{Answer, FakeApi};
use super::{event, expect_list, pod};
use crate::support::TestPipeline;

#[tokio::test]
async fn what_is_forbidden_stays_off_with_the_rule_that_is_missing_and_the_rest_is_read() {
    let message = r#"nodes is forbidden: User \"system:serviceaccount:ops:tidegate\" cannot list resource \"nodes\""#;
    let mut api = FakeApi::start(vec![
        ("nodes", Answer::refused(403, "Forbidden", message)),
        ("pods", Answer::list("100", &[&pod("web-5d89-a", 90)])),
        ("pods", Answer::watch(&[])),
    ])
    .await;
    let mut pipeline = TestPipeline::start("kubernetes", &api.table(""));
    expect_list(&mut pipeline, &["web-5d89-a"]).await;
    pipeline
        .until("a problem", |pipeline| pipeline.health_problem().is_some())
        .await;
    let problem = pipeline.health_problem().unwrap();
    for part in [
        "reading nodes is forbidden: status 403 Forbidden: nodes is forbidden: User \
         \"system:serviceaccount:ops:tidegate\"",
        "it takes the rule apiGroups [\"\"], resources [nodes], verbs [list, watch]",
    ] {
        assert!(problem.contains(part), "{problem}");
    }
    let watching = |pipeline: &TestPipeline| {
        pipeline.resource_metric("tidegate_kubernetes_watching", "pods") == 1
    };
    pipeline.until("a watch of pods", watching).await;
    assert_eq!(
        api.request().await.authorization.as_deref(),
        Some("Bearer first")
    );
}

#[tokio::test]
async fn a_stage_is_degraded_while_a_resource_cannot_be_read() {
    let mut api = FakeApi::start(vec![
        (
            "pods",
            Answer::refused(500, "InternalError", "etcd is down"),
        ),
        ("pods", Answer::list("100", &[])),
        (
            "pods",
            Answer::watch(&[event("ADDED", &pod("web-5d89-a", 101))]),
        ),
    ])
    .await;
    let table = api.table("read = ['workloads']").replace("'20ms'", "'1ms'");
    let mut pipeline = TestPipeline::start("kubernetes", &table);
    expect_list(&mut pipeline, &[]).await;
    pipeline
        .until("a recovery", |pipeline| pipeline.health_problem().is_none())
        .await;
    let watched = |pipeline: &TestPipeline| {
        pipeline.resource_metric("tidegate_kubernetes_changes_total", "pods") == 1
    };
    pipeline.until("a change", watched).await;
    let metric = |name| pipeline.resource_metric(name, "pods");
    assert_eq!(metric("tidegate_kubernetes_lists_total"), 1);
    assert_eq!(metric("tidegate_kubernetes_failures_total"), 1);
    assert!(pipeline.metric("tidegate_receiver_bytes_total", None) > 100);
    api.request().await;
}

#[tokio::test]
async fn a_node_that_is_missing_is_a_problem_until_it_is_there() {
    let node = r#"{"metadata":{"name":"node-a","resourceVersion":"101","labels":{"zone":"a"}}}"#;
    let added = event("ADDED", node);
    let (present, absent) = (Answer::watch(&[added]), Answer::watch(&[]));
    for (watch, is_problem) in [(absent, true), (present, false)] {
        let mut api =
            FakeApi::start(vec![("nodes", Answer::list("100", &[])), ("nodes", watch)]).await;
        let pipeline = TestPipeline::start("kubernetes", &api.table("read = ['node_labels']"));
        for _ in 0..2 {
            api.request().await;
        }
        let watching = |pipeline: &TestPipeline| {
            pipeline.resource_metric("tidegate_kubernetes_watching", "nodes") == 1
                && pipeline.health_problem().is_some() == is_problem
        };
        pipeline.until("the state of the node", watching).await;
    }
}

#[tokio::test]
async fn versions_that_are_always_too_old_are_a_problem() {
    let refusal = Answer::refused(410, "Expired", "too old resource version");
    for (refusals, is_problem) in [(3, false), (4, true)] {
        let script = vec![("services", refusal.clone()); refusals];
        let mut api = FakeApi::start(script).await;
        let pipeline = TestPipeline::start("kubernetes", &api.table("read = ['services']"));
        // The last one gets no answer.
        for _ in 0..=refusals {
            api.request().await;
        }
        let problem = pipeline.health_problem();
        assert_eq!(problem.is_some(), is_problem, "{refusals}: {problem:?}");
    }
}

#[tokio::test]
async fn a_node_without_a_pod_is_a_problem() {
    let mut api = FakeApi::start(vec![
        ("pods", Answer::list("100", &[])),
        ("pods", Answer::watch(&[])),
    ])
    .await;
    let pipeline = TestPipeline::start("kubernetes", &api.table("read = ['workloads']"));
    for _ in 0..2 {
        api.request().await;
    }
    assert_eq!(
        pipeline.health_problem().as_deref(),
        Some("the cluster has no pod on a Node \"node-a\"; check `node_name`")
    );
}
