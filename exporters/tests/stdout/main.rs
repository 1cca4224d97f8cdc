//! The stdout exporter in a run: what it writes, when, and what the books say when it cannot.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod failing;
mod outputs;
mod support;

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use outputs::Output;
use support::{PATIENT, losses, run};
use tidegate_exporters::stdout::{Exporter, LineFormatter, WriteTimeouts};
use tidegate_runtime::pipeline::Failure;

#[tokio::test]
async fn every_record_is_a_line_and_counts_as_delivered() {
    let written = Arc::new(Mutex::new(Vec::new()));
    let output = Output::into(&written);
    let run = run(output, vec![losses(1..=2), losses(3..=3)]).await;
    run.ended.unwrap();
    let expected = (1..=3).map(|n| format!("N/A EVENTS LOST: PERF_EVENT_RING_BUFFER CPU(0) {n}\n"));
    assert_eq!(
        String::from_utf8(written.lock().unwrap().concat()).unwrap(),
        expected.collect::<String>()
    );
    assert_eq!((run.books.absorbed, run.books.dropped.len()), (3, 0));
    assert!(run.balanced);
}

#[tokio::test]
async fn an_output_that_nobody_reads_ends_the_run_without_a_failure() {
    let run = support::start(
        Output::failing(|| ErrorKind::BrokenPipe.into()),
        vec![losses(1..=5)],
    )
    .ended()
    .await;
    run.ended.unwrap();
    assert_eq!(run.books.dropped.get("output_closed"), Some(&5));
    assert!(run.balanced);
}

fn full_disk() -> io::Error {
    io::Error::from_raw_os_error(28)
}

#[tokio::test]
async fn a_disk_that_stays_full_is_a_failure_with_its_place_and_the_records_without_lines_are_lost()
{
    let exporter = Exporter::to_writer(Output::failing(full_disk), LineFormatter::compact(false));
    let pace = WriteTimeouts {
        give_up_after: Duration::from_millis(50),
        ..PATIENT
    };
    let run = support::start_exporter(exporter, pace, vec![losses(1..=5)]);
    let problem = run.problem().await;
    assert_eq!(
        problem,
        "cannot write to the output: No space left on device (os error 28); trying again"
    );
    let run = run.ended().await;
    let Err(Failure::Failed { stage, source }) = run.ended else {
        panic!("the run did not fail")
    };
    let cause = source.source().map(ToString::to_string).unwrap();
    assert_eq!(
        (stage.as_str(), &*source.to_string()),
        ("exporters.stdout", "cannot write to the output")
    );
    assert!(cause.starts_with("No space left on device"), "{cause}");
    assert_eq!(run.books.dropped.get("write_failed"), Some(&5));
    assert!(run.balanced);
}

#[tokio::test]
async fn what_waits_while_the_output_is_stuck_is_written_at_once() {
    let written = Arc::new(Mutex::new(Vec::new()));
    let (output, gate) = Output::stuck(&written);
    let run = support::start(output, (1..=100).map(|n| losses(n..=n)).collect());
    run.sent().await;
    drop(gate);
    let run = run.end().await;
    run.ended.unwrap();
    let writes = written.lock().unwrap();
    assert!(writes.len() <= 2, "{} writes", writes.len());
    assert_eq!(
        writes
            .concat()
            .iter()
            .filter(|byte| **byte == b'\n')
            .count(),
        100
    );
    assert_eq!(run.books.absorbed, 100);
}

#[tokio::test]
async fn a_line_is_written_while_no_other_is_to_come() {
    let (output, mut seen) = Output::watched();
    let run = support::start(output, vec![losses(7..=7)]);
    let line = seen.recv().await.unwrap();
    assert!(line.ends_with(b" 7\n"), "{line:?}");
    run.end().await.ended.unwrap();
}

#[tokio::test]
async fn an_output_that_takes_little_at_a_time_gets_all() {
    let written = Arc::new(Mutex::new(Vec::new()));
    run(Output::reluctant(&written), vec![losses(1..=20)])
        .await
        .ended
        .unwrap();
    assert_eq!(
        written
            .lock()
            .unwrap()
            .concat()
            .iter()
            .filter(|byte| **byte == b'\n')
            .count(),
        20
    );
}
