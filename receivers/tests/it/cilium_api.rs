//! The cilium_api receiver with a stand-in for the agent's API.

use tidegate_model::Timestamp;
use tidegate_model::names::{Names, NamesContent, NamesList, NamesSource, Removal};
use tidegate_runtime::requests::{Request, ResyncCause};

use crate::agent_api::{AgentApi, Answer, sample};
use crate::support::TestPipeline;

/// Keys with which a failed request is repeated at once.
const AT_ONCE: &str = "retry = { initial = '1ms', max = '1ms' }";

/// A receiver whose monitor socket is connected.
fn start(api: &AgentApi, keys: &str) -> TestPipeline {
    let pipeline = TestPipeline::start("cilium_api", &api.table(keys));
    pipeline.requester.send(Request::StreamStarted(1));
    pipeline
}

/// The records up to the end of a list.
async fn up_to(pipeline: &mut TestPipeline, list: NamesList) -> Vec<Names> {
    let mut all = Vec::new();
    loop {
        let names = pipeline.next().await.names();
        let is_last = names.content == NamesContent::Complete(list);
        all.push(names);
        if is_last {
            return all;
        }
    }
}

/// What the records are: `name` of the content and its number of entries or detail.
fn summary(all: &[Names]) -> Vec<String> {
    let content = all.iter().map(|names| &names.content);
    content
        .map(|content| match content.detail() {
            Some(detail) => format!("{} {detail}", content.name()),
            None => format!("{} {}", content.name(), content.len()),
        })
        .collect()
}

/// Ends the pipeline, and checks that the books balance; returns what was dropped.
async fn dropped(pipeline: TestPipeline) -> Vec<(&'static str, u64)> {
    pipeline.shutdown.request();
    let result = pipeline.end().await;
    assert_eq!(result.error(), "");
    result.dropped()
}

/// The number of requests to a path with this result.
fn results(pipeline: &TestPipeline, path: &str, result: &str) -> i64 {
    let instruments = pipeline.telemetry.instruments();
    let found = instruments.iter().find(|one| {
        let has = |name, value| one.labels.iter().any(|(n, v)| *n == name && v == value);
        one.name == "tidegate_names_requests_total" && has("path", path) && has("result", result)
    });
    found.map_or(0, |one| one.value())
}

/// The state that `/readyz` shows.
fn problem(pipeline: &TestPipeline) -> Option<String> {
    let problems = pipeline.telemetry.health().problems();
    problems.into_values().next()
}

/// The records of all samples.
const EVERYTHING: [&str; 17] = [
    "release 1.19.4",
    "identities 12",
    "complete identities",
    "addresses 12",
    "complete addresses",
    "rule_logs 3",
    "complete rule_logs",
    "endpoints 12",
    "complete endpoints",
    "services 12",
    "complete services",
    "cgroups 1",
    "complete cgroups",
    "dns 12",
    "complete dns",
    "nodes 6",
    "complete nodes",
];

#[tokio::test]
async fn everything_is_read_once_in_order_with_the_time_before_the_request() {
    let api = AgentApi::new();
    let before = Timestamp::now();
    let mut pipeline = start(&api, "");
    let all = up_to(&mut pipeline, NamesList::Nodes).await;
    assert_eq!(summary(&all), EVERYTHING);
    assert!(
        all.iter()
            .all(|names| names.source == NamesSource::CiliumApi)
    );
    assert!(
        all.iter()
            .all(|names| before <= names.asked && names.asked <= Timestamp::now())
    );
    assert!(all.is_sorted_by_key(|names| names.asked));
    assert_eq!(all[1].asked, all[2].asked, "a list has one time");
    assert_eq!(
        api.requests(),
        [
            "/v1/healthz brief",
            "/v1/identity",
            "/v1/ip",
            "/v1/policy",
            "/v1/endpoint",
            "/v1/service",
            "/v1/cgroup-dump-metadata",
            "/v1/fqdn/cache",
            "/v1/cluster/nodes",
        ]
    );
    assert_eq!(pipeline.metric("tidegate_receiver_connected", None), 1);
    assert_eq!(problem(&pipeline), None);
    assert_eq!(dropped(pipeline).await, []);
}

#[tokio::test]
async fn without_a_monitor_socket_the_lists_are_read_all_the_same() {
    let api = AgentApi::new();
    let mut pipeline = TestPipeline::start("cilium_api", &api.table("lists = ['nodes']"));
    let all = up_to(&mut pipeline, NamesList::Nodes).await;
    assert_eq!(
        summary(&all),
        ["release 1.19.4", "nodes 6", "complete nodes"]
    );
    dropped(pipeline).await;
}

