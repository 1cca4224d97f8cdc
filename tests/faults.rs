//! The books under faults: garbage, full queues, torn recordings, signals in full flow, a killed
//! agent.

use std::process::{Command, Stdio};

use crate::support::{Agent, Books, Place, eventually, get, recording};

const CHAIN: &[&str] = &["cilium_decode", "l34_flow"];

/// Replays the given bytes.
fn books_of(bytes: &[u8]) -> (Books, u64) {
    let place = Place::new();
    let config = place.replay(0, CHAIN, "nop", "");
    place.write("recording", bytes);
    let books = Books::of(&place, &config);
    let read = books.number("receivers.replay", "in");
    (books, read)
}

#[test]
fn garbage_in_the_middle_of_a_stream_is_one_counted_frame() {
    let mut bytes = recording(1000);
    let tail = bytes.len();
    bytes.extend([0xff; 64]);
    bytes.extend(recording(1000));
    let (books, read) = books_of(&bytes);
    let row = books.stage("receivers.replay");
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
        books.number("exporters.nop", "absorbed"),
        1000 - lost_before(&books, "processors")
    );
}

#[test]
fn a_recording_that_ends_inside_a_frame_loses_that_frame_alone() {
    let bytes = recording(500);
    let (books, read) = books_of(&bytes[..bytes.len() - 3]);
    assert_eq!(read, 500);
    assert_eq!(
        books.number("receivers.replay", "dropped/frame_cut_short"),
        1
    );
}

#[test]
fn events_that_do_not_decode_are_dropped_with_their_reason() {
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
    let (books, read) = books_of(&bytes);
    assert_eq!(read, 5);
    assert_eq!(
        lost_before(&books, "processors"),
        5,
        "{}",
        books.stage("processors.cilium_decode")
    );
    assert_eq!(
        books.number("processors.cilium_decode", "dropped/empty_data"),
        1
    );
    assert_eq!(
        books.number("processors.cilium_decode", "dropped/unknown_event_version"),
        1
    );
}

/// Records that stages of a section dropped.
fn lost_before(books: &Books, section: &str) -> u64 {
    let rows = ["processors.cilium_decode", "processors.l34_flow"].map(|stage| books.stage(stage));
    let of_section = rows
        .into_iter()
        .filter(|row| row["stage"].as_str().unwrap().starts_with(section));
    let counts = of_section.flat_map(|row| row["dropped"].as_object().unwrap().values());
    counts.filter_map(serde_json::Value::as_u64).sum()
}

#[test]
fn a_full_queue_drops_what_its_policy_says_and_counts_it() {
    for policy in ["drop_newest", "drop_oldest"] {
        let place = Place::new();
        // An endpoint that takes the connection and says nothing, so that the exporter stands
        // still.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let keys = format!(
            "endpoint = \"http://{}\"\nsignals = [\"flows\"]\nqueue = {{ records = 512, when_full = \"{policy}\" }}\n\
             timeout = \"100ms\"\ndrain_timeout = \"100ms\"\n",
            silent.local_addr().unwrap()
        );
        let config = place.replay(50_000, CHAIN, "otlp", &keys);
        let books = Books::of(&place, &config);
        assert!(
            books.number("exporters.otlp", "dropped/queue_full") > 10_000,
            "{}",
            books.stage("exporters.otlp")
        );
        assert_eq!(books.number("exporters.otlp", "in_flight"), 0);
    }
}

#[test]
fn a_signal_in_full_flow_drains_what_was_read() {
    let place = Place::new();
    let socket = place.path("monitor.sock");
    let mut stand_in = Agent::start(&[
        "simulate".as_ref(),
        "--listen".as_ref(),
        socket.as_os_str(),
        "--rate".as_ref(),
        "0".as_ref(),
        "--coalesce".as_ref(),
        "64KiB".as_ref(),
    ]);
    stand_in.says("simulating a Cilium agent");
    let (config, file) = (place.socket("reconnect"), place.path("ledger.json"));
    let run = [
        "run".as_ref(),
        "-c".as_ref(),
        config.as_os_str(),
        "--strict".as_ref(),
        "--ledger".as_ref(),
        file.as_os_str(),
    ];
    let mut agent = Agent::start(&run);
    let address = agent.address();
    let read = || {
        let page = get(&address, "/metrics").1;
        let mut lines = page
            .lines()
            .filter(|line| line.starts_with("tidegate_stage_records_in_total"));
        let line = lines.find(|line| line.contains("receivers.monitor1_2"));
        line.and_then(|line| line.rsplit(' ').next())
            .and_then(|number| number.parse::<f64>().ok())
    };
    eventually("it is in full flow", || {
        read().is_some_and(|frames| frames > 10_000.0)
    });
    agent.signal("TERM");
    let ended = agent.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let books = Books::read(&file).unwrap();
    let (read, mut dropped) = (
        books.number("receivers.monitor1_2", "in"),
        books.dropped("receivers.monitor1_2"),
    );
    let full = dropped.remove("pipeline_full").unwrap_or_default();
    // The connection was ended wherever it was.
    let cut = dropped.remove("frame_cut_short").unwrap_or_default();
    assert!(
        read > 10_000 && cut <= 1 && dropped.is_empty(),
        "{}",
        books.stage("receivers.monitor1_2")
    );
    assert_eq!(
        books.number("processors.cilium_decode", "in"),
        read - full - cut
    );
}

#[test]
fn a_killed_peer_is_connected_to_again_when_it_comes_back() {
    let place = Place::new();
    let socket = place.path("monitor.sock");
    let simulate = || {
        let mut peer =
            Agent::start(&["simulate".as_ref(), "--listen".as_ref(), socket.as_os_str()]);
        peer.says("simulating a Cilium agent");
        peer
    };
    let mut agent = Agent::run(&place.socket("reconnect"));
    let address = agent.address();
    for _ in 0..2 {
        let peer = simulate();
        agent.says("connected");
        let connected =
            |line: &str| line.starts_with("tidegate_receiver_connected") && line.ends_with(" 1");
        eventually("it is connected", || {
            get(&address, "/metrics").1.lines().any(connected)
        });
        peer.signal("KILL");
        drop(peer.ended());
    }
    agent.signal("TERM");
    assert_eq!(agent.ended().code, Some(0));
}

#[test]
fn standard_input_can_be_replayed() {
    let place = Place::new();
    let config = place.replay(0, CHAIN, "nop", "");
    let text = std::fs::read_to_string(&config)
        .unwrap()
        .replace(&format!("{:?}", place.path("recording")), "\"-\"");
    std::fs::write(&config, text).unwrap();
    let file = place.write("stream", recording(300));
    let ledger = place.path("ledger.json");
    let status = Command::new(env!("CARGO_BIN_EXE_tidegate"))
        .args([
            "run".as_ref(),
            "-c".as_ref(),
            config.as_os_str(),
            "--ledger".as_ref(),
            ledger.as_os_str(),
        ])
        .stdin(std::fs::File::open(file).unwrap())
        .stderr(Stdio::null())
        .status();
    assert!(status.unwrap().success());
    assert_eq!(
        Books::read(&ledger)
            .unwrap()
            .number("receivers.replay", "in"),
        300
    );
}
