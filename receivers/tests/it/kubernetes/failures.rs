//! What goes wrong with lists and watches, and what happens then.

use super::server::{Answer, FakeApi, status};
use super::{ALL_WORKLOADS, bookmark, event, expect_list, next, pod, removed, workload};
use crate::support::TestPipeline;
use tidegate_model::names::NamesContent;

const KEYS: &str = "read = ['workloads']";

/// The versions from which the requests of a script begin, as far as they state one.
async fn versions(api: &mut FakeApi, requests: usize) -> Vec<String> {
    let mut versions = Vec::new();
    for _ in 0..requests {
        let path = api.request().await.path;
        let kind = if path.contains("watch=1") {
            "watch"
        } else {
            "list"
        };
        let version = path
            .split('&')
            .find_map(|part| part.strip_prefix("resourceVersion="));
        versions.push(format!("{kind} {}", version.unwrap_or("newest")));
    }
    versions
}

#[tokio::test]
async fn versions_that_are_too_old_lead_to_a_new_list_whichever_way_the_server_says_so() {
    let expired = status(410, "Expired", "too old resource version: 100 (900)");
    for refusal in [
        Answer::refused(410, "Gone", "too old resource version: 100 (900)"),
        Answer::watch(&[event("ERROR", &expired)]),
    ] {
        let first = pod("web-5d89-a", 90);
        let second = pod("web-5d89-b", 890);
        let mut api = FakeApi::start(vec![
            ("pods", Answer::list("100", &[&first])),
            ("pods", refusal),
            ("pods", Answer::list("900", &[&second])),
            ("pods", Answer::watch(&[])),
        ])
        .await;
        let mut pipeline = TestPipeline::start("kubernetes", &api.table(KEYS));
        expect_list(&mut pipeline, &["web-5d89-a"]).await;
        expect_list(&mut pipeline, &["web-5d89-b"]).await;
        let expected = ["list 0", "watch 100", "list 100", "watch 900"];
        assert_eq!(versions(&mut api, 4).await, expected);
        assert_eq!(
            pipeline.metric("tidegate_kubernetes_failures_total", Some("expired")),
            1
        );
    }
}

#[tokio::test]
async fn an_error_within_the_watch_leads_to_a_new_list() {
    let error = status(
        500,
        "InternalError",
        "the required storage feature is disabled",
    );
    let changes = [
        event("ADDED", &pod("web-5d89-b", 101)),
        event("ERROR", &error),
    ];
    let mut api = FakeApi::start(vec![
        ("pods", Answer::list("100", &[])),
        ("pods", Answer::watch(&changes)),
        ("pods", Answer::list("102", &[])),
    ])
    .await;
    let mut pipeline = TestPipeline::start("kubernetes", &api.table(KEYS));
    expect_list(&mut pipeline, &[]).await;
    // What came before the error holds.
    let added = NamesContent::Workloads(vec![workload("web-5d89-b")]);
    assert_eq!(next(&mut pipeline).await, added);
    expect_list(&mut pipeline, &[]).await;
    assert_eq!(
        versions(&mut api, 3).await,
        ["list 0", "watch 100", "list 101"]
    );
}

#[tokio::test]
async fn a_watch_that_breaks_off_goes_on_from_the_last_version() {
    let changes = [event("DELETED", &pod("web-5d89-a", 101)), bookmark(150)];
    let whole = Answer::watch(&changes).then_breaks();
    let cut = Answer::watch(&[changes[0].clone(), changes[1].split_at(40).0.to_owned()]);
    for (watch, version) in [(whole, "watch 150"), (cut.then_breaks(), "list 101")] {
        let first = pod("web-5d89-a", 90);
        let mut api = FakeApi::start(vec![
            ("pods", Answer::list("100", &[&first])),
            ("pods", watch),
        ])
        .await;
        let mut pipeline = TestPipeline::start("kubernetes", &api.table(KEYS));
        expect_list(&mut pipeline, &["web-5d89-a"]).await;
        assert_eq!(next(&mut pipeline).await, removed("web-5d89-a"));
        assert_eq!(
            versions(&mut api, 3).await,
            ["list 0", "watch 100", version]
        );
    }
}

#[tokio::test]
async fn a_watch_that_is_silent_for_too_long_is_given_up() {
    let mut api = FakeApi::start(vec![
        ("pods", Answer::list("100", &[])),
        ("pods", Answer::watch(&[bookmark(101)])),
    ])
    .await;
    let keys = "read = ['workloads'], watch_timeout = '1s'";
    let mut pipeline = TestPipeline::start("kubernetes", &api.table(keys));
    expect_list(&mut pipeline, &[]).await;
    assert_eq!(
        versions(&mut api, 3).await,
        ["list 0", "watch 100", "watch 101"]
    );
}

#[tokio::test]
async fn a_server_that_is_busy_is_asked_again_when_it_says() {
    let busy = Answer::refused(429, "TooManyRequests", "please try again later");
    let mut api = FakeApi::start(vec![
        ("pods", busy.header("retry-after: 0")),
        (
            "pods",
            Answer::refused(503, "ServiceUnavailable", "starting").header("retry-after: 0"),
        ),
        ("pods", Answer::text("upstream connect error")),
        ("pods", Answer::list("100", &[])),
        ("pods", Answer::refused(504, "Timeout", "no answer of etcd")),
        ("pods", Answer::watch(&[])),
    ])
    .await;
    let mut pipeline = TestPipeline::start("kubernetes", &api.table(KEYS));
    expect_list(&mut pipeline, &[]).await;
    let expected = [
        "list 0",
        "list 0",
        "list 0",
        "list 0",
        "watch 100",
        "watch 100",
    ];
    assert_eq!(versions(&mut api, 6).await, expected);
    for (reason, n) in [("throttled", 1), ("unavailable", 2), ("not_the_api", 1)] {
        let failures = pipeline.metric("tidegate_kubernetes_failures_total", Some(reason));
        assert_eq!(failures, n, "{reason}");
    }
}

