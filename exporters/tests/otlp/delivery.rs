//! Outcomes of log requests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use tidegate_model::flow::{Flow, NodeView};
use tidegate_model::record::{Lost, LostSource};
use tidegate_model::{Record, Timestamp};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::backend::{Backend, Received, Reply};
use crate::pipeline::{FAST_RETRIES, ONE_RECORD_PER_REQUEST, PipelineSetup, flows};

/// Returns the times of a request's records.
pub(crate) fn times(request: &Received<ExportLogsServiceRequest>) -> Vec<u64> {
    let logs = request
        .message
        .resource_logs
        .iter()
        .flat_map(|logs| &logs.scope_logs);
    logs.flat_map(|logs| &logs.log_records)
        .map(|log| log.time_unix_nano)
        .collect()
}

fn fail(code: Code) -> Reply {
    Reply::Fail(Status::new(code, "scripted"))
}

fn exhausted(retry_after: Duration) -> Reply {
    let details = ErrorDetails::with_retry_info(Some(retry_after));
    Reply::Fail(Status::with_error_details(
        Code::ResourceExhausted,
        "busy",
        details,
    ))
}

#[tokio::test]
async fn flows_and_lost_reports_arrive_as_log_records() {
    let backend = Backend::start();
    let pipeline = PipelineSetup::new(&backend.url(), &["headers = { api-key = \"k\" }"]).start();
    let lost = Lost {
        time: Timestamp(3),
        source: LostSource::PerfEventRingBuffer,
        count: 512,
        cpu: Some(1),
        span: None,
    };
    let mut records = flows(1..=2);
    records.push(Record::Lost(lost));
    pipeline.send(records).await;
    let (report, ended) = pipeline.finish().await;
    assert_eq!(
        (report.absorbed, report.dropped, ended.failure.is_none()),
        (3, BTreeMap::new(), true)
    );

    let received = backend.services.logs.received();
    assert_eq!(
        received.len(),
        1,
        "records of one batch are sent in one request"
    );
    assert_eq!(times(&received[0]), [1, 2, 3]);
    let logs = &received[0].message.resource_logs[0].scope_logs[0].log_records;
    let names: Vec<_> = logs.iter().map(|log| log.event_name.as_str()).collect();
    assert_eq!(names, ["hubble.flow", "hubble.flow", "hubble.lost_events"]);
    let header = |name: &str| {
        received[0]
            .metadata
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(header("api-key").as_deref(), Some("k"));
    let user_agent = header("user-agent").unwrap();
    assert!(
        user_agent.starts_with("OTel-OTLP-Exporter-tidegate/"),
        "{user_agent}"
    );
}

fn of_node(labels: Option<&[&str]>, time: u64) -> Record {
    let node = labels.map(|labels| {
        let node_labels = labels.iter().map(|label| (*label).to_owned()).collect();
        Arc::new(NodeView {
            node_labels,
            ..NodeView::default()
        })
    });
    Record::Flow(Flow {
        time: Timestamp(time),
        node,
        ..Flow::default()
    })
}

/// Returns the labels of the node, of a request's resource.
fn node_labels(request: &Received<ExportLogsServiceRequest>) -> Vec<String> {
    let resource = request.message.resource_logs[0].resource.as_ref().unwrap();
    let labels = resource.attributes.iter().filter_map(|attribute| {
        let key = attribute.key.strip_prefix("k8s.node.label.")?;
        let value = attribute.value.clone()?.value?;
        match value {
            Value::StringValue(text) => Some(format!("{key}={text}")),
            _ => None,
        }
    });
    labels.collect()
}

#[tokio::test]
async fn changed_labels_of_the_node_are_in_the_resource_of_the_requests_that_follow() {
    let backend = Backend::start();
    let pipeline = PipelineSetup::new(&backend.url(), &["batch = { timeout = \"1h\" }"]).start();
    let batches = [
        None,
        Some(&["pool=blue"][..]),
        Some(&["pool=blue"]),
        Some(&[]),
        None,
        Some(&["pool=green", "zone=a"]),
    ];
    for (time, labels) in (1..).zip(batches) {
        pipeline.send(vec![of_node(labels, time)]).await;
    }
    let (report, _) = pipeline.finish().await;
    assert_eq!(report.absorbed, 6);
    let received = backend.services.logs.received();
    let mut requests: Vec<_> = received
        .iter()
        .map(|request| (times(request), node_labels(request)))
        .collect();
    requests.sort();
    let owned = |labels: &[&str]| Vec::from_iter(labels.iter().map(|label| (*label).to_owned()));
    let expected = [
        (vec![1], owned(&[])),
        (vec![2, 3, 4, 5], owned(&["pool=blue"])),
        (vec![6], owned(&["pool=green", "zone=a"])),
    ];
    assert_eq!(requests, expected);
}

/// The outcomes of three flows that are sent in requests of their own.
struct Case {
    replies: Vec<Reply>,
    absorbed: u64,
    dropped: &'static [(&'static str, u64)],
    attempts: usize,
}

