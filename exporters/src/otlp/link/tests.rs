//! What the telemetry and the health say of a backend.

use std::time::Duration;

use tidegate_core::health::HealthRegistry;
use tidegate_core::telemetry::Telemetry;
use tonic::codegen::http::StatusCode;
use tonic::{Code, Status};

use super::super::remedy::FirstBytes;
use super::super::verdict::judge;
use super::*;

struct Rig {
    link: Link,
    telemetry: Telemetry,
    health: HealthRegistry,
}

impl Rig {
    fn new() -> Self {
        let (telemetry, health) = (Telemetry::default(), HealthRegistry::default());
        let context = BuildContext {
            stage: "exporters.otlp".to_owned(),
            node_name: "default/node-a".to_owned(),
            telemetry: telemetry.clone(),
            health: health.stage("exporters.otlp"),
        };
        let clues = Clues {
            is_tls: false,
            first: FirstBytes::default(),
        };
        let link = Link::new(
            &context,
            "http://h:4317".to_owned(),
            clues,
            vec!["s3cret".to_owned()],
        );
        Self {
            link,
            telemetry,
            health,
        }
    }

    fn fails(&self, failure: Failure) {
        self.link.failed(Service::Logs, &failure, judge(&failure));
    }

    fn connected(&self) -> i64 {
        self.telemetry
            .instruments()
            .iter()
            .find(|one| one.name == "tidegate_otlp_connected")
            .unwrap()
            .value()
    }

    fn problem(&self) -> Option<String> {
        self.health.unwell().into_values().next()
    }
}

fn http(status: u16) -> Failure {
    Failure::Http {
        status: StatusCode::from_u16(status).unwrap(),
        retry_after: None,
    }
}

#[test]
fn refusals_are_logged_once_in_a_while_with_the_number_of_those_held_back() {
    let (mut quiet, start) = (Quiet::default(), Instant::now());
    let logged: Vec<_> = [0, 1, 29, 30, 31, 60]
        .into_iter()
        .map(|second| quiet.admit(start + Duration::from_secs(second)))
        .collect();
    assert_eq!(
        logged,
        [Some(0), None, None, Some(2), None, Some(1)],
        "{QUIET:?}"
    );
}

#[test]
fn a_backend_that_refuses_is_not_connected_and_the_health_says_what_to_do() {
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
            Failure::Status(Status::unauthenticated("no")),
            "Unauthenticated: no",
            "set `headers`",
        ),
        (
            Failure::Status(Status::permission_denied("")),
            "PermissionDenied",
            "set `headers`",
        ),
        (
            Failure::Status(Status::unimplemented("")),
            "Unimplemented",
            "`signals`",
        ),
    ];
    for (failure, what, remedy) in cases {
        let rig = Rig::new();
        rig.link.delivered(Service::Logs);
        assert_eq!((rig.connected(), rig.problem()), (1, None));
        rig.fails(failure);
        let problem = rig.problem().expect(what);
        assert!(
            problem.contains(what) && problem.contains(remedy) && problem.contains("refuses logs"),
            "{problem}"
        );
        assert_eq!(rig.connected(), 0, "{problem}");
        rig.link.delivered(Service::Logs);
        assert_eq!(
            (rig.connected(), rig.problem().is_some()),
            (1, true),
            "two changes of mind in no time are one line"
        );
    }
}

#[test]
fn a_backend_that_is_down_is_retried_and_not_connected() {
    for (failure, said) in [
        (
            http(503),
            "cannot take logs now: HTTP status 503 Service Unavailable without a gRPC status (retrying)",
        ),
        (
            Failure::Status(Status::unavailable("busy")),
            "cannot take logs now: gRPC status Unavailable: busy (retrying)",
        ),
        (
            Failure::Unanswered("broken".into()),
            "cannot reach http://h:4317: broken (retrying)",
        ),
    ] {
        let rig = Rig::new();
        rig.fails(failure);
        assert!(
            rig.problem().is_some_and(|problem| problem.ends_with(said)),
            "{:?}",
            rig.problem()
        );
        assert_eq!(rig.connected(), 0);
        rig.link.delivered(Service::Logs);
        assert_eq!((rig.connected(), rig.problem()), (1, None));
    }
}

#[test]
fn a_backend_that_refuses_one_request_is_connected() {
    let rig = Rig::new();
    let refuses = || rig.fails(Failure::Status(Status::new(Code::InvalidArgument, "what?")));
    for _ in 0..5 {
        rig.link.remarked(Service::Logs, "deprecated");
        refuses();
        assert_eq!((rig.connected(), rig.problem()), (1, None));
    }
    refuses();
    let problem = rig.problem().expect("it refuses the next one, too");
    assert!(
        problem.contains("InvalidArgument: what? (its records are dropped with a count)"),
        "{problem}"
    );
    assert_eq!(rig.connected(), 0);
}

#[test]
fn a_backend_that_has_taken_nothing_yet_and_refuses_is_not_connected() {
    for (failure, records) in [
        (
            Failure::Status(Status::new(Code::InvalidArgument, "")),
            "dropped with a count",
        ),
        (
            Failure::Status(Status::new(Code::ResourceExhausted, "")),
            "dropped with a count",
        ),
        (
            Failure::Status(Status::new(Code::Unknown, "")),
            "counted as unconfirmed",
        ),
        (Failure::Unreadable("no status"), "counted as unconfirmed"),
    ] {
        let rig = Rig::new();
        rig.fails(failure);
        let problem = rig.problem().expect(records);
        assert!(
            problem.ends_with(&format!("(its records are {records})")),
            "{problem}"
        );
        assert_eq!(rig.connected(), 0);
        rig.link.delivered(Service::Logs);
        assert_eq!((rig.connected(), rig.problem()), (1, None));
    }
}

#[test]
fn a_peers_text_shows_no_header_and_is_cut() {
    let rig = Rig::new();
    rig.fails(Failure::Status(Status::unauthenticated(format!(
        "bad\nkey s3cret {}",
        "x".repeat(5000)
    ))));
    let problem = rig.problem().expect("a problem");
    assert!(
        problem.contains("bad key *** xxx") && problem.len() < 900,
        "{problem}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_that_was_held_back_is_shown_later_even_if_nothing_is_sent() {
    let rig = Rig::new();
    rig.fails(http(503));
    rig.link.delivered(Service::Logs);
    rig.fails(http(503));
    assert_eq!(
        (rig.problem(), rig.connected()),
        (None, 0),
        "the second change for the worse is held back"
    );
    let due = rig.link.due().expect("there is something to show");
    tokio::time::sleep_until(due).await;
    rig.link.catch_up();
    let problem = rig.problem().expect("it is shown");
    assert!(
        problem.ends_with("; changes between good and bad since the last line about it: 1"),
        "{problem}"
    );
    assert_eq!(rig.link.due(), None);
}