#[tokio::test]
async fn a_list_that_breaks_off_between_two_pages_begins_again() {
    let items = [pod("web-5d89-a", 90), pod("web-5d89-b", 91)];
    let expired = "The provided continue parameter is too old";
    let mut api = FakeApi::start(vec![
        ("pods", Answer::page("100", "more", &[&items[0]])),
        ("pods", Answer::refused(410, "Expired", expired)),
        ("pods", Answer::page("200", "more", &[&items[0]])),
        ("pods", Answer::page("200", "", &[&items[1]])),
        ("pods", Answer::watch(&[])),
    ])
    .await;
    let mut pipeline = TestPipeline::start("kubernetes", &api.table(KEYS));
    expect_list(&mut pipeline, &["web-5d89-a", "web-5d89-b"]).await;
    let expected = [
        "list 0",
        "list newest",
        "list 0",
        "list newest",
        "watch 200",
    ];
    assert_eq!(versions(&mut api, 5).await, expected);
}

#[tokio::test]
async fn a_version_that_etcd_has_lost_is_not_asked_for_again() {
    let expired = Answer::refused(410, "Expired", "too old resource version");
    let too_large = Answer::refused(
        504,
        "Timeout",
        "Too large resource version: 100, current: 7",
    );
    let mut api = FakeApi::start(vec![
        ("pods", Answer::list("100", &[])),
        ("pods", expired),
        ("pods", too_large),
        ("pods", Answer::list("7", &[])),
    ])
    .await;
    let mut pipeline = TestPipeline::start("kubernetes", &api.table(KEYS));
    expect_list(&mut pipeline, &[]).await;
    expect_list(&mut pipeline, &[]).await;
    let expected = ["list 0", "watch 100", "list 100", "list newest", "watch 7"];
    assert_eq!(versions(&mut api, 5).await, expected);
}

#[tokio::test]
async fn objects_that_are_too_large_or_not_as_documented_are_counted_and_skipped() {
    let large = pod(&"x".repeat(8000), 91);
    let items = [
        pod("web-5d89-a", 90),
        large.clone(),
        r#"{"metadata":{"name":7}}"#.to_owned(),
    ];
    let items: Vec<_> = items.iter().map(String::as_str).collect();
    let invalid = r#"{"metadata":{"name":[],"resourceVersion":"101"}}"#;
    let mut api = FakeApi::start(vec![
        ("pods", Answer::list("100", &items)),
        (
            "pods",
            Answer::watch(&[event("ADDED", invalid), event("ADDED", &large)]),
        ),
        ("pods", Answer::list("102", &[])),
        ("pods", Answer::watch(&[])),
    ])
    .await;
    let keys = "read = ['workloads'], max_object = '4KiB'";
    let mut pipeline = TestPipeline::start("kubernetes", &api.table(keys));
    expect_list(&mut pipeline, &["web-5d89-a"]).await;
    expect_list(&mut pipeline, &[]).await;
    // A change that cannot be read leads to a new list.
    assert_eq!(
        versions(&mut api, 3).await,
        ["list 0", "watch 100", "list 101"]
    );
    pipeline.shutdown.request();
    let dropped = pipeline.end().await.dropped();
    assert_eq!(dropped, [("object_invalid", 2), ("object_too_large", 1)]);
}

#[tokio::test]
async fn a_stop_ends_the_receiver_in_every_state() {
    for script in [
        vec![],
        vec![("pods", Answer::text("{").then_breaks())],
        vec![("pods", Answer::list("100", &[]))],
        vec![
            ("pods", Answer::list("100", &[])),
            ("pods", Answer::watch(&[])),
        ],
    ] {
        let requests = script.len().max(1);
        let mut api = FakeApi::start(script).await;
        let pipeline = TestPipeline::start("kubernetes", &api.table(KEYS));
        for _ in 0..requests {
            api.request().await;
        }
        pipeline.shutdown.request();
        assert!(pipeline.end().await.result.is_ok());
    }
}

#[tokio::test]
async fn a_list_that_does_not_end_is_given_up() {
    let first = pod("web-5d89-a", 90);
    let repeating = vec![
        Answer::page("100", "next", &[&first]),
        Answer::page("100", "next", &[&first]),
    ];
    let empty = (0..=100).map(|n| Answer::page("100", &format!("next-{n}"), &[]));
    for pages in [repeating, empty.collect()] {
        let requests = pages.len();
        let mut script: Vec<_> = pages.into_iter().map(|page| ("pods", page)).collect();
        script.push(("pods", Answer::list("101", &[])));
        let mut api = FakeApi::start(script).await;
        let mut pipeline = TestPipeline::start("kubernetes", &api.table(KEYS));
        for _ in 0..=requests {
            api.request().await;
        }
        while next(&mut pipeline).await != ALL_WORKLOADS {}
        let failures = "tidegate_kubernetes_failures_total";
        assert_eq!(pipeline.metric(failures, Some("not_the_api")), 1);
    }
}
