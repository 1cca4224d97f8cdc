//! The monitor1_2 receiver on real sockets, with a scripted agent at the other end.

use crate::agent::{Agent, wait_for_close};
use crate::support::{Bench, Ended, Seen, encode, stream};
use tidegate_model::record::LostSource;
use tidegate_wire::payload::Payload;

const STOP: &str = "on_eof = 'stop'";

/// Serves one connection to a receiver that ends with it.
async fn receive(chunks: Vec<Vec<u8>>) -> Ended {
    let agent = Agent::new();
    let served = agent.serve(vec![chunks]);
    let ended = Bench::start("monitor1_2", &agent.table(STOP)).end().await;
    served.join().unwrap();
    ended
}

#[tokio::test]
async fn frames_keep_their_payloads_and_losses_of_the_ring_are_counted() {
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
    let ended = receive(vec![encode([event, lost, unknown])]).await;
    let frame = |seq, payload_type, cpu, lost, data: &[u8]| Seen::Frame {
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
        (ended.error(), &ended.seen[..]),
        (String::new(), &expected[..])
    );
    assert_eq!(ended.report.upstream_lost.get("perf_ring"), Some(&40));
}

#[tokio::test]
async fn a_stream_may_be_cut_anywhere_between_two_writes() {
    let bytes = stream(&[b"first", &[7; 200], b"last"]);
    for at in 1..bytes.len() {
        let ended = receive(vec![bytes[..at].to_vec(), bytes[at..].to_vec()]).await;
        assert_eq!(
            ended.data(),
            [&b"first"[..], &[7; 200], b"last"],
            "cut at {at}"
        );
    }
}

#[tokio::test]
async fn the_end_of_the_stream_inside_a_frame_is_counted() {
    let (one, two) = (stream(&[b"first"]), stream(&[b"first", b"second"]));
    for end in one.len()..two.len() {
        let ended = receive(vec![two[..end].to_vec()]).await;
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
    }
}

#[tokio::test]
async fn a_stream_that_is_to_be_the_last_fails_the_receiver_unless_it_ends_between_two_frames() {
    let (whole, half) = (stream(&[b"first"]), stream(&[b"first", b"second"]));
    let cases = [
        (whole.clone(), None),
        (
            half[..half.len() - 2].to_vec(),
            Some("end of stream inside a frame"),
        ),
        ([&whole[..], &[0]].concat(), Some("broken gob: ")),
        (
            b"HTTP/1.1 200 OK\r\n\r\nand what follows it".to_vec(),
            Some("the stream of the monitor socket"),
        ),
    ];
    for (bytes, why) in cases {
        let error = receive(vec![bytes]).await.error();
        match why {
            None => assert_eq!(error, ""),
            Some(why) => assert!(
                error.contains("monitor1_2.sock is broken: ") && error.contains(why),
                "{error}"
            ),
        }
    }
}

#[tokio::test]
async fn a_stop_inside_a_frame_is_no_broken_stream() {
    let agent = Agent::new();
    let (whole, half) = (stream(&[b"first"]), stream(&[b"first", b"second"]));
    let held = agent.accept(vec![
        whole.clone(),
        half[whole.len()..half.len() - 2].to_vec(),
    ]);
    let mut bench = Bench::start("monitor1_2", &agent.table(STOP));
    assert_eq!(bench.next().await.data(), b"first");
    let held = held.join().unwrap();
    bench.shutdown.request();
    assert_eq!(bench.end().await.error(), "");
    drop(held);
}

#[tokio::test]
async fn numbers_go_on_over_connections() {
    let agent = Agent::new();
    let served = agent.serve(vec![
        vec![stream(&[b"a", b"b"])],
        vec![stream(&[b"c"])],
        vec![],
        vec![stream(&[b"d"])],
    ]);
    let mut bench = Bench::start("monitor1_2", &agent.table(""));
    for (seq, data) in [(1, b"a"), (2, b"b"), (3, b"c"), (4, b"d")] {
        let expected = Seen::Frame {
            seq,
            payload_type: 9,
            cpu: 1,
            lost: 0,
            data: data.to_vec(),
        };
        assert_eq!(bench.next().await, expected);
    }
    served.join().unwrap();
    bench
        .until("four ends", |b| {
            b.instrument("tidegate_receiver_disconnects_total", Some("eof")) == 4
        })
        .await;
    assert!(bench.instrument("tidegate_receiver_connects_total", None) >= 4);
    bench.shutdown.request();
    assert_eq!(bench.end().await.error(), "");
}

