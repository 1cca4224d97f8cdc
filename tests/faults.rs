//! The ledger under faults: garbage, full queues, truncated recordings, signals under load, and a
//! killed peer.

use std::process::{Command, Stdio};

use crate::support::{
    Agent, LedgerReport, TestDir, eventually, get, run_args, simulated_frames, strict_run_args,
};

const CHAIN: &[&str] = &["cilium_decode", "l34_flow"];

/// Replays a stream, and returns the ledger and the number of frames read.
fn replay(bytes: &[u8]) -> (LedgerReport, u64) {
    let dir = TestDir::new();
    let config = dir.replay(0, CHAIN, "nop", "");
    dir.write("recording", bytes);
    let ledger = LedgerReport::of_run(&dir, &config);
    let read = ledger.count("receivers.replay", "in");
    (ledger, read)
}

#[test]
fn garbage_inside_a_stream_counts_as_one_dropped_frame() {
    let mut bytes = simulated_frames(1000);
    let tail = bytes.len();
    bytes.extend([0xff; 64]);
    bytes.extend(simulated_frames(1000));
    let (ledger, read) = replay(&bytes);
    let row = ledger.stage("receivers.replay");
    let dropped: u64 = row["dropped"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(serde_json::Value::as_u64)
        .sum();
    assert_eq!(
        (dropped, read),
        (1, 1001),
        "garbage begins at byte {tail}: {row}"
    );
    assert_eq!(
        ledger.count("exporters.nop", "absorbed"),
        1000 - dropped_by_processors(&ledger)
    );
}

#[test]
fn a_recording_that_ends_inside_a_frame_loses_only_that_frame() {
    let bytes = simulated_frames(500);
    let (ledger, read) = replay(&bytes[..bytes.len() - 3]);
    assert_eq!(read, 500);
    assert_eq!(
        ledger.count("receivers.replay", "dropped/frame_cut_short"),
        1
    );
}

#[test]
fn undecodable_events_are_dropped_with_a_reason() {
    let mut bytes = Vec::new();
    let mut encoder = tidegate_wire::payload::Encoder::default();
    let events: [&[u8]; 5] = [&[], &[1, 2, 3], &[4; 200], &[129, 1, 2, 3], &[5, 0]];
    for data in events {
        let kind = tidegate_wire::payload::Payload::EVENT_SAMPLE;
        encoder.encode(
            &tidegate_wire::payload::Payload {
                data,
                cpu: 0,
                lost: 0,
                kind,
            },
            &mut bytes,
        );
    }
    let (ledger, read) = replay(&bytes);
    assert_eq!(read, 5);
    assert_eq!(
        dropped_by_processors(&ledger),
        5,
        "{}",
        ledger.stage("processors.cilium_decode")
    );
    assert_eq!(
        ledger.count("processors.cilium_decode", "dropped/empty_data"),
        1
    );
    assert_eq!(
        ledger.count("processors.cilium_decode", "dropped/unknown_event_version"),
        1
    );
}

/// Records that the processors dropped.
fn dropped_by_processors(ledger: &LedgerReport) -> u64 {
    ["processors.cilium_decode", "processors.l34_flow"]
        .into_iter()
        .flat_map(|stage| ledger.dropped(stage).into_values())
        .sum()
}

#[test]
fn a_full_queue_drops_by_its_policy_and_counts() {
    for policy in ["drop_newest", "drop_oldest"] {
        let dir = TestDir::new();
        // Accepts connections and never replies, so that the exporter stalls.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let keys = format!(
            "endpoint = \"http://{}\"\nsignals = [\"flows\"]\nqueue = {{ records = 512, requests = \"1KiB\", when_full = \"{policy}\" }}\n\
             timeout = \"100ms\"\ndrain_timeout = \"100ms\"\n",
            silent.local_addr().unwrap()
        );
        let config = dir.replay(50_000, CHAIN, "otlp", &keys);
        let ledger = LedgerReport::of_run(&dir, &config);
        assert!(
            ledger.count("exporters.otlp", "dropped/queue_full") > 10_000,
            "{}",
            ledger.stage("exporters.otlp")
        );
        assert_eq!(ledger.count("exporters.otlp", "in_flight"), 0);
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one scenario")]
fn a_signal_under_load_drains_what_was_read() {
    let dir = TestDir::new();
    let socket = dir.path("monitor.sock");
    let mut simulator = Agent::start(&[
        "simulate".as_ref(),
        "--listen".as_ref(),
        socket.as_os_str(),
        "--rate".as_ref(),
        "0".as_ref(),
        "--coalesce".as_ref(),
        "64KiB".as_ref(),
    ]);
    simulator.wait_for_line("simulating a Cilium agent");
    let config = dir.socket("reconnect");
    let ledger_file = dir.path("ledger.json");
    let run = strict_run_args(&config, &ledger_file);
    let mut agent = Agent::start(&run);
    let address = agent.telemetry_address();
    let read = || {
        let page = get(&address, "/metrics").1;
        let mut lines = page
            .lines()
            .filter(|line| line.starts_with("tidegate_stage_records_in_total"));
        let line = lines.find(|line| line.contains("receivers.monitor1_2"));
        line.and_then(|line| line.rsplit(' ').next())
            .and_then(|number| number.parse::<f64>().ok())
    };
    eventually("it reads under load", || {
        read().is_some_and(|frames| frames > 10_000.0)
    });
    agent.send_signal("TERM");
    let output = agent.wait();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let ledger = LedgerReport::read(&ledger_file).unwrap();
    let read = ledger.count("receivers.monitor1_2", "in");
    let mut dropped = ledger.dropped("receivers.monitor1_2");
    let full = dropped.remove("pipeline_full").unwrap_or_default();
    // The connection may have been closed inside a frame.
    let truncated = dropped.remove("frame_cut_short").unwrap_or_default();
    assert!(
        read > 10_000 && truncated <= 1 && dropped.is_empty(),
        "{}",
        ledger.stage("receivers.monitor1_2")
    );
    assert_eq!(
        ledger.count("processors.cilium_decode", "in"),
        read - full - truncated
    );
}

#[test]
fn the_agent_reconnects_to_a_restarted_peer() {
    let dir = TestDir::new();
    let socket = dir.path("monitor.sock");
    let simulate = || {
        let mut peer =
            Agent::start(&["simulate".as_ref(), "--listen".as_ref(), socket.as_os_str()]);
        peer.wait_for_line("simulating a Cilium agent");
        peer
    };
    let mut agent = Agent::run(&dir.socket("reconnect"));
    let address = agent.telemetry_address();
    for _ in 0..2 {
        let peer = simulate();
        agent.wait_for_line("connected");
        let connected =
            |line: &str| line.starts_with("tidegate_receiver_connected") && line.ends_with(" 1");
        eventually("it is connected", || {
            get(&address, "/metrics").1.lines().any(connected)
        });
        peer.send_signal("KILL");
        drop(peer.wait());
    }
    agent.send_signal("TERM");
    assert_eq!(agent.wait().code, Some(0));
}

#[test]
fn standard_input_can_be_replayed() {
    let dir = TestDir::new();
    let config = dir.replay(0, CHAIN, "nop", "");
    let text = std::fs::read_to_string(&config)
        .unwrap()
        .replace(&format!("{:?}", dir.path("recording")), "\"-\"");
    std::fs::write(&config, text).unwrap();
    let file = dir.write("stream", simulated_frames(300));
    let ledger_file = dir.path("ledger.json");
    let status = Command::new(env!("CARGO_BIN_EXE_tidegate"))
        .args(run_args(&config, &ledger_file))
        .stdin(std::fs::File::open(file).unwrap())
        .stderr(Stdio::null())
        .status();
    assert!(status.unwrap().success());
    assert_eq!(
        LedgerReport::read(&ledger_file)
            .unwrap()
            .count("receivers.replay", "in"),
        300
    );
}
