//! The end of a run: when its receivers end, on request, at the end of the grace period, by force.

use std::time::Duration;

use tidegate_runtime::ledger::Ledger;
use tidegate_runtime::limits::WhenFull;
use tokio::time::Instant;

use crate::support::{Ended, ExporterBehavior, ROOMY, ReceiverStep, TestTopology, records};

/// Seven frames for an exporter that hangs at its first batch of two.
fn hanging() -> TestTopology {
    stuck(ExporterBehavior::Hangs)
}

fn stuck(behavior: ExporterBehavior) -> TestTopology {
    let steps = [
        ReceiverStep::Send(2),
        ReceiverStep::Send(5),
        ReceiverStep::UntilShutdown,
    ];
    TestTopology::new()
        .receiver(&steps)
        .exporter(behavior, ROOMY)
        .pipeline("p", &[0], Vec::new(), &[0])
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_when_its_receivers_have_ended() {
    let ended = TestTopology::line(&[ReceiverStep::Send(1); 100], records(1, WhenFull::Block))
        .run()
        .await;
    assert_eq!(ended.result_text(), "ok");
    assert_eq!(ended.counters("p", "exporters.e0").absorbed, 100);
    assert_eq!(ended.events, ["receiver ended", "exporter ended"]);
}

#[tokio::test(start_paused = true)]
async fn auxiliary_receivers_end_when_all_others_have() {
    let endless = [ReceiverStep::Send(2), ReceiverStep::UntilShutdown];
    let ended = TestTopology::new()
        .auxiliary_receiver(&endless)
        .receiver(&[ReceiverStep::Send(3)])
        .receiver(&[])
        .exporter(ExporterBehavior::Drains, ROOMY)
        .pipeline("p", &[0, 1], Vec::new(), &[0])
        .pipeline("q", &[0, 2], Vec::new(), &[0])
        .run()
        .await;
    assert_eq!(ended.result_text(), "ok");
    assert_eq!(ended.kept[0].len(), 7);
}

#[tokio::test(start_paused = true)]
async fn auxiliary_receivers_go_on_while_another_one_does_and_where_there_is_no_other() {
    let endless = [ReceiverStep::UntilShutdown];
    let beside_another = TestTopology::new()
        .auxiliary_receiver(&endless)
        .receiver(&[])
        .receiver(&endless);
    let alone = TestTopology::new().auxiliary_receiver(&endless);
    for builder in [beside_another, alone] {
        let all: Vec<_> = (0..builder.topology.receivers.len()).collect();
        let ended_by_themselves = usize::from(all.len() > 1);
        let started = builder
            .exporter(ExporterBehavior::Drains, ROOMY)
            .pipeline("p", &all, Vec::new(), &[0])
            .start();
        started.a_second_later().await;
        assert_eq!(started.events.lock().unwrap().len(), ended_by_themselves);
        started.shutdown.request();
        assert_eq!(started.ended().await.result_text(), "ok");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_shutdown_request_everything_is_drained() {
    let started = TestTopology::gated_line(
        &[
            ReceiverStep::Send(3),
            ReceiverStep::UntilShutdown,
            ReceiverStep::Send(4),
        ],
        ROOMY,
    )
    .start();
    started.a_second_later().await;
    started.shutdown.request();
    started.gate.add_permits(1);
    let ended = started.ended().await;
    assert_eq!(ended.result_text(), "ok");
    assert_eq!(ended.kept[0], [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(ended.events, ["receiver ended", "exporter ended"]);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_an_exporter_begins_on_request_although_senders_are_blocked() {
    let steps = [ReceiverStep::Send(1); 5];
    let started = TestTopology::new()
        .receiver(&steps)
        .exporter(
            ExporterBehavior::WaitsForItsEnd,
            records(1, WhenFull::Block),
        )
        .pipeline("p", &[0], Vec::new(), &[0])
        .start();
    // A full inbox alone is no end.
    started.a_second_later().await;
    assert_eq!(started.events.lock().unwrap().len(), 0);
    started.shutdown.request();
    let since = Instant::now();
    let ended = started.ended().await;
    assert_eq!(ended.result_text(), "ok");
    assert_eq!(since.elapsed().as_secs(), 0);
    assert_eq!(ended.kept[0].len(), 5);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_an_exporter_does_not_begin_while_another_one_blocks_the_pipeline() {
    let steps = [ReceiverStep::Send(1); 3];
    let started = TestTopology::new()
        .receiver(&steps)
        .exporter(ExporterBehavior::Hangs, records(1, WhenFull::Block))
        .exporter(ExporterBehavior::WaitsForItsEnd, ROOMY)
        .pipeline("p", &[0], Vec::new(), &[0, 1])
        .start();
    started.a_second_later().await;
    started.shutdown.request();
    started.a_second_later().await;
    assert_eq!(started.kept[1].lock().unwrap().len(), 0);
    started.shutdown.force();
    started.ended().await;
}

#[tokio::test(start_paused = true)]
async fn records_not_drained_within_the_grace_period_are_counted_as_dropped() {
    let started = hanging().start();
    started.a_second_later().await;
    started.shutdown.request();
    let since = Instant::now();
    let ended = started.ended().await;
    assert_eq!(since.elapsed().as_secs(), 10);
    assert_eq!(
        ended.result_text(),
        "exporters.e0 did not end within the grace period of 10s"
    );
    assert_eq!(ended.dropped("exporters.e0"), [("shutdown_timeout", 7)]);
}

#[tokio::test(start_paused = true)]
async fn records_sent_to_a_silent_peer_are_unconfirmed_after_the_grace_period() {
    for forced in [false, true] {
        let started = stuck(ExporterBehavior::HangsAtPeer).start();
        started.a_second_later().await;
        if forced {
            started.shutdown.force()
        } else {
            started.shutdown.request()
        }
        let ended = started.ended().await;
        assert_eq!(
            ended.counters("p", "exporters.e0").unconfirmed,
            2,
            "the batch sent to the peer"
        );
        assert_eq!(
            ended.dropped("exporters.e0"),
            [("shutdown_timeout", 5)],
            "the inbox"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_batch_of_a_sender_blocked_until_the_end_of_the_grace_period_is_dropped() {
    let builder =
        TestTopology::gated_line(&[ReceiverStep::Send(1); 5], records(2, WhenFull::Block));
    let started = builder.start();
    started.a_second_later().await;
    started.shutdown.request();
    let ended = started.ended().await;
    assert_eq!(
        ended.result_text(),
        "exporters.e0, receivers.r0 did not end within the grace period of 10s"
    );
    // Two in the inbox, and the one of the blocked sender; the last two were never sent.
    assert_eq!(ended.dropped("exporters.e0"), [("shutdown_timeout", 3)]);
}

#[tokio::test(start_paused = true)]
async fn a_forced_shutdown_does_not_wait() {
    let started = hanging().start();
    started.a_second_later().await;
    started.shutdown.request();
    started.shutdown.force();
    let since = Instant::now();
    let ended: Ended = started.ended().await;
    assert!(
        since.elapsed() < Duration::from_secs(2),
        "{:?}",
        since.elapsed()
    );
    assert_eq!(
        ended.result_text(),
        "exporters.e0, receivers.r0 ended at once, on request"
    );
    assert_eq!(ended.dropped("exporters.e0"), [("shutdown_timeout", 7)]);
}

/// Number of records that `exporters.e0` had dropped when the shutdown started.
fn dropped_at_shutdown(ledger: &Ledger) -> u64 {
    let before = ledger.at_shutdown();
    before
        .iter()
        .find(|row| row.stage == "exporters.e0")
        .unwrap()
        .dropped
        .values()
        .sum()
}

#[tokio::test(start_paused = true)]
async fn the_ledger_is_saved_when_the_last_receiver_has_ended() {
    let builder = TestTopology::new()
        .receiver(&[ReceiverStep::Send(3)])
        .receiver(&[ReceiverStep::Send(4), ReceiverStep::UntilShutdown]);
    let started = builder
        .exporter(ExporterBehavior::Drains, ROOMY)
        .pipeline("p", &[0, 1], Vec::new(), &[0])
        .start();
    let ledger = started.ledger.clone();
    started.a_second_later().await;
    assert!(ledger.at_shutdown().is_empty(), "a receiver is running");
    started.shutdown.request();
    started.ended().await;
    assert!(!ledger.at_shutdown().is_empty());
}

#[tokio::test(start_paused = true)]
async fn replacing_a_receiver_does_not_start_the_shutdown() {
    let mut started =
        TestTopology::line(&[ReceiverStep::Send(3), ReceiverStep::UntilShutdown], ROOMY).start();
    started.a_second_later().await;
    let next = started
        .next()
        .receiver(&[ReceiverStep::UntilShutdown])
        .changed_receiver(0)
        .exporter(ExporterBehavior::Drains, ROOMY);
    started
        .reload(next.pipeline("p", &[0], Vec::new(), &[0]))
        .await;
    started.a_second_later().await;
    assert!(started.ledger.at_shutdown().is_empty());
    started.shutdown.request();
    let ledger = started.ledger.clone();
    started.ended().await;
    assert!(!ledger.at_shutdown().is_empty());
}

#[tokio::test(start_paused = true)]
async fn records_of_a_forced_shutdown_are_dropped_after_its_start() {
    let started = hanging().start();
    let ledger = started.ledger.clone();
    started.a_second_later().await;
    started.shutdown.force();
    let ended = started.ended().await;
    assert_eq!(
        (
            dropped_at_shutdown(&ledger),
            ended.counters("p", "exporters.e0").dropped["shutdown_timeout"]
        ),
        (0, 7)
    );
}
