//! Requests that wait in memory, and their compression.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidegate_runtime::config::ByteSize;
use tidegate_runtime::limits::{Limits, WhenFull};
use tokio::sync::Notify;
use tonic::codec::CompressionEncoding;

use crate::backend::{Backend, Reply};
use crate::delivery::times;
use crate::pipeline::{FAST_RETRIES, ONE_RECORD_PER_REQUEST, PipelineSetup, flows};

#[tokio::test]
async fn a_refused_compression_is_replaced_at_once_and_for_good() {
    for (accepted, expected) in [
        (vec![CompressionEncoding::Zstd], Some("zstd")),
        (vec![CompressionEncoding::Gzip], Some("gzip")),
        (vec![], None),
    ] {
        let backend = Backend::start_accepting(&accepted);
        let pipeline = PipelineSetup::new(
            &backend.url(),
            // A delay before the next attempt would be longer than the test.
            &[
                ONE_RECORD_PER_REQUEST,
                "retry_on_failure = { initial_interval = \"1h\", max_interval = \"1h\" }",
            ],
        )
        .start();
        pipeline.send(flows(1..=3)).await;
        backend.services.logs.wait_for_requests(3).await;
        let (report, ended) = pipeline.finish().await;
        assert_eq!((report.absorbed, report.dropped), (3, BTreeMap::new()));
        for received in backend.services.logs.received() {
            let encoding = received.metadata.get("grpc-encoding");
            let encoding = encoding.map(|value| value.to_str().unwrap());
            assert_eq!(encoding, expected);
        }
        let refused = ended.count("tidegate_otlp_requests_total", "refused");
        assert_eq!(refused, 0, "that is no refusal of records");
    }
}

#[tokio::test]
async fn requests_wait_in_memory_while_the_backend_is_busy_and_are_sent_in_order() {
    let backend = Backend::start();
    let go = Arc::new(Notify::new());
    let wait = Reply::AcceptWhenNotified(Arc::clone(&go));
    backend.services.logs.reply_with([wait]);
    let mut setup = PipelineSetup::new(&backend.url(), &[FAST_RETRIES, ONE_RECORD_PER_REQUEST]);
    // Without a queue of requests, all but three records would be dropped.
    setup.queue = Limits {
        records: 1,
        when_full: WhenFull::DropNewest,
        ..Limits::DEFAULT
    };
    let pipeline = setup.start();
    for time in 1..=50 {
        pipeline.send(flows(time..=time)).await;
        while pipeline.queued() < time {
            tokio::task::yield_now().await;
        }
    }
    go.notify_one();
    let (report, _) = pipeline.finish().await;
    assert_eq!((report.absorbed, report.dropped), (50, BTreeMap::new()));
    let received: Vec<_> = backend
        .services
        .logs
        .received()
        .iter()
        .flat_map(times)
        .collect();
    assert_eq!(received, (1..=50).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_full_queue_leaves_records_to_the_inbox() {
    let backend = Backend::start();
    backend.services.logs.reply_with([Reply::Hang]);
    let config = [
        ONE_RECORD_PER_REQUEST,
        "timeout = \"1h\", drain_timeout = \"0s\"",
    ];
    let mut setup = PipelineSetup::new(&backend.url(), &config);
    setup.queue = Limits {
        records: 10,
        when_full: WhenFull::DropNewest,
        ..Limits::DEFAULT
    };
    setup.requests.requests = Some(ByteSize::new(4 << 10));
    let pipeline = setup.start();
    for time in 1..=100 {
        pipeline.send(flows(time..=time)).await;
    }
    let memory = || pipeline.sum_of("tidegate_otlp_queue_bytes", "memory");
    let mut time = 100;
    while !pipeline.report().dropped.contains_key("queue_full") || memory() < 4 << 10 {
        time += 1;
        pipeline.send(flows(time..=time)).await;
    }
    assert!(memory() < 8 << 10, "{}", memory());
    let (report, _) = pipeline.finish().await;
    assert_eq!((report.absorbed, report.unconfirmed), (0, 1));
    assert!(report.dropped["drain_timeout"] >= 2, "{:?}", report.dropped);
}