#[tokio::test]
async fn the_agent_may_come_later_and_come_back() {
    let mut agent = Agent::absent();
    let mut bench = Bench::start("monitor1_2", &agent.table(""));
    agent.appear();
    let held = agent.accept(vec![stream(&[b"first"])]);
    assert_eq!(bench.next().await.data(), b"first");
    let held = held.join().unwrap();
    bench
        .until("it is connected", |bench| {
            bench.instrument("tidegate_receiver_connected", None) == 1
        })
        .await;
    agent.vanish();
    drop(held);
    bench
        .until("it is not connected", |bench| {
            bench.instrument("tidegate_receiver_connected", None) == 0
        })
        .await;
    std::fs::remove_file(agent.socket()).unwrap();
    agent.appear();
    let served = agent.serve(vec![vec![stream(&[b"second"])]]);
    assert_eq!(bench.next().await.data(), b"second");
    served.join().unwrap();
    bench.shutdown.request();
    assert_eq!((bench.end().await.error()), "");
}

#[tokio::test]
async fn a_stream_that_breaks_ends_its_connection_and_the_next_one_starts_afresh() {
    let good = stream(&[b"good"]);
    let cases: [(&[u8], &str); 4] = [
        (&[0], "gob_truncated"),
        (&[2, 4, 0], "unknown_payload_shape"),
        (&[0xfd, 0x10, 0, 1], "frame_too_large"),
        (&stream(&[b"a second definition"]), "gob_duplicate_type"),
    ];
    for (garbage, reason) in cases {
        let agent = Agent::new();
        let served = agent.serve(vec![
            vec![good.clone(), garbage.to_vec()],
            vec![stream(&[b"next"])],
        ]);
        let mut bench = Bench::start("monitor1_2", &agent.table("max_frame = '1MiB'"));
        assert_eq!(
            (bench.next().await.data(), bench.next().await.data()),
            (&b"good"[..], &b"next"[..])
        );
        served.join().unwrap();
        bench.shutdown.request();
        let ended = bench.end().await;
        assert_eq!(
            (ended.error(), ended.dropped()),
            (String::new(), vec![(reason, 1)])
        );
    }
}

#[tokio::test]
async fn a_frame_that_is_broken_in_itself_costs_no_other() {
    let mut bytes = stream(&[b"good"]);
    // A value of type 64 whose first field, `Data`, is longer than the message.
    bytes.extend_from_slice(&[4, 0xff, 0x80, 1, 9]);
    bytes.extend_from_slice(&stream(&[b"fine"])[stream(&[]).len()..][definition_len()..]);
    let ended = receive(vec![bytes]).await;
    assert_eq!(ended.data(), [&b"good"[..], b"fine"]);
    assert_eq!(ended.dropped(), [("gob_length_out_of_range", 1)]);
}

/// Length of the definition that every stream begins with: what two streams of one event have more
/// than one stream of two.
fn definition_len() -> usize {
    2 * stream(&[b"fine"]).len() - stream(&[b"fine", b"fine"]).len()
}

#[tokio::test]
async fn a_peer_that_sends_nothing_but_garbage_is_left_alone_longer_and_longer() {
    let agent = Agent::new();
    let served = agent.serve(vec![vec![vec![0]]; 5]);
    let bench = Bench::start("monitor1_2", &agent.table(""));
    bench
        .until("five refusals", |bench| {
            bench.books().dropped.get("gob_truncated") == Some(&5)
        })
        .await;
    served.join().unwrap();
    bench.shutdown.request();
    assert_eq!(bench.end().await.error(), "");
}

