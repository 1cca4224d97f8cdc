//! Limits of requests and queues, and the end of the exporter.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use prost::Message;
use tidegate_model::Record;
use tidegate_model::flow::{Flow, Http, L7, L7Record, L7Type, MessageSource, Missing};
use tidegate_runtime::config::ByteSize;
use tidegate_runtime::limits::{Limits, WhenFull};
use tidegate_runtime::pipeline::RunError;

use crate::backend::{Backend, Received, Reply};
use crate::pipeline::{ONE_RECORD_PER_REQUEST, PipelineSetup, flows};

fn record_count(request: &Received<ExportLogsServiceRequest>) -> usize {
    request
        .message
        .resource_logs
        .iter()
        .flat_map(|logs| &logs.scope_logs)
        .map(|logs| logs.log_records.len())
        .sum()
}

/// Returns the URL of a port without a listener.
pub(crate) fn unused_url() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn a_request_holds_no_more_records_than_allowed() {
    let backend = Backend::start();
    let pipeline = PipelineSetup::new(
        &backend.url(),
        &["batch = { max_records = 4, timeout = \"1h\" }"],
    )
    .start();
    pipeline.send(flows(1..=10)).await;
    backend.services.logs.wait_for_requests(2).await;
    let (report, _) = pipeline.finish().await;
    let mut counts: Vec<_> = backend
        .services
        .logs
        .received()
        .iter()
        .map(record_count)
        .collect();
    counts.sort_unstable();
    assert_eq!((report.absorbed, counts), (10, vec![2, 4, 4]));
}

#[tokio::test]
async fn a_request_holds_no_more_bytes_than_allowed() {
    let backend = Backend::start();
    let pipeline =
        PipelineSetup::new(&backend.url(), &["batch = { max_bytes = \"2KiB\" }"]).start();
    pipeline.send(flows(1..=100)).await;
    let (report, _) = pipeline.finish().await;
    let received = backend.services.logs.received();
    let sizes: Vec<_> = received
        .iter()
        .map(|request| request.message.encoded_len())
        .collect();
    assert!(sizes.iter().all(|size| *size <= 2048), "{sizes:?}");
    assert!(
        sizes.iter().filter(|size| **size < 1024).count() <= 1,
        "only the last one is small: {sizes:?}"
    );
    assert_eq!(
        (
            report.absorbed,
            received.iter().map(record_count).sum::<usize>()
        ),
        (100, 100)
    );
}

#[tokio::test]
async fn a_record_that_is_too_large_for_a_request_is_dropped_alone() {
    let backend = Backend::start();
    let pipeline =
        PipelineSetup::new(&backend.url(), &["batch = { max_bytes = \"4KiB\" }"]).start();
    let record = L7Record::Http(Http {
        url: "/".repeat(5000),
        ..Http::default()
    });
    let l7 = L7 {
        l7_type: L7Type::Request,
        latency_ns: 0,
        observed_latency: None,
        record,
        trace_context: None,
        source: MessageSource::Proxy,
        missing: Missing::NOTHING,
    };
    let large = Record::Flow(Flow {
        l7: Some(Box::new(l7)),
        ..Flow::default()
    });
    pipeline
        .send([flows(1..=1), vec![large], flows(2..=2)].concat())
        .await;
    let (report, _) = pipeline.finish().await;
    assert_eq!(
        (report.absorbed, report.dropped),
        (2, [("record_too_large", 1)].into())
    );
}