#[tokio::test]
async fn a_missing_list_is_empty_or_not_supported_and_neither_is_a_problem() {
    let api = AgentApi::new();
    for path in [
        "/v1/ip",
        "/v1/policy",
        "/v1/fqdn/cache",
        "/v1/cgroup-dump-metadata",
        "/v1/service",
    ] {
        api.answer(path, Answer::Status(404));
    }
    let mut pipeline = start(&api, "");
    let all = up_to(&mut pipeline, NamesList::Nodes).await;
    let expected = [
        "release 1.19.4",
        "identities 12",
        "complete identities",
        "complete addresses",
        "endpoints 12",
        "complete endpoints",
        "complete dns",
        "nodes 6",
        "complete nodes",
    ];
    assert_eq!(summary(&all), expected);
    assert_eq!(problem(&pipeline), None);
    assert_eq!(results(&pipeline, "/v1/ip", "empty"), 1);
    assert_eq!(
        results(&pipeline, "/v1/cgroup-dump-metadata", "not_found"),
        1
    );
    dropped(pipeline).await;
}

/// An answer, the `result` that it is counted by, and what is shown of it.
type Refusal = (Answer, &'static str, &'static str);

/// Refusals by status.
fn statuses() -> Vec<Refusal> {
    vec![
        (
            Answer::Status(403),
            "disabled",
            "add GetIP to the Cilium agent's enable-cilium-api-",
        ),
        (
            Answer::Status(429),
            "limited",
            "/v1/ip: status 429: \"refused\"",
        ),
        (Answer::Status(503), "unavailable", "/v1/ip: status 503"),
        (Answer::Status(401), "refused", "/v1/ip: status 401"),
    ]
}

/// Answers that are not the list.
fn bodies() -> Vec<Refusal> {
    let body = || sample("/v1/ip");
    let half = body().len() / 2;
    let garbage = [&body()[..half], b"\x00]", &body()[half..]].concat();
    vec![
        (
            Answer::Silence,
            "timed_out",
            "/v1/ip: no response within 20ms",
        ),
        (
            Answer::Stall(body()),
            "timed_out",
            "nothing more of the response arrived within 20ms",
        ),
        (
            Answer::Cut(body()),
            "cut",
            "the connection ended before the response did",
        ),
        (
            Answer::Json(body()[..half].to_vec()),
            "cut",
            "the JSON breaks off after",
        ),
        (
            Answer::Json(garbage),
            "not_json",
            "/v1/ip: unexpected data after",
        ),
    ]
}

/// Answers of something else.
fn strangers() -> Vec<Refusal> {
    vec![
        (
            Answer::Json(b"{}".to_vec()),
            "not_json",
            "unexpected data after 0 bytes of JSON",
        ),
        (
            Answer::Json(vec![b' '; 100_000]),
            "body_too_large",
            "raise `max_body`",
        ),
        (
            Answer::Raw(b"\x02\x04gob\r\n\r\n".to_vec()),
            "not_http",
            "check whether `socket`",
        ),
    ]
}

#[tokio::test]
async fn each_refusal_is_counted_and_shown_while_the_other_lists_are_read() {
    for (answer, result, shown) in [statuses(), bodies(), strangers()].concat() {
        let api = AgentApi::new();
        api.answer("/v1/ip", answer.clone());
        let keys = "lists = ['addresses', 'nodes'], timeout = '20ms', max_body = '99kB'";
        let mut pipeline = start(&api, keys);
        let all = up_to(&mut pipeline, NamesList::Nodes).await;
        let is_complete = all
            .iter()
            .any(|names| names.content == NamesContent::Complete(NamesList::Addresses));
        assert!(!is_complete, "{answer:?}");
        assert_eq!(results(&pipeline, "/v1/ip", result), 1, "{result}");
        let problem = problem(&pipeline).expect("a problem");
        assert!(
            problem.starts_with("names: ") && problem.contains(shown),
            "{problem}"
        );
        dropped(pipeline).await;
    }
}

#[tokio::test]
async fn a_list_that_failed_is_read_again_until_it_succeeds() {
    let api = AgentApi::new();
    api.answer("/v1/ip", Answer::Status(503));
    let mut pipeline = start(&api, &format!("lists = ['addresses'], {AT_ONCE}"));
    pipeline
        .until("three attempts", |pipeline| {
            results(pipeline, "/v1/ip", "unavailable") >= 3
        })
        .await;
    api.mend("/v1/ip");
    up_to(&mut pipeline, NamesList::Addresses).await;
    pipeline
        .until("it has recovered", |pipeline| problem(pipeline).is_none())
        .await;
    dropped(pipeline).await;
}