fn all_delivered(replies: Vec<Reply>, attempts: usize) -> Case {
    Case {
        replies,
        absorbed: 3,
        dropped: &[],
        attempts,
    }
}

/// In these cases there are no retries, so that there is one attempt for each flow.
fn some_dropped(replies: Vec<Reply>, dropped: &'static [(&'static str, u64)]) -> Case {
    let lost: u64 = dropped.iter().map(|(_, n)| n).sum();
    Case {
        replies,
        absorbed: 3 - lost,
        dropped,
        attempts: 3,
    }
}

#[tokio::test]
async fn every_reply_leads_to_its_outcome() {
    use Code::{Internal, InvalidArgument, PermissionDenied, Unavailable, Unimplemented};
    let cases = [
        all_delivered(vec![fail(Unavailable)], 4),
        all_delivered(vec![fail(Unavailable); 5], 8),
        all_delivered(vec![exhausted(Duration::from_millis(1))], 4),
        all_delivered(vec![Reply::Hang], 4),
        all_delivered(vec![Reply::Warn], 3),
        all_delivered(vec![Reply::Reject(-1)], 3),
        some_dropped(vec![Reply::Reject(1)], &[("rejected_by_peer", 1)]),
        some_dropped(vec![Reply::Reject(9)], &[("rejected_by_peer", 1)]),
        some_dropped(
            vec![fail(Code::ResourceExhausted)],
            &[("resource_exhausted", 1)],
        ),
        some_dropped(
            vec![fail(InvalidArgument), fail(Internal)],
            &[("invalid_for_peer", 1), ("permanent_error", 1)],
        ),
        some_dropped(
            vec![fail(PermissionDenied), fail(Unimplemented)],
            &[("not_authorized", 1), ("unimplemented", 1)],
        ),
    ];
    for (index, case) in cases.into_iter().enumerate() {
        check_case(index, case).await;
    }
}

async fn check_case(index: usize, case: Case) {
    let backend = Backend::start();
    let hangs = case
        .replies
        .iter()
        .any(|reply| matches!(reply, Reply::Hang));
    backend.services.logs.reply_with(case.replies);
    let timeout = if hangs {
        "timeout = \"200ms\""
    } else {
        "timeout = \"1h\""
    };
    let config = [FAST_RETRIES, ONE_RECORD_PER_REQUEST, timeout];
    let pipeline = PipelineSetup::new(&backend.url(), &config).start();
    pipeline.send(flows(1..=3)).await;
    let (report, _) = pipeline.finish().await;
    let dropped = case.dropped.iter().copied().collect();
    let attempts = backend.services.logs.received().len();
    assert_eq!(report.absorbed, case.absorbed, "case {index}");
    assert_eq!(report.dropped, dropped, "case {index}");
    assert_eq!(attempts, case.attempts, "case {index}");
}

#[tokio::test]
async fn a_rejection_in_a_request_of_several_batches_counts_each_record_once() {
    let backend = Backend::start();
    backend.services.logs.reply_with([Reply::Reject(4)]);
    let pipeline = PipelineSetup::new(&backend.url(), &["batch = { timeout = \"1h\" }"]).start();
    pipeline.send(flows(1..=3)).await;
    pipeline.send(flows(4..=6)).await;
    let (report, ended) = pipeline.finish().await;
    assert_eq!(
        (report.absorbed, report.dropped),
        (2, [("rejected_by_peer", 4)].into())
    );
    assert_eq!(ended.count("tidegate_otlp_requests_total", "partial"), 1);
}

#[tokio::test]
async fn retries_end_when_the_policy_says_so() {
    for retry in [
        "enabled = false",
        "initial_interval = \"1ms\", max_elapsed_time = \"1ns\"",
    ] {
        let backend = Backend::start();
        backend.services.logs.reply_with([fail(Code::Unavailable)]);
        let retry = format!("retry_on_failure = {{ {retry} }}");
        let pipeline =
            PipelineSetup::new(&backend.url(), &[&retry, ONE_RECORD_PER_REQUEST]).start();
        pipeline.send(flows(1..=2)).await;
        let (report, ended) = pipeline.finish().await;
        assert_eq!(
            (report.absorbed, report.dropped),
            (1, [("retries_exhausted", 1)].into()),
            "{retry}"
        );
        let attempts = |outcome| ended.count("tidegate_otlp_requests_total", outcome);
        assert_eq!(
            (attempts("failed"), attempts("delivered")),
            (1, 1),
            "{retry}"
        );
    }
}

/// Returns how one flow is counted, unconfirmed or dropped, whose attempts get these replies until
/// retries or the drain timeout end.
async fn undelivered(replies: Vec<Reply>, config: &str) -> (u64, BTreeMap<&'static str, u64>) {
    let backend = Backend::start();
    let attempts = replies.len();
    let hanging = replies
        .iter()
        .filter(|reply| matches!(reply, Reply::Hang))
        .count();
    backend.services.logs.reply_with(replies);
    let pipeline = PipelineSetup::new(&backend.url(), &[ONE_RECORD_PER_REQUEST, config]).start();
    pipeline.send(flows(1..=1)).await;
    backend.services.logs.wait_for_requests(attempts).await;
    // Wait until the exporter has received the responses.
    let responses = |outcome| pipeline.sum_of("tidegate_otlp_requests_total", outcome);
    while responses("failed") + responses("refused") < i64::try_from(attempts - hanging).unwrap() {
        tokio::task::yield_now().await;
    }
    let (report, _) = pipeline.finish().await;
    assert_eq!(report.absorbed, 0, "{config}");
    (report.unconfirmed, report.dropped)
}

