//! Sizes, queues and the end.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use prost::Message;
use tidegate_model::Record;
use tidegate_model::flow::{Flow, Http, L7, L7Record, L7Type, Missing, Seen};
use tidegate_runtime::limits::{Limits, WhenFull};
use tidegate_runtime::pipeline::Failure;

use crate::backend::{Backend, Received, Reply};
use crate::rig::{ONE_BY_ONE, Setup, flows};

fn count(request: &Received<ExportLogsServiceRequest>) -> usize {
    request
        .message
        .resource_logs
        .iter()
        .flat_map(|logs| &logs.scope_logs)
        .map(|logs| logs.log_records.len())
        .sum()
}

/// An address where nobody listens.
pub(crate) fn nowhere() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn a_request_holds_no_more_records_than_allowed() {
    let backend = Backend::start();
    let rig = Setup::new(
        &backend.url(),
        &["batch = { max_records = 4, timeout = \"1h\" }"],
    )
    .start();
    rig.send(flows(1..=10)).await;
    backend.services.logs.has_received(2).await;
    let (books, _) = rig.finish().await;
    let mut counts: Vec<_> = backend.services.logs.received().iter().map(count).collect();
    counts.sort_unstable();
    assert_eq!((books.absorbed, counts), (10, vec![2, 4, 4]));
}

#[tokio::test]
async fn a_request_holds_no_more_bytes_than_allowed() {
    let backend = Backend::start();
    let rig = Setup::new(&backend.url(), &["batch = { max_bytes = \"2KiB\" }"]).start();
    rig.send(flows(1..=100)).await;
    let (books, _) = rig.finish().await;
    let received = backend.services.logs.received();
    let sizes: Vec<_> = received
        .iter()
        .map(|request| request.message.encoded_len())
        .collect();
    assert!(sizes.iter().all(|size| *size <= 2048), "{sizes:?}");
    assert!(
        sizes.iter().filter(|size| **size < 1024).count() <= 1,
        "only the last is small: {sizes:?}"
    );
    assert_eq!(
        (books.absorbed, received.iter().map(count).sum::<usize>()),
        (100, 100)
    );
}

#[tokio::test]
async fn a_record_that_no_request_can_hold_is_dropped_alone() {
    let backend = Backend::start();
    let rig = Setup::new(&backend.url(), &["batch = { max_bytes = \"4KiB\" }"]).start();
    let record = L7Record::Http(Http {
        url: "/".repeat(5000),
        ..Http::default()
    });
    let l7 = L7 {
        l7_type: L7Type::Request,
        latency_ns: 0,
        observed_latency: None,
        record,
        trace_id: None,
        seen: Seen::Proxy,
        missing: Missing::NOTHING,
    };
    let large = Record::Flow(Flow {
        l7: Some(Box::new(l7)),
        ..Flow::default()
    });
    rig.send([flows(1..=1), vec![large], flows(2..=2)].concat())
        .await;
    let (books, _) = rig.finish().await;
    assert_eq!(
        (books.absorbed, books.dropped),
        (2, [("record_too_large", 1)].into())
    );
}

#[tokio::test]
async fn a_dead_endpoint_stops_nobody() {
    let mut setup = Setup::new(&nowhere(), &[ONE_BY_ONE, "drain_timeout = \"0s\""]);
    setup.queue = Limits {
        records: 10,
        when_full: WhenFull::DropNewest,
        ..Limits::DEFAULT
    };
    let rig = setup.start();
    for time in 1..=100 {
        rig.send(flows(time..=time)).await;
    }
    let (books, ended) = rig.finish().await;
    assert!(ended.failure.is_none());
    assert_eq!((books.r#in, books.absorbed), (100, 0));
    // Ten wait in the queue, one is under way, one is at hand.
    let (full, late) = (books.dropped["queue_full"], books.dropped["drain_timeout"]);
    assert_eq!(books.unconfirmed, 0, "no request reached anybody");
    assert!(
        full >= 100 - 12 && full + late == 100,
        "{:?}",
        books.dropped
    );
}

#[tokio::test]
async fn what_is_left_after_the_drain_timeout_is_given_up() {
    let backend = Backend::start();
    backend.services.logs.script([Reply::Ok, Reply::Hangs]);
    let rig = Setup::new(
        &backend.url(),
        &[ONE_BY_ONE, "drain_timeout = \"1ms\", timeout = \"1h\""],
    )
    .start();
    rig.send(flows(1..=5)).await;
    backend.services.logs.has_received(2).await;
    let (books, ended) = rig.finish().await;
    assert!(ended.failure.is_none());
    assert_eq!(
        (books.absorbed, books.unconfirmed, books.dropped),
        (1, 1, [("drain_timeout", 3)].into())
    );
}

#[tokio::test]
async fn the_grace_period_ends_an_exporter_that_does_not_and_its_records_are_counted() {
    let backend = Backend::start();
    backend.services.logs.script([Reply::Hangs]);
    let mut setup = Setup::new(
        &backend.url(),
        &[ONE_BY_ONE, "drain_timeout = \"1h\", timeout = \"1h\""],
    );
    setup.grace = Duration::from_millis(50);
    let rig = setup.start();
    rig.send(flows(1..=5)).await;
    backend.services.logs.has_received(1).await;
    let (books, ended) = rig.stop().await;
    assert!(matches!(ended.failure, Some(Failure::Overdue { .. })));
    assert_eq!(
        (books.absorbed, books.unconfirmed, books.dropped),
        (0, 1, [("shutdown_timeout", 4)].into())
    );
}

#[tokio::test]
async fn while_all_requests_are_under_way_the_inbox_fills() {
    let backend = Backend::start();
    backend.services.logs.script(vec![Reply::Hangs; 2]);
    let config =
        ["batch = { max_records = 1 }, in_flight = 2, timeout = \"1h\", drain_timeout = \"0s\""];
    let rig = Setup::new(&backend.url(), &config).start();
    for time in 1..=6 {
        rig.send(flows(time..=time)).await;
    }
    backend.services.logs.has_received(2).await;
    assert_eq!((rig.books().absorbed, rig.books().dropped.len()), (0, 0));
    let (books, _) = rig.finish().await;
    assert_eq!(
        (books.unconfirmed, books.dropped),
        (2, [("drain_timeout", 4)].into())
    );
    assert_eq!(
        backend.services.logs.received().len(),
        2,
        "no third request was begun"
    );
}
