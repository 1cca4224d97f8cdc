//! The monitor1_2 receiver with real sockets and a fake agent.

use crate::agent::{FakeAgent, wait_for_close};
use crate::support::{Received, RunResult, TestPipeline, encode, stream};
use tidegate_model::record::LostSource;
use tidegate_runtime::requests::{Request, RequestKind, Requests};
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;
use tidegate_wire::payload::Payload;

const STOP_AT_EOF: &str = "on_eof = 'stop'";

/// Runs a receiver with `on_eof = "stop"` on a connection with these chunks.
async fn receive(chunks: Vec<Vec<u8>>) -> RunResult {
    let agent = FakeAgent::new();
    let server = agent.serve(vec![chunks]);
    let result = TestPipeline::start("monitor1_2", &agent.table(STOP_AT_EOF))
        .end()
        .await;
    server.join().unwrap();
    result
}

#[tokio::test]
async fn frames_have_the_fields_of_their_payloads_and_perf_ring_losses_are_counted() {
    let event = Payload {
        data: b"event",
        cpu: 5,
        lost: 0,
        kind: Payload::EVENT_SAMPLE,
    };
    let lost = Payload {
        data: &[],
        cpu: 2,
        lost: 40,
        kind: Payload::RECORD_LOST,
    };
    let unknown = Payload {
        data: b"?",
        cpu: 0,
        lost: 0,
        kind: 77,
    };
    let result = receive(vec![encode([event, lost, unknown])]).await;
    let frame = |seq, payload_type, cpu, lost, data: &[u8]| Received::Frame {
        seq,
        payload_type,
        cpu,
        lost,
        data: data.to_vec(),
    };
    let expected = [
        frame(1, 9, 5, 0, b"event"),
        frame(2, 2, 2, 40, b""),
        frame(3, 77, 0, 0, b"?"),
    ];
    assert_eq!(
        (result.error(), &result.received[..]),
        (String::new(), &expected[..])
    );
    assert_eq!(result.report.upstream_lost.get("perf_ring"), Some(&40));
}

#[tokio::test]
async fn a_stream_can_be_split_anywhere() {
    let bytes = stream(&[b"first", &[7; 200], b"last"]);
    for at in 1..bytes.len() {
        let result = receive(vec![bytes[..at].to_vec(), bytes[at..].to_vec()]).await;
        assert_eq!(
            result.data(),
            [&b"first"[..], &[7; 200], b"last"],
            "split at {at}"
        );
    }
}

#[tokio::test]
async fn a_stream_that_ends_inside_a_frame_is_counted() {
    let one = stream(&[b"first"]);
    let two = stream(&[b"first", b"second"]);
    for end in one.len()..two.len() {
        let result = receive(vec![two[..end].to_vec()]).await;
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
    }
}

#[tokio::test]
async fn with_on_eof_stop_the_receiver_fails_unless_the_stream_ends_between_two_frames() {
    let one = stream(&[b"first"]);
    let two = stream(&[b"first", b"second"]);
    let cases = [
        (one.clone(), None),
        (
            two[..two.len() - 2].to_vec(),
            Some("end of stream inside a frame"),
        ),
        ([&one[..], &[0]].concat(), Some("broken gob: ")),
        (
            b"HTTP/1.1 200 OK\r\n\r\nand what follows it".to_vec(),
            Some("the stream of the monitor socket"),
        ),
    ];
    for (bytes, reason) in cases {
        let error = receive(vec![bytes]).await.error();
        match reason {
            None => assert_eq!(error, ""),
            Some(reason) => assert!(
                error.contains("monitor1_2.sock is broken: ") && error.contains(reason),
                "{error}"
            ),
        }
    }
}

#[tokio::test]
async fn a_stop_inside_a_frame_is_not_an_error() {
    let agent = FakeAgent::new();
    let one = stream(&[b"first"]);
    let two = stream(&[b"first", b"second"]);
    let connection = agent.accept(vec![one.clone(), two[one.len()..two.len() - 2].to_vec()]);
    let mut pipeline = TestPipeline::start("monitor1_2", &agent.table(STOP_AT_EOF));
    assert_eq!(pipeline.next().await.data(), b"first");
    let connection = connection.join().unwrap();
    pipeline.shutdown.request();
    assert_eq!(pipeline.end().await.error(), "");
    drop(connection);
}

#[tokio::test]
async fn sequence_numbers_continue_across_connections() {
    let agent = FakeAgent::new();
    let server = agent.serve(vec![
        vec![stream(&[b"a", b"b"])],
        vec![stream(&[b"c"])],
        vec![],
        vec![stream(&[b"d"])],
    ]);
    let mut pipeline = TestPipeline::start("monitor1_2", &agent.table(""));
    for (seq, data) in [(1, b"a"), (2, b"b"), (3, b"c"), (4, b"d")] {
        let expected = Received::Frame {
            seq,
            payload_type: 9,
            cpu: 1,
            lost: 0,
            data: data.to_vec(),
        };
        assert_eq!(pipeline.next().await, expected);
    }
    server.join().unwrap();
    pipeline
        .until("four disconnects", |pipeline| {
            pipeline.metric("tidegate_receiver_disconnects_total", Some("eof")) == 4
        })
        .await;
    assert!(pipeline.metric("tidegate_receiver_connects_total", None) >= 4);
    pipeline.shutdown.request();
    assert_eq!(pipeline.end().await.error(), "");
}

