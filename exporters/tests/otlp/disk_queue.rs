//! Requests that wait on disk, over restarts of the exporter.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use tidegate_model::flow::Direction;
use tidegate_runtime::config::{ByteSize, DiskQueue};
use tidegate_runtime::ledger::StageReport;
use tidegate_runtime::limits::{Limits, WhenFull};
use tokio::time::timeout;

use crate::backend::{Backend, Reply};
use crate::delivery::times;
use crate::limits::unused_url;
use crate::pipeline::{FAST_RETRIES, ONE_RECORD_PER_REQUEST, PipelineSetup, TestPipeline, flows};
use crate::spans::{exchange, spans};

/// Ends at once, whatever is left.
pub(crate) const NO_DRAIN: &str = "drain_timeout = \"0s\", timeout = \"1h\"";

/// A pipeline whose exporter has a queue in this directory.
pub(crate) fn setup(endpoint: &str, config: &[&str], path: &Path) -> PipelineSetup {
    let mut setup = PipelineSetup::new(endpoint, config);
    setup.requests.disk = Some(DiskQueue {
        path: path.to_owned(),
        bytes: ByteSize::new(DiskQueue::MIN_BYTES),
        fsync: false,
    });
    setup
}

/// Runs an exporter without a backend, which leaves flows with these times on disk.
pub(crate) async fn leave(path: &Path, times: std::ops::RangeInclusive<u64>) -> StageReport {
    let pipeline = setup(&unused_url(), &[ONE_RECORD_PER_REQUEST, NO_DRAIN], path).start();
    pipeline.send(flows(times)).await;
    let (report, ended) = pipeline.finish().await;
    assert!(ended.failure.is_none());
    report
}

/// Runs an exporter until everything on disk is delivered. Returns its report, and the times of the
/// flows that the backend received.
async fn deliver(path: &Path) -> (StageReport, Vec<u64>) {
    let backend = Backend::start();
    let pipeline = setup(&backend.url(), &[FAST_RETRIES, "in_flight = 1"], path).start();
    let (report, _) = pipeline.finish().await;
    let received = backend.services.logs.received();
    (report, received.iter().flat_map(times).collect())
}

pub(crate) fn noted(report: &StageReport, what: &str) -> u64 {
    report.noted.get(what).copied().unwrap_or_default()
}

