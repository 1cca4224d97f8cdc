//! Stages that fail are named, and their records are accounted for.

use tidegate_model::{Outcome, Record};
use tidegate_runtime::stage_id::StageId;

use crate::support::{
    ExporterBehavior, PerRecord, ROOMY, ReceiverStep, TestTopology, processor, seq,
};

#[tokio::test(start_paused = true)]
async fn a_failed_receiver_is_named_and_its_records_are_delivered() {
    let cases = [
        (ReceiverStep::Fail, "stage `receivers.r0` failed"),
        (ReceiverStep::Panic, "stage `receivers.r0` panicked"),
    ];
    for (step, verdict) in cases {
        let builder = TestTopology::new()
            .receiver(&[ReceiverStep::Send(3), step])
            .receiver(&[ReceiverStep::UntilShutdown, ReceiverStep::Send(1)]);
        let builder = builder.exporter(ExporterBehavior::Drains, ROOMY).pipeline(
            "p",
            &[0, 1],
            Vec::new(),
            &[0],
        );
        let ended = builder.run().await;
        assert_eq!(ended.result_text(), verdict);
        assert_eq!(
            ended.kept[0],
            [1, 2, 3, 1],
            "the other receiver stops, and all records are drained"
        );
        assert_eq!(ended.dropped("exporters.e0"), []);
    }
}

/// Seven records in three batches for two exporters, the first of which has the given behavior.
fn two_exporters(behavior: ExporterBehavior) -> TestTopology {
    let builder = TestTopology::new().receiver(&[
        ReceiverStep::Send(3),
        ReceiverStep::Send(2),
        ReceiverStep::UntilShutdown,
        ReceiverStep::Send(2),
    ]);
    let builder = builder
        .exporter(behavior, ROOMY)
        .exporter(ExporterBehavior::Drains, ROOMY);
    builder.pipeline("p", &[0], Vec::new(), &[0, 1])
}

