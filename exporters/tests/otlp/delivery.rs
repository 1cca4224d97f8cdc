//! What becomes of log requests.

use std::collections::BTreeMap;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use tidegate_model::Record;
use tidegate_model::Timestamp;
use tidegate_model::record::{Lost, LostSource};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::backend::{Backend, Received, Reply};
use crate::rig::{ONE_BY_ONE, QUICK, Setup, flows};

/// The times of a request's records.
fn times(request: &Received<ExportLogsServiceRequest>) -> Vec<u64> {
    let logs = request
        .message
        .resource_logs
        .iter()
        .flat_map(|logs| &logs.scope_logs);
    logs.flat_map(|logs| &logs.log_records)
        .map(|log| log.time_unix_nano)
        .collect()
}

fn fails(code: Code) -> Reply {
    Reply::Fails(Status::new(code, "as told"))
}

fn exhausted(retry_after: Duration) -> Reply {
    let details = ErrorDetails::with_retry_info(Some(retry_after));
    Reply::Fails(Status::with_error_details(
        Code::ResourceExhausted,
        "busy",
        details,
    ))
}

#[tokio::test]
async fn flows_and_lost_reports_arrive_as_log_records() {
    let backend = Backend::start();
    let rig = Setup::new(&backend.url(), &["headers = { api-key = \"k\" }"]).start();
    let lost = Lost {
        time: Timestamp(3),
        source: LostSource::PerfEventRingBuffer,
        count: 512,
        cpu: Some(1),
        span: None,
    };
    let mut records = flows(1..=2);
    records.push(Record::Lost(lost));
    rig.send(records).await;
    let (books, ended) = rig.finish().await;
    assert_eq!(
        (books.absorbed, books.dropped, ended.failure.is_none()),
        (3, BTreeMap::new(), true)
    );

    let received = backend.services.logs.received();
    assert_eq!(
        received.len(),
        1,
        "records that came together are sent together"
    );
    assert_eq!(times(&received[0]), [1, 2, 3]);
    let logs = &received[0].message.resource_logs[0].scope_logs[0].log_records;
    let names: Vec<_> = logs.iter().map(|log| log.event_name.as_str()).collect();
    assert_eq!(names, ["hubble.flow", "hubble.flow", "hubble.lost_events"]);
    let header = |name: &str| {
        received[0]
            .metadata
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(header("api-key").as_deref(), Some("k"));
    let agent = header("user-agent").unwrap();
    assert!(agent.starts_with("OTel-OTLP-Exporter-tidegate/"), "{agent}");
}

/// What happens to three flows, sent one by one, when the backend does `replies`.
struct Case {
    replies: Vec<Reply>,
    absorbed: u64,
    dropped: &'static [(&'static str, u64)],
    attempts: usize,
}

