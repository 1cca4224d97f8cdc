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
fn simulated_streams_overwrite_only_recordings_without_force() {
    let dir = TestDir::new();
    let precious = dir.write("precious", "mine");
    let simulate = |more: &[&str]| {
        let args = ["simulate", "--events", "1", "--out"];
        let args = args.iter().map(AsRef::<std::ffi::OsStr>::as_ref);
        let more = more.iter().map(AsRef::as_ref);
        let args: Vec<_> = args.chain([precious.as_os_str()]).chain(more).collect();
        tidegate(&args)
    };
    let refused = simulate(&[]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("--force overwrites it"),
        "{}",
        refused.stderr
    );
    assert_eq!(std::fs::read(&precious).unwrap(), b"mine");
    assert_eq!(simulate(&["--force"]).code, Some(0));
    assert_ne!(std::fs::read(&precious).unwrap(), b"mine");
    assert_eq!(simulate(&[]).code, Some(0));
    let full = tidegate(&["simulate", "--out", "/dev/full"]);
    let expected = "error: cannot write to /dev/full: No space left on device (os error 28)\n";
    assert_eq!((full.code, full.stderr.as_str()), (Some(1), expected));
}

#[test]
fn a_size_that_the_header_exceeds_is_refused() {
    let dir = TestDir::new();
    let out = dir.path("out");
    let args = ["record", "--max-bytes", "51B", "--out"].map(AsRef::<std::ffi::OsStr>::as_ref);
    let output = tidegate(&[&args[..], &[out.as_os_str()]].concat());
    assert_eq!(output.code, Some(2));
    assert_eq!(
        output.stderr,
        "error: --max-bytes is too small: the header of a recording has 52 bytes\n"
    );
    assert!(!out.exists());
}

#[test]
fn a_file_that_is_no_recording_is_not_served() {
    let dir = TestDir::new();
    let directory = dir.path("");
    let socket = dir.path("a.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let cases = [
        (dir.write("text", "hello\n"), "it is text"),
        (
            dir.write("elf", b"\x7fELF\x02\x01\x01"),
            "it is a program (ELF)",
        ),
        (
            dir.write("capture", [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0]),
            "`tidegate record --pcap ",
        ),
        (
            dir.write("noise", [0, 1, 2, 3]),
            "it does not begin as a monitor stream does",
        ),
        (directory, "it is a directory"),
        (socket, "it is a socket; `tidegate record --socket "),
    ];
    for (file, expected) in cases {
        let args = ["replay", "--listen", "/no/such/directory/socket"];
        let args: Vec<&std::ffi::OsStr> = args.iter().map(AsRef::as_ref).collect();
        let output = tidegate(&[&args[..], &[file.as_os_str()]].concat());
        assert_eq!(output.code, Some(1));
        assert!(
            output.stderr.contains(expected),
            "{expected}\n{}",
            output.stderr
        );
    }
}

#[test]
fn a_cut_recording_is_served_with_a_warning_that_says_how_far_it_goes() {
    let dir = TestDir::new();
    let bytes = simulated_frames(5);
    let (player, socket) = start_replay(&dir, &dir.write("cut", &bytes[..bytes.len() - 1]));
    let args = ["record", "--out", "-", "--socket"].map(AsRef::<std::ffi::OsStr>::as_ref);
    let recorder = Agent::start(&[&args[..], &[socket.as_os_str()]].concat());
    let output = player.wait();
    drop(recorder);
    let expected = "the recording ends inside the frame that begins at this byte";
    let line = output
        .stderr
        .lines()
        .find(|line| line.contains(expected))
        .unwrap();
    assert!(line.contains("frames=4"), "{line}");
}

#[test]
fn a_path_that_is_no_socket_is_not_recorded() {
    let dir = TestDir::new();
    let recording = dir.write("recording", simulated_frames(1));
    drop(std::os::unix::net::UnixListener::bind(dir.path("monitor1_2.sock")).unwrap());
    for (path, expected) in [
        (
            recording,
            "it is a recording of a monitor socket, not a socket; `tidegate replay ",
        ),
        (dir.write("text", "hello\n"), "it is text, not a socket"),
        (dir.path(""), "it is a directory, not a socket; try "),
    ] {
        let args = ["record", "--out", "-", "--socket"].map(AsRef::<std::ffi::OsStr>::as_ref);
        let output = tidegate(&[&args[..], &[path.as_os_str()]].concat());
        assert_eq!(output.code, Some(1));
        assert!(
            output.stderr.contains(expected),
            "{expected}\n{}",
            output.stderr
        );
    }
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
