//! Reloads of a topology: which stages keep running, are drained or hand over their state, and the
//! counters of all of them.

mod rules;
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

use crate::support::{
    ExporterBehavior, PerRecord, ROOMY, ReceiverStep, Started, TestTopology, log_event, processor,
    records,
};

const ENDLESS: [ReceiverStep; 3] = [
    ReceiverStep::Send(3),
    ReceiverStep::UntilShutdown,
    ReceiverStep::Send(2),
];

/// Adds a receiver that sends three frames, and two more at shutdown, through `chain` to an
/// exporter.
fn line(builder: TestTopology, chain: Vec<ProcessorNode>) -> TestTopology {
    builder
        .receiver(&ENDLESS)
        .exporter(ExporterBehavior::Drains, ROOMY)
        .pipeline("p", &[0], chain, &[0])
}

fn names<T: AsRef<str>>(names: &std::collections::BTreeSet<T>) -> Vec<&str> {
    names.iter().map(AsRef::as_ref).collect()
}

fn pass(stage: &str) -> ProcessorNode {
    processor(stage, PerRecord(|_: &mut Record| Outcome::Keep))
}

async fn wait_a_moment() {
    tokio::time::sleep(Duration::from_millis(10)).await;
}

async fn stopped(started: Started) -> crate::support::Ended {
    started.shutdown.request();
    started.ended().await
}

#[tokio::test(start_paused = true)]
async fn the_same_topology_changes_nothing() {
    let mut started = line(TestTopology::new(), vec![pass("a")]).start();
    wait_a_moment().await;
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
        ended.events,
        ["receiver ended", "exporter ended"],
        "no stage was started twice"
    );
}

#[tokio::test(start_paused = true)]
async fn a_changed_exporter_drains_while_its_replacement_takes_new_records() {
    let mut started = line(TestTopology::gated(), Vec::new()).start();
    wait_a_moment().await;
    let next = line(started.next(), Vec::new()).changed_exporter(0);
    let change = started.reload(next).await;
    assert_eq!(names(&change.replaced), ["exporters.e0"]);
    started.gate.add_permits(2);
    let ended = stopped(started).await;
    assert_eq!(ended.kept[0], [1, 2, 3, 4, 5]);
    assert_eq!(
        ended.counters("p", "exporters.e0").absorbed,
        5,
        "both have the same counters"
    );
    assert_eq!(
        ended
            .events
            .iter()
            .filter(|line| *line == "exporter ended")
            .count(),
        2
    );
}

