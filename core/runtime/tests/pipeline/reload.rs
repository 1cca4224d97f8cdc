//! Changes of what runs: what goes on, what is drained, what is handed over, and what the books
//! say.

mod steady;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tidegate_model::metric::{Family, MetricKind, Point, Series, Value};
use tidegate_model::record::Frame;
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Outcome, Record, Timestamp};
use tidegate_runtime::exclusive::ExclusiveResource;
use tidegate_runtime::limits::WhenFull;
use tidegate_runtime::pipeline::{ProcessorNode, ShuttingDown};
use tidegate_runtime::stage::{Processor, Stateful};
use tidegate_runtime::stage_id::StageId;

use crate::support::{Judge, Lab, Manner, ROOMY, Started, Step, note, processor, records};

const ENDLESS: [Step; 3] = [Step::Send(3), Step::UntilStop, Step::Send(2)];

/// One receiver that sends three frames, and two more at its end, through `chain` to one exporter.
fn line(lab: Lab, chain: Vec<ProcessorNode>) -> Lab {
    lab.receiver(&ENDLESS)
        .exporter(Manner::Drained, ROOMY)
        .pipeline("p", &[0], chain, &[0])
}

fn names<T: AsRef<str>>(names: &std::collections::BTreeSet<T>) -> Vec<&str> {
    names.iter().map(AsRef::as_ref).collect()
}

fn pass(stage: &str) -> ProcessorNode {
    processor(stage, Judge(|_: &mut Record| Outcome::Keep))
}

async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(10)).await;
}

async fn stopped(started: Started) -> crate::support::Ended {
    started.shutdown.request();
    started.ended().await
}

#[tokio::test(start_paused = true)]
async fn the_same_topology_changes_nothing() {
    let mut started = line(Lab::new(), vec![pass("a")]).start();
    a_moment().await;
    let again = line(started.next(), vec![pass("a")]);
    let change = started.reload(again).await;
    assert!(change.is_empty(), "{change:?}");
    assert_eq!(
        names(&change.kept),
        ["exporters.e0", "processors.a", "receivers.r0"]
    );
    let ended = stopped(started).await;
    assert_eq!(ended.kept[0], [1, 2, 3, 4, 5]);
    assert_eq!(
        ended.diary,
        ["receiver ended", "exporter ended"],
        "nobody was started twice"
    );
}

#[tokio::test(start_paused = true)]
async fn a_changed_exporter_drains_while_the_new_one_takes_what_comes() {
    let mut started = line(Lab::held(), Vec::new()).start();
    a_moment().await;
    let next = line(started.next(), Vec::new()).changed_exporter(0);
    let change = started.reload(next).await;
    assert_eq!(names(&change.replaced), ["exporters.e0"]);
    started.gate.add_permits(2);
    let ended = stopped(started).await;
    assert_eq!(ended.kept[0], [1, 2, 3, 4, 5]);
    assert_eq!(
        ended.books("p", "exporters.e0").absorbed,
        5,
        "both have one set of books"
    );
    assert_eq!(
        ended
            .diary
            .iter()
            .filter(|line| *line == "exporter ended")
            .count(),
        2
    );
}

