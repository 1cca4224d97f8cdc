//! Fan-in, fan-out, shared stages, and the counters of processors.

use std::time::Duration;

use tidegate_model::record::{Frame, Lost, LostSource};
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Kind, Kinds, Outcome, Record, Timestamp};
use tidegate_runtime::limits::WhenFull;
use tidegate_runtime::stage::Processor;

use crate::support::{
    ExporterBehavior, PerRecord, ROOMY, ReceiverStep, TestTopology, processor, records, seq,
};

#[tokio::test(start_paused = true)]
async fn every_exporter_gets_the_records_of_every_receiver() {
    let builder = TestTopology::new()
        .receiver(&[ReceiverStep::Send(2)])
        .receiver(&[ReceiverStep::Send(3)]);
    let builder = builder
        .exporter(ExporterBehavior::Drains, ROOMY)
        .exporter(ExporterBehavior::Drains, ROOMY);
    let keep = processor("keep", PerRecord(|_: &mut Record| Outcome::Keep));
    let ended = builder
        .pipeline("p", &[0, 1], vec![keep], &[0, 1])
        .run()
        .await;
    for kept in &ended.kept {
        let mut kept = kept.clone();
        kept.sort_unstable();
        assert_eq!(kept, [1, 1, 2, 2, 3]);
    }
    let counters = ended.counters("p", "processors.keep");
    assert_eq!(
        (counters.r#in, counters.forwarded),
        (5, 5),
        "a fan-out does not multiply the forwarded records"
    );
    assert_eq!(counters.out.values().copied().collect::<Vec<_>>(), [5, 5]);
}

#[tokio::test(start_paused = true)]
async fn pipelines_that_share_a_receiver_change_separate_copies() {
    let double = PerRecord(|record: &mut Record| {
        if let Record::Frame(frame) = record {
            frame.seq *= 10;
        }
        Outcome::Keep
    });
    let builder = TestTopology::new()
        .receiver(&[ReceiverStep::Send(3)])
        .exporter(ExporterBehavior::Drains, ROOMY)
        .exporter(ExporterBehavior::Drains, ROOMY);
    let builder = builder.pipeline("p", &[0], vec![processor("tenfold", double)], &[0, 1]);
    let ended = builder.pipeline("q", &[0], Vec::new(), &[1]).run().await;
    assert_eq!(ended.kept[0], [10, 20, 30]);
    let mut both = ended.kept[1].clone();
    both.sort_unstable();
    assert_eq!(both, [1, 2, 3, 10, 20, 30]);
    let received = |pipeline| ended.counters(pipeline, "exporters.e1").r#in;
    assert_eq!(
        (received("p"), received("q")),
        (3, 3),
        "each pipeline has separate counters"
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
async fn a_processor_with_an_inbox_runs_in_another_task_and_keeps_the_order() {
    let mut second = processor("second", PerRecord(|_: &mut Record| Outcome::Keep));
    second.queue = Some(ROOMY);
    let first = processor("first", PerRecord(|_: &mut Record| Outcome::Keep));
    let third = processor("third", PerRecord(|_: &mut Record| Outcome::Keep));
    let builder = TestTopology::new()
        .receiver(&[ReceiverStep::Send(2); 3])
        .exporter(ExporterBehavior::Drains, ROOMY);
    let ended = builder
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
    assert_eq!(ended.counters("p", "processors.third").r#in, 6);
}

#[tokio::test(start_paused = true)]
async fn every_outcome_of_a_processor_is_counted() {
    let outcomes = PerRecord(|record: &mut Record| match seq(record) {
        1 => Outcome::Filtered("rule"),
        2 | 3 => Outcome::Dropped("broken"),
        4 => Outcome::Absorbed,
        _ => Outcome::Keep,
    });
    let builder = TestTopology::new()
        .receiver(&[ReceiverStep::Drop(2), ReceiverStep::Send(6)])
        .exporter(ExporterBehavior::Drains, ROOMY);
    let ended = builder
        .pipeline("p", &[0], vec![processor("outcomes", outcomes)], &[0])
        .run()
        .await;
    assert_eq!(ended.kept[0], [5, 6]);
    let counters = ended.counters("p", "processors.outcomes");
    assert_eq!(
        (counters.r#in, counters.forwarded, counters.absorbed),
        (6, 2, 1)
    );
    assert_eq!(
        (counters.filtered["rule"], counters.dropped["broken"]),
        (1, 2)
    );
    assert_eq!(ended.dropped("receivers.r0"), [("unreadable", 2)]);
    assert_eq!(ended.counters("p", "receivers.r0").r#in, 8);
}

#[tokio::test(start_paused = true)]
async fn an_exporter_gets_only_the_signals_that_it_wants() {
    let lost = Record::Lost(Lost {
        time: Timestamp(1),
        source: LostSource::Unknown,
        count: 1,
        cpu: None,
        span: None,
    });
    let mark = PerRecord(move |record: &mut Record| {
        if seq(record).is_multiple_of(2) {
            *record = lost.clone();
        }
        Outcome::Keep
    });
    let builder = TestTopology::new().receiver(&[ReceiverStep::Send(5)]);
    let builder = builder.exporter_of(Kinds::of(&[Kind::Frame]), ExporterBehavior::Drains, ROOMY);
    let builder = builder.exporter_of(Kinds::of(&[Kind::Metric]), ExporterBehavior::Drains, ROOMY);
    let ended = builder
        .pipeline("p", &[0], vec![processor("mark", mark)], &[0, 1])
        .run()
        .await;
    assert_eq!(ended.kept, [vec![1, 3, 5], vec![]]);
    let filtered = |stage| ended.counters("p", stage).filtered.clone();
    assert_eq!(filtered("exporters.e0"), [("lost", 2)].into());
    assert_eq!(
        filtered("exporters.e1"),
        [("frames", 3), ("lost", 2)].into()
    );
}

/// Emits one record for each batch, one at each tick, and one at the end.
struct RecordGenerator;

impl Processor for RecordGenerator {
    fn process(&mut self, batch: &mut Batch, _: &mut Tally) {
        batch.push(generated(100));
    }

    fn tick_every(&self) -> Option<Duration> {
        Some(Duration::from_secs(60))
    }

    fn tick(&mut self, _: Timestamp, out: &mut Batch) {
        out.push(generated(200));
    }

    fn finish(&mut self, _: Timestamp, out: &mut Batch) {
        out.push(generated(300));
    }
}

fn generated(seq: u64) -> Record {
    Record::Frame(Frame {
        seq,
        ..Frame::default()
    })
}

#[tokio::test(start_paused = true)]
async fn records_emitted_by_a_processor_are_counted_as_created() {
    let behind = processor("behind", PerRecord(|_: &mut Record| Outcome::Keep));
    let builder = TestTopology::new()
        .receiver(&[ReceiverStep::Send(1), ReceiverStep::UntilShutdown])
        .exporter(ExporterBehavior::Drains, ROOMY);
    let started = builder
        .pipeline(
            "p",
            &[0],
            vec![processor("generator", RecordGenerator), behind],
            &[0],
        )
        .start();
    tokio::time::sleep(Duration::from_secs(130)).await;
    started.shutdown.request();
    let ended = started.ended().await;
    assert_eq!(ended.kept[0], [1, 100, 200, 200, 300]);
    let counters = ended.counters("p", "processors.generator");
    assert_eq!(
        (counters.r#in, counters.created, counters.forwarded),
        (5, 4, 5)
    );
    assert_eq!(ended.counters("p", "processors.behind").r#in, 5);
    let table = "\
PIPELINE  STAGE                 IN  CREATED  OUT  ABSORBED  FILTERED / DROPPED
p         receivers.r0           1        -    1         -
p         processors.generator   5        4    5         -
";
    assert!(
        ended.report.to_string().starts_with(table),
        "{}",
        ended.report
    );
}

/// Ticks that take longer than their interval.
struct AlwaysTicking;

impl Processor for AlwaysTicking {
    fn process(&mut self, _: &mut Batch, _: &mut Tally) {}

    fn tick_every(&self) -> Option<Duration> {
        Some(Duration::from_millis(1))
    }

    fn tick(&mut self, _: Timestamp, out: &mut Batch) {
        out.push(generated(200));
        out.push(generated(200));
    }
}

#[tokio::test(start_paused = true)]
async fn slow_ticks_do_not_starve_the_inbox() {
    let builder = TestTopology::new()
        .receiver(&[ReceiverStep::Send(1); 20])
        .exporter(ExporterBehavior::Slow, records(1, WhenFull::Block));
    let ended = builder
        .pipeline("p", &[0], vec![processor("ticking", AlwaysTicking)], &[0])
        .run();
    let ended = tokio::time::timeout(Duration::from_secs(60), ended)
        .await
        .unwrap();
    assert_eq!(ended.kept[0].iter().filter(|seq| **seq <= 20).count(), 20);
}

/// Emits many records at once when it finishes.
struct LargeFlush;

impl Processor for LargeFlush {
    fn process(&mut self, _: &mut Batch, _: &mut Tally) {}

    fn finish(&mut self, _: Timestamp, out: &mut Batch) {
        (1..=10_000).for_each(|seq| out.push(generated(seq)));
    }
}

/// Emits one record at a time when it finishes.
struct PortionedFlush {
    left: u64,
}

impl Processor for PortionedFlush {
    fn process(&mut self, _: &mut Batch, _: &mut Tally) {}

    fn finish(&mut self, _: Timestamp, out: &mut Batch) {
        out.push(generated(self.left));
        self.left -= 1;
    }

    fn has_more(&self) -> bool {
        self.left > 0
    }
}

#[tokio::test(start_paused = true)]
async fn a_processor_can_finish_in_several_portions() {
    let builder = TestTopology::new()
        .receiver(&[])
        .exporter(ExporterBehavior::Drains, ROOMY);
    let ended = builder
        .pipeline(
            "p",
            &[0],
            vec![processor("portioned_flush", PortionedFlush { left: 3 })],
            &[0],
        )
        .run()
        .await;
    assert_eq!(ended.kept[0], [3, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn the_final_records_of_a_processor_are_split_to_fit_the_edge() {
    let builder = TestTopology::new()
        .receiver(&[])
        .exporter(ExporterBehavior::Slow, records(5000, WhenFull::Block));
    let builder = builder.exporter(ExporterBehavior::EndsAfter(1), ROOMY);
    let ended = builder
        .pipeline(
            "p",
            &[0],
            vec![processor("large_flush", LargeFlush)],
            &[0, 1],
        )
        .run()
        .await;
    assert_eq!(ended.kept[0], (1..=10_000).collect::<Vec<_>>());
    assert_eq!(ended.kept[1].len(), 2048);
    assert_eq!(
        ended.counters("p", "processors.large_flush").created,
        10_000
    );
}

#[tokio::test(start_paused = true)]
async fn the_final_records_of_a_processor_wait_for_an_exporter_on_its_thread() {
    let in_portions = || processor("portioned_flush", PortionedFlush { left: 1000 });
    let at_once = || processor("large_flush", LargeFlush);
    for (processor, room, made) in [(in_portions(), 2, 1000), (at_once(), 2048, 10_000)] {
        let builder = TestTopology::new().receiver(&[]).exporter(
            ExporterBehavior::Drains,
            records(room, WhenFull::DropNewest),
        );
        let ended = builder
            .pipeline("p", &[0], vec![processor], &[0])
            .run()
            .await;
        assert_eq!(ended.dropped("exporters.e0"), []);
        assert_eq!(ended.kept[0].len(), made);
    }
}
