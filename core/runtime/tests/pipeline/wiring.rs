//! Fan-in, fan-out, shared stages, and what processors do to the books.

use std::time::Duration;

use tidegate_model::record::{Frame, Lost, LostSource};
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Kind, Kinds, Outcome, Record, Timestamp};
use tidegate_runtime::limits::WhenFull;
use tidegate_runtime::stage::Processor;

use crate::support::{Judge, Lab, Manner, ROOMY, Step, processor, records, seq};

#[tokio::test(start_paused = true)]
async fn every_exporter_gets_what_every_receiver_sends() {
    let lab = Lab::new()
        .receiver(&[Step::Send(2)])
        .receiver(&[Step::Send(3)]);
    let lab = lab
        .exporter(Manner::Drained, ROOMY)
        .exporter(Manner::Drained, ROOMY);
    let keep = processor("keep", Judge(|_: &mut Record| Outcome::Keep));
    let ended = lab.pipeline("p", &[0, 1], vec![keep], &[0, 1]).run().await;
    for kept in &ended.kept {
        let mut kept = kept.clone();
        kept.sort_unstable();
        assert_eq!(kept, [1, 1, 2, 2, 3]);
    }
    let books = ended.books("p", "processors.keep");
    assert_eq!(
        (books.r#in, books.forwarded),
        (5, 5),
        "a fan-out does not multiply what went on"
    );
    assert_eq!(books.out.values().copied().collect::<Vec<_>>(), [5, 5]);
}

#[tokio::test(start_paused = true)]
async fn pipelines_that_share_a_receiver_change_copies() {
    let double = Judge(|record: &mut Record| {
        if let Record::Frame(frame) = record {
            frame.seq *= 10;
        }
        Outcome::Keep
    });
    let lab = Lab::new()
        .receiver(&[Step::Send(3)])
        .exporter(Manner::Drained, ROOMY)
        .exporter(Manner::Drained, ROOMY);
    let lab = lab.pipeline("p", &[0], vec![processor("tenfold", double)], &[0, 1]);
    let ended = lab.pipeline("q", &[0], Vec::new(), &[1]).run().await;
    assert_eq!(ended.kept[0], [10, 20, 30]);
    let mut both = ended.kept[1].clone();
    both.sort_unstable();
    assert_eq!(both, [1, 2, 3, 10, 20, 30]);
    let received = |pipeline| ended.books(pipeline, "exporters.e1").r#in;
    assert_eq!(
        (received("p"), received("q")),
        (3, 3),
        "each pipeline has books of its own"
    );
    assert_eq!(
        ended
            .report
            .edges
            .iter()
            .find(|edge| edge.stage == "exporters.e1")
            .unwrap()
            .pipeline,
        "p,q"
    );
}

#[tokio::test(start_paused = true)]
async fn a_processor_with_an_inbox_runs_apart_and_keeps_the_order() {
    let mut second = processor("second", Judge(|_: &mut Record| Outcome::Keep));
    second.queue = Some(ROOMY);
    let first = processor("first", Judge(|_: &mut Record| Outcome::Keep));
    let third = processor("third", Judge(|_: &mut Record| Outcome::Keep));
    let lab = Lab::new()
        .receiver(&[Step::Send(2); 3])
        .exporter(Manner::Drained, ROOMY);
    let ended = lab
        .pipeline("p", &[0], vec![first, second, third], &[0])
        .run()
        .await;
    assert_eq!(ended.kept[0], [1, 2, 3, 4, 5, 6]);
    let mut inboxes: Vec<_> = ended
        .report
        .edges
        .iter()
        .map(|edge| edge.stage.as_str())
        .collect();
    inboxes.sort_unstable();
    assert_eq!(
        inboxes,
        ["exporters.e0", "processors.first", "processors.second"]
    );
    assert_eq!(ended.books("p", "processors.third").r#in, 6);
}

#[tokio::test(start_paused = true)]
async fn every_outcome_of_a_processor_is_in_its_books() {
    let judge = Judge(|record: &mut Record| match seq(record) {
        1 => Outcome::Filtered("rule"),
        2 | 3 => Outcome::Dropped("broken"),
        4 => Outcome::Absorbed,
        _ => Outcome::Keep,
    });
    let lab = Lab::new()
        .receiver(&[Step::Drop(2), Step::Send(6)])
        .exporter(Manner::Drained, ROOMY);
    let ended = lab
        .pipeline("p", &[0], vec![processor("judge", judge)], &[0])
        .run()
        .await;
    assert_eq!(ended.kept[0], [5, 6]);
    let books = ended.books("p", "processors.judge");
    assert_eq!((books.r#in, books.forwarded, books.absorbed), (6, 2, 1));
    assert_eq!((books.filtered["rule"], books.dropped["broken"]), (1, 2));
    assert_eq!(ended.dropped("receivers.r0"), [("unreadable", 2)]);
    assert_eq!(ended.books("p", "receivers.r0").r#in, 8);
}

#[tokio::test(start_paused = true)]
async fn an_exporter_gets_only_its_signals() {
    let lost = Record::Lost(Lost {
        time: Timestamp(1),
        source: LostSource::Unknown,
        count: 1,
        cpu: None,
        span: None,
    });
    let mark = Judge(move |record: &mut Record| {
        if seq(record).is_multiple_of(2) {
            *record = lost.clone();
        }
        Outcome::Keep
    });
    let lab = Lab::new().receiver(&[Step::Send(5)]);
    let lab = lab.exporter_of(Kinds::of(&[Kind::Frame]), Manner::Drained, ROOMY);
    let lab = lab.exporter_of(Kinds::of(&[Kind::Metric]), Manner::Drained, ROOMY);
    let ended = lab
        .pipeline("p", &[0], vec![processor("mark", mark)], &[0, 1])
        .run()
        .await;
    assert_eq!(ended.kept, [vec![1, 3, 5], vec![]]);
    let filtered = |stage| ended.books("p", stage).filtered["signals"];
    assert_eq!((filtered("exporters.e0"), filtered("exporters.e1")), (2, 5));
}

/// Makes one record for each batch, one at each tick, and one at the end.
struct Maker;

impl Processor for Maker {
    fn process(&mut self, batch: &mut Batch, _: &mut Tally) {
        batch.push(made(100));
    }

    fn tick_every(&self) -> Option<Duration> {
        Some(Duration::from_secs(60))
    }

    fn tick(&mut self, _: Timestamp, out: &mut Batch) {
        out.push(made(200));
    }

    fn finish(&mut self, _: Timestamp, out: &mut Batch) {
        out.push(made(300));
    }
}

fn made(seq: u64) -> Record {
    Record::Frame(Frame {
        seq,
        ..Frame::default()
    })
}

#[tokio::test(start_paused = true)]
async fn records_that_a_processor_makes_are_entered_as_created() {
    let behind = processor("behind", Judge(|_: &mut Record| Outcome::Keep));
    let lab = Lab::new()
        .receiver(&[Step::Send(1), Step::UntilStop])
        .exporter(Manner::Drained, ROOMY);
    let started = lab
        .pipeline("p", &[0], vec![processor("maker", Maker), behind], &[0])
        .start();
    tokio::time::sleep(Duration::from_secs(130)).await;
    started.shutdown.request();
    let ended = started.ended().await;
    assert_eq!(ended.kept[0], [1, 100, 200, 200, 300]);
    let books = ended.books("p", "processors.maker");
    assert_eq!((books.r#in, books.created, books.forwarded), (5, 4, 5));
    assert_eq!(ended.books("p", "processors.behind").r#in, 5);
}

/// Has a tick due again whenever one is over.
struct Restless;

impl Processor for Restless {
    fn process(&mut self, _: &mut Batch, _: &mut Tally) {}

    fn tick_every(&self) -> Option<Duration> {
        Some(Duration::from_millis(1))
    }

    fn tick(&mut self, _: Timestamp, out: &mut Batch) {
        out.push(made(200));
        out.push(made(200));
    }
}

#[tokio::test(start_paused = true)]
async fn ticks_that_take_longer_than_their_interval_leave_the_inbox_its_turn() {
    let lab = Lab::new()
        .receiver(&[Step::Send(1); 20])
        .exporter(Manner::Slowly, records(1, WhenFull::Block));
    let ended = lab
        .pipeline("p", &[0], vec![processor("restless", Restless)], &[0])
        .run();
    let ended = tokio::time::timeout(Duration::from_secs(60), ended)
        .await
        .unwrap();
    assert_eq!(ended.kept[0].iter().filter(|seq| **seq <= 20).count(), 20);
}

/// Makes many records at the end.
struct Hoarder;

impl Processor for Hoarder {
    fn process(&mut self, _: &mut Batch, _: &mut Tally) {}

    fn finish(&mut self, _: Timestamp, out: &mut Batch) {
        (1..=10_000).for_each(|seq| out.push(made(seq)));
    }
}

/// Makes what it has at the end in portions.
struct Thrifty {
    left: u64,
}

impl Processor for Thrifty {
    fn process(&mut self, _: &mut Batch, _: &mut Tally) {}

    fn finish(&mut self, _: Timestamp, out: &mut Batch) {
        out.push(made(self.left));
        self.left -= 1;
    }

    fn has_more(&self) -> bool {
        self.left > 0
    }
}

#[tokio::test(start_paused = true)]
async fn a_processor_finishes_in_as_many_portions_as_it_likes() {
    let lab = Lab::new().receiver(&[]).exporter(Manner::Drained, ROOMY);
    let ended = lab
        .pipeline(
            "p",
            &[0],
            vec![processor("thrifty", Thrifty { left: 3 })],
            &[0],
        )
        .run()
        .await;
    assert_eq!(ended.kept[0], [3, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn what_a_processor_has_at_the_end_goes_in_batches_that_an_edge_has_room_for() {
    let lab = Lab::new()
        .receiver(&[])
        .exporter(Manner::Slowly, records(5000, WhenFull::Block));
    let lab = lab.exporter(Manner::After(1), ROOMY);
    let ended = lab
        .pipeline("p", &[0], vec![processor("hoarder", Hoarder)], &[0, 1])
        .run()
        .await;
    assert_eq!(ended.kept[0], (1..=10_000).collect::<Vec<_>>());
    assert_eq!(ended.kept[1].len(), 2048);
    assert_eq!(ended.books("p", "processors.hoarder").created, 10_000);
}

#[tokio::test(start_paused = true)]
async fn what_a_processor_has_at_the_end_waits_for_an_exporter_on_its_thread() {
    let in_portions = || processor("thrifty", Thrifty { left: 1000 });
    let at_once = || processor("hoarder", Hoarder);
    for (processor, room, made) in [(in_portions(), 2, 1000), (at_once(), 2048, 10_000)] {
        let lab = Lab::new()
            .receiver(&[])
            .exporter(Manner::Drained, records(room, WhenFull::DropNewest));
        let ended = lab.pipeline("p", &[0], vec![processor], &[0]).run().await;
        assert_eq!(ended.dropped("exporters.e0"), []);
        assert_eq!(ended.kept[0].len(), made);
    }
}