#[tokio::test]
async fn the_receiver_waits_for_the_agent_and_reconnects_to_it() {
    let mut agent = FakeAgent::not_listening();
    let mut pipeline = TestPipeline::start("monitor1_2", &agent.table(""));
    agent.listen();
    let connection = agent.accept(vec![stream(&[b"first"])]);
    assert_eq!(pipeline.next().await.data(), b"first");
    let connection = connection.join().unwrap();
    pipeline
        .until("it is connected", |pipeline| {
            pipeline.metric("tidegate_receiver_connected", None) == 1
        })
        .await;
    agent.stop_listening();
    drop(connection);
    pipeline
        .until("it is not connected", |pipeline| {
            pipeline.metric("tidegate_receiver_connected", None) == 0
        })
        .await;
    std::fs::remove_file(agent.socket()).unwrap();
    agent.listen();
    let server = agent.serve(vec![vec![stream(&[b"second"])]]);
    assert_eq!(pipeline.next().await.data(), b"second");
    server.join().unwrap();
    pipeline.shutdown.request();
    assert_eq!((pipeline.end().await.error()), "");
}

#[tokio::test]
async fn the_begin_and_the_end_of_each_stream_are_reported_to_other_receivers() {
    let stage = StageId::receiver("api");
    let api = Requests::new(&stage, &[], &RequestKind::ALL, &Telemetry::default());
    let mut reader = api.reader();
    let mut agent = FakeAgent::not_listening();
    let pipeline = TestPipeline::start("monitor1_2", &agent.table(""));
    pipeline.requests.connect([&api]);
    agent.listen();
    let server = agent.serve(vec![vec![stream(&[b"a"])], vec![stream(&[b"b"])]]);
    let mut streams = Vec::new();
    for _ in 0..2 {
        let started = reader.recv().await;
        let Request::StreamStarted(number) = started else {
            panic!("{started:?}");
        };
        assert_eq!(reader.recv().await, Request::StreamEnded(number));
        streams.push(number);
    }
    assert!(streams[0] < streams[1], "{streams:?}");
    server.join().unwrap();
    pipeline.shutdown.request();
    assert_eq!(pipeline.end().await.error(), "");
}

#[tokio::test]
async fn a_broken_stream_ends_its_connection_and_the_next_connection_works() {
    let good = stream(&[b"good"]);
    let cases: [(&[u8], &str); 4] = [
        (&[0], "gob_truncated"),
        (&[2, 4, 0], "unknown_payload_shape"),
        (&[0xfd, 0x10, 0, 1], "frame_too_large"),
        (&stream(&[b"a second definition"]), "gob_duplicate_type"),
    ];
    for (garbage, reason) in cases {
        let agent = FakeAgent::new();
        let server = agent.serve(vec![
            vec![good.clone(), garbage.to_vec()],
            vec![stream(&[b"next"])],
        ]);
        let mut pipeline = TestPipeline::start("monitor1_2", &agent.table("max_frame = '1MiB'"));
        assert_eq!(
            (pipeline.next().await.data(), pipeline.next().await.data()),
            (&b"good"[..], &b"next"[..])
        );
        server.join().unwrap();
        pipeline.shutdown.request();
        let result = pipeline.end().await;
        assert_eq!(
            (result.error(), result.dropped()),
            (String::new(), vec![(reason, 1)])
        );
    }
}

#[tokio::test]
async fn an_invalid_frame_is_skipped() {
    let mut bytes = stream(&[b"good"]);
    // A value of type 64 whose first field, `Data`, is longer than the message.
    bytes.extend_from_slice(&[4, 0xff, 0x80, 1, 9]);
    bytes.extend_from_slice(&stream(&[b"fine"])[stream(&[]).len()..][definition_len()..]);
    let result = receive(vec![bytes]).await;
    assert_eq!(result.data(), [&b"good"[..], b"fine"]);
    assert_eq!(result.dropped(), [("gob_length_out_of_range", 1)]);
}

/// The length of the type definition at the start of every stream: the difference between two
/// streams of one event and one stream of two events.
fn definition_len() -> usize {
    2 * stream(&[b"fine"]).len() - stream(&[b"fine", b"fine"]).len()
}

#[tokio::test]
async fn the_receiver_keeps_reconnecting_to_a_peer_that_sends_only_invalid_data() {
    let agent = FakeAgent::new();
    let server = agent.serve(vec![vec![vec![0]]; 5]);
    let pipeline = TestPipeline::start("monitor1_2", &agent.table(""));
    pipeline
        .until("five drops", |pipeline| {
            pipeline.counts().dropped.get("gob_truncated") == Some(&5)
        })
        .await;
    server.join().unwrap();
    pipeline.shutdown.request();
    assert_eq!(pipeline.end().await.error(), "");
}

