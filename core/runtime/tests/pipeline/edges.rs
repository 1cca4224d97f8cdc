//! Limits of edges, and the policies of full edges.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tidegate_model::record::Record;
use tidegate_runtime::limits::{Limits, WhenFull};

use crate::support::{Ended, ExporterBehavior, ROOMY, ReceiverStep, TestTopology, records};

/// Sends five batches of one frame each to an exporter that starts after all of them were sent.
async fn flood(queue: Limits) -> Ended {
    let started = TestTopology::gated_line(&[ReceiverStep::Send(1); 5], queue).start();
    started.a_second_later().await;
    started.gate.add_permits(1);
    started.ended().await
}

#[tokio::test(start_paused = true)]
async fn a_full_edge_follows_its_policy() {
    let two_frames = size_of::<Record>() * 2;
    let bytes = |when_full| Limits {
        bytes: two_frames,
        when_full,
        ..Limits::DEFAULT
    };
    let cases = [
        (records(2, WhenFull::Block), vec![1, 2, 3, 4, 5], 0),
        (records(2, WhenFull::DropNewest), vec![1, 2], 3),
        (records(2, WhenFull::DropOldest), vec![4, 5], 3),
        (bytes(WhenFull::Block), vec![1, 2, 3, 4, 5], 0),
        (bytes(WhenFull::DropNewest), vec![1, 2], 3),
        (bytes(WhenFull::DropOldest), vec![4, 5], 3),
    ];
    for (queue, kept, dropped) in cases {
        let ended = flood(queue).await;
        assert_eq!(ended.kept[0], kept, "{queue:?}");
        let expected = if dropped == 0 {
            vec![]
        } else {
            vec![("queue_full", dropped)]
        };
        assert_eq!(ended.dropped("exporters.e0"), expected, "{queue:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_report_shows_a_blocked_sender() {
    let started = TestTopology::gated_line(
        &[ReceiverStep::Send(2), ReceiverStep::Send(2)],
        records(3, WhenFull::Block),
    )
    .start();
    let report = started.a_second_later().await;
    assert_eq!(
        (report.edges[0].queue_records, report.in_flight()),
        (2, 4),
        "one batch is queued, one is blocked"
    );
    assert!(report.edges[0].blocked_seconds >= 0.9, "{:?}", report.edges);
    started.gate.add_permits(1);
    let ended = started.ended().await;
    let edge = &ended.report.edges[0];
    assert_eq!((edge.queue_records, edge.peak_records), (0, 2));
    assert!(edge.peak_bytes > 0 && edge.peak_bytes <= edge.max_bytes);
    assert!(
        ended.report.edges[0].blocked_seconds >= 0.9,
        "{:?}",
        ended.report.edges
    );
}

#[tokio::test(start_paused = true)]
async fn a_batch_larger_than_the_edge_passes_when_the_edge_is_empty() {
    for when_full in [WhenFull::Block, WhenFull::DropNewest, WhenFull::DropOldest] {
        let ended = TestTopology::line(&[ReceiverStep::Send(10)], records(3, when_full))
            .run()
            .await;
        assert_eq!(ended.kept[0].len(), 10, "{when_full:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn records_sent_after_the_reader_has_ended_are_counted_as_dropped() {
    let builder = TestTopology::new()
        .receiver(&[ReceiverStep::Send(3); 4])
        .exporter(ExporterBehavior::EndsAfter(1), records(3, WhenFull::Block));
    let ended = builder.pipeline("p", &[0], Vec::new(), &[0]).run().await;
    assert_eq!(ended.result_text(), "ok");
    assert_eq!(ended.kept[0], [1, 2, 3]);
    assert_eq!(ended.dropped("exporters.e0"), [("stage_ended", 9)]);
}

#[tokio::test(start_paused = true)]
async fn an_inbox_ends_when_its_last_sender_has_ended() {
    let builder = TestTopology::new()
        .receiver(&[])
        .receiver(&[ReceiverStep::UntilShutdown, ReceiverStep::Send(1)])
        .exporter(ExporterBehavior::Drains, ROOMY);
    let started = builder.pipeline("p", &[0, 1], Vec::new(), &[0]).start();
    started.a_second_later().await;
    assert_eq!(*started.events.lock().unwrap(), ["receiver ended"]);
    started.shutdown.request();
    assert_eq!(started.ended().await.kept[0], [1]);
}

#[tokio::test(start_paused = true)]
async fn the_queue_of_an_ended_reader_is_reported_as_empty() {
    let builder = TestTopology::gated()
        .receiver(&[ReceiverStep::Send(3); 4])
        .exporter(ExporterBehavior::EndsAfter(1), ROOMY);
    let started = builder.pipeline("p", &[0], Vec::new(), &[0]).start();
    started.a_second_later().await;
    started.gate.add_permits(1);
    let ended = started.ended().await;
    assert_eq!(ended.dropped("exporters.e0"), [("stage_ended", 9)]);
    assert_eq!(
        (
            ended.report.edges[0].queue_records,
            ended.report.edges[0].queue_bytes
        ),
        (0, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_full_edge_does_not_block_other_edges() {
    let builder = TestTopology::new()
        .receiver(&[ReceiverStep::Send(1); 4])
        .exporter(ExporterBehavior::Hangs, records(1, WhenFull::Block));
    let builder = builder
        .exporter(ExporterBehavior::Drains, ROOMY)
        .exporter(ExporterBehavior::Drains, ROOMY);
    let started = builder
        .pipeline("p", &[0], Vec::new(), &[0, 1])
        .pipeline("q", &[0], Vec::new(), &[2])
        .start();
    started.a_second_later().await;
    // The first batch is held, the second one is queued, and the third one is blocked. The other
    // exporters have received it.
    for kept in &started.kept[1..] {
        assert_eq!(*kept.lock().unwrap(), [1, 2, 3]);
    }
    started.shutdown.request();
    let ended = started.ended().await;
    assert_eq!(ended.dropped("exporters.e0"), [("shutdown_timeout", 3)]);
    assert_eq!(ended.dropped("exporters.e1"), []);
}

#[tokio::test(start_paused = true)]
async fn small_batches_do_not_starve_a_large_one() {
    let builder = TestTopology::new()
        .receiver(&[ReceiverStep::Send(1); 50])
        .receiver(&[ReceiverStep::Send(60)])
        .receiver(&[ReceiverStep::Send(1); 50]);
    let builder = builder.exporter(ExporterBehavior::Slow, records(3, WhenFull::Block));
    let ended = builder
        .pipeline("p", &[0, 1, 2], Vec::new(), &[0])
        .run()
        .await;
    let last_of_large = ended.kept[0].iter().position(|seq| *seq == 60);
    assert!(
        last_of_large.is_some_and(|at| at < 70),
        "{:?}",
        ended.kept[0]
    );
}

#[tokio::test(start_paused = true)]
async fn a_stage_with_a_full_inbox_yields_to_other_tasks() {
    let started = TestTopology::gated_line(&[ReceiverStep::Send(1); 1000], ROOMY).start();
    started.a_second_later().await;
    let turns = Arc::new(AtomicU64::new(0));
    let other = tokio::spawn({
        let turns = Arc::clone(&turns);
        async move {
            loop {
                turns.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        }
    });
    started.gate.add_permits(1);
    let ended = started.ended().await;
    other.abort();
    assert_eq!(ended.kept[0].len(), 1000);
    let turns = turns.load(Ordering::Relaxed);
    assert!(turns > 5, "{turns} turns during a thousand batches");
}