#[tokio::test]
async fn every_answer_leads_to_its_outcome() {
    let cases = [
        Case {
            replies: vec![fails(Code::Unavailable)],
            absorbed: 3,
            dropped: &[],
            attempts: 4,
        },
        Case {
            replies: vec![fails(Code::Unavailable); 5],
            absorbed: 3,
            dropped: &[],
            attempts: 8,
        },
        Case {
            replies: vec![exhausted(Duration::from_millis(1))],
            absorbed: 3,
            dropped: &[],
            attempts: 4,
        },
        Case {
            replies: vec![Reply::Hangs],
            absorbed: 3,
            dropped: &[],
            attempts: 4,
        },
        Case {
            replies: vec![Reply::Warns],
            absorbed: 3,
            dropped: &[],
            attempts: 3,
        },
        Case {
            replies: vec![Reply::Rejects(1)],
            absorbed: 2,
            dropped: &[("rejected_by_peer", 1)],
            attempts: 3,
        },
        Case {
            replies: vec![Reply::Rejects(9)],
            absorbed: 2,
            dropped: &[("rejected_by_peer", 1)],
            attempts: 3,
        },
        Case {
            replies: vec![Reply::Rejects(-1)],
            absorbed: 3,
            dropped: &[],
            attempts: 3,
        },
        Case {
            replies: vec![fails(Code::ResourceExhausted)],
            absorbed: 2,
            dropped: &[("resource_exhausted", 1)],
            attempts: 3,
        },
        Case {
            replies: vec![fails(Code::InvalidArgument), fails(Code::Internal)],
            absorbed: 1,
            dropped: &[("permanent_error", 2)],
            attempts: 3,
        },
        Case {
            replies: vec![fails(Code::PermissionDenied), fails(Code::Unimplemented)],
            absorbed: 1,
            dropped: &[("not_authorized", 1), ("unimplemented", 1)],
            attempts: 3,
        },
    ];
    for (at, case) in cases.into_iter().enumerate() {
        let backend = Backend::start();
        let hangs = case
            .replies
            .iter()
            .any(|reply| matches!(reply, Reply::Hangs));
        backend.services.logs.script(case.replies);
        let timeout = if hangs {
            "timeout = \"200ms\""
        } else {
            "timeout = \"1h\""
        };
        let rig = Setup::new(&backend.url(), &[QUICK, ONE_BY_ONE, timeout]).start();
        rig.send(flows(1..=3)).await;
        let (books, _) = rig.finish().await;
        assert_eq!(books.absorbed, case.absorbed, "case {at}");
        assert_eq!(
            books.dropped,
            case.dropped.iter().copied().collect(),
            "case {at}"
        );
        assert_eq!(
            backend.services.logs.received().len(),
            case.attempts,
            "case {at}"
        );
    }
}

#[tokio::test]
async fn a_rejection_in_a_request_of_several_batches_counts_each_record_once() {
    let backend = Backend::start();
    backend.services.logs.script([Reply::Rejects(4)]);
    let rig = Setup::new(&backend.url(), &["batch = { timeout = \"1h\" }"]).start();
    rig.send(flows(1..=3)).await;
    rig.send(flows(4..=6)).await;
    let (books, ended) = rig.finish().await;
    assert_eq!(
        (books.absorbed, books.dropped),
        (2, [("rejected_by_peer", 4)].into())
    );
    assert_eq!(ended.count("tidegate_otlp_requests_total", "partial"), 1);
}

#[tokio::test]
async fn retries_end_when_the_policy_says_so() {
    for retry in [
        "enabled = false",
        "initial_interval = \"1ms\", max_elapsed_time = \"1ns\"",
    ] {
        let backend = Backend::start();
        backend.services.logs.script([fails(Code::Unavailable)]);
        let retry = format!("retry_on_failure = {{ {retry} }}");
        let rig = Setup::new(&backend.url(), &[&retry, ONE_BY_ONE]).start();
        rig.send(flows(1..=2)).await;
        let (books, ended) = rig.finish().await;
        assert_eq!(
            (books.absorbed, books.dropped),
            (1, [("retries_exhausted", 1)].into()),
            "{retry}"
        );
        let attempts = |outcome| ended.count("tidegate_otlp_requests_total", outcome);
        assert_eq!(
            (attempts("failed"), attempts("delivered")),
            (1, 1),
            "{retry}"
        );
    }
}

/// What is left of one flow whose attempts come to `replies`, when retries or the time to drain
/// end.
async fn undelivered(replies: Vec<Reply>, config: &str) -> (u64, BTreeMap<&'static str, u64>) {
    let backend = Backend::start();
    let (attempts, hangs) = (
        replies.len(),
        replies
            .iter()
            .filter(|reply| matches!(reply, Reply::Hangs))
            .count(),
    );
    backend.services.logs.script(replies);
    let rig = Setup::new(&backend.url(), &[ONE_BY_ONE, config]).start();
    rig.send(flows(1..=1)).await;
    backend.services.logs.has_received(attempts).await;
    // What was answered has arrived.
    let answered = |outcome| rig.telemetry("tidegate_otlp_requests_total", outcome);
    while answered("failed") + answered("refused") < i64::try_from(attempts - hangs).unwrap() {
        tokio::task::yield_now().await;
    }
    let (books, _) = rig.finish().await;
    assert_eq!(books.absorbed, 0, "{config}");
    (books.unconfirmed, books.dropped)
}

