//! As whom the server is asked.

use super::expect_list;
use super::server::{Answer, FakeApi, pem};
use crate::support::TestPipeline;

#[tokio::test]
async fn a_token_that_has_expired_is_read_again() {
    let unauthorized = || Answer::refused(401, "Unauthorized", "Unauthorized");
    let mut api = FakeApi::start(vec![
        ("pods", unauthorized()),
        ("pods", Answer::list("100", &[])),
        ("pods", Answer::watch(&[]).then_ends()),
        ("pods", unauthorized()),
    ])
    .await;
    let mut pipeline = TestPipeline::start("kubernetes", &api.table("read = ['workloads']"));
    let first = api.request().await;
    assert_eq!(first.authorization.as_deref(), Some("Bearer first"));
    api.set_token("second\n");
    expect_list(&mut pipeline, &[]).await;
    let mut last = String::new();
    while last != "Bearer second" {
        last = api.request().await.authorization.expect("a token");
    }
    assert_eq!(
        pipeline.metric("tidegate_kubernetes_failures_total", Some("unauthorized")),
        1
    );
    // The watch that is refused later is asked for again from where it was.
    let path = loop {
        let request = api.request().await;
        if request.path.contains("watch=1") {
            break request.path;
        }
    };
    assert!(path.contains("resourceVersion=100"), "{path}");
}

#[tokio::test]
async fn a_kubeconfig_with_a_client_certificate_is_used_in_place_of_the_service_account() {
    let mut api = FakeApi::start(vec![
        ("pods", Answer::list("100", &[])),
        ("pods", Answer::watch(&[])),
    ])
    .await;
    let kubeconfig = format!(
        "current-context: one\ncontexts:\n- {{name: one, context: {{cluster: c, user: u}}}}\n\
         clusters:\n- name: c\n  cluster:\n    server: {}\n    certificate-authority: ca.crt\n\
         users:\n- name: u\n  user:\n    client-certificate: {}\n    client-key: {}\n",
        api.url(),
        pem("client.pem").display(),
        pem("client.key").display(),
    );
    let path = api.path("kubeconfig");
    std::fs::write(&path, kubeconfig).unwrap();
    let table = format!(
        "{{ read = ['workloads'], node_name = 'node-a', kubeconfig = '{}' }}",
        path.display()
    );
    let mut pipeline = TestPipeline::start("kubernetes", &table);
    expect_list(&mut pipeline, &[]).await;
    assert_eq!(api.request().await.authorization, None);
}

#[tokio::test]
async fn a_server_without_a_certificate_of_the_clusters_authority_gets_no_token() {
    let mut api = FakeApi::start(vec![("pods", Answer::list("100", &[]))]).await;
    let other = std::fs::read(pem("../../../exporters/tests/otlp/tls/ca.pem")).unwrap();
    let right = std::fs::read(api.path("ca.crt")).unwrap();
    std::fs::write(api.path("ca.crt"), other).unwrap();
    let mut pipeline = TestPipeline::start("kubernetes", &api.table("read = ['workloads']"));
    let failures = |pipeline: &TestPipeline| {
        pipeline.metric("tidegate_kubernetes_failures_total", Some("connect_failed"))
    };
    pipeline
        .until("a refused certificate", |pipeline| failures(pipeline) > 1)
        .await;
    // The authority is read again, too.
    std::fs::write(api.path("ca.crt"), right).unwrap();
    expect_list(&mut pipeline, &[]).await;
    assert!(api.request().await.authorization.is_some());
}

#[tokio::test]
async fn files_that_are_missing_are_waited_for() {
    let api = FakeApi::start(vec![("pods", Answer::list("100", &[]))]).await;
    std::fs::remove_file(api.path("token")).unwrap();
    let mut pipeline = TestPipeline::start("kubernetes", &api.table("read = ['workloads']"));
    let failures = |pipeline: &TestPipeline| {
        pipeline.metric("tidegate_kubernetes_failures_total", Some("access"))
    };
    pipeline
        .until("a missing token", |pipeline| failures(pipeline) > 1)
        .await;
    let problem = pipeline.health_problem().expect("a problem");
    let expected = format!("cannot read `{}`", api.path("token").display());
    assert!(problem.contains(&expected), "{problem}");
    api.set_token("late");
    expect_list(&mut pipeline, &[]).await;
}