#[tokio::test]
async fn what_a_run_leaves_is_delivered_by_the_next_one_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let first = leave(folder.path(), 1..=20).await;
    assert_eq!((first.r#in, first.created), (20, 0));
    assert_eq!((first.absorbed, noted(&first, "stored")), (20, 20));
    assert_eq!((first.unconfirmed, first.dropped), (0, BTreeMap::new()));
    let second = leave(folder.path(), 21..=25).await;
    assert_eq!((second.r#in, second.created), (25, 20));
    assert_eq!(
        (noted(&second, "recovered"), noted(&second, "stored")),
        (20, 25)
    );
    let (third, received) = deliver(folder.path()).await;
    assert_eq!((third.created, third.absorbed), (25, 25));
    assert_eq!(
        (noted(&third, "recovered"), noted(&third, "stored")),
        (25, 0)
    );
    assert_eq!(received, (1..=25).collect::<Vec<_>>());
    let (fourth, received) = deliver(folder.path()).await;
    assert_eq!((fourth.r#in, received.len()), (0, 0), "nothing is left");
}

#[tokio::test]
async fn what_was_delivered_is_not_delivered_again() {
    let folder = tempfile::tempdir().unwrap();
    let backend = Backend::start();
    backend
        .services
        .logs
        .reply_with([Reply::Accept, Reply::Hang]);
    let config = [ONE_RECORD_PER_REQUEST, NO_DRAIN];
    let pipeline = setup(&backend.url(), &config, folder.path()).start();
    pipeline.send(flows(1..=3)).await;
    backend.services.logs.wait_for_requests(2).await;
    let (report, _) = pipeline.finish().await;
    // The backend may have the second one, and the next run sends it again.
    assert_eq!((report.absorbed, noted(&report, "stored")), (3, 2));
    assert_eq!(report.unconfirmed, 0);
    let (_, received) = deliver(folder.path()).await;
    assert_eq!(received, [2, 3]);
}

#[tokio::test]
async fn a_span_that_is_delivered_twice_is_the_same_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let backend = Backend::start();
    backend.services.traces.reply_with([Reply::Hang]);
    let signals = "signals = [\"flows\", \"traces\"]";
    let config = ["batch = { max_records = 1 }", NO_DRAIN, signals];
    let pipeline = setup(&backend.url(), &config, folder.path()).start();
    pipeline.send(exchange(1, Direction::Egress, None)).await;
    backend.services.traces.wait_for_requests(1).await;
    pipeline.finish().await;
    let config = [FAST_RETRIES, signals];
    let pipeline = setup(&backend.url(), &config, folder.path()).start();
    pipeline.finish().await;
    let [first, second] = &spans(&backend)[..] else {
        panic!("{:?}", spans(&backend))
    };
    assert_eq!(first, second);
    assert!(first.span_id.iter().any(|byte| *byte != 0));
}

#[tokio::test]
async fn records_of_an_exporter_that_is_aborted_are_stored() {
    let folder = tempfile::tempdir().unwrap();
    let backend = Backend::start();
    backend.services.logs.reply_with([Reply::Hang]);
    let config = [
        ONE_RECORD_PER_REQUEST,
        "drain_timeout = \"1h\", timeout = \"1h\"",
    ];
    let mut setup = setup(&backend.url(), &config, folder.path());
    setup.grace = Duration::from_millis(50);
    let pipeline = setup.start();
    pipeline.send(flows(1..=5)).await;
    while pipeline.queued() < 5 {
        tokio::task::yield_now().await;
    }
    let (report, ended) = pipeline.shut_down().await;
    assert!(ended.failure.is_some());
    assert_eq!((report.absorbed, noted(&report, "stored")), (5, 5));
    assert_eq!((report.unconfirmed, report.dropped), (0, BTreeMap::new()));
    let (_, received) = deliver(folder.path()).await;
    assert_eq!(received, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn requests_beyond_the_memory_wait_on_disk_and_are_sent_beside_new_ones() {
    let folder = tempfile::tempdir().unwrap();
    let mut backend = Backend::start();
    backend.shut_down();
    let config = [FAST_RETRIES, ONE_RECORD_PER_REQUEST];
    let mut setup = setup(&backend.url(), &config, folder.path());
    setup.requests.requests = Some(ByteSize::new(2 << 10));
    let pipeline = setup.start();
    for time in 1..=100 {
        pipeline.send(flows(time..=time)).await;
    }
    while pipeline.queued() < 100 {
        tokio::task::yield_now().await;
    }
    let memory = pipeline.sum_of("tidegate_otlp_queue_bytes", "memory");
    assert!((0..4 << 10).contains(&memory), "{memory}");
    backend.restart();
    let (report, _) = pipeline.finish().await;
    assert_eq!((report.absorbed, noted(&report, "stored")), (100, 0));
    assert_eq!(report.dropped, BTreeMap::new());
    let received: Vec<_> = backend
        .services
        .logs
        .received()
        .iter()
        .flat_map(times)
        .collect();
    let mut sorted = received.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (1..=100).collect::<Vec<_>>());
    // Old ones from the disk and new ones from memory, each in order.
    let newest = received.iter().position(|time| *time == 100).unwrap();
    let oldest_left = received.iter().position(|time| *time == 80).unwrap();
    assert!(
        newest < oldest_left,
        "new requests do not wait for all old ones: {received:?}"
    );
}

#[tokio::test]
async fn a_full_queue_on_disk_evicts_the_oldest_records() {
    let folder = tempfile::tempdir().unwrap();
    let config = ["compression = \"none\"", NO_DRAIN];
    let pipeline = setup(&unused_url(), &config, folder.path()).start();
    for from in (1..120_000).step_by(500) {
        pipeline.send(flows(from..=from + 499)).await;
        let last = from + 499;
        while pipeline.queued() + evicted(&pipeline) + 2_500 < last {
            tokio::task::yield_now().await;
        }
    }
    let (report, _) = pipeline.finish().await;
    assert_eq!(report.r#in, 120_000);
    let dropped = report.dropped.get("queue_evicted");
    let evicted = dropped.copied().unwrap_or_default();
    // Those in flight from the beginning are not on disk any more.
    let in_flight = report.dropped.get("drain_timeout").copied();
    let lost = evicted + in_flight.unwrap_or_default();
    assert_eq!(
        lost + noted(&report, "stored"),
        120_000,
        "{:?}",
        report.dropped
    );
    let files = fs::read_dir(folder.path()).unwrap();
    let bytes: u64 = files
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum();
    assert!(bytes <= DiskQueue::MIN_BYTES as u64, "{bytes}");
    assert!(evicted > 10_000, "{evicted}");
    let (report, received) = deliver(folder.path()).await;
    assert_eq!(report.absorbed, 120_000 - lost);
    assert!(received.iter().all(|time| *time > lost));
}

#[tokio::test]
async fn a_queue_on_disk_fills_before_sources_wait_and_then_evicts_nothing() {
    const FLOWS: u64 = 200_000;
    let folder = tempfile::tempdir().unwrap();
    let mut backend = Backend::start();
    backend.shut_down();
    let config = ["compression = \"none\"", FAST_RETRIES];
    let mut setup = setup(&backend.url(), &config, folder.path());
    setup.queue = Limits {
        records: 1000,
        when_full: WhenFull::Block,
        ..Limits::DEFAULT
    };
    let pipeline = setup.start();
    let feed = async {
        for from in (1..FLOWS).step_by(500) {
            pipeline.send(flows(from..=from + 499)).await;
        }
    };
    let mut feed = Box::pin(feed);
    tokio::select! {
        () = &mut feed => panic!("the sources do not wait"),
        () = wait_until_full(&pipeline) => {}
    }
    assert!(pipeline.queued() > FLOWS / 4, "{}", pipeline.queued());
    backend.restart();
    feed.await;
    let (report, _) = pipeline.finish().await;
    assert_eq!(noted(&report, "stored"), 0);
    assert_eq!((report.absorbed, report.dropped), (FLOWS, BTreeMap::new()));
}

/// Waits until the disk has no room for another request, and the inbox of 1000 records is full.
async fn wait_until_full(pipeline: &TestPipeline) {
    // Both hold for a moment, too, while the inbox is read.
    let mut observed = 0;
    while observed < 100 {
        let disk = pipeline.sum_of("tidegate_otlp_queue_bytes", "disk");
        let is_full = disk > DiskQueue::MIN_BYTES as i64 - (3 << 19);
        observed = if is_full && pipeline.queued_in_inbox() == 1000 {
            observed + 1
        } else {
            0
        };
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn what_waits_for_room_on_the_disk_is_dropped_after_the_drain_timeout() {
    let folder = tempfile::tempdir().unwrap();
    let config = ["compression = \"none\"", NO_DRAIN];
    let mut setup = setup(&unused_url(), &config, folder.path());
    setup.queue.when_full = WhenFull::Block;
    setup.grace = Duration::from_secs(3600);
    let pipeline = setup.start();
    for from in (1..200_000).step_by(500) {
        let send = pipeline.send(flows(from..=from + 499));
        if timeout(Duration::from_secs(1), send).await.is_err() {
            break;
        }
    }
    let (report, ended) = pipeline.shut_down().await;
    assert!(ended.failure.is_none());
    assert_eq!(
        report.dropped.keys().collect::<Vec<_>>(),
        [&"drain_timeout"]
    );
    let stored = noted(&report, "stored");
    assert!(stored > 50_000, "{stored}");
    assert_eq!(stored + report.dropped["drain_timeout"], report.r#in);
    let (report, received) = deliver(folder.path()).await;
    assert_eq!((report.absorbed, received.len() as u64), (stored, stored));
    assert_eq!(received[0], 1, "nothing was evicted");
}

fn evicted(pipeline: &TestPipeline) -> u64 {
    let dropped = pipeline.report().dropped;
    dropped.get("queue_evicted").copied().unwrap_or_default()
}

#[tokio::test]
async fn damaged_requests_are_counted_and_the_others_delivered() {
    let folder = tempfile::tempdir().unwrap();
    leave(folder.path(), 1..=5).await;
    let is_segment =
        |path: &std::path::PathBuf| path.extension().is_some_and(|end| end == "segment");
    let files = fs::read_dir(folder.path()).unwrap();
    let mut segments = files.map(|file| file.unwrap().path()).filter(is_segment);
    let segment = segments.next().unwrap();
    let mut bytes = fs::read(&segment).unwrap();
    // The last byte of the first payload, and the tail.
    let first = 24 + 32 + u32::from_le_bytes(bytes[32..36].try_into().unwrap()) as usize - 1;
    bytes[first] ^= 0xff;
    bytes.truncate(bytes.len() - 1);
    fs::write(&segment, bytes).unwrap();
    let (report, received) = deliver(folder.path()).await;
    assert_eq!((report.created, report.absorbed), (5, 3));
    assert_eq!(report.dropped, [("queue_damaged", 2)].into());
    assert_eq!(received, [2, 3, 4]);
}

#[tokio::test]
async fn a_queue_that_is_in_use_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "").unwrap();
    let pipeline = setup(&unused_url(), &[NO_DRAIN], folder.path()).start();
    let (_, ended) = pipeline.finish().await;
    let failure = ended.failure.unwrap();
    let error = std::error::Error::source(&failure).unwrap().to_string();
    assert!(error.contains("has other files and is no queue"), "{error}");
}