#[tokio::test]
async fn a_request_that_the_backend_may_have_is_unconfirmed_and_one_that_it_refused_is_dropped() {
    let waits = "retry_on_failure = { initial_interval = \"1h\", max_interval = \"1h\", max_elapsed_time = \"100h\" }, \
                 drain_timeout = \"0s\"";
    let late = |reply| undelivered(vec![reply], waits);
    assert_eq!(
        late(fails(Code::Unavailable)).await,
        (0, [("drain_timeout", 1)].into())
    );
    assert_eq!(
        late(exhausted(Duration::from_secs(60))).await,
        (0, [("drain_timeout", 1)].into())
    );
    for code in [Code::DeadlineExceeded, Code::Cancelled, Code::DataLoss] {
        assert_eq!(late(fails(code)).await, (1, BTreeMap::new()), "{code:?}");
    }
    assert_eq!(late(Reply::Hangs).await, (1, BTreeMap::new()));

    let once = "retry_on_failure = { enabled = false }, timeout = \"50ms\"";
    assert_eq!(
        undelivered(vec![Reply::Hangs], once).await,
        (1, BTreeMap::new()),
        "no answer in time"
    );
    assert_eq!(
        undelivered(vec![fails(Code::Unavailable)], once).await,
        (0, [("retries_exhausted", 1)].into())
    );

    let again = format!("{QUICK}, timeout = \"50ms\"");
    let refused = vec![Reply::Hangs, fails(Code::InvalidArgument)];
    assert_eq!(
        undelivered(refused, &again).await,
        (1, BTreeMap::new()),
        "a refusal is of its own attempt"
    );
    let refused = vec![fails(Code::Unavailable), fails(Code::InvalidArgument)];
    assert_eq!(
        undelivered(refused, &again).await,
        (0, [("permanent_error", 1)].into())
    );
}

#[tokio::test]
async fn a_request_whose_connection_broke_is_unconfirmed() {
    let mut backend = Backend::start();
    backend.services.logs.script([Reply::Hangs]);
    let rig = Setup::new(
        &backend.url(),
        &[ONE_BY_ONE, "retry_on_failure = { enabled = false }"],
    )
    .start();
    rig.send(flows(1..=1)).await;
    backend.services.logs.has_received(1).await;
    backend.die();
    let (books, _) = rig.finish().await;
    assert_eq!(
        (books.absorbed, books.unconfirmed, books.dropped.len()),
        (0, 1, 0)
    );
}

#[tokio::test]
async fn a_backend_that_dies_and_returns_gets_everything() {
    let mut backend = Backend::start();
    let logs = backend.services.logs.clone();
    let rig = Setup::new(&backend.url(), &[QUICK, ONE_BY_ONE]).start();
    rig.send(flows(1..=1)).await;
    while rig.books().absorbed == 0 {
        tokio::task::yield_now().await;
    }
    backend.die();
    rig.send(flows(2..=4)).await;
    while rig.telemetry("tidegate_otlp_requests_total", "failed") == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        rig.telemetry("tidegate_otlp_connected", "exporters.otlp"),
        0
    );
    backend.return_to_life();
    logs.has_received(4).await;
    let (books, ended) = rig.finish().await;
    assert_eq!((books.absorbed, books.dropped), (4, BTreeMap::new()));
    assert_eq!(ended.value("tidegate_otlp_connected"), 1);
    assert_eq!(
        logs.received().iter().flat_map(times).collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
}

#[tokio::test]
async fn requests_are_compressed_as_configured() {
    for compression in ["none", "gzip", "zstd"] {
        let backend = Backend::start();
        let config = format!("compression = \"{compression}\"");
        let rig = Setup::new(&backend.url(), &[&config]).start();
        rig.send(flows(1..=100)).await;
        let (books, _) = rig.finish().await;
        assert_eq!(books.absorbed, 100, "{compression}");
        let received = backend.services.logs.received();
        assert_eq!(times(&received[0]).len(), 100, "{compression}");
        let encoding = received[0]
            .metadata
            .get("grpc-encoding")
            .map(|value| value.to_str().unwrap());
        assert_eq!(encoding, Some(compression).filter(|name| *name != "none"));
    }
}
