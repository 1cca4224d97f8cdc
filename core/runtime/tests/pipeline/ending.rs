//! How a run ends: by itself, on a wish, at the end of the grace period, at once.

use std::time::Duration;

use tidegate_runtime::ledger::Ledger;
use tidegate_runtime::limits::WhenFull;
use tokio::time::Instant;

use crate::support::{Ended, Lab, Manner, ROOMY, Step, records};

/// Seven frames to an exporter that never comes back from its first batch of two.
fn hanging() -> Lab {
    stuck(Manner::Hangs)
}

fn stuck(manner: Manner) -> Lab {
    let steps = [Step::Send(2), Step::Send(5), Step::UntilStop];
    Lab::new()
        .receiver(&steps)
        .exporter(manner, ROOMY)
        .pipeline("p", &[0], Vec::new(), &[0])
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_by_itself_when_its_receivers_have_ended() {
    let ended = Lab::line(&[Step::Send(1); 100], records(1, WhenFull::Block))
        .run()
        .await;
    assert_eq!(ended.verdict(), "well");
    assert_eq!(ended.books("p", "exporters.e0").absorbed, 100);
    assert_eq!(ended.diary, ["receiver ended", "exporter ended"]);
}

#[tokio::test(start_paused = true)]
async fn after_a_stop_everything_is_drained() {
    let started = Lab::held_line(&[Step::Send(3), Step::UntilStop, Step::Send(4)], ROOMY).start();
    started.a_second_later().await;
    started.shutdown.request();
    started.gate.add_permits(1);
    let ended = started.ended().await;
    assert_eq!(ended.verdict(), "well");
    assert_eq!(ended.kept[0], [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(ended.diary, ["receiver ended", "exporter ended"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_drained_within_the_grace_period_is_lost_with_a_count() {
    let started = hanging().start();
    started.a_second_later().await;
    started.shutdown.request();
    let since = Instant::now();
    let ended = started.ended().await;
    assert_eq!(since.elapsed().as_secs(), 10);
    assert_eq!(
        ended.verdict(),
        "exporters.e0 did not end within the grace period of 10s"
    );
    assert_eq!(ended.dropped("exporters.e0"), [("shutdown_timeout", 7)]);
}

#[tokio::test(start_paused = true)]
async fn what_a_peer_may_have_at_the_end_of_the_grace_period_is_unconfirmed() {
    for at_once in [false, true] {
        let started = stuck(Manner::HangsAtPeer).start();
        started.a_second_later().await;
        if at_once {
            started.shutdown.force()
        } else {
            started.shutdown.request()
        }
        let ended = started.ended().await;
        assert_eq!(
            ended.books("p", "exporters.e0").unconfirmed,
            2,
            "of the batch at the peer"
        );
        assert_eq!(
            ended.dropped("exporters.e0"),
            [("shutdown_timeout", 5)],
            "of the inbox"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_still_waits_at_the_end_of_the_grace_period_loses_with_a_count() {
    let lab = Lab::held_line(&[Step::Send(1); 5], records(2, WhenFull::Block));
    let started = lab.start();
    started.a_second_later().await;
    started.shutdown.request();
    let ended = started.ended().await;
    assert_eq!(
        ended.verdict(),
        "exporters.e0, receivers.r0 did not end within the grace period of 10s"
    );
    // Two in the inbox and the one that was waited with; the last two were never sent.
    assert_eq!(ended.dropped("exporters.e0"), [("shutdown_timeout", 3)]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_at_once_does_not_wait() {
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
        ended.verdict(),
        "exporters.e0, receivers.r0 ended at once, on request"
    );
    assert_eq!(ended.dropped("exporters.e0"), [("shutdown_timeout", 7)]);
}

/// What `exporters.e0` had dropped when the end of the run began.
fn dropped_before_the_end(ledger: &Ledger) -> u64 {
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
async fn the_end_of_a_run_begins_when_the_last_receiver_has_ended() {
    let lab = Lab::new()
        .receiver(&[Step::Send(3)])
        .receiver(&[Step::Send(4), Step::UntilStop]);
    let started = lab
        .exporter(Manner::Drained, ROOMY)
        .pipeline("p", &[0, 1], Vec::new(), &[0])
        .start();
    let ledger = started.ledger.clone();
    started.a_second_later().await;
    assert!(ledger.at_shutdown().is_empty(), "a receiver runs");
    started.shutdown.request();
    started.ended().await;
    assert!(!ledger.at_shutdown().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_is_replaced_does_not_begin_the_end() {
    let mut started = Lab::line(&[Step::Send(3), Step::UntilStop], ROOMY).start();
    started.a_second_later().await;
    let next = started
        .next()
        .receiver(&[Step::UntilStop])
        .changed_receiver(0)
        .exporter(Manner::Drained, ROOMY);
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
async fn what_is_ended_by_force_is_lost_at_the_end() {
    let started = hanging().start();
    let ledger = started.ledger.clone();
    started.a_second_later().await;
    started.shutdown.force();
    let ended = started.ended().await;
    assert_eq!(
        (
            dropped_before_the_end(&ledger),
            ended.books("p", "exporters.e0").dropped["shutdown_timeout"]
        ),
        (0, 7)
    );
}