#[tokio::test(start_paused = true)]
async fn an_exclusive_resource_is_released_before_the_replacement_starts() {
    let with_stdout = |builder: TestTopology| {
        let mut builder = line(builder, Vec::new());
        builder.topology.exporters[0]
            .exclusive
            .push(ExclusiveResource::StandardOutput);
        builder
    };
    let mut started = with_stdout(TestTopology::gated()).start();
    wait_a_moment().await;
    let next = with_stdout(started.next()).changed_exporter(0);
    started.reload(next).await;
    started.gate.add_permits(1);
    wait_a_moment().await;
    assert_eq!(*started.events.lock().unwrap(), ["exporter ended"]);
    let ended = stopped(started).await;
    assert_eq!(ended.kept[0], [1, 2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn records_of_an_exporter_that_does_not_drain_are_counted_as_dropped() {
    let stuck = |builder: TestTopology, behavior| {
        builder
            .receiver(&ENDLESS)
            .exporter(behavior, ROOMY)
            .pipeline("p", &[0], Vec::new(), &[0])
    };
    let mut started = stuck(TestTopology::new(), ExporterBehavior::Hangs).start();
    wait_a_moment().await;
    let next = stuck(started.next(), ExporterBehavior::Drains).changed_exporter(0);
    started.reload(next).await;
    tokio::time::sleep(Duration::from_secs(11)).await;
    let ended = stopped(started).await;
    assert_eq!(ended.result_text(), "ok");
    assert_eq!(ended.kept[0], [4, 5]);
    assert_eq!(ended.dropped("exporters.e0"), [("reload_timeout", 3)]);
}

#[tokio::test(start_paused = true)]
async fn a_removed_exporter_keeps_its_counters() {
    let two = |builder: TestTopology, ends: &[usize]| {
        let builder = builder
            .receiver(&ENDLESS)
            .exporter(ExporterBehavior::Drains, ROOMY)
            .exporter(ExporterBehavior::Drains, ROOMY);
        builder.pipeline("p", &[0], vec![pass("a")], ends)
    };
    let mut started = two(TestTopology::new(), &[0, 1]).start();
    wait_a_moment().await;
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
        .counters("p", "processors.a")
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
async fn a_receiver_keeps_running_when_a_pipeline_is_added() {
    let mut started = line(TestTopology::new(), vec![pass("a")]).start();
    wait_a_moment().await;
    let next = line(started.next(), vec![pass("a")]).exporter(ExporterBehavior::Drains, ROOMY);
    let change = started
        .reload(next.pipeline("q", &[0], vec![pass("b")], &[1]))
        .await;
    assert_eq!(names(&change.added), ["exporters.e1", "processors.b"]);
    let next = line(started.next(), vec![pass("a")]);
    wait_a_moment().await;
    let ended = stopped(started).await;
    drop(next);
    assert_eq!(ended.kept, [vec![1, 2, 3, 4, 5], vec![4, 5]]);
    assert_eq!(
        ended
            .events
            .iter()
            .filter(|line| *line == "receiver ended")
            .count(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_changed_receiver_ends_before_its_replacement_starts() {
    let mut started = line(TestTopology::new(), Vec::new()).start();
    wait_a_moment().await;
    let next = line(started.next(), Vec::new()).changed_receiver(0);
    started.reload(next).await;
    wait_a_moment().await;
    assert_eq!(*started.events.lock().unwrap(), ["receiver ended"]);
    let ended = stopped(started).await;
    assert_eq!(ended.kept[0], [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]);
}

/// Counts records, and emits a record with the count when it finishes.
struct CountingProcessor {
    total: Arc<AtomicU64>,
    seen: u64,
    adopts: bool,
}

impl Processor for CountingProcessor {
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

impl Stateful for CountingProcessor {
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
        CountingProcessor {
            total: Arc::clone(total),
            seen: 0,
            adopts,
        },
    )
}

/// Reloads from one chain to another, and returns the frames that the exporter received.
async fn kept_after_reload(before: Vec<ProcessorNode>, after: Vec<ProcessorNode>) -> Vec<u64> {
    let mut started = line(TestTopology::new(), before).start();
    wait_a_moment().await;
    let next = line(started.next(), after);
    started.reload(next).await;
    wait_a_moment().await;
    stopped(started).await.kept[0].clone()
}

#[tokio::test(start_paused = true)]
async fn an_unchanged_processor_keeps_its_state_when_its_chain_changes() {
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
            kept_after_reload(before, after).await,
            [1, 2, 3, 4, 5, 1005],
            "case {at}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_state_of_a_replaced_processor_is_flushed_or_taken_over() {
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
        assert_eq!(
            kept_after_reload(vec![sum(&total, false)], after).await,
            expected
        );
    }
}

/// Records each request to resend its state.
struct ResendRecorder(crate::support::EventLog);

impl Processor for ResendRecorder {
    fn process(&mut self, _: &mut Batch, _: &mut Tally) {}

    fn tick_every(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }

    fn as_stateful(&mut self) -> Option<&mut dyn Stateful> {
        Some(self)
    }
}

impl Stateful for ResendRecorder {
    fn resend(&mut self) {
        log_event(&self.0, "resent");
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_exporter_causes_a_resend() {
    let builder = TestTopology::new();
    let recorder = |events: &crate::support::EventLog| {
        processor("recorder", ResendRecorder(Arc::clone(events)))
    };
    let events = Arc::clone(&builder.events);
    let resent = || {
        events
            .lock()
            .unwrap()
            .iter()
            .filter(|line| *line == "resent")
            .count()
    };
    let mut started = line(builder, vec![recorder(&events)]).start();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = resent();
    for (exporter_changes, expected) in [(false, 0), (true, 1)] {
        let next = line(started.next(), vec![recorder(&events)]);
        let next = if exporter_changes {
            next.changed_exporter(0)
        } else {
            next
        };
        started.reload(next).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(resent() - before, expected);
    }
    stopped(started).await;
}

#[tokio::test(start_paused = true)]
async fn a_chain_that_waits_for_room_hands_over_once_there_is_room() {
    let full = |builder: TestTopology, chain| {
        let builder = builder
            .receiver(&[ReceiverStep::Send(1); 6])
            .exporter(ExporterBehavior::Drains, records(2, WhenFull::Block));
        builder.pipeline("p", &[0], chain, &[0])
    };
    let mut started = full(
        TestTopology::gated(),
        vec![pass("a"), sum(&Arc::default(), false)],
    )
    .start();
    wait_a_moment().await;
    for stage in ["b", "c"] {
        let next = full(
            started.next(),
            vec![pass(stage), sum(&Arc::default(), false)],
        );
        started.reload(next).await;
        wait_a_moment().await;
    }
    started.gate.add_permits(1);
    let ended = started.ended().await;
    assert_eq!(ended.kept[0], [1, 2, 3, 4, 5, 6, 1006]);
}

#[tokio::test(start_paused = true)]
async fn a_reload_after_a_shutdown_request_is_rejected() {
    let started = line(TestTopology::gated(), Vec::new()).start();
    wait_a_moment().await;
    started.shutdown.request();
    let next = line(started.next(), Vec::new());
    assert_eq!(
        started.control.reload(next.topology).await,
        Err(ShuttingDown)
    );
    started.gate.add_permits(1);
    assert_eq!(started.ended().await.kept[0], [1, 2, 3, 4, 5]);
}

/// A processor with one series, whose value it emits once and after each resend request.
struct OneSeries {
    series: Arc<Series>,
    is_due: bool,
}

impl OneSeries {
    fn new() -> Self {
        let family = Family {
            name: "m".to_owned(),
            help: String::new(),
            unit: String::new(),
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
async fn series_end_in_an_exporter_that_is_removed_from_their_pipeline() {
    let steps = [ReceiverStep::UntilShutdown];
    let wired = |builder: TestTopology, ends: &[usize]| {
        let builder = builder
            .receiver(&steps)
            .exporter(ExporterBehavior::Drains, ROOMY)
            .exporter(ExporterBehavior::Drains, ROOMY);
        builder
            .pipeline("p", &[0], vec![processor("series", OneSeries::new())], ends)
            .pipeline("q", &[0], Vec::new(), &[0])
    };
    let mut started = wired(TestTopology::new(), &[0, 1]).start();
    started.a_second_later().await;
    let next = wired(started.next(), &[1]);
    let change = started.reload(next).await;
    assert_eq!((change.rewired.len(), change.kept.len()), (1, 4));
    started.a_second_later().await;
    started.shutdown.request();
    let ended = started.ended().await;
    let counts = |stage| {
        (
            ended.counters("p", stage).created,
            ended.counters("p", stage).absorbed,
        )
    };
    assert_eq!(
        counts("exporters.e0"),
        (1, 2),
        "the value, and the generated end of the series"
    );
    assert_eq!(counts("exporters.e1"), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_removed_exporter_begins_although_senders_are_blocked() {
    let topology = |builder: TestTopology, behavior| {
        builder
            .receiver(&[ReceiverStep::Send(1); 5])
            .exporter(behavior, records(1, WhenFull::Block))
            .pipeline("p", &[0], Vec::new(), &[0])
    };
    let mut started = topology(TestTopology::new(), ExporterBehavior::WaitsForItsEnd).start();
    started.a_second_later().await;
    let next = topology(started.next(), ExporterBehavior::Drains).changed_exporter(0);
    started.reload(next).await;
    let ended = started.ended().await;
    assert_eq!(ended.result_text(), "ok");
    assert_eq!(ended.kept[0].len(), 5);
    assert_eq!(ended.dropped("exporters.e0"), []);
}
