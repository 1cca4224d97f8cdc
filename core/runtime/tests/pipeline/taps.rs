//! Taps: a watcher gets a rate-limited part of the records and does not affect the pipeline.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tidegate_model::{Kind, Kinds, Outcome, Record};
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::tap::{Matches, RecordFilter, Seen, Watcher};

use crate::support::{
    ExporterBehavior, PerRecord, ROOMY, ReceiverStep, Started, TestTopology, processor, seq,
};

/// Two pipelines with one receiver; `p` has a processor that drops odd numbers.
fn two_pipelines(steps: &[ReceiverStep]) -> TestTopology {
    let even = PerRecord(|record: &mut Record| match seq(record) % 2 {
        0 => Outcome::Keep,
        _ => Outcome::Dropped("odd"),
    });
    let builder = TestTopology::new()
        .receiver(steps)
        .exporter(ExporterBehavior::Drains, ROOMY);
    let builder = builder.exporter_of(Kinds::of(&[Kind::Flow]), ExporterBehavior::Drains, ROOMY);
    builder
        .pipeline("p", &[0], vec![processor("even", even)], &[0])
        .pipeline("q", &[0], Vec::new(), &[1])
}

/// Records of all kinds that match.
fn all(matches: Box<Matches>) -> RecordFilter {
    RecordFilter {
        kinds: Kinds::ALL,
        matches,
    }
}

fn watch(started: &Started, stage: &str, pipeline: Option<&str>, rate: u32) -> Watcher {
    started
        .ledger
        .tap(
            &stage.parse().unwrap(),
            pipeline,
            rate,
            all(Box::new(|_, _| true)),
        )
        .unwrap()
}

fn numbers(watcher: &mut Watcher) -> Vec<u64> {
    std::iter::from_fn(|| watcher.waiting())
        .map(|sample| seq(&sample.record))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_watcher_gets_the_output_of_a_stage_or_the_input_of_an_exporter() {
    let cases: [(&str, Option<&str>, &[u64]); 6] = [
        ("receivers.r0", Some("p"), &[1, 2, 3, 4]),
        ("receivers.r0", None, &[1, 2, 1, 2, 3, 4, 3, 4]),
        ("processors.even", None, &[2, 4]),
        ("exporters.e0", None, &[2, 4]),
        ("exporters.e1", None, &[]),
        ("exporters.e0", Some("p"), &[2, 4]),
    ];
    for (stage, pipeline, expected) in cases {
        let started = two_pipelines(&[ReceiverStep::Send(2); 2]).start();
        let mut watcher = watch(&started, stage, pipeline, 100);
        let ended = started.ended().await;
        assert_eq!(numbers(&mut watcher), expected, "{stage} {pipeline:?}");
        assert_eq!(ended.kept[0], [2, 4], "the exporter gets all records");
        assert_eq!(ended.counters("p", "processors.even").forwarded, 2);
    }
    assert!(
        two_pipelines(&[])
            .start()
            .ledger
            .tap(
                &StageId::exporter("e0"),
                Some("q"),
                1,
                all(Box::new(|_, _| true))
            )
            .is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn records_beyond_the_rate_are_counted_and_do_not_block_the_pipeline() {
    let cases = [(7, 7), (100_000, 1024)];
    for (rate, taken) in cases {
        let started = two_pipelines(&[ReceiverStep::Send(3000), ReceiverStep::Send(3000)]).start();
        let mut watcher = watch(&started, "processors.even", None, rate);
        let ended = started.ended().await;
        assert_eq!(ended.kept[0].len(), 3000);
        assert_eq!(
            watcher.seen(),
            Seen {
                records: 3000,
                wanted: 3000,
                taken
            },
            "{rate}"
        );
        assert_eq!(numbers(&mut watcher).len() as u64, taken);
    }
}

#[tokio::test(start_paused = true)]
async fn only_matching_records_count_against_the_rate() {
    let started = two_pipelines(&[ReceiverStep::Send(3000)]).start();
    let wanted = |record: &Record, _: &[u8]| seq(record) > 2990;
    let mut watcher = started
        .ledger
        .tap(&StageId::processor("even"), None, 5, all(Box::new(wanted)))
        .unwrap();
    started.ended().await;
    assert_eq!(
        watcher.seen(),
        Seen {
            records: 1500,
            wanted: 5,
            taken: 5
        }
    );
    assert_eq!(numbers(&mut watcher), [2992, 2994, 2996, 2998, 3000]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_watcher_causes_no_more_work() {
    let calls = Arc::new(AtomicU64::new(0));
    let started = two_pipelines(&[
        ReceiverStep::Send(10),
        ReceiverStep::UntilShutdown,
        ReceiverStep::Send(10),
    ])
    .start();
    let wanted = {
        let calls = Arc::clone(&calls);
        Box::new(move |_: &Record, _: &[u8]| calls.fetch_add(1, Ordering::Relaxed) > 100)
    };
    let watcher = started
        .ledger
        .tap(&StageId::receiver("r0"), Some("p"), 100, all(wanted))
        .unwrap();
    started.a_second_later().await;
    assert_eq!(
        (calls.load(Ordering::Relaxed), watcher.seen().taken),
        (10, 0)
    );
    drop(watcher);
    started.shutdown.request();
    started.ended().await;
    assert_eq!(
        (calls.load(Ordering::Relaxed), Arc::strong_count(&calls)),
        (10, 1)
    );
}