#[tokio::test]
async fn elements_that_cannot_be_read_are_dropped_and_the_others_are_sent() {
    let api = AgentApi::new();
    let huge = format!("{{\"id\":1,\"labels\":[\"{}\"]}}", "x".repeat(1 << 20));
    let body = format!(
        "[{{\"id\":1,\"labels\":null,\"later\":{{\"a\":[]}}}},{{\"id\":\"2\"}},{{\"id\":-3}},7,\
         {huge},{{\"id\":16777217,\"labels\":[\"cidr:10.0.0.0/8\"]}},{{\"id\":4,\"labels\":[1]}}]"
    );
    api.answer("/v1/identity", Answer::Json(body.into_bytes()));
    let mut pipeline = start(&api, "lists = ['identities']");
    let all = up_to(&mut pipeline, NamesList::Identities).await;
    let NamesContent::Identities(entries) = &all[1].content else {
        panic!("{all:?}")
    };
    let numbers: Vec<_> = entries.iter().map(|entry| entry.identity).collect();
    assert_eq!(numbers, [1, 16_777_217]);
    assert_eq!(
        dropped(pipeline).await,
        [("names_element_invalid", 4), ("names_element_too_large", 1)]
    );
}

#[tokio::test]
async fn an_unknown_identity_is_asked_for_alone() {
    let api = AgentApi::new();
    let known = br#"{"id":16777300,"labels":["cidr:203.0.113.0/24"]}"#;
    api.answer("/v1/identity/16777300", Answer::Json(known.to_vec()));
    let mut pipeline = start(&api, "lists = ['identities']");
    up_to(&mut pipeline, NamesList::Identities).await;
    api.requests();
    pipeline.requester.send(Request::IdentityWanted(16_777_300));
    pipeline.requester.send(Request::IdentityWanted(4711));
    let NamesContent::Identities(entries) = pipeline.next().await.names().content else {
        panic!("no identity")
    };
    assert_eq!(entries[0].labels, ["cidr:203.0.113.0/24"]);
    let missing = pipeline.next().await.names().content;
    assert_eq!(
        missing,
        NamesContent::Removed(vec![Removal::Identity(4711)])
    );
    assert_eq!(
        api.requests(),
        ["/v1/identity/16777300", "/v1/identity/4711"]
    );
    assert_eq!(problem(&pipeline), None);
    dropped(pipeline).await;
}

#[tokio::test]
async fn a_new_endpoint_is_read_alone_with_the_control_groups() {
    let api = AgentApi::new();
    let all: Vec<serde_json::Value> = serde_json::from_slice(&sample("/v1/endpoint")).unwrap();
    let one = all[3].to_string().into_bytes();
    api.answer("/v1/endpoint/4711", Answer::Json(one));
    let mut pipeline = start(&api, "lists = ['endpoints', 'cgroups']");
    let listed = up_to(&mut pipeline, NamesList::Endpoints).await;
    up_to(&mut pipeline, NamesList::Cgroups).await;
    let Some(NamesContent::Endpoints(listed)) =
        listed.into_iter().rev().nth(1).map(|names| names.content)
    else {
        panic!("no list")
    };
    api.requests();
    for endpoint in [4711, 4712, 4711] {
        pipeline.requester.send(Request::EndpointWanted(endpoint));
    }
    up_to(&mut pipeline, NamesList::Cgroups).await;
    let single = pipeline.next().await.names().content;
    assert_eq!(single, NamesContent::Endpoints(vec![listed[3].clone()]));
    pipeline
        .until("both are read", |pipeline| {
            results(pipeline, "/v1/endpoint/{id}", "not_found") == 1
        })
        .await;
    assert_eq!(
        api.requests(),
        [
            "/v1/cgroup-dump-metadata",
            "/v1/endpoint/4711",
            "/v1/endpoint/4712"
        ]
    );
    assert_eq!(results(&pipeline, "/v1/endpoint/{id}", "ok"), 1);
    assert_eq!(problem(&pipeline), None);
    dropped(pipeline).await;
}

#[tokio::test]
async fn where_single_endpoints_are_switched_off_the_list_is_read_and_nothing_is_degraded() {
    let api = AgentApi::new();
    api.answer("/v1/endpoint/4711", Answer::Status(403));
    let mut pipeline = start(&api, "lists = ['endpoints']");
    up_to(&mut pipeline, NamesList::Endpoints).await;
    pipeline.requester.send(Request::EndpointWanted(4711));
    pipeline
        .until("it is refused", |pipeline| {
            results(pipeline, "/v1/endpoint/{id}", "disabled") == 1
        })
        .await;
    assert_eq!(problem(&pipeline), None);
    up_to(&mut pipeline, NamesList::Endpoints).await;
    dropped(pipeline).await;
}