#[tokio::test]
async fn a_stop_ends_a_blocked_read() {
    let agent = Agent::new();
    let held = agent.accept(vec![stream(&[b"only"])]);
    let mut bench = Bench::start("monitor1_2", &agent.table(""));
    assert_eq!(bench.next().await.data(), b"only");
    bench.shutdown.request();
    let ended = bench.end().await;
    assert_eq!((ended.error(), ended.dropped()), (String::new(), vec![]));
    wait_for_close(held.join().unwrap());
}

#[tokio::test]
async fn a_stop_ends_a_pause_between_attempts() {
    let agent = Agent::absent();
    let table = format!(
        "{{ socket = '{}', reconnect = {{ initial = '1d', max = '1d' }} }}",
        agent.socket().display()
    );
    let bench = Bench::start("monitor1_2", &table);
    bench.shutdown.request();
    assert_eq!(bench.end().await.error(), "");
}

#[tokio::test]
async fn a_path_that_is_no_socket_is_tried_again() {
    let mut agent = Agent::absent();
    std::fs::write(agent.socket(), "a plain file").unwrap();
    let mut bench = Bench::start("monitor1_2", &agent.table(STOP));
    agent.appear();
    let served = agent.serve(vec![vec![stream(&[b"at last"])]]);
    assert_eq!(bench.next().await.data(), b"at last");
    served.join().unwrap();
    assert_eq!(bench.end().await.error(), "");
}

#[tokio::test]
async fn what_the_pipeline_has_no_room_for_is_dropped_with_a_count_and_reported_as_lost() {
    const FRAMES: u64 = 20_000;
    let agent = Agent::new();
    let served = agent.serve(vec![vec![stream(&vec![&[7_u8; 16][..]; 20_000])]]);
    let bench = Bench::start_blocked(
        "monitor1_2",
        &agent.table("on_eof = 'stop', queue = { records = 1 }"),
    );
    bench
        .until("all was read", |bench| bench.books().r#in >= FRAMES)
        .await;
    bench
        .until("the end was seen", |b| {
            b.instrument("tidegate_receiver_disconnects_total", Some("eof")) == 1
        })
        .await;
    served.join().unwrap();
    let ended = bench.end().await;
    let [(reason, dropped)] = ended.dropped()[..] else {
        panic!("{}", ended.report)
    };
    assert_eq!(reason, "pipeline_full");
    let (mut frames, mut reported) = (0, 0);
    for seen in &ended.seen {
        match seen {
            Seen::Frame { .. } => frames += 1,
            Seen::Lost(lost) => {
                assert_eq!(
                    (lost.source, lost.cpu),
                    (LostSource::ObserverEventsQueue, None)
                );
                assert!(
                    lost.span
                        .is_some_and(|(first, last)| first <= last && last <= lost.time)
                );
                reported += lost.count;
            }
        }
    }
    assert_eq!((frames + dropped, reported), (FRAMES, dropped));
}

#[tokio::test]
async fn an_outbox_that_blocks_loses_nothing() {
    let agent = Agent::new();
    let served = agent.serve(vec![vec![stream(&vec![&[7_u8; 16][..]; 20_000])]]);
    let keys = "on_eof = 'stop', queue = { records = 1, when_full = 'block' }";
    let bench = Bench::start_blocked("monitor1_2", &agent.table(keys));
    bench
        .until("the pipeline is full", |bench| bench.books().r#in >= 960)
        .await;
    let ended = bench.end().await;
    assert_eq!((ended.seen.len(), ended.dropped()), (20_000, vec![]));
    let in_order = |(at, seen): (u64, &Seen)| matches!(seen, Seen::Frame { seq, .. } if *seq == at);
    assert!((1..).zip(&ended.seen).all(in_order));
    served.join().unwrap();
}

#[tokio::test]
async fn a_tear_down_ends_the_thread() {
    let agent = Agent::new();
    let held = agent.accept(vec![stream(&[b"x"])]);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let table = agent.table("");
    let mut bench = runtime
        .spawn(async move { Bench::start("monitor1_2", &table) })
        .await
        .unwrap();
    assert_eq!(bench.next().await.data(), b"x");
    runtime.shutdown_background();
    wait_for_close(held.join().unwrap());
}
