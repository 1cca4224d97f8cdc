//! Requests that a backend refuses for their size, or because of one of their records: they are sent
//! again in parts.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use prost::Message as _;
use tidegate_model::flow::Direction;
use tidegate_model::metric::Value;
use tonic::{Code, Status};

use crate::backend::{Backend, Received, Reply};
use crate::delivery::times;
use crate::disk_queue::{self, NO_DRAIN, noted};
use crate::http::{decompressed, log_request};
use crate::http_server::{self, HttpServer};
use crate::metric_values::{counter, point};
use crate::pipeline::{FAST_RETRIES, PipelineSetup, TestPipeline, flows};
use crate::spans::exchange;

const ONLY_FLOWS: &str = "signals = [\"flows\"]";
/// One request after another, each with all records that are sent together.
const ONE_BY_ONE: &str = "in_flight = 1, batch = { timeout = \"1h\" }";
const LIMIT: usize = 6000;
const BAD: u64 = 77;

/// The refusal of a Go server.
fn too_large(bytes: usize) -> Reply {
    let message =
        format!("grpc: received message after decompression larger than max ({bytes} vs. {LIMIT})");
    Reply::Fail(Status::new(Code::ResourceExhausted, message))
}

fn limit_logs(request: &ExportLogsServiceRequest) -> Reply {
    match request.encoded_len() {
        0..=LIMIT => Reply::Accept,
        bytes => too_large(bytes),
    }
}

fn record_times(message: &ExportLogsServiceRequest) -> Vec<u64> {
    let resources = message.resource_logs.iter();
    let scopes = resources.flat_map(|logs| &logs.scope_logs);
    let records = scopes.flat_map(|logs| &logs.log_records);
    records.map(|record| record.time_unix_nano).collect()
}

/// Refuses requests with the bad record.
fn refuse_bad(request: &ExportLogsServiceRequest) -> Reply {
    match record_times(request).contains(&BAD) {
        true => Reply::Fail(Status::new(Code::InvalidArgument, "bad record")),
        false => Reply::Accept,
    }
}

/// The times of all records in requests that the rule accepts, in order.
fn accepted(backend: &Backend, rule: impl Fn(&ExportLogsServiceRequest) -> Reply) -> Vec<u64> {
    let received = backend.services.logs.received();
    let is_accepted = |request: &&Received<ExportLogsServiceRequest>| {
        matches!(rule(&request.message), Reply::Accept)
    };
    let accepted = received.iter().filter(is_accepted);
    let mut times: Vec<u64> = accepted.flat_map(times).collect();
    times.sort_unstable();
    times
}

/// Sends batches of this many flows, each in a request that has its outcome before the next.
async fn send_in_turn(pipeline: &TestPipeline, batches: u64, flows_of_each: u64) {
    for batch in 0..batches {
        let first = batch * flows_of_each + 1;
        let last = first + flows_of_each - 1;
        pipeline.send(flows(first..=last)).await;
        while settled(pipeline) < last {
            tokio::task::yield_now().await;
        }
    }
}

fn settled(pipeline: &TestPipeline) -> u64 {
    let report = pipeline.report();
    report.absorbed + report.dropped.values().sum::<u64>()
}

#[tokio::test]
async fn requests_that_are_too_large_arrive_in_parts_and_later_ones_stay_below_the_limit() {
    for compression in ["none", "gzip", "zstd"] {
        let backend = Backend::start();
        backend.services.logs.reply_by(limit_logs);
        let compression = format!("compression = \"{compression}\"");
        let config = [
            &*compression,
            "in_flight = 1, batch = { max_records = 200, timeout = \"5ms\" }",
            ONLY_FLOWS,
        ];
        let pipeline = PipelineSetup::new(&backend.url(), &config).start();
        send_in_turn(&pipeline, 5, 200).await;
        let refused = pipeline.sum_of("tidegate_otlp_requests_total", "refused");
        let (report, _) = pipeline.finish().await;
        assert_eq!((report.absorbed, report.dropped), (1000, BTreeMap::new()));
        assert_eq!(
            accepted(&backend, limit_logs),
            (1..=1000).collect::<Vec<_>>()
        );
        assert_eq!(refused, 1, "{compression}: the limit is stated");
    }
}