#[tokio::test]
async fn an_unreachable_endpoint_does_not_block_the_receiver() {
    let mut setup = PipelineSetup::new(
        &unused_url(),
        &[ONE_RECORD_PER_REQUEST, "drain_timeout = \"0s\""],
    );
    setup.queue = Limits {
        records: 10,
        when_full: WhenFull::DropNewest,
        ..Limits::DEFAULT
    };
    setup.requests.requests = Some(ByteSize::new(1));
    let pipeline = setup.start();
    for time in 1..=100 {
        pipeline.send(flows(time..=time)).await;
    }
    let (report, ended) = pipeline.finish().await;
    assert!(ended.failure.is_none());
    assert_eq!((report.r#in, report.absorbed), (100, 0));
    // Ten wait in the inbox; one each is in flight, queued, being compressed and being processed.
    let queue_full = report.dropped["queue_full"];
    let drain_timeout = report.dropped["drain_timeout"];
    assert_eq!(report.unconfirmed, 0, "no request was sent");
    assert!(
        queue_full >= 100 - 14 && queue_full + drain_timeout == 100,
        "{:?}",
        report.dropped
    );
}

#[tokio::test]
async fn remaining_records_are_dropped_after_the_drain_timeout() {
    let backend = Backend::start();
    backend
        .services
        .logs
        .reply_with([Reply::Accept, Reply::Hang]);
    let pipeline = PipelineSetup::new(
        &backend.url(),
        &[
            ONE_RECORD_PER_REQUEST,
            "drain_timeout = \"1ms\", timeout = \"1h\"",
        ],
    )
    .start();
    pipeline.send(flows(1..=5)).await;
    backend.services.logs.wait_for_requests(2).await;
    let (report, ended) = pipeline.finish().await;
    assert!(ended.failure.is_none());
    assert_eq!(
        (report.absorbed, report.unconfirmed, report.dropped),
        (1, 1, [("drain_timeout", 3)].into())
    );
}

#[tokio::test]
async fn the_grace_period_ends_an_exporter_and_its_records_are_counted() {
    let backend = Backend::start();
    backend.services.logs.reply_with([Reply::Hang]);
    let mut setup = PipelineSetup::new(
        &backend.url(),
        &[
            ONE_RECORD_PER_REQUEST,
            "drain_timeout = \"1h\", timeout = \"1h\"",
        ],
    );
    setup.grace = Duration::from_millis(50);
    let pipeline = setup.start();
    pipeline.send(flows(1..=5)).await;
    backend.services.logs.wait_for_requests(1).await;
    let (report, ended) = pipeline.shut_down().await;
    assert!(matches!(
        ended.failure,
        Some(RunError::GracePeriodExceeded { .. })
    ));
    assert_eq!(
        (report.absorbed, report.unconfirmed, report.dropped),
        (0, 1, [("shutdown_timeout", 4)].into())
    );
}

#[tokio::test]
async fn no_more_requests_are_in_flight_than_allowed() {
    let backend = Backend::start();
    backend.services.logs.reply_with(vec![Reply::Hang; 2]);
    let config =
        ["batch = { max_records = 1 }, in_flight = 2, timeout = \"1h\", drain_timeout = \"0s\""];
    let pipeline = PipelineSetup::new(&backend.url(), &config).start();
    for time in 1..=6 {
        pipeline.send(flows(time..=time)).await;
    }
    backend.services.logs.wait_for_requests(2).await;
    assert_eq!(
        (pipeline.report().absorbed, pipeline.report().dropped.len()),
        (0, 0)
    );
    let (report, _) = pipeline.finish().await;
    assert_eq!(
        (report.unconfirmed, report.dropped),
        (2, [("drain_timeout", 4)].into())
    );
    assert_eq!(
        backend.services.logs.received().len(),
        2,
        "there is no third request"
    );
}

#[tokio::test]
async fn the_drain_timeout_begins_while_senders_are_blocked() {
    let backend = Backend::start();
    backend.services.logs.reply_with([Reply::Hang]);
    let config = [
        ONE_RECORD_PER_REQUEST,
        "timeout = \"1h\", drain_timeout = \"1ms\"",
    ];
    let mut setup = PipelineSetup::new(&backend.url(), &config);
    setup.queue = Limits {
        records: 1,
        when_full: WhenFull::Block,
        ..Limits::DEFAULT
    };
    setup.grace = Duration::from_secs(3600);
    let pipeline = setup.start();
    // One is in flight, one in the inbox, one waits for room there, and one is yet to be received.
    for time in 1..=4 {
        pipeline.send(flows(time..=time)).await;
    }
    backend.services.logs.wait_for_requests(1).await;
    let (report, ended) = pipeline.shut_down().await;
    assert!(ended.failure.is_none());
    assert_eq!(report.unconfirmed, 1);
    assert_eq!(
        report.unconfirmed + report.dropped["drain_timeout"],
        report.r#in
    );
}