#[tokio::test]
async fn a_stop_ends_a_blocked_read() {
    let agent = FakeAgent::new();
    let connection = agent.accept(vec![stream(&[b"only"])]);
    let mut pipeline = TestPipeline::start("monitor1_2", &agent.table(""));
    assert_eq!(pipeline.next().await.data(), b"only");
    pipeline.shutdown.request();
    let result = pipeline.end().await;
    assert_eq!((result.error(), result.dropped()), (String::new(), vec![]));
    wait_for_close(connection.join().unwrap());
}

#[tokio::test]
async fn a_stop_ends_a_reconnect_pause() {
    let agent = FakeAgent::not_listening();
    let table = format!(
        "{{ socket = '{}', reconnect = {{ initial = '1d', max = '1d' }} }}",
        agent.socket().display()
    );
    let pipeline = TestPipeline::start("monitor1_2", &table);
    pipeline.shutdown.request();
    assert_eq!(pipeline.end().await.error(), "");
}

#[tokio::test]
async fn a_path_that_is_not_a_socket_is_retried() {
    let mut agent = FakeAgent::not_listening();
    std::fs::write(agent.socket(), "a plain file").unwrap();
    let mut pipeline = TestPipeline::start("monitor1_2", &agent.table(STOP_AT_EOF));
    agent.listen();
    let server = agent.serve(vec![vec![stream(&[b"at last"])]]);
    assert_eq!(pipeline.next().await.data(), b"at last");
    server.join().unwrap();
    assert_eq!(pipeline.end().await.error(), "");
}

#[tokio::test]
async fn records_that_do_not_fit_in_the_outbox_are_counted_and_reported_as_lost() {
    const FRAMES: u64 = 20_000;
    let agent = FakeAgent::new();
    let server = agent.serve(vec![vec![stream(&vec![&[7_u8; 16][..]; 20_000])]]);
    let pipeline = TestPipeline::start_blocked(
        "monitor1_2",
        &agent.table("on_eof = 'stop', queue = { records = 1 }"),
    );
    pipeline
        .until("all records are counted", |pipeline| {
            pipeline.counts().r#in >= FRAMES
        })
        .await;
    pipeline
        .until("the stream has ended", |pipeline| {
            pipeline.metric("tidegate_receiver_disconnects_total", Some("eof")) == 1
        })
        .await;
    server.join().unwrap();
    let result = pipeline.end().await;
    let [(reason, dropped)] = result.dropped()[..] else {
        panic!("{}", result.report)
    };
    assert_eq!(reason, "pipeline_full");
    let (frames, lost): (Vec<_>, Vec<_>) = result
        .received
        .iter()
        .partition(|record| matches!(record, Received::Frame { .. }));
    let reported: u64 = lost.into_iter().map(checked_loss).sum();
    let frames = frames.len() as u64;
    assert_eq!((frames + dropped, reported), (FRAMES, dropped));
}

/// The number of records in a loss report, whose fields are checked.
fn checked_loss(record: &Received) -> u64 {
    let Received::Lost(lost) = record else {
        panic!("not a loss report: {record:?}")
    };
    assert_eq!(
        (lost.source, lost.cpu),
        (LostSource::ObserverEventsQueue, None)
    );
    let (first, last) = lost.span.expect("the times of the losses");
    assert!(first <= last && last <= lost.time);
    lost.count
}

#[tokio::test]
async fn a_blocking_outbox_drops_nothing() {
    let agent = FakeAgent::new();
    let server = agent.serve(vec![vec![stream(&vec![&[7_u8; 16][..]; 20_000])]]);
    let keys = "on_eof = 'stop', queue = { records = 1, when_full = 'block' }";
    let pipeline = TestPipeline::start_blocked("monitor1_2", &agent.table(keys));
    pipeline
        .until("the pipeline is full", |pipeline| {
            pipeline.counts().r#in >= 960
        })
        .await;
    let result = pipeline.end().await;
    assert_eq!((result.received.len(), result.dropped()), (20_000, vec![]));
    let in_order =
        |(n, record): (u64, &Received)| matches!(record, Received::Frame { seq, .. } if *seq == n);
    assert!((1..).zip(&result.received).all(in_order));
    server.join().unwrap();
}

#[tokio::test]
async fn dropping_the_stage_ends_the_reader_thread() {
    let agent = FakeAgent::new();
    let connection = agent.accept(vec![stream(&[b"x"])]);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let table = agent.table("");
    let mut pipeline = runtime
        .spawn(async move { TestPipeline::start("monitor1_2", &table) })
        .await
        .unwrap();
    assert_eq!(pipeline.next().await.data(), b"x");
    runtime.shutdown_background();
    wait_for_close(connection.join().unwrap());
}
