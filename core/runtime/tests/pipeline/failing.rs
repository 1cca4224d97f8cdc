//! Stages that fail: named, and without a hole in the books.

use tidegate_model::{Outcome, Record};
use tidegate_runtime::stage_id::StageId;

use crate::support::{Judge, Lab, Manner, ROOMY, Step, processor, seq};

#[tokio::test(start_paused = true)]
async fn a_receiver_that_ends_badly_is_named_and_what_it_sent_arrives() {
    let cases = [
        (Step::Fail, "stage `receivers.r0` failed"),
        (Step::Panic, "stage `receivers.r0` panicked"),
    ];
    for (step, verdict) in cases {
        let lab = Lab::new()
            .receiver(&[Step::Send(3), step])
            .receiver(&[Step::UntilStop, Step::Send(1)]);
        let lab = lab
            .exporter(Manner::Drained, ROOMY)
            .pipeline("p", &[0, 1], Vec::new(), &[0]);
        let ended = lab.run().await;
        assert_eq!(ended.verdict(), verdict);
        assert_eq!(
            ended.kept[0],
            [1, 2, 3, 1],
            "the other receiver stops, and everything drains"
        );
        assert_eq!(ended.dropped("exporters.e0"), []);
    }
}

/// Seven records in three batches to two exporters, the first of which does as it is told.
fn two_exporters(manner: Manner) -> Lab {
    let lab = Lab::new().receiver(&[Step::Send(3), Step::Send(2), Step::UntilStop, Step::Send(2)]);
    let lab = lab.exporter(manner, ROOMY).exporter(Manner::Drained, ROOMY);
    lab.pipeline("p", &[0], Vec::new(), &[0, 1])
}

#[tokio::test(start_paused = true)]
async fn an_exporter_that_ends_badly_ends_alone_and_the_run_has_failed() {
    let cases = [
        (
            Manner::Fails,
            "stage `exporters.e0` failed",
            "the exporter fails",
            vec![("refused", 3), ("stage_ended", 4)],
        ),
        (
            Manner::Panics,
            "stage `exporters.e0` panicked",
            "it panicked",
            vec![("stage_ended", 7)],
        ),
    ];
    for (manner, verdict, why, dropped) in cases {
        let started = two_exporters(manner).start();
        started.a_second_later().await;
        assert!(
            !started.running.is_finished() && !started.shutdown.is_requested(),
            "{manner:?}"
        );
        assert_eq!(
            started.problems(),
            [(StageId::exporter("e0"), why.to_owned())]
        );
        started.shutdown.request();
        let ended = started.ended().await;
        assert_eq!(ended.verdict(), verdict);
        assert_eq!(ended.dropped("exporters.e0"), dropped);
        assert_eq!(ended.kept[1], [1, 2, 3, 4, 5, 6, 7]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_exporter_whose_output_is_closed_ends_alone_and_the_run_has_not_failed() {
    for (manner, why) in [
        (Manner::Closed, "the reader of the output has closed it"),
        (Manner::After(1), "it has ended before its input did"),
    ] {
        let started = two_exporters(manner).start();
        started.a_second_later().await;
        assert_eq!(
            started.problems(),
            [(StageId::exporter("e0"), why.to_owned())]
        );
        started.shutdown.request();
        let ended = started.ended().await;
        assert_eq!(ended.verdict(), "well");
        assert_eq!(ended.kept[1], [1, 2, 3, 4, 5, 6, 7]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_when_all_its_exporters_have() {
    let cases = [
        (Manner::Closed, Manner::Closed, "well"),
        (Manner::Closed, Manner::Fails, "stage `exporters.e1` failed"),
        (
            Manner::Panics,
            Manner::Closed,
            "stage `exporters.e0` panicked",
        ),
    ];
    for (first, second, verdict) in cases {
        let lab = Lab::new().receiver(&[Step::Send(3), Step::UntilStop, Step::Send(2)]);
        let lab = lab.exporter(first, ROOMY).exporter(second, ROOMY);
        let ended = lab
            .pipeline("p", &[0], Vec::new(), &[0])
            .pipeline("q", &[0], Vec::new(), &[1])
            .run()
            .await;
        assert_eq!(ended.verdict(), verdict);
        assert_eq!(ended.diary, ["receiver ended"], "the receiver has stopped");
    }
}

#[tokio::test(start_paused = true)]
async fn an_exporter_that_cannot_start_ends_the_run() {
    let ended = two_exporters(Manner::CannotStart).run().await;
    assert_eq!(ended.verdict(), "stage `exporters.e0` failed");
    assert_eq!(ended.dropped("exporters.e0"), [("stage_ended", 7)]);
    assert_eq!(ended.kept[1], [1, 2, 3, 4, 5, 6, 7]);
}

#[tokio::test(start_paused = true)]
async fn an_exporter_that_cannot_start_after_a_reload_ends_alone() {
    let steps = [Step::Send(3), Step::UntilStop, Step::Send(2)];
    let wired = |lab: Lab| {
        lab.exporter(Manner::Drained, ROOMY)
            .pipeline("p", &[0], Vec::new(), &[0, 1])
    };
    let mut started = wired(Lab::new().receiver(&steps).exporter(Manner::Drained, ROOMY)).start();
    started.a_second_later().await;
    let next = started
        .next()
        .receiver(&steps)
        .exporter(Manner::CannotStart, ROOMY)
        .changed_exporter(0);
    started.reload(wired(next)).await;
    started.a_second_later().await;
    assert!(!started.running.is_finished() && !started.shutdown.is_requested());
    started.shutdown.request();
    let ended = started.ended().await;
    assert_eq!(ended.verdict(), "stage `exporters.e0` failed");
    assert_eq!(ended.kept[1], [1, 2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_reload_starts_an_exporter_again_that_has_failed_and_the_run_has_not() {
    let steps = [Step::Send(3), Step::UntilStop, Step::Send(2)];
    let wired = |lab: Lab| {
        lab.exporter(Manner::Drained, ROOMY)
            .pipeline("p", &[0], Vec::new(), &[0, 1])
    };
    let mut started = wired(Lab::new().receiver(&steps).exporter(Manner::Fails, ROOMY)).start();
    started.a_second_later().await;
    let next = wired(
        started
            .next()
            .receiver(&steps)
            .exporter(Manner::Drained, ROOMY),
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
    assert_eq!(ended.verdict(), "well");
    assert_eq!(ended.kept, [vec![4, 5], vec![1, 2, 3, 4, 5]]);
}

#[tokio::test(start_paused = true)]
async fn a_processor_that_panics_is_named_and_its_records_are_counted() {
    let fragile = Judge(|record: &mut Record| {
        assert_ne!(seq(record), 4, "the processor panics");
        Outcome::Keep
    });
    let lab = Lab::new()
        .receiver(&[Step::Send(2), Step::Send(3), Step::Send(1)])
        .exporter(Manner::Drained, ROOMY);
    let before = processor("before", Judge(|_: &mut Record| Outcome::Keep));
    let ended = lab
        .pipeline("p", &[0], vec![before, processor("fragile", fragile)], &[0])
        .run()
        .await;
    assert_eq!(ended.verdict(), "stage `processors.fragile` panicked");
    assert_eq!(ended.kept[0], [1, 2]);
    assert_eq!(ended.dropped("processors.fragile"), [("stage_ended", 3)]);
    assert_eq!(ended.dropped("processors.before"), [("stage_ended", 1)]);
}