#[tokio::test(start_paused = true)]
async fn a_failed_exporter_does_not_end_the_run_but_the_run_fails() {
    let cases = [
        (
            ExporterBehavior::Fails,
            "stage `exporters.e0` failed",
            "the exporter fails",
            vec![("refused", 3), ("stage_ended", 4)],
        ),
        (
            ExporterBehavior::Panics,
            "stage `exporters.e0` panicked",
            "it panicked",
            vec![("stage_ended", 7)],
        ),
    ];
    for (behavior, verdict, why, dropped) in cases {
        let started = two_exporters(behavior).start();
        started.a_second_later().await;
        assert!(
            !started.running.is_finished() && !started.shutdown.is_requested(),
            "{behavior:?}"
        );
        assert_eq!(
            started.problems(),
            [(StageId::exporter("e0"), why.to_owned())]
        );
        started.shutdown.request();
        let ended = started.ended().await;
        assert_eq!(ended.result_text(), verdict);
        assert_eq!(ended.dropped("exporters.e0"), dropped);
        assert_eq!(ended.kept[1], [1, 2, 3, 4, 5, 6, 7]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_exporter_with_a_closed_output_does_not_end_or_fail_the_run() {
    for (behavior, why) in [
        (
            ExporterBehavior::OutputClosed,
            "the reader of the output has closed it",
        ),
        (
            ExporterBehavior::EndsAfter(1),
            "it has ended before its input did",
        ),
    ] {
        let started = two_exporters(behavior).start();
        started.a_second_later().await;
        assert_eq!(
            started.problems(),
            [(StageId::exporter("e0"), why.to_owned())]
        );
        started.shutdown.request();
        let ended = started.ended().await;
        assert_eq!(ended.result_text(), "ok");
        assert_eq!(ended.kept[1], [1, 2, 3, 4, 5, 6, 7]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_when_all_its_exporters_have_ended() {
    let cases = [
        (
            ExporterBehavior::OutputClosed,
            ExporterBehavior::OutputClosed,
            "ok",
        ),
        (
            ExporterBehavior::OutputClosed,
            ExporterBehavior::Fails,
            "stage `exporters.e1` failed",
        ),
        (
            ExporterBehavior::Panics,
            ExporterBehavior::OutputClosed,
            "stage `exporters.e0` panicked",
        ),
    ];
    for (first, second, verdict) in cases {
        let builder = TestTopology::new().receiver(&[
            ReceiverStep::Send(3),
            ReceiverStep::UntilShutdown,
            ReceiverStep::Send(2),
        ]);
        let builder = builder.exporter(first, ROOMY).exporter(second, ROOMY);
        let ended = builder
            .pipeline("p", &[0], Vec::new(), &[0])
            .pipeline("q", &[0], Vec::new(), &[1])
            .run()
            .await;
        assert_eq!(ended.result_text(), verdict);
        assert_eq!(ended.events, ["receiver ended"], "the receiver has stopped");
    }
}

#[tokio::test(start_paused = true)]
async fn an_exporter_that_cannot_start_ends_the_run() {
    let ended = two_exporters(ExporterBehavior::CannotStart).run().await;
    assert_eq!(ended.result_text(), "stage `exporters.e0` failed");
    assert_eq!(ended.dropped("exporters.e0"), [("stage_ended", 7)]);
    assert_eq!(ended.kept[1], [1, 2, 3, 4, 5, 6, 7]);
}

#[tokio::test(start_paused = true)]
async fn an_exporter_that_cannot_start_after_a_reload_does_not_end_the_run() {
    let steps = [
        ReceiverStep::Send(3),
        ReceiverStep::UntilShutdown,
        ReceiverStep::Send(2),
    ];
    let wired = |builder: TestTopology| {
        builder
            .exporter(ExporterBehavior::Drains, ROOMY)
            .pipeline("p", &[0], Vec::new(), &[0, 1])
    };
    let mut started = wired(
        TestTopology::new()
            .receiver(&steps)
            .exporter(ExporterBehavior::Drains, ROOMY),
    )
    .start();
    started.a_second_later().await;
    let next = started
        .next()
        .receiver(&steps)
        .exporter(ExporterBehavior::CannotStart, ROOMY)
        .changed_exporter(0);
    started.reload(wired(next)).await;
    started.a_second_later().await;
    assert!(!started.running.is_finished() && !started.shutdown.is_requested());
    started.shutdown.request();
    let ended = started.ended().await;
    assert_eq!(ended.result_text(), "stage `exporters.e0` failed");
    assert_eq!(ended.kept[1], [1, 2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_reload_restarts_a_failed_exporter_and_the_run_succeeds() {
    let steps = [
        ReceiverStep::Send(3),
        ReceiverStep::UntilShutdown,
        ReceiverStep::Send(2),
    ];
    let wired = |builder: TestTopology| {
        builder
            .exporter(ExporterBehavior::Drains, ROOMY)
            .pipeline("p", &[0], Vec::new(), &[0, 1])
    };
    let mut started = wired(
        TestTopology::new()
            .receiver(&steps)
            .exporter(ExporterBehavior::Fails, ROOMY),
    )
    .start();
    started.a_second_later().await;
    let next = wired(
        started
            .next()
            .receiver(&steps)
            .exporter(ExporterBehavior::Drains, ROOMY),
    );
    let change = started.reload(next).await;
    assert_eq!(
        change.replaced.into_iter().collect::<Vec<_>>(),
        ["exporters.e0"]
    );
    assert_eq!(change.kept.len(), 2);
    started.a_second_later().await;
    assert_eq!(started.problems(), []);
    started.shutdown.request();
    let ended = started.ended().await;
    assert_eq!(ended.result_text(), "ok");
    assert_eq!(ended.kept, [vec![4, 5], vec![1, 2, 3, 4, 5]]);
}

#[tokio::test(start_paused = true)]
async fn a_processor_that_panics_is_named_and_its_records_are_counted() {
    let fragile = PerRecord(|record: &mut Record| {
        assert_ne!(seq(record), 4, "the processor panics");
        Outcome::Keep
    });
    let builder = TestTopology::new()
        .receiver(&[
            ReceiverStep::Send(2),
            ReceiverStep::Send(3),
            ReceiverStep::Send(1),
        ])
        .exporter(ExporterBehavior::Drains, ROOMY);
    let before = processor("before", PerRecord(|_: &mut Record| Outcome::Keep));
    let ended = builder
        .pipeline("p", &[0], vec![before, processor("fragile", fragile)], &[0])
        .run()
        .await;
    assert_eq!(ended.result_text(), "stage `processors.fragile` panicked");
    assert_eq!(ended.kept[0], [1, 2]);
    assert_eq!(ended.dropped("processors.fragile"), [("stage_ended", 3)]);
    assert_eq!(ended.dropped("processors.before"), [("stage_ended", 1)]);
}