#[tokio::test]
async fn requests_that_wait_are_divided_before_they_are_sent() {
    let backend = Backend::start();
    let limit = |request: &ExportLogsServiceRequest| match request.encoded_len() {
        0..=LIMIT => Reply::Accept,
        // No number is stated.
        _ => Reply::Fail(Status::new(Code::ResourceExhausted, "message too large")),
    };
    backend.services.logs.reply_by(limit);
    let config = ["in_flight = 1, batch = { max_records = 100 }", ONLY_FLOWS];
    let pipeline = PipelineSetup::new(&backend.url(), &config).start();
    pipeline.send(flows(1..=800)).await;
    let (report, ended) = pipeline.finish().await;
    assert_eq!((report.absorbed, report.dropped), (800, BTreeMap::new()));
    assert_eq!(accepted(&backend, limit), (1..=800).collect::<Vec<_>>());
    let refused = ended.count("tidegate_otlp_requests_total", "refused");
    assert!((1..8).contains(&refused), "{refused}");
}

#[tokio::test]
async fn a_record_that_is_too_large_for_the_backend_is_dropped_alone() {
    let backend = Backend::start();
    let rule = |request: &ExportLogsServiceRequest| match record_times(request).contains(&BAD) {
        true => too_large(request.encoded_len()),
        false => limit_logs(request),
    };
    backend.services.logs.reply_by(rule);
    let config = [ONE_BY_ONE, ONLY_FLOWS];
    let pipeline = PipelineSetup::new(&backend.url(), &config).start();
    pipeline.send(flows(1..=100)).await;
    let (report, _) = pipeline.finish().await;
    assert_eq!(
        (report.absorbed, report.dropped),
        (99, [("too_large_for_peer", 1)].into())
    );
    assert_eq!(accepted(&backend, rule).len(), 99);
}

#[tokio::test]
async fn a_bad_record_is_dropped_alone_with_two_requests_for_each_halving() {
    let backend = Backend::start();
    backend.services.logs.reply_by(refuse_bad);
    let config = [ONE_BY_ONE, ONLY_FLOWS];
    let pipeline = PipelineSetup::new(&backend.url(), &config).start();
    pipeline.send(flows(1..=1000)).await;
    let (report, _) = pipeline.finish().await;
    assert_eq!(
        (report.absorbed, report.dropped),
        (999, [("invalid_for_peer", 1)].into())
    );
    let expected: Vec<u64> = (1..=1000).filter(|time| *time != BAD).collect();
    assert_eq!(accepted(&backend, refuse_bad), expected);
    let requests = backend.services.logs.received().len();
    assert!(requests <= 1 + 2 * 10, "{requests}");
}

#[tokio::test]
async fn a_backend_that_refuses_everything_gets_few_more_requests() {
    let backend = Backend::start();
    let refuse = |_: &ExportLogsServiceRequest| {
        Reply::Fail(Status::new(Code::InvalidArgument, "no such tenant"))
    };
    backend.services.logs.reply_by(refuse);
    let config = [
        "in_flight = 1, batch = { max_records = 100, timeout = \"1h\" }",
        ONLY_FLOWS,
    ];
    let pipeline = PipelineSetup::new(&backend.url(), &config).start();
    send_in_turn(&pipeline, 10, 100).await;
    let problem = pipeline.problem().unwrap_or_default();
    assert!(problem.contains("refuses logs"), "{problem}");
    // As soon as it accepts one, a bad record is found again.
    backend.services.logs.reply_by(|_| Reply::Accept);
    send_in_turn_from(&pipeline, 1001..=1100).await;
    assert_eq!(pipeline.problem(), None);
    backend.services.logs.reply_by(|request| {
        let bad = record_times(request).contains(&1150);
        if bad {
            Reply::Fail(Status::new(Code::InvalidArgument, ""))
        } else {
            Reply::Accept
        }
    });
    send_in_turn_from(&pipeline, 1101..=1200).await;
    let (report, _) = pipeline.finish().await;
    assert_eq!(
        (report.absorbed, report.dropped.values().sum::<u64>()),
        (199, 1001)
    );
    let alone = report.dropped["invalid_for_peer"];
    assert!(alone < 10, "{alone}");
    let requests = backend.services.logs.received().len();
    assert!(requests < 12 + 2 * 8 + 2 * 8, "{requests}");
}

