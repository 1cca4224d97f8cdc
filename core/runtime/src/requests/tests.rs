//! What queues keep, lose and count.

use super::{MAX_WAITING, REQUESTS, Request, RequestKind, RequestReader, Requests, ResyncCause};
use crate::stage_id::StageId;
use crate::telemetry::Telemetry;

fn receiver(takes: &'static [RequestKind], telemetry: &Telemetry) -> Requests {
    Requests::new(&StageId::receiver("api"), &[], takes, telemetry)
}

fn rest(reader: &mut RequestReader) -> Vec<Request> {
    std::iter::from_fn(|| reader.try_recv()).collect()
}

/// The counts of a kind: read, duplicate, dropped.
fn counts(telemetry: &Telemetry, kind: RequestKind) -> [i64; 3] {
    let instruments = telemetry.instruments();
    ["read", "duplicate", "dropped"].map(|result| {
        let labels = [
            ("stage", "receivers.api".to_owned()),
            ("request", kind.name().to_owned()),
            ("result", result.to_owned()),
        ];
        let mut found = instruments.iter().filter(|one| one.name == REQUESTS);
        found.find(|one| one.labels == labels).unwrap().value()
    })
}

#[test]
fn equal_requests_that_wait_are_one_and_a_read_one_can_be_repeated() {
    let telemetry = Telemetry::default();
    let receiver = receiver(&RequestKind::ALL, &telemetry);
    let mut reader = receiver.reader();
    let sender = Requests::default();
    sender.connect([&receiver, &receiver]);
    for _ in 0..3 {
        sender.send(Request::Resync(ResyncCause::UpstreamLost));
        sender.send(Request::Resync(ResyncCause::PipelineFull));
    }
    assert_eq!(
        rest(&mut reader),
        [
            Request::Resync(ResyncCause::UpstreamLost),
            Request::Resync(ResyncCause::PipelineFull)
        ]
    );
    sender.send(Request::Resync(ResyncCause::UpstreamLost));
    assert_eq!(rest(&mut reader).len(), 1);
    assert_eq!(counts(&telemetry, RequestKind::Resync), [3, 4, 0]);
}

#[test]
fn a_full_queue_loses_the_oldest_of_the_kind_and_counts_it() {
    let telemetry = Telemetry::default();
    let receiver = receiver(&RequestKind::ALL, &telemetry);
    let mut reader = receiver.reader();
    let sender = Requests::default();
    sender.connect([&receiver]);
    sender.send(Request::StreamEnded(1));
    let wanted = 0..MAX_WAITING as u32 + 3;
    for identity in wanted.clone() {
        sender.send(Request::IdentityWanted(identity));
    }
    let kept = wanted.skip(3).map(Request::IdentityWanted);
    let expected: Vec<_> = [Request::StreamEnded(1)].into_iter().chain(kept).collect();
    assert_eq!(rest(&mut reader), expected);
    let read = i64::try_from(MAX_WAITING).unwrap();
    assert_eq!(
        counts(&telemetry, RequestKind::IdentityWanted),
        [read, 0, 3]
    );
    assert_eq!(counts(&telemetry, RequestKind::StreamEnded), [1, 0, 0]);
}

#[test]
fn requests_go_to_every_connected_receiver_that_takes_the_kind_and_has_a_reader() {
    let telemetry = Telemetry::default();
    let all = receiver(&RequestKind::ALL, &telemetry);
    let streams = receiver(&[RequestKind::StreamStarted], &telemetry);
    let unread = receiver(&RequestKind::ALL, &telemetry);
    let [mut of_all, mut of_streams] = [&all, &streams].map(Requests::reader);
    let sender = Requests::default();
    sender.send(Request::StreamStarted(1));
    sender.connect([&streams, &unread]);
    assert!(sender.is_taken(RequestKind::IdentityWanted));
    sender.connect([&streams]);
    assert!(!sender.is_taken(RequestKind::IdentityWanted));
    sender.connect([&all, &streams, &unread]);
    sender.send(Request::StreamStarted(2));
    sender.send(Request::IdentityWanted(7));
    assert_eq!(
        rest(&mut of_all),
        [Request::StreamStarted(2), Request::IdentityWanted(7)]
    );
    assert_eq!(rest(&mut of_streams), [Request::StreamStarted(2)]);
    assert_eq!(rest(&mut unread.reader()), []);
}

#[test]
fn a_receiver_does_not_get_its_own_requests() {
    let all = &RequestKind::ALL;
    let receiver = Requests::new(&StageId::receiver("r"), all, all, &Telemetry::default());
    let mut reader = receiver.reader();
    receiver.connect([&receiver]);
    receiver.send(Request::StreamStarted(1));
    assert_eq!(rest(&mut reader), []);
}

#[test]
fn what_waits_when_the_reader_ends_is_counted_as_dropped() {
    let telemetry = Telemetry::default();
    let receiver = receiver(&RequestKind::ALL, &telemetry);
    let reader = receiver.reader();
    let sender = Requests::default();
    sender.connect([&receiver]);
    sender.send(Request::IdentityWanted(1));
    drop(reader);
    sender.send(Request::IdentityWanted(2));
    assert_eq!(counts(&telemetry, RequestKind::IdentityWanted), [0, 0, 1]);
}

#[tokio::test]
async fn a_reader_that_waits_gets_a_request_that_is_sent_later() {
    let receiver = receiver(&RequestKind::ALL, &Telemetry::default());
    let mut reader = receiver.reader();
    let sender = Requests::default();
    sender.connect([&receiver]);
    let waiting = tokio::spawn(async move { reader.recv().await });
    tokio::task::yield_now().await;
    sender.send(Request::StreamStarted(9));
    assert_eq!(waiting.await.unwrap(), Request::StreamStarted(9));
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "not declared")]
fn a_request_of_an_undeclared_kind_is_a_bug_of_its_sender() {
    receiver(&RequestKind::ALL, &Telemetry::default()).send(Request::StreamEnded(1));
}
