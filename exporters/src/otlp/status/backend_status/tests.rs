//! Telemetry and health for the results of attempts.

use tidegate_runtime::health::HealthRegistry;
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;
use tonic::codegen::http::StatusCode;
use tonic::{Code, Status};

use super::*;
use crate::otlp::transport::Protocol;

struct Fixture {
    status: BackendStatus,
    telemetry: Telemetry,
    health: HealthRegistry,
}

impl Fixture {
    fn new() -> Self {
        let telemetry = Telemetry::default();
        let health = HealthRegistry::default();
        let context = BuildContext {
            stage: StageId::exporter("otlp"),
            node_name: "default/node-a".to_owned(),
            telemetry: telemetry.clone(),
            health: health.stage(&StageId::exporter("otlp")),
            requests: Default::default(),
        };
        let secrets = Secrets::default();
        secrets.set_of_files(["s3cret"].into_iter());
        let status = BackendStatus::new(&context, "http://h:4317".to_owned(), vec![secrets]);
        Self {
            status,
            telemetry,
            health,
        }
    }

    fn accept(&self) {
        self.status.accepted(Signal::Logs);
    }

    fn fail(&self, error: CallError) {
        let failure = FailedAttempt {
            decision: RetryDecision::for_error(&error),
            error,
            endpoint: "http://h:4317".to_owned(),
            protocol: Protocol::Grpc,
            is_tls: false,
            port: None,
            // SETTINGS, as of a gRPC server.
            first_bytes: b"\0\0\x12\x04\0\0\0\0\0".to_vec(),
            alert: None,
            learnt_limit: None,
            fails_over: false,
        };
        self.status.failed(Signal::Logs, &failure);
    }

    fn connected(&self) -> i64 {
        self.telemetry
            .instruments()
            .iter()
            .find(|instrument| instrument.name == "tidegate_otlp_connected")
            .unwrap()
            .value()
    }

    fn problem(&self) -> Option<String> {
        self.health.problems().into_values().next()
    }
}

fn http(status: u16) -> CallError {
    CallError::Http {
        status: StatusCode::from_u16(status).unwrap(),
        retry_after: None,
    }
}

fn check_refusal(error: CallError, text: &str, hint: &str) {
    let fixture = Fixture::new();
    fixture.accept();
    assert_eq!((fixture.connected(), fixture.problem()), (1, None));
    fixture.fail(error);
    let problem = fixture.problem().expect(text);
    assert!(
        problem.contains(text) && problem.contains(hint) && problem.contains("refuses logs"),
        "{problem}"
    );
    assert_eq!(fixture.connected(), 0, "{problem}");
    fixture.accept();
    assert_eq!(
        (fixture.connected(), fixture.problem().is_some()),
        (1, true),
        "the second change within the interval is not logged"
    );
}

#[test]
fn a_backend_that_refuses_is_not_connected_and_the_health_has_a_hint() {
    let cases = [
        (http(401), "HTTP status 401", "set `headers`"),
        (
            http(404),
            "HTTP status 404",
            "is this an OTLP/gRPC endpoint?",
        ),
        (
            http(400),
            "HTTP status 400",
            "is this an OTLP/gRPC endpoint?",
        ),
        (
            CallError::Status(Status::unauthenticated("no")),
            "Unauthenticated: no",
            "set `headers`",
        ),
        (
            CallError::Status(Status::permission_denied("")),
            "PermissionDenied",
            "set `headers`",
        ),
        (
            CallError::Status(Status::unimplemented("")),
            "Unimplemented",
            "`signals`",
        ),
    ];
    for (error, text, hint) in cases {
        check_refusal(error, text, hint);
    }
}

#[test]
fn a_backend_that_is_down_is_retried_and_not_connected() {
    for (error, expected) in [
        (
            http(503),
            "cannot accept logs now: \
             HTTP status 503 Service Unavailable without a gRPC status (retrying)",
        ),
        (
            CallError::Status(Status::unavailable("busy")),
            "cannot accept logs now: gRPC status Unavailable: busy (retrying)",
        ),
        (
            CallError::Transport("broken".into()),
            "cannot reach http://h:4317: broken (retrying)",
        ),
    ] {
        let fixture = Fixture::new();
        fixture.fail(error);
        assert!(
            fixture
                .problem()
                .is_some_and(|problem| problem.ends_with(expected)),
            "{:?}",
            fixture.problem()
        );
        assert_eq!(fixture.connected(), 0);
        fixture.accept();
        assert_eq!((fixture.connected(), fixture.problem()), (1, None));
    }
}

#[test]
fn a_backend_that_refuses_one_request_is_connected() {
    let fixture = Fixture::new();
    let refuse = || {
        fixture.fail(CallError::Status(Status::new(
            Code::InvalidArgument,
            "what?",
        )))
    };
    for _ in 0..5 {
        fixture
            .status
            .accepted_with_warning(Signal::Logs, "deprecated");
        refuse();
        assert_eq!((fixture.connected(), fixture.problem()), (1, None));
    }
    refuse();
    let problem = fixture.problem().expect("it refuses the next one as well");
    assert!(
        problem.contains("InvalidArgument: what? (its records are dropped with a count)"),
        "{problem}"
    );
    assert_eq!(fixture.connected(), 0);
}

#[test]
fn a_backend_that_refuses_before_it_accepted_anything_is_not_connected() {
    for (error, fate) in [
        (
            CallError::Status(Status::new(Code::InvalidArgument, "")),
            "dropped with a count",
        ),
        (
            CallError::Status(Status::new(Code::ResourceExhausted, "")),
            "dropped with a count",
        ),
        (
            CallError::Status(Status::new(Code::Unknown, "")),
            "counted as unconfirmed",
        ),
        (CallError::Malformed("no status"), "counted as unconfirmed"),
    ] {
        let fixture = Fixture::new();
        fixture.fail(error);
        let problem = fixture.problem().expect(fate);
        assert!(
            problem.ends_with(&format!("(its records are {fate})")),
            "{problem}"
        );
        assert_eq!(fixture.connected(), 0);
        fixture.accept();
        assert_eq!((fixture.connected(), fixture.problem()), (1, None));
    }
}

#[test]
fn the_text_of_a_backend_is_masked_and_truncated() {
    let fixture = Fixture::new();
    fixture.fail(CallError::Status(Status::unauthenticated(format!(
        "bad\nkey s3cret {}",
        "x".repeat(5000)
    ))));
    let problem = fixture.problem().expect("a problem");
    assert!(
        problem.contains("bad key *** xxx") && problem.len() < 900,
        "{problem}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_suppressed_change_is_shown_later_even_if_nothing_is_sent() {
    let fixture = Fixture::new();
    fixture.fail(http(503));
    fixture.accept();
    fixture.fail(http(503));
    assert_eq!(
        (fixture.problem(), fixture.connected()),
        (None, 0),
        "the second change for the worse is suppressed"
    );
    let due = fixture.status.next_log().expect("a suppressed change");
    tokio::time::sleep_until(due).await;
    fixture.status.log_suppressed();
    let problem = fixture.problem().expect("the change is shown");
    assert!(
        problem.ends_with("; changes not logged since the last message: 1"),
        "{problem}"
    );
    assert_eq!(fixture.status.next_log(), None);
}
