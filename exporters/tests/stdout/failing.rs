//! Outputs that fail for a while or are not read, and a forced end during a write.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidegate_exporters::stdout::{Exporter, LineFormatter, WriteTimeouts};
use tidegate_runtime::pipeline::RunError;

use crate::full_disk;
use crate::outputs::TestOutput;
use crate::support::{FAST_RETRIES, losses, start, start_exporter, start_file};

/// Gives up at the first failure.
const WITHOUT_RETRIES: WriteTimeouts = WriteTimeouts {
    give_up_after: Duration::ZERO,
    ..FAST_RETRIES
};

/// Returns the numbers of the lines. Panics if a line is not whole.
fn numbers(text: &[u8]) -> Vec<u64> {
    let text = String::from_utf8(text.to_vec()).unwrap();
    assert!(
        text.is_empty() || text.ends_with('\n'),
        "a partial line at the end: {:?}",
        text.lines().last()
    );
    let line = |line: &str| {
        let number = line.strip_prefix("N/A EVENTS LOST: PERF_EVENT_RING_BUFFER CPU(0) ");
        number
            .unwrap_or_else(|| panic!("{line:?} is not a whole line"))
            .parse()
            .unwrap()
    };
    text.lines().map(line).collect()
}

#[tokio::test]
async fn after_a_full_disk_every_line_is_written_once() {
    for room in [0, 1, 53, 54, 60, 500] {
        let written = Arc::new(Mutex::new(Vec::new()));
        let run = start(
            TestOutput::full(&written, room, 7, full_disk),
            vec![losses(1..=20)],
        );
        run.degraded().await;
        run.healthy().await;
        let run = run.shut_down().await;
        run.result.unwrap();
        assert_eq!(
            numbers(&written.lock().unwrap().concat()),
            (1..=20).collect::<Vec<_>>(),
            "{room}"
        );
        assert_eq!(
            (run.stage.absorbed, run.stage.dropped.len(), run.balanced),
            (20, 0, true),
            "{room}"
        );
    }
}

#[tokio::test]
async fn lines_before_a_failure_are_delivered_and_a_partial_line_is_ended() {
    let written = Arc::new(Mutex::new(Vec::new()));
    let line = "N/A EVENTS LOST: PERF_EVENT_RING_BUFFER CPU(0) 1\n".len();
    let output = TestOutput::full(&written, 2 * line + 7, 1, full_disk);
    let exporter = Exporter::to_writer(output, LineFormatter::compact(false));
    let run = start_exporter(exporter, WITHOUT_RETRIES, vec![losses(1..=5)])
        .finished()
        .await;
    assert!(matches!(run.result, Err(RunError::StageFailed { .. })));
    assert_eq!(
        (
            run.stage.absorbed,
            run.stage.dropped.get("write_failed"),
            run.balanced
        ),
        (2, Some(&3), true)
    );
    let text = written.lock().unwrap().concat();
    assert_eq!(numbers(&text[..2 * line]), [1, 2]);
    assert_eq!(
        text[2 * line..],
        *b"N/A EVE\n",
        "the next output begins a line"
    );
}

#[tokio::test]
async fn a_device_that_stays_full_fails_after_the_timeout() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let timeouts = WriteTimeouts {
        give_up_after: Duration::from_millis(50),
        ..FAST_RETRIES
    };
    let run = start_exporter(
        Exporter::to_file(full, LineFormatter::compact(false)).unwrap(),
        timeouts,
        vec![losses(1..=3)],
    );
    assert!(run.degraded().await.contains("No space left on device"));
    let run = run.finished().await;
    assert!(matches!(run.result, Err(RunError::StageFailed { .. })));
    assert_eq!(
        (run.stage.dropped.get("write_failed"), run.balanced),
        (Some(&3), true)
    );
}

#[tokio::test]
async fn lines_are_appended_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    std::fs::write(&path, "before\n").unwrap();
    let run = start_file(
        OpenOptions::new().append(true).open(&path).unwrap(),
        vec![losses(1..=3)],
    );
    run.all_sent().await;
    run.shut_down().await.result.unwrap();
    let text = std::fs::read(&path).unwrap();
    assert_eq!(numbers(text.strip_prefix(b"before\n").unwrap()), [1, 2, 3]);
}

#[tokio::test]
async fn health_is_degraded_while_a_pipe_is_not_read() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let run = start_file(
        writer,
        (0..40)
            .map(|n| losses(n * 100 + 1..=n * 100 + 100))
            .collect(),
    );
    let problem = run.degraded().await;
    assert_eq!(
        problem,
        "the output is blocked: nothing was read from it for 20ms"
    );
    let read = std::thread::spawn(move || {
        let mut all = Vec::new();
        reader.read_to_end(&mut all).unwrap();
        all
    });
    run.healthy().await;
    let run = run.shut_down().await;
    run.result.unwrap();
    assert_eq!((run.stage.absorbed, run.balanced), (4000, true));
    assert_eq!(
        numbers(&read.join().unwrap()),
        (1..=4000).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_forced_end_while_a_pipe_is_full_leaves_whole_lines_and_a_balanced_ledger() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let run = start_file(
        writer,
        (0..40)
            .map(|n| losses(n * 100 + 1..=n * 100 + 100))
            .collect(),
    );
    while rustix::io::ioctl_fionread(&reader).unwrap() < 60_000 {
        tokio::task::yield_now().await;
    }
    run.degraded().await;
    let run = run.abort().await;
    assert!(
        matches!(run.result, Err(RunError::Forced { .. })),
        "{:?}",
        run.result
    );
    let stage = run.stage;
    let dropped: u64 = stage.dropped.values().sum();
    assert_eq!(
        (stage.absorbed + stage.unconfirmed + dropped, run.balanced),
        (4000, true),
        "{stage:?}"
    );
    assert!(
        stage.unconfirmed > 0 && stage.unconfirmed < 200,
        "the lines of the current write: {stage:?}"
    );

    let mut all = Vec::new();
    reader.read_to_end(&mut all).unwrap();
    let lines = numbers(&all);
    assert_eq!(lines, (1..=lines.len() as u64).collect::<Vec<_>>());
    let delivered = stage.absorbed..=stage.absorbed + stage.unconfirmed;
    assert!(
        delivered.contains(&(lines.len() as u64)),
        "{} lines, {stage:?}",
        lines.len()
    );
}
