//! `record`, `replay` and `simulate`: streams are recorded and replayed byte for byte.

use crate::support::{Agent, LedgerReport, TestDir, simulated_frames, tidegate};

/// Starts `replay` and waits until it listens.
fn start_replay(dir: &TestDir, recording: &std::path::Path) -> (Agent, std::path::PathBuf) {
    let socket = dir.path("monitor.sock");
    let args = [
        "replay".as_ref(),
        recording.as_os_str(),
        "--listen".as_ref(),
        socket.as_os_str(),
        "--once".as_ref(),
    ];
    let mut player = Agent::start(&args);
    player.wait_for_line("monitor.sock");
    (player, socket)
}

#[test]
fn a_replayed_stream_is_recorded_byte_for_byte_after_a_header() {
    let dir = TestDir::new();
    let bytes = simulated_frames(2000);
    let copy = dir.path("copy");
    let (player, socket) = start_replay(&dir, &dir.write("original", &bytes));
    let record = [
        "record".as_ref(),
        "--socket".as_ref(),
        socket.as_os_str(),
        "--out".as_ref(),
        copy.as_os_str(),
    ];
    let output = tidegate(&record);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(
        output.stderr.contains("2000"),
        "the number of frames: {}",
        output.stderr
    );
    let expected = [tidegate_wire::recording::header(), bytes].concat();
    assert_eq!(std::fs::read(&copy).unwrap(), expected);
    assert_eq!(player.wait().code, Some(0));
}

#[test]
fn the_agent_reads_a_replayed_stream() {
    let dir = TestDir::new();
    let (player, _) = start_replay(&dir, &dir.write("original", simulated_frames(1500)));
    let ledger = LedgerReport::of_run(&dir, &dir.socket("stop"));
    assert_eq!(ledger.count("receivers.monitor1_2", "in"), 1500);
    assert_eq!(player.wait().code, Some(0));
}

#[test]
fn a_full_disk_ends_a_recording_with_an_error() {
    let dir = TestDir::new();
    let (_player, socket) = start_replay(&dir, &dir.write("original", simulated_frames(50_000)));
    let args = ["record", "--force", "--out", "/dev/full", "--socket"]
        .map(AsRef::<std::ffi::OsStr>::as_ref);
    let output = tidegate(&[args.as_slice(), &[socket.as_os_str()]].concat());
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    assert!(
        output
            .stderr
            .contains("cannot write to /dev/full after byte 0: No space left on device"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_recording_is_not_overwritten_without_force() {
    let dir = TestDir::new();
    let precious = dir.write("precious", "mine");
    let (_player, socket) = start_replay(&dir, &dir.write("original", simulated_frames(10)));
    let args = [
        "record".as_ref(),
        "--socket".as_ref(),
        socket.as_os_str(),
        "--out".as_ref(),
        precious.as_os_str(),
    ];
    let output = tidegate(&args);
    assert_ne!(output.code, Some(0));
    assert!(output.stderr.contains("--force"), "{}", output.stderr);
    assert_eq!(std::fs::read(&precious).unwrap(), b"mine");
}

#[test]
#[expect(clippy::too_many_lines, reason = "one scenario")]
fn the_same_seed_gives_the_same_recording_for_every_release() {
    let dir = TestDir::new();
    for release in ["1.12", "1.13", "1.16", "1.17", "1.18", "1.19", "1.20"] {
        let write = |name: &str| {
            let file = dir.path(name);
            let args = [
                "simulate", "--seed", "9", "--events", "2000", "--cilium", release, "--out",
            ];
            let args: Vec<&std::ffi::OsStr> = args
                .iter()
                .map(AsRef::as_ref)
                .chain([file.as_os_str()])
                .collect();
            assert_eq!(tidegate(&args).code, Some(0));
            std::fs::read(file).unwrap()
        };
        assert_eq!(write("one"), write("other"), "{release}");
        let config = dir.replay(
            0,
            &[
                "cilium_decode",
                "l34_flow",
                "dns_flow",
                "http_flow",
                "l7_flow",
            ],
            "nop",
            "",
        );
        std::fs::rename(dir.path("other"), dir.path("recording")).unwrap();
        let ledger = LedgerReport::of_run(&dir, &config);
        for stage in [
            "processors.cilium_decode",
            "processors.l34_flow",
            "processors.dns_flow",
        ] {
            let mut dropped = ledger.stage(stage)["dropped"].clone();
            // Hubble refuses the recorder's captures, which 1.19 has no more.
            let refused = dropped
                .as_object_mut()
                .unwrap()
                .shift_remove("recorder_capture");
            assert_eq!(
                refused.is_some(),
                stage == "processors.l34_flow" && release < "1.19",
                "{release}"
            );
            assert_eq!(
                dropped,
                serde_json::json!({}),
                "{release}: {}",
                ledger.stage(stage)
            );
        }
    }
}