/// Asserts that one flow whose attempts get these replies is unconfirmed.
async fn assert_unconfirmed(replies: Vec<Reply>, config: &str) {
    let counts = undelivered(replies, config).await;
    assert_eq!(counts, (1, BTreeMap::new()), "{config}");
}

/// Asserts that one flow whose attempts get these replies is dropped for this reason.
async fn assert_dropped(replies: Vec<Reply>, config: &str, reason: &'static str) {
    let counts = undelivered(replies, config).await;
    assert_eq!(counts, (0, [(reason, 1)].into()), "{config}");
}

#[tokio::test]
async fn at_the_drain_timeout_only_refused_requests_are_dropped() {
    let config = "retry_on_failure = { initial_interval = \"1h\", max_interval = \"1h\", \
                  max_elapsed_time = \"100h\" }, drain_timeout = \"0s\"";
    for reply in [fail(Code::Unavailable), exhausted(Duration::from_secs(60))] {
        assert_dropped(vec![reply], config, "drain_timeout").await;
    }
    for reply in [
        fail(Code::DeadlineExceeded),
        fail(Code::Cancelled),
        fail(Code::DataLoss),
        Reply::Hang,
    ] {
        assert_unconfirmed(vec![reply], config).await;
    }
}

#[tokio::test]
async fn without_retries_only_refused_requests_are_dropped() {
    let config = "retry_on_failure = { enabled = false }, timeout = \"50ms\"";
    assert_unconfirmed(vec![Reply::Hang], config).await;
    let unavailable = vec![fail(Code::Unavailable)];
    assert_dropped(unavailable, config, "retries_exhausted").await;
}

#[tokio::test]
async fn a_refusal_does_not_confirm_that_an_earlier_attempt_was_not_received() {
    let config = format!("{FAST_RETRIES}, timeout = \"50ms\"");
    let unanswered = vec![Reply::Hang, fail(Code::InvalidArgument)];
    assert_unconfirmed(unanswered, &config).await;
    let refused = vec![fail(Code::Unavailable), fail(Code::InvalidArgument)];
    assert_dropped(refused, &config, "invalid_for_peer").await;
}

#[tokio::test]
async fn a_request_whose_connection_broke_is_unconfirmed() {
    let mut backend = Backend::start();
    backend.services.logs.reply_with([Reply::Hang]);
    let pipeline = PipelineSetup::new(
        &backend.url(),
        &[
            ONE_RECORD_PER_REQUEST,
            "retry_on_failure = { enabled = false }",
        ],
    )
    .start();
    pipeline.send(flows(1..=1)).await;
    backend.services.logs.wait_for_requests(1).await;
    backend.shut_down();
    let (report, _) = pipeline.finish().await;
    assert_eq!(
        (report.absorbed, report.unconfirmed, report.dropped.len()),
        (0, 1, 0)
    );
}

#[tokio::test]
async fn a_backend_that_restarts_receives_everything() {
    let mut backend = Backend::start();
    let logs = backend.services.logs.clone();
    let pipeline =
        PipelineSetup::new(&backend.url(), &[FAST_RETRIES, ONE_RECORD_PER_REQUEST]).start();
    pipeline.send(flows(1..=1)).await;
    while pipeline.report().absorbed == 0 {
        tokio::task::yield_now().await;
    }
    backend.shut_down();
    pipeline.send(flows(2..=4)).await;
    while pipeline.sum_of("tidegate_otlp_requests_total", "failed") == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        pipeline.sum_of("tidegate_otlp_connected", "exporters.otlp"),
        0
    );
    backend.restart();
    logs.wait_for_requests(4).await;
    let (report, ended) = pipeline.finish().await;
    assert_eq!((report.absorbed, report.dropped), (4, BTreeMap::new()));
    assert_eq!(ended.value("tidegate_otlp_connected"), 1);
    assert_eq!(
        logs.received().iter().flat_map(times).collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
}

#[tokio::test]
async fn requests_are_compressed_as_configured() {
    for compression in ["none", "gzip", "zstd"] {
        let backend = Backend::start();
        let config = format!("compression = \"{compression}\"");
        let pipeline = PipelineSetup::new(&backend.url(), &[&config]).start();
        pipeline.send(flows(1..=100)).await;
        let (report, _) = pipeline.finish().await;
        assert_eq!(report.absorbed, 100, "{compression}");
        let received = backend.services.logs.received();
        assert_eq!(times(&received[0]).len(), 100, "{compression}");
        let encoding = received[0]
            .metadata
            .get("grpc-encoding")
            .map(|value| value.to_str().unwrap());
        assert_eq!(encoding, Some(compression).filter(|name| *name != "none"));
    }
}
