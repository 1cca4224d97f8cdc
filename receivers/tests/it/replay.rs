//! The replay receiver on real files.

use std::path::{Path, PathBuf};

use crate::support::{Bench, Ended, Seen, build, stream};
use tempfile::TempDir;
use tidegate_runtime::telemetry::Telemetry;

fn recording(bytes: &[u8]) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("recording.bin");
    std::fs::write(&file, bytes).unwrap();
    (directory, file)
}

fn table(file: &Path, keys: &str) -> String {
    format!("{{ file = '{}', {keys} }}", file.display())
}

async fn replay(bytes: &[u8]) -> Ended {
    let (_directory, file) = recording(bytes);
    Bench::start("replay", &table(&file, "")).end().await
}

#[tokio::test]
async fn every_frame_of_a_recording_comes_in_order() {
    let events: Vec<_> = (0..5000_u32).map(u32::to_le_bytes).collect();
    let events: Vec<_> = events.iter().map(<[u8; 4]>::as_slice).collect();
    let ended = replay(&stream(&events)).await;
    assert_eq!((ended.error(), ended.data()), (String::new(), events));
    let last = ended.seen.last().unwrap();
    assert!(
        matches!(
            last,
            Seen::Frame {
                seq: 5000,
                payload_type: 9,
                cpu: 1,
                lost: 0,
                ..
            }
        ),
        "{last:?}"
    );
}

#[tokio::test]
async fn recordings_that_were_appended_are_played_one_after_the_other() {
    let bytes = [stream(&[b"a", b"b"]), stream(&[b"c"]), stream(&[b"d"])].concat();
    let ended = replay(&bytes).await;
    assert_eq!(
        (ended.error(), ended.data()),
        (String::new(), vec![&b"a"[..], b"b", b"c", b"d"])
    );
}

#[tokio::test]
async fn a_recording_that_is_cut_anywhere_gives_its_whole_frames() {
    let (one, two) = (stream(&[b"first"]), stream(&[b"first", b"second"]));
    for end in one.len()..two.len() {
        let ended = replay(&two[..end]).await;
        let cut: &[_] = if end == one.len() {
            &[]
        } else {
            &[("frame_cut_short", 1)]
        };
        assert_eq!(
            (ended.data(), ended.dropped()),
            (vec![&b"first"[..]], cut.to_vec()),
            "{end} bytes"
        );
        let says = format!(
            "ends inside the frame that begins at byte {}; the 1 frames before",
            one.len()
        );
        assert_eq!(
            ended.error().contains(&says),
            !cut.is_empty(),
            "{}",
            ended.error()
        );
    }
}

#[tokio::test]
async fn garbage_ends_a_recording_with_its_offset_and_what_came_before_is_delivered() {
    let good = stream(&[b"good"]);
    let cases: [(&[u8], &str); 4] = [
        (&[0], "gob_truncated"),
        (&[2, 4, 0], "unknown_payload_shape"),
        (
            &[0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            "frame_too_large",
        ),
        (
            b"\x20plain text, and some more of it, so that it is a message",
            "gob_unknown_type",
        ),
    ];
    for (garbage, reason) in cases {
        let ended = replay(&[&good, garbage, &good].concat()).await;
        assert_eq!(
            (ended.data(), ended.dropped()),
            (vec![&b"good"[..]], vec![(reason, 1)])
        );
        let place = format!(
            "recording.bin is no monitor stream from byte {} on",
            good.len()
        );
        assert!(ended.error().contains(&place), "{}", ended.error());
    }
}

#[tokio::test]
async fn an_empty_recording_is_over_at_once() {
    let ended = replay(&[]).await;
    assert_eq!(
        (ended.error(), ended.seen, ended.report.stages[0].r#in),
        (String::new(), vec![], 0)
    );
}

#[tokio::test]
async fn a_recording_that_cannot_be_read_is_named_with_the_reason() {
    let directory = tempfile::tempdir().unwrap();
    for (file, reason) in [
        (
            directory.path().join("none.bin"),
            "cannot open the recording",
        ),
        (directory.path().to_owned(), "cannot read the recording"),
    ] {
        let error = Bench::start("replay", &table(&file, ""))
            .end()
            .await
            .error();
        assert!(
            error.contains(reason) && error.contains(&file.display().to_string()),
            "{error}"
        );
        assert!(error.contains("os error"), "{error}");
    }
}

#[tokio::test]
async fn a_pipeline_that_is_slow_is_waited_for() {
    let events = vec![&[7_u8; 64][..]; 20_000];
    let (_directory, file) = recording(&stream(&events));
    let bench = Bench::start_blocked("replay", &table(&file, ""));
    bench
        .until("the pipeline is full", |bench| {
            bench.books().forwarded >= 480
        })
        .await;
    let ended = bench.end().await;
    assert_eq!((ended.seen.len(), ended.dropped()), (20_000, vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_rate_spreads_the_events_over_time() {
    let (_directory, file) = recording(&stream(&vec![&b"x"[..]; 500]));
    let start = tokio::time::Instant::now();
    let ended = Bench::start("replay", &table(&file, "rate = 50"))
        .end()
        .await;
    assert_eq!(ended.seen.len(), 500);
    assert_eq!(
        start.elapsed().as_secs(),
        9,
        "the last of 500 events is due 9.98 s after the first"
    );
}

#[tokio::test]
async fn a_stop_ends_a_replay_between_two_events() {
    let (_directory, file) = recording(&stream(&[b"now", b"in a year"]));
    let mut bench = Bench::start("replay", &table(&file, "rate = 0.00000001"));
    assert_eq!(bench.next().await.data(), b"now");
    bench.shutdown.request();
    let ended = bench.end().await;
    assert_eq!((ended.error(), ended.seen), (String::new(), vec![]));
}

#[tokio::test]
async fn a_stop_ends_a_replay_of_a_pipe_that_nobody_writes_to() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let bench = Bench::start("replay", &table(&pipe, ""));
    bench.shutdown.request();
    assert_eq!(bench.end().await.error(), "");
    // Lets the thread that waits for the pipe go.
    drop(
        std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(&pipe)
            .unwrap(),
    );
}

#[test]
fn values_that_nobody_can_mean_are_refused_by_their_key() {
    for (table, key) in [
        ("{ file = '' }", "file"),
        ("{ file = 'x', rate = -1 }", "rate"),
        ("{ file = 'x', rate = nan }", "rate"),
        ("{ file = 'x', rate = inf }", "rate"),
    ] {
        let refusal = build("replay", table, &Telemetry::default()).err().unwrap();
        assert_eq!(refusal.key, key, "{table}");
    }
}
