//! The stdout exporter in a pipeline: what it writes and when, and what the ledger reports after a
//! failure.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod failing;
mod outputs;
mod support;

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use outputs::TestOutput;
use support::{FAST_RETRIES, losses, run};
use tidegate_exporters::stdout::{Exporter, LineFormatter, WriteTimeouts};
use tidegate_runtime::pipeline::RunError;

#[tokio::test]
async fn every_record_is_a_line_and_counts_as_delivered() {
    let written = Arc::new(Mutex::new(Vec::new()));
    let output = TestOutput::into(&written);
    let run = run(output, vec![losses(1..=2), losses(3..=3)]).await;
    run.result.unwrap();
    let expected = (1..=3).map(|n| format!("N/A EVENTS LOST: PERF_EVENT_RING_BUFFER CPU(0) {n}\n"));
    assert_eq!(
        String::from_utf8(written.lock().unwrap().concat()).unwrap(),
        expected.collect::<String>()
    );
    assert_eq!((run.stage.absorbed, run.stage.dropped.len()), (3, 0));
    assert!(run.balanced);
}

#[tokio::test]
async fn an_output_closed_by_its_reader_ends_the_run_without_a_failure() {
    let run = support::start(
        TestOutput::failing(|| ErrorKind::BrokenPipe.into()),
        vec![losses(1..=5)],
    )
    .finished()
    .await;
    run.result.unwrap();
    assert_eq!(run.stage.dropped.get("output_closed"), Some(&5));
    assert!(run.balanced);
}

fn full_disk() -> io::Error {
    io::Error::from_raw_os_error(28)
}

#[tokio::test]
async fn a_disk_that_stays_full_is_a_failure_that_names_the_output() {
    let exporter = Exporter::to_writer(
        TestOutput::failing(full_disk),
        LineFormatter::compact(false),
    );
    let timeouts = WriteTimeouts {
        give_up_after: Duration::from_millis(50),
        ..FAST_RETRIES
    };
    let run = support::start_exporter(exporter, timeouts, vec![losses(1..=5)]);
    let problem = run.degraded().await;
    assert_eq!(
        problem,
        "cannot write to the output: No space left on device (os error 28); trying again"
    );
    let run = run.finished().await;
    let Err(RunError::StageFailed { stage, source }) = run.result else {
        panic!("the run did not fail")
    };
    let cause = source.source().map(ToString::to_string).unwrap();
    assert_eq!(
        (stage.as_str(), &*source.to_string()),
        ("exporters.stdout", "cannot write to the output")
    );
    assert!(cause.starts_with("No space left on device"), "{cause}");
    assert_eq!(run.stage.dropped.get("write_failed"), Some(&5));
    assert!(run.balanced);
}

#[tokio::test]
async fn records_that_arrive_while_the_output_is_blocked_are_written_together() {
    let written = Arc::new(Mutex::new(Vec::new()));
    let (output, gate) = TestOutput::blocked(&written);
    let run = support::start(output, (1..=100).map(|n| losses(n..=n)).collect());
    run.all_sent().await;
    drop(gate);
    let run = run.shut_down().await;
    run.result.unwrap();
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
    assert_eq!(run.stage.absorbed, 100);
}

#[tokio::test]
async fn a_line_is_written_without_waiting_for_another() {
    let (output, mut seen) = TestOutput::observed();
    let run = support::start(output, vec![losses(7..=7)]);
    let line = seen.recv().await.unwrap();
    assert!(line.ends_with(b" 7\n"), "{line:?}");
    run.shut_down().await.result.unwrap();
}

#[tokio::test]
async fn an_output_that_accepts_few_bytes_at_a_time_gets_all() {
    let written = Arc::new(Mutex::new(Vec::new()));
    run(TestOutput::slow(&written), vec![losses(1..=20)])
        .await
        .result
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
