//! Outputs that fail for a while, that nobody reads, and ends while a write is under way.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tidegate_exporters::stdout::{Exporter, LineFormatter, WriteTimeouts};
use tidegate_runtime::pipeline::Failure;

use crate::full_disk;
use crate::outputs::Output;
use crate::support::{PATIENT, losses, start, start_exporter, start_file};

/// Gives up at the first failure.
const AT_ONCE: WriteTimeouts = WriteTimeouts {
    give_up_after: Duration::ZERO,
    ..PATIENT
};

/// The numbers of the lines, all of which have to be whole.
fn numbers(text: &[u8]) -> Vec<u64> {
    let text = String::from_utf8(text.to_vec()).unwrap();
    assert!(
        text.is_empty() || text.ends_with('\n'),
        "half a line at the end: {:?}",
        text.lines().last()
    );
    let line = |line: &str| {
        let number = line.strip_prefix("N/A EVENTS LOST: PERF_EVENT_RING_BUFFER CPU(0) ");
        number
            .unwrap_or_else(|| panic!("{line:?} is no whole line"))
            .parse()
            .unwrap()
    };
    text.lines().map(line).collect()
}

#[tokio::test]
async fn a_disk_that_is_full_for_a_while_gets_every_line_once() {
    for room in [0, 1, 53, 54, 60, 500] {
        let written = Arc::new(Mutex::new(Vec::new()));
        let run = start(
            Output::full(&written, room, 7, full_disk),
            vec![losses(1..=20)],
        );
        run.problem().await;
        run.well().await;
        let run = run.end().await;
        run.ended.unwrap();
        assert_eq!(
            numbers(&written.lock().unwrap().concat()),
            (1..=20).collect::<Vec<_>>(),
            "{room}"
        );
        assert_eq!(
            (run.books.absorbed, run.books.dropped.len(), run.balanced),
            (20, 0, true),
            "{room}"
        );
    }
}

#[tokio::test]
async fn lines_before_a_failure_are_delivered_and_half_a_line_is_ended() {
    let written = Arc::new(Mutex::new(Vec::new()));
    let line = "N/A EVENTS LOST: PERF_EVENT_RING_BUFFER CPU(0) 1\n".len();
    let output = Output::full(&written, 2 * line + 7, 1, full_disk);
    let exporter = Exporter::to_writer(output, LineFormatter::compact(false));
    let run = start_exporter(exporter, AT_ONCE, vec![losses(1..=5)])
        .ended()
        .await;
    assert!(matches!(run.ended, Err(Failure::Failed { .. })));
    assert_eq!(
        (
            run.books.absorbed,
            run.books.dropped.get("write_failed"),
            run.balanced
        ),
        (2, Some(&3), true)
    );
    let text = written.lock().unwrap().concat();
    assert_eq!(numbers(&text[..2 * line]), [1, 2]);
    assert_eq!(
        text[2 * line..],
        *b"N/A EVE\n",
        "what is written next begins a line"
    );
}

#[tokio::test]
async fn a_device_that_is_always_full_fails_when_the_time_is_over() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let pace = WriteTimeouts {
        give_up_after: Duration::from_millis(50),
        ..PATIENT
    };
    let run = start_exporter(
        Exporter::to_file(full, LineFormatter::compact(false)).unwrap(),
        pace,
        vec![losses(1..=3)],
    );
    assert!(run.problem().await.contains("No space left on device"));
    let run = run.ended().await;
    assert!(matches!(run.ended, Err(Failure::Failed { .. })));
    assert_eq!(
        (run.books.dropped.get("write_failed"), run.balanced),
        (Some(&3), true)
    );
}

#[tokio::test]
async fn a_file_gets_every_line_behind_what_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    std::fs::write(&path, "before\n").unwrap();
    let run = start_file(
        OpenOptions::new().append(true).open(&path).unwrap(),
        vec![losses(1..=3)],
    );
    run.sent().await;
    run.end().await.ended.unwrap();
    let text = std::fs::read(&path).unwrap();
    assert_eq!(numbers(text.strip_prefix(b"before\n").unwrap()), [1, 2, 3]);
}

#[tokio::test]
async fn a_pipe_that_is_not_read_degrades_its_stage_until_it_is() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let run = start_file(
        writer,
        (0..40)
            .map(|n| losses(n * 100 + 1..=n * 100 + 100))
            .collect(),
    );
    let problem = run.problem().await;
    assert_eq!(
        problem,
        "the output is blocked: nothing was read from it for 20ms"
    );
    let read = std::thread::spawn(move || {
        let mut all = Vec::new();
        reader.read_to_end(&mut all).unwrap();
        all
    });
    run.well().await;
    let run = run.end().await;
    run.ended.unwrap();
    assert_eq!((run.books.absorbed, run.balanced), (4000, true));
    assert_eq!(
        numbers(&read.join().unwrap()),
        (1..=4000).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn an_end_by_force_while_a_pipe_is_full_leaves_whole_lines_and_exact_books() {
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
    run.problem().await;
    let run = run.end_at_once().await;
    assert!(
        matches!(run.ended, Err(Failure::Interrupted { .. })),
        "{:?}",
        run.ended
    );
    let books = run.books;
    let dropped: u64 = books.dropped.values().sum();
    assert_eq!(
        (books.absorbed + books.unconfirmed + dropped, run.balanced),
        (4000, true),
        "{books:?}"
    );
    assert!(
        books.unconfirmed > 0 && books.unconfirmed < 200,
        "what is in the write at hand: {books:?}"
    );

    let mut all = Vec::new();
    reader.read_to_end(&mut all).unwrap();
    let lines = numbers(&all);
    assert_eq!(lines, (1..=lines.len() as u64).collect::<Vec<_>>());
    let delivered = books.absorbed..=books.absorbed + books.unconfirmed;
    assert!(
        delivered.contains(&(lines.len() as u64)),
        "{} lines, {books:?}",
        lines.len()
    );
}
