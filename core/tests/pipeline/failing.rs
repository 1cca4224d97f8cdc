//! Stages that fail: named, and without a hole in the books.

use tidegate_core::{Outcome, Record};

use crate::support::{Judge, Lab, Manner, ROOMY, Step, processor, seq};

#[tokio::test(start_paused = true)]
async fn a_receiver_that_ends_badly_is_named_and_what_it_sent_arrives() {
    let cases = [(Step::Fail, "stage `receivers.r0` failed"), (Step::Panic, "stage `receivers.r0` panicked")];
    for (step, verdict) in cases {
        let lab = Lab::new().receiver(&[Step::Send(3), step]).receiver(&[Step::UntilStop, Step::Send(1)]);
        let lab = lab.exporter(Manner::Drained, ROOMY).pipeline("p", &[0, 1], Vec::new(), &[0]);
        let ended = lab.run().await;
        assert_eq!(ended.verdict(), verdict);
        assert_eq!(ended.kept[0], [1, 2, 3, 1], "the other receiver stops, and everything drains");
        assert_eq!(ended.dropped("exporters.e0"), []);
    }
}

#[tokio::test(start_paused = true)]
async fn an_exporter_that_ends_badly_is_named_and_the_other_one_gets_everything() {
    let cases = [
        (Manner::Fails, "stage `exporters.e0` failed", vec![("refused", 3), ("stage_ended", 4)]),
        (Manner::Panics, "stage `exporters.e0` panicked", vec![("stage_ended", 7)]),
    ];
    for (manner, verdict, dropped) in cases {
        let lab = Lab::new().receiver(&[Step::Send(3), Step::Send(2), Step::UntilStop, Step::Send(2)]);
        let lab = lab.exporter(manner, ROOMY).exporter(Manner::Drained, ROOMY);
        let ended = lab.pipeline("p", &[0], Vec::new(), &[0, 1]).run().await;
        assert_eq!(ended.verdict(), verdict);
        assert_eq!(ended.dropped("exporters.e0"), dropped);
        assert_eq!(ended.kept[1], [1, 2, 3, 4, 5, 6, 7]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_processor_that_panics_is_named_and_its_records_are_counted() {
    let fragile = Judge(|record: &mut Record| {
        assert_ne!(seq(record), 4, "the processor panics");
        Outcome::Keep
    });
    let lab = Lab::new().receiver(&[Step::Send(2), Step::Send(3), Step::Send(1)]).exporter(Manner::Drained, ROOMY);
    let before = processor("before", Judge(|_: &mut Record| Outcome::Keep));
    let ended = lab.pipeline("p", &[0], vec![before, processor("fragile", fragile)], &[0]).run().await;
    assert_eq!(ended.verdict(), "stage `processors.fragile` panicked");
    assert_eq!(ended.kept[0], [1, 2]);
    assert_eq!(ended.dropped("processors.fragile"), [("stage_ended", 3)]);
    assert_eq!(ended.dropped("processors.before"), [("stage_ended", 1)]);
}
