//! The replay receiver with real files.

use std::path::{Path, PathBuf};

use crate::support::{Received, RunResult, TestPipeline, build, stream};
use tempfile::TempDir;
use tidegate_receivers::replay::KIND;
use tidegate_runtime::telemetry::Telemetry;
use tidegate_wire::recording;

fn recording_file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("recording.bin");
    std::fs::write(&file, bytes).unwrap();
    (directory, file)
}

fn table(file: &Path, keys: &str) -> String {
    format!("{{ file = '{}', {keys} }}", file.display())
}

async fn replay(bytes: &[u8]) -> RunResult {
    let (_directory, file) = recording_file(bytes);
    TestPipeline::start("replay", &table(&file, "")).end().await
}

#[tokio::test]
async fn the_frames_of_a_recording_are_played_in_order() {
    let events: Vec<_> = (0..5000_u32).map(u32::to_le_bytes).collect();
    let events: Vec<_> = events.iter().map(<[u8; 4]>::as_slice).collect();
    let result = replay(&stream(&events)).await;
    assert_eq!((result.error(), result.data()), (String::new(), events));
    let last = result.received.last().unwrap();
    assert!(
        matches!(
            last,
            Received::Frame {
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
async fn concatenated_recordings_are_played_one_after_the_other() {
    let bytes = [stream(&[b"a", b"b"]), stream(&[b"c"]), stream(&[b"d"])].concat();
    let result = replay(&bytes).await;
    assert_eq!(
        (result.error(), result.data()),
        (String::new(), vec![&b"a"[..], b"b", b"c", b"d"])
    );
}

#[tokio::test]
async fn an_incomplete_recording_is_played_up_to_its_last_complete_frame_and_fails() {
    let one = stream(&[b"first"]);
    let two = stream(&[b"first", b"second"]);
    for end in one.len()..two.len() {
        let result = replay(&two[..end]).await;
        let cut: &[_] = if end == one.len() {
            &[]
        } else {
            &[("frame_cut_short", 1)]
        };
        assert_eq!(
            (result.data(), result.dropped()),
            (vec![&b"first"[..]], cut.to_vec()),
            "{end} bytes"
        );
        let message = format!(
            "ends inside the frame that begins at byte {}; the 1 frames before",
            one.len()
        );
        assert_eq!(
            result.error().contains(&message),
            !cut.is_empty(),
            "{}",
            result.error()
        );
    }
}

#[tokio::test]
async fn invalid_data_fails_the_receiver_with_its_offset_after_the_frames_before_it() {
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
        let result = replay(&[&good, garbage, &good].concat()).await;
        assert_eq!(
            (result.data(), result.dropped()),
            (vec![&b"good"[..]], vec![(reason, 1)])
        );
        let message = format!(
            "recording.bin is not a monitor stream from byte {} on",
            good.len()
        );
        assert!(result.error().contains(&message), "{}", result.error());
    }
}

#[tokio::test]
async fn an_empty_recording_ends_at_once() {
    let result = replay(&[]).await;
    assert_eq!(
        (
            result.error(),
            result.received,
            result.report.stages[0].r#in
        ),
        (String::new(), vec![], 0)
    );
}

#[tokio::test]
async fn an_unreadable_recording_fails_the_receiver_with_its_path_and_the_reason() {
    let directory = tempfile::tempdir().unwrap();
    for (file, reason) in [
        (
            directory.path().join("none.bin"),
            "cannot open the recording",
        ),
        (directory.path().to_owned(), "it is a directory"),
    ] {
        let error = TestPipeline::start("replay", &table(&file, ""))
            .end()
            .await
            .error();
        assert!(
            error.contains(reason) && error.contains(&file.display().to_string()),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_replay_waits_for_a_slow_pipeline() {
    let events = vec![&[7_u8; 64][..]; 20_000];
    let (_directory, file) = recording_file(&stream(&events));
    let pipeline = TestPipeline::start_blocked("replay", &table(&file, ""));
    pipeline
        .until("the pipeline is full", |pipeline| {
            pipeline.counts().forwarded >= 480
        })
        .await;
    let result = pipeline.end().await;
    assert_eq!((result.received.len(), result.dropped()), (20_000, vec![]));
}

#[tokio::test(start_paused = true)]
async fn events_are_played_at_the_configured_rate() {
    let (_directory, file) = recording_file(&stream(&vec![&b"x"[..]; 500]));
    let start = tokio::time::Instant::now();
    let result = TestPipeline::start("replay", &table(&file, "rate = 50"))
        .end()
        .await;
    assert_eq!(result.received.len(), 500);
    assert_eq!(
        start.elapsed().as_secs(),
        9,
        "the last of 500 events is due 9.98 s after the first"
    );
}

#[tokio::test]
async fn a_stop_ends_a_replay_between_two_events() {
    let (_directory, file) = recording_file(&stream(&[b"now", b"in a year"]));
    let mut pipeline = TestPipeline::start("replay", &table(&file, "rate = 0.00000001"));
    assert_eq!(pipeline.next().await.data(), b"now");
    pipeline.shutdown.request();
    let result = pipeline.end().await;
    assert_eq!((result.error(), result.received), (String::new(), vec![]));
}

#[tokio::test]
async fn a_stop_ends_a_replay_that_waits_for_a_pipe() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let pipeline = TestPipeline::start("replay", &table(&pipe, ""));
    pipeline.shutdown.request();
    assert_eq!(pipeline.end().await.error(), "");
    // Unblocks the thread that waits for a writer of the pipe.
    drop(
        std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(&pipe)
            .unwrap(),
    );
}

#[test]
fn an_empty_path_and_an_impossible_rate_are_rejected() {
    let error = build("replay", "{ file = '' }", &Telemetry::default());
    assert_eq!(error.err().map(|error| error.key), Some("file"));
    for rate in ["-1", "nan", "inf"] {
        let table = format!("{{ file = 'x', rate = {rate} }}");
        let table = toml::de::ValueDeserializer::parse(&table).unwrap();
        let error = (KIND.parse)(table).err().unwrap().to_string();
        assert!(error.contains("expected a number from 0 up"), "{error}");
    }
}

#[tokio::test]
async fn a_header_is_skipped_wherever_recordings_were_joined() {
    let recorded = |events: &[&[u8]]| [recording::header(), stream(events)].concat();
    let bytes = [recorded(&[b"a"]), recorded(&[b"b", b"c"]), stream(&[b"d"])].concat();
    let result = replay(&bytes).await;
    assert_eq!(
        (result.error(), result.data()),
        (String::new(), vec![&b"a"[..], b"b", b"c", b"d"])
    );
}

#[tokio::test]
async fn a_recording_of_a_later_format_is_not_played() {
    let mut later = recording::header();
    let digit = later.iter().position(|byte| *byte == b'1').unwrap();
    later[digit] = b'9';
    let result = replay(&[later, stream(&[b"a"])].concat()).await;
    assert!(result.data().is_empty());
    let expected = "the recording has format 9, and this version reads formats up to 1";
    assert!(result.error().contains(expected), "{}", result.error());
}

#[tokio::test]
async fn a_recording_is_played_up_to_a_joined_one_of_a_later_format() {
    let mut later = recording::header();
    let digit = later.iter().position(|byte| *byte == b'1').unwrap();
    later[digit] = b'9';
    let later = [later, stream(&[b"b"])].concat();
    for first in [
        [recording::header(), stream(&[b"a"])].concat(),
        stream(&[b"a"]),
    ] {
        let result = replay(&[first, later.clone()].concat()).await;
        assert_eq!(result.data(), vec![&b"a"[..]]);
        assert!(
            result.error().contains("the recording has format 9"),
            "{}",
            result.error()
        );
    }
}

#[tokio::test]
async fn a_file_that_is_no_recording_is_named_for_what_it_is() {
    let cases: [(&[u8], &str); 3] = [
        (
            &[0x0a, 0x0d, 0x0d, 0x0a, 0x1c, 0, 0, 0],
            "it is a capture of packets (pcap or pcapng); `tidegate record --pcap ",
        ),
        (&[0x1f, 0x8b, 8, 0, 1], "it is compressed; `gunzip -c "),
        (b"{\"flow\":{}}\n", "it is flows of Hubble in JSON; "),
    ];
    for (bytes, expected) in cases {
        let result = replay(bytes).await;
        assert!(result.data().is_empty());
        assert!(result.error().contains(expected), "{}", result.error());
    }
}