#[tokio::test]
async fn a_restart_of_the_agent_ends_a_list_and_has_everything_read_anew() {
    let api = AgentApi::new();
    api.answer("/v1/ip", Answer::Stall(sample("/v1/ip")));
    let mut pipeline = start(&api, "lists = ['addresses']");
    pipeline
        .until("the list is being read", |pipeline| {
            pipeline.metric("tidegate_receiver_bytes_total", None) > 300
        })
        .await;
    pipeline.requester.send(Request::StreamEnded(1));
    pipeline
        .until("it was given up", |pipeline| {
            results(pipeline, "/v1/ip", "interrupted") == 1
        })
        .await;
    api.mend("/v1/ip");
    api.requests();
    pipeline.requester.send(Request::StreamStarted(2));
    let all = up_to(&mut pipeline, NamesList::Addresses).await;
    assert_eq!(
        summary(&all[all.len() - 3..]),
        ["release 1.19.4", "addresses 12", "complete addresses"]
    );
    assert_eq!(api.requests(), ["/v1/healthz brief", "/v1/ip"]);
    dropped(pipeline).await;
}

#[tokio::test]
async fn the_receiver_waits_for_the_socket_and_says_why() {
    let mut api = AgentApi::not_listening();
    let mut pipeline = start(&api, &format!("lists = ['addresses'], {AT_ONCE}"));
    let shows = |pipeline: &TestPipeline, text: &str| {
        problem(pipeline).is_some_and(|problem| problem.contains(text))
    };
    let absent = "check whether the Cilium agent runs on this node";
    pipeline
        .until("it is absent", |pipeline| shows(pipeline, absent))
        .await;
    api.listen();
    up_to(&mut pipeline, NamesList::Addresses).await;
    pipeline
        .until("it is there", |pipeline| problem(pipeline).is_none())
        .await;
    api.stop_listening().await;
    pipeline.requester.send(Request::StreamStarted(2));
    let refused = "no process is listening";
    pipeline
        .until("it refuses", |pipeline| shows(pipeline, refused))
        .await;
    assert_eq!(pipeline.metric("tidegate_receiver_connected", None), 0);
    dropped(pipeline).await;
}

#[tokio::test]
async fn a_stop_ends_a_request_that_is_not_answered() {
    let api = AgentApi::new();
    api.answer("/v1/healthz", Answer::Silence);
    let pipeline = start(&api, "timeout = '1d'");
    pipeline
        .until("the request", |_| !api.requests().is_empty())
        .await;
    dropped(pipeline).await;
}

#[tokio::test]
async fn a_full_pipeline_holds_the_list_up_and_loses_nothing() {
    let api = AgentApi::new();
    let entry = |n: u32| {
        format!(
            "{{\"cidr\":\"10.0.{}.{}/32\",\"identity\":{n}}}",
            n >> 8,
            n & 255
        )
    };
    let entries: Vec<_> = (0..20_000).map(entry).collect();
    api.answer(
        "/v1/ip",
        Answer::Json(format!("[{}]", entries.join(",")).into_bytes()),
    );
    let table = api.table("lists = ['addresses']");
    let pipeline = TestPipeline::start_blocked("cilium_api", &table);
    pipeline.requester.send(Request::StreamStarted(1));
    pipeline
        .until("the pipeline is full", |pipeline| {
            pipeline.counts().r#in >= 2
        })
        .await;
    pipeline.open();
    let mut pipeline = pipeline;
    let all = up_to(&mut pipeline, NamesList::Addresses).await;
    let sent: usize = all.iter().map(|names| names.content.len()).sum();
    assert_eq!(sent, 20_000);
    let largest = all.iter().map(Names::heap_bytes).max().unwrap();
    assert!(largest < 512 << 10, "a portion has {largest} bytes");
    assert_eq!(dropped(pipeline).await, []);
}

#[tokio::test]
async fn losses_have_the_lists_read_again() {
    let api = AgentApi::new();
    let mut pipeline = TestPipeline::start("cilium_api", &api.table("lists = ['addresses']"));
    pipeline
        .requester
        .send(Request::Resync(ResyncCause::PipelineFull));
    up_to(&mut pipeline, NamesList::Addresses).await;
    assert_eq!(api.requests(), ["/v1/healthz brief", "/v1/ip"]);
    dropped(pipeline).await;
}