async fn send_in_turn_from(pipeline: &TestPipeline, times: std::ops::RangeInclusive<u64>) {
    let last = *times.end();
    pipeline.send(flows(times)).await;
    while settled(pipeline) < last {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_part_that_cannot_be_accepted_now_is_retried_alone() {
    let backend = Backend::start();
    let unavailable = || Reply::Fail(Status::new(Code::Unavailable, "scripted"));
    let invalid = Reply::Fail(Status::new(Code::InvalidArgument, "scripted"));
    backend
        .services
        .logs
        .reply_with([invalid, unavailable(), Reply::Accept, unavailable()]);
    let config = [ONE_BY_ONE, FAST_RETRIES, ONLY_FLOWS];
    let pipeline = PipelineSetup::new(&backend.url(), &config).start();
    pipeline.send(flows(1..=10)).await;
    let (report, _) = pipeline.finish().await;
    assert_eq!((report.absorbed, report.dropped), (10, BTreeMap::new()));
    let received = backend.services.logs.received();
    let requests: Vec<_> = received
        .iter()
        .map(|request| times(request).len())
        .collect();
    assert_eq!(requests, [10, 5, 5, 5, 5]);
}

#[tokio::test]
async fn at_the_end_the_parts_are_counted_apart() {
    let backend = Backend::start();
    let invalid = Reply::Fail(Status::new(Code::InvalidArgument, "scripted"));
    // The first half is delivered, the second half's first half is never answered.
    let script = [invalid.clone(), Reply::Accept, invalid, Reply::Hang];
    backend.services.logs.reply_with(script);
    let config = [ONE_BY_ONE, ONLY_FLOWS, NO_DRAIN];
    let pipeline = PipelineSetup::new(&backend.url(), &config).start();
    pipeline.send(flows(1..=8)).await;
    let finished = pipeline.finish();
    let (report, _) = finished.await;
    let dropped = report
        .dropped
        .get("drain_timeout")
        .copied()
        .unwrap_or_default();
    assert_eq!(report.absorbed + report.unconfirmed + dropped, 8);
}

#[tokio::test]
async fn a_divided_request_in_the_queue_on_disk_stays_there_as_a_whole_or_is_done_with() {
    let folder = tempfile::tempdir().unwrap();
    let backend = Backend::start();
    let invalid = Reply::Fail(Status::new(Code::InvalidArgument, "scripted"));
    backend
        .services
        .logs
        .reply_with([invalid, Reply::Accept, Reply::Hang]);
    let config = [
        ONE_BY_ONE,
        ONLY_FLOWS,
        "drain_timeout = \"1ms\", timeout = \"1h\"",
    ];
    let pipeline = disk_queue::setup(&backend.url(), &config, folder.path()).start();
    pipeline.send(flows(1..=8)).await;
    // The records are due only at the end.
    let (report, _) = tokio::join!(
        pipeline.finish(),
        backend.services.logs.wait_for_requests(0)
    )
    .0;
    assert_eq!((report.absorbed, noted(&report, "stored")), (8, 8));
    let backend = Backend::start();
    let rule = |request: &ExportLogsServiceRequest| match record_times(request).contains(&3) {
        true => Reply::Fail(Status::new(Code::InvalidArgument, "scripted")),
        false => Reply::Accept,
    };
    backend.services.logs.reply_by(rule);
    let pipeline = disk_queue::setup(&backend.url(), &[ONLY_FLOWS], folder.path()).start();
    let (report, _) = pipeline.finish().await;
    assert_eq!((report.created, report.absorbed), (8, 7));
    assert_eq!(report.dropped, [("invalid_for_peer", 1)].into());
    let left = disk_queue::setup(&backend.url(), &[ONLY_FLOWS], folder.path()).start();
    assert_eq!(left.finish().await.0.created, 0, "nothing is left");
}

#[tokio::test]
async fn requests_from_the_disk_are_divided_to_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let config = [ONLY_FLOWS, "in_flight = 1", NO_DRAIN];
    let url = crate::limits::unused_url();
    let pipeline = disk_queue::setup(&url, &config, folder.path()).start();
    pipeline.send(flows(1..=500)).await;
    let (report, _) = pipeline.finish().await;
    assert_eq!(noted(&report, "stored"), 500);
    let backend = Backend::start();
    backend.services.logs.reply_by(limit_logs);
    let pipeline = disk_queue::setup(&backend.url(), &[ONLY_FLOWS], folder.path()).start();
    let (report, _) = pipeline.finish().await;
    assert_eq!((report.absorbed, report.dropped), (500, BTreeMap::new()));
    assert_eq!(
        accepted(&backend, limit_logs),
        (1..=500).collect::<Vec<_>>()
    );
}

/// The answers of the Collector's HTTP server.
fn limit_http(request: &http_server::Received) -> http_server::Reply {
    let mut reply = http_server::Reply::status(200);
    if decompressed(request).len() > 2 * LIMIT {
        reply.status = 400;
        reply.headers = vec![("content-type", "text/plain")];
        reply.body = b"http: request body too large";
    } else if decompressed(request).len() > LIMIT {
        reply.status = 413;
    }
    reply
}

#[tokio::test]
async fn http_learns_the_limit_from_each_refusal_of_the_size() {
    for protocol in ["http/protobuf", "http/json"] {
        let server = HttpServer::start_with(Vec::new(), limit_http).await;
        let protocol = format!("protocol = \"{protocol}\"");
        let config = [&*protocol, ONE_BY_ONE, ONLY_FLOWS];
        let pipeline = PipelineSetup::new(&server.url(), &config).start();
        pipeline.send(flows(1..=200)).await;
        let (report, _) = pipeline.finish().await;
        assert_eq!((report.absorbed, report.dropped), (200, BTreeMap::new()));
        let received = server.received();
        let accepted = received.iter().filter(|one| limit_http(one).status == 200);
        let mut times: Vec<u64> = accepted
            .flat_map(|one| record_times(&log_request(one)))
            .collect();
        times.sort_unstable();
        assert_eq!(times, (1..=200).collect::<Vec<_>>(), "{protocol}");
    }
}

#[tokio::test]
async fn http_finds_a_bad_record() {
    let refuse = |request: &http_server::Received| {
        let is_bad = record_times(&log_request(request)).contains(&BAD);
        http_server::Reply::status(if is_bad { 400 } else { 200 })
    };
    let server = HttpServer::start_with(Vec::new(), refuse).await;
    let config = ["protocol = \"http/protobuf\"", ONE_BY_ONE, ONLY_FLOWS];
    let pipeline = PipelineSetup::new(&server.url(), &config).start();
    pipeline.send(flows(1..=100)).await;
    let (report, _) = pipeline.finish().await;
    assert_eq!(
        (report.absorbed, report.dropped),
        (99, [("invalid_for_peer", 1)].into())
    );
}

#[tokio::test]
async fn spans_are_divided_as_log_records_are() {
    let backend = Backend::start();
    let invalid = Reply::Fail(Status::new(Code::InvalidArgument, "scripted"));
    backend
        .services
        .traces
        .reply_with([invalid.clone(), invalid]);
    let config = [ONE_BY_ONE, "signals = [\"traces\"]"];
    let pipeline = PipelineSetup::new(&backend.url(), &config).start();
    let exchanges = (1..=4).flat_map(|seq| exchange(seq, Direction::Egress, None));
    pipeline.send(exchanges.collect()).await;
    let (report, _) = pipeline.finish().await;
    assert_eq!((report.created, report.dropped), (4, BTreeMap::new()));
    let received = backend.services.traces.received();
    let spans = received.iter().map(|request| {
        let spans = request.message.resource_spans.iter();
        spans
            .map(|spans| spans.scope_spans[0].spans.len())
            .sum::<usize>()
    });
    assert_eq!(spans.collect::<Vec<_>>(), [4, 2, 1, 1, 2]);
}

/// The labels of a request's points.
fn labels(message: &ExportMetricsServiceRequest) -> Vec<String> {
    let metrics = &message.resource_metrics[0].scope_metrics[0].metrics;
    let points = metrics.iter().flat_map(crate::metric_values::sums);
    let label = |point: &opentelemetry_proto::tonic::metrics::v1::NumberDataPoint| {
        format!("{:?}", point.attributes[0].value)
    };
    points.map(label).collect()
}

fn many_points() -> Vec<tidegate_model::Record> {
    let point = |n| point(&counter(&format!("verdict-{n}")), Value::Counter(1.0));
    (0..150).map(point).collect()
}

#[tokio::test]
async fn metrics_are_made_again_in_requests_below_the_limit() {
    let limit = |request: &ExportMetricsServiceRequest| match request.encoded_len() {
        0..=LIMIT => Reply::Accept,
        bytes => too_large(bytes),
    };
    for config in [
        "metrics_interval = \"1h\"",
        "metrics_interval = \"10ms\", temporality = \"delta\"",
    ] {
        let backend = Backend::start();
        backend.services.metrics.reply_by(limit);
        let pipeline = PipelineSetup::new(&backend.url(), &[config]).start();
        pipeline.send(many_points()).await;
        backend
            .services
            .metrics
            .wait_for_requests(usize::from(config.contains("delta")))
            .await;
        let (_, ended) = pipeline.finish().await;
        assert!(ended.failure.is_none());
        let received = backend.services.metrics.received();
        let accepted = received
            .iter()
            .filter(|one| one.message.encoded_len() <= LIMIT);
        let mut labels: Vec<_> = accepted.flat_map(|one| labels(&one.message)).collect();
        labels.sort_unstable();
        assert_eq!(labels.len(), 150, "{config}: each point once");
        labels.dedup();
        assert_eq!(labels.len(), 150, "{config}");
        let refused = received
            .iter()
            .filter(|one| one.message.encoded_len() > LIMIT);
        assert_eq!(refused.count(), 1, "{config}: the limit is stated");
    }
}

#[tokio::test]
async fn a_bad_point_is_left_out_of_an_export() {
    let backend = Backend::start();
    backend.services.metrics.reply_by(|request| {
        let is_bad = labels(request)
            .iter()
            .any(|label| label.contains("verdict-77\""));
        if is_bad {
            Reply::Fail(Status::new(Code::InvalidArgument, ""))
        } else {
            Reply::Accept
        }
    });
    let config = "metrics_interval = \"1h\"";
    let pipeline = PipelineSetup::new(&backend.url(), &[config]).start();
    pipeline.send(many_points()).await;
    let (_, ended) = pipeline.finish().await;
    assert!(ended.failure.is_none());
    assert_eq!(ended.value("tidegate_otlp_rejected_data_points_total"), 1);
    let received = backend.services.metrics.received();
    assert!(received.len() <= 1 + 2 * 8, "{}", received.len());
    let accepted = received.iter().map(|one| labels(&one.message));
    let good = accepted.filter(|labels| !labels.iter().any(|label| label.contains("verdict-77\"")));
    assert_eq!(good.flatten().count(), 149);
}
