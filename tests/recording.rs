//! `record` and `replay`: what Cilium sent once can be played again, byte for byte.

use crate::support::{Agent, Books, Place, recording, tidegate};

/// Starts `replay` and waits until it listens.
fn replay(place: &Place, recording: &std::path::Path) -> (Agent, std::path::PathBuf) {
    let socket = place.path("monitor.sock");
    let args = [
        "replay".as_ref(),
        recording.as_os_str(),
        "--listen".as_ref(),
        socket.as_os_str(),
        "--once".as_ref(),
    ];
    let mut player = Agent::start(&args);
    player.says("monitor.sock");
    (player, socket)
}

#[test]
fn what_is_replayed_is_recorded_byte_for_byte_after_a_header() {
    let place = Place::new();
    let (bytes, copy) = (recording(2000), place.path("copy"));
    let (player, socket) = replay(&place, &place.write("original", &bytes));
    let record = [
        "record".as_ref(),
        "--socket".as_ref(),
        socket.as_os_str(),
        "--out".as_ref(),
        copy.as_os_str(),
    ];
    let ended = tidegate(&record);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("2000"),
        "it says how many frames it has: {}",
        ended.stderr
    );
    let expected = [tidegate_wire::recording::header(), bytes].concat();
    assert_eq!(std::fs::read(&copy).unwrap(), expected);
    assert_eq!(player.ended().code, Some(0));
}

#[test]
fn the_agent_reads_what_is_replayed() {
    let place = Place::new();
    let (player, _) = replay(&place, &place.write("original", recording(1500)));
    let books = Books::of(&place, &place.socket("stop"));
    assert_eq!(books.number("receivers.monitor1_2", "in"), 1500);
    assert_eq!(player.ended().code, Some(0));
}

#[test]
fn a_full_disk_ends_a_recording_with_an_error_that_says_so() {
    let place = Place::new();
    let (_player, socket) = replay(&place, &place.write("original", recording(50_000)));
    let args = ["record", "--force", "--out", "/dev/full", "--socket"]
        .map(AsRef::<std::ffi::OsStr>::as_ref);
    let ended = tidegate(&[args.as_slice(), &[socket.as_os_str()]].concat());
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert!(
        ended
            .stderr
            .contains("cannot write to /dev/full after byte 0: No space left on device"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_recording_is_not_overwritten_unless_asked() {
    let place = Place::new();
    let precious = place.write("precious", "mine");
    let (_player, socket) = replay(&place, &place.write("original", recording(10)));
    let args = [
        "record".as_ref(),
        "--socket".as_ref(),
        socket.as_os_str(),
        "--out".as_ref(),
        precious.as_os_str(),
    ];
    let ended = tidegate(&args);
    assert_ne!(ended.code, Some(0));
    assert!(ended.stderr.contains("--force"), "{}", ended.stderr);
    assert_eq!(std::fs::read(&precious).unwrap(), b"mine");
}

#[test]
fn the_same_seed_simulates_the_same_recording_for_every_release() {
    let place = Place::new();
    for release in ["1.12", "1.13", "1.16", "1.17", "1.18", "1.19", "1.20"] {
        let write = |name: &str| {
            let file = place.path(name);
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
        let config = place.replay(
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
        std::fs::rename(place.path("other"), place.path("recording")).unwrap();
        let books = Books::of(&place, &config);
        for stage in [
            "processors.cilium_decode",
            "processors.l34_flow",
            "processors.dns_flow",
        ] {
            let mut dropped = books.stage(stage)["dropped"].clone();
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
                books.stage(stage)
            );
        }
    }
}