#[tokio::test(start_paused = true)]
async fn what_only_one_can_hold_is_let_go_first() {
    let holding = |lab: Lab| {
        let mut lab = line(lab, Vec::new());
        lab.topology.exporters[0]
            .exclusive
            .push(ExclusiveResource::StandardOutput);
        lab
    };
    let mut started = holding(Lab::held()).start();
    a_moment().await;
    let next = holding(started.next()).changed_exporter(0);
    started.reload(next).await;
    started.gate.add_permits(1);
    a_moment().await;
    assert_eq!(*started.diary.lock().unwrap(), ["exporter ended"]);
    let ended = stopped(started).await;
    assert_eq!(ended.kept[0], [1, 2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn an_exporter_that_does_not_drain_is_ended_with_a_count() {
    let stuck = |lab: Lab, manner| {
        lab.receiver(&ENDLESS)
            .exporter(manner, ROOMY)
            .pipeline("p", &[0], Vec::new(), &[0])
    };
    let mut started = stuck(Lab::new(), Manner::Hangs).start();
    a_moment().await;
    let next = stuck(started.next(), Manner::Drained).changed_exporter(0);
    started.reload(next).await;
    tokio::time::sleep(Duration::from_secs(11)).await;
    let ended = stopped(started).await;
    assert_eq!(ended.verdict(), "well");
    assert_eq!(ended.kept[0], [4, 5]);
    assert_eq!(ended.dropped("exporters.e0"), [("reload_timeout", 3)]);
}

#[tokio::test(start_paused = true)]
async fn exporters_come_and_go_and_the_books_tell() {
    let two = |lab: Lab, ends: &[usize]| {
        let lab = lab
            .receiver(&ENDLESS)
            .exporter(Manner::Drained, ROOMY)
            .exporter(Manner::Drained, ROOMY);
        lab.pipeline("p", &[0], vec![pass("a")], ends)
    };
    let mut started = two(Lab::new(), &[0, 1]).start();
    a_moment().await;
    let next = line(started.next(), vec![pass("a")]);
    let change = started.reload(next).await;
    assert_eq!(
        (names(&change.removed), names(&change.rewired)),
        (vec!["exporters.e1"], vec!["p"])
    );
    let ended = stopped(started).await;
    assert_eq!(
        (&ended.kept[0], ended.result.is_ok()),
        (&vec![1, 2, 3, 4, 5], true)
    );
    let out: Vec<_> = ended
        .books("p", "processors.a")
        .out
        .clone()
        .into_iter()
        .collect();
    assert_eq!(
        out,
        [(StageId::exporter("e0"), 5), (StageId::exporter("e1"), 3)]
    );
    let last = ended.report.stages.last().unwrap();
    assert_eq!(
        (last.stage.as_str(), last.ended, last.absorbed),
        ("exporters.e1", true, 3)
    );
    assert!(ended.report.stages.iter().filter(|row| row.ended).count() == 1);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_with_a_connection_goes_on_in_a_new_pipeline() {
    let mut started = line(Lab::new(), vec![pass("a")]).start();
    a_moment().await;
    let next = line(started.next(), vec![pass("a")]).exporter(Manner::Drained, ROOMY);
    let change = started
        .reload(next.pipeline("q", &[0], vec![pass("b")], &[1]))
        .await;
    assert_eq!(names(&change.added), ["exporters.e1", "processors.b"]);
    let next = line(started.next(), vec![pass("a")]);
    a_moment().await;
    let ended = stopped(started).await;
    drop(next);
    assert_eq!(ended.kept, [vec![1, 2, 3, 4, 5], vec![4, 5]]);
    assert_eq!(
        ended
            .diary
            .iter()
            .filter(|line| *line == "receiver ended")
            .count(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_changed_receiver_ends_before_the_new_one_begins() {
    let mut started = line(Lab::new(), Vec::new()).start();
    a_moment().await;
    let next = line(started.next(), Vec::new()).changed_receiver(0);
    started.reload(next).await;
    a_moment().await;
    assert_eq!(*started.diary.lock().unwrap(), ["receiver ended"]);
    let ended = stopped(started).await;
    assert_eq!(ended.kept[0], [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]);
}

/// Counts what passes, and hands the count on at its end, as if it had held it back.
struct Sum {
    total: Arc<AtomicU64>,
    seen: u64,
    adopts: bool,
}

impl Processor for Sum {
    fn process(&mut self, batch: &mut Batch, _: &mut Tally) {
        self.seen += batch.len() as u64;
        self.total.store(self.seen, Ordering::Relaxed);
    }

    fn finish(&mut self, _: Timestamp, out: &mut Batch) {
        out.push(Record::Frame(Frame {
            seq: 1000 + self.seen,
            ..Frame::default()
        }));
    }

    fn as_stateful(&mut self) -> Option<&mut dyn Stateful> {
        Some(self)
    }
}

impl Stateful for Sum {
    fn take_over(&mut self, old: &mut dyn Stateful) {
        let old: &mut dyn std::any::Any = old;
        if let Some(old) = old.downcast_mut::<Self>().filter(|_| self.adopts) {
            self.seen = std::mem::take(&mut old.seen);
        }
    }

    fn retire(&mut self, now: Timestamp, out: &mut Batch) {
        if self.seen > 0 {
            self.finish(now, out);
        }
    }
}

fn sum(total: &Arc<AtomicU64>, adopts: bool) -> ProcessorNode {
    processor(
        "sum",
        Sum {
            total: Arc::clone(total),
            seen: 0,
            adopts,
        },
    )
}

/// A chain of `sum` and others becomes another one; what the exporter kept in the end.
async fn rechained(before: Vec<ProcessorNode>, after: Vec<ProcessorNode>) -> Vec<u64> {
    let mut started = line(Lab::new(), before).start();
    a_moment().await;
    let next = line(started.next(), after);
    started.reload(next).await;
    a_moment().await;
    stopped(started).await.kept[0].clone()
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_processor_keeps_its_state_whatever_happens_around_it() {
    let new = || sum(&Arc::default(), false);
    let changed = |stage: &str| ProcessorNode {
        fingerprint: "!".to_owned(),
        ..pass(stage)
    };
    let apart = |node: ProcessorNode| ProcessorNode {
        queue: Some(ROOMY),
        ..node
    };
    let cases = [
        (vec![new(), pass("a")], vec![new()]),
        (vec![new()], vec![pass("a"), new()]),
        (vec![pass("a"), new()], vec![changed("a"), new()]),
        (vec![pass("a"), new()], vec![pass("a"), apart(new())]),
        (vec![pass("a"), apart(new())], vec![pass("a"), new()]),
        (vec![pass("a"), new()], vec![new(), pass("a")]),
        (
            vec![apart(pass("a")), apart(new())],
            vec![apart(new()), apart(pass("a"))],
        ),
        (
            vec![pass("a"), apart(new())],
            vec![changed("a"), apart(new())],
        ),
    ];
    for (at, (before, after)) in cases.into_iter().enumerate() {
        assert_eq!(
            rechained(before, after).await,
            [1, 2, 3, 4, 5, 1005],
            "case {at}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_processor_holds_that_does_not_go_on_is_handed_on_or_adopted() {
    let total = Arc::default();
    let changed = |adopts| ProcessorNode {
        fingerprint: "!".to_owned(),
        ..sum(&total, adopts)
    };
    let cases = [
        (vec![], vec![1, 2, 3, 1003, 4, 5]),
        (vec![changed(false)], vec![1, 2, 3, 1003, 4, 5, 1002]),
        (vec![changed(true)], vec![1, 2, 3, 4, 5, 1005]),
    ];
    for (after, expected) in cases {
        assert_eq!(rechained(vec![sum(&total, false)], after).await, expected);
    }
}

/// Says at every tick whether it was asked to repeat itself.
struct Repeater(crate::support::Diary);

impl Processor for Repeater {
    fn process(&mut self, _: &mut Batch, _: &mut Tally) {}

    fn tick_every(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }

    fn as_stateful(&mut self) -> Option<&mut dyn Stateful> {
        Some(self)
    }
}

impl Stateful for Repeater {
    fn resend(&mut self) {
        note(&self.0, "repeated");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_new_behind_a_pipeline_is_told_what_was_said() {
    let lab = Lab::new();
    let repeater =
        |diary: &crate::support::Diary| processor("repeater", Repeater(Arc::clone(diary)));
    let diary = Arc::clone(&lab.diary);
    let repeated = || {
        diary
            .lock()
            .unwrap()
            .iter()
            .filter(|line| *line == "repeated")
            .count()
    };
    let mut started = line(lab, vec![repeater(&diary)]).start();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = repeated();
    for (exporter_changes, expected) in [(false, 0), (true, 1)] {
        let next = line(started.next(), vec![repeater(&diary)]);
        let next = if exporter_changes {
            next.changed_exporter(0)
        } else {
            next
        };
        started.reload(next).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(repeated() - before, expected);
    }
    stopped(started).await;
}

#[tokio::test(start_paused = true)]
async fn a_chain_that_waits_for_room_hands_over_when_it_has_it() {
    let full = |lab: Lab, chain| {
        let lab = lab
            .receiver(&[Step::Send(1); 6])
            .exporter(Manner::Drained, records(2, WhenFull::Block));
        lab.pipeline("p", &[0], chain, &[0])
    };
    let mut started = full(Lab::held(), vec![pass("a"), sum(&Arc::default(), false)]).start();
    a_moment().await;
    for stage in ["b", "c"] {
        let next = full(
            started.next(),
            vec![pass(stage), sum(&Arc::default(), false)],
        );
        started.reload(next).await;
        a_moment().await;
    }
    started.gate.add_permits(1);
    let ended = started.ended().await;
    assert_eq!(ended.kept[0], [1, 2, 3, 4, 5, 6, 1006]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_changed_any_more_after_a_stop() {
    let started = line(Lab::held(), Vec::new()).start();
    a_moment().await;
    started.shutdown.request();
    let next = line(started.next(), Vec::new());
    assert_eq!(
        started.control.reload(next.topology).await,
        Err(ShuttingDown)
    );
    started.gate.add_permits(1);
    assert_eq!(started.ended().await.kept[0], [1, 2, 3, 4, 5]);
}

/// A processor with one series, whose value it hands on once and when it is asked to repeat it.
struct OneSeries {
    series: Arc<Series>,
    is_due: bool,
}

impl OneSeries {
    fn new() -> Self {
        let (name, help, unit) = ("m".to_owned(), String::new(), String::new());
        let family = Family {
            name,
            help,
            unit,
            kind: MetricKind::Gauge,
            label_names: Vec::new(),
        };
        let series = Series {
            family: Arc::new(family),
            labels: Vec::new(),
            start: Timestamp(1),
        };
        Self {
            series: Arc::new(series),
            is_due: true,
        }
    }
}

impl Processor for OneSeries {
    fn process(&mut self, _: &mut Batch, _: &mut Tally) {}

    fn tick_every(&self) -> Option<Duration> {
        Some(Duration::from_millis(10))
    }

    fn tick(&mut self, time: Timestamp, out: &mut Batch) {
        if std::mem::take(&mut self.is_due) {
            out.push(Record::Metric(Point {
                series: Arc::clone(&self.series),
                time,
                value: Value::Gauge(1.0),
            }));
        }
    }

    fn as_stateful(&mut self) -> Option<&mut dyn Stateful> {
        Some(self)
    }
}

impl Stateful for OneSeries {
    fn resend(&mut self) {
        self.is_due = true;
    }
}

#[tokio::test(start_paused = true)]
async fn series_end_in_an_exporter_that_their_pipeline_leads_to_no_more() {
    let steps = [Step::UntilStop];
    let wired = |lab: Lab, ends: &[usize]| {
        let lab = lab
            .receiver(&steps)
            .exporter(Manner::Drained, ROOMY)
            .exporter(Manner::Drained, ROOMY);
        lab.pipeline("p", &[0], vec![processor("series", OneSeries::new())], ends)
            .pipeline("q", &[0], Vec::new(), &[0])
    };
    let mut started = wired(Lab::new(), &[0, 1]).start();
    started.a_second_later().await;
    let next = wired(started.next(), &[1]);
    let change = started.reload(next).await;
    assert_eq!((change.rewired.len(), change.kept.len()), (1, 4));
    started.a_second_later().await;
    started.shutdown.request();
    let ended = started.ended().await;
    let counts = |stage| {
        (
            ended.books("p", stage).created,
            ended.books("p", stage).absorbed,
        )
    };
    assert_eq!(
        counts("exporters.e0"),
        (1, 2),
        "the value, and the end that was made"
    );
    assert_eq!(counts("exporters.e1"), (0, 1));
}
