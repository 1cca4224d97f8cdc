//! The order and the times of requests.

mod new_pods;

use std::time::{Duration, Instant};

use serde::Deserialize as _;
use tidegate_runtime::requests::{Request, ResyncCause};

use super::super::config::{ApiList, Config};
use super::super::failure::Remedy;
use super::super::source::Source;
use super::{MAX_WANTED, Schedule, Step};

const SECOND: Duration = Duration::from_secs(1);
const LOST: Request = Request::Resync(ResyncCause::UpstreamLost);

/// A schedule, and the time at which it was made.
fn schedule(toml: &str) -> (Schedule, Instant) {
    let table = toml::de::ValueDeserializer::parse(toml).unwrap();
    let now = Instant::now();
    (
        Schedule::new(&Config::deserialize(table).unwrap(), now),
        now,
    )
}

/// Everything that is read at `now`, if everything succeeds.
fn read(schedule: &mut Schedule, now: Instant) -> Vec<&'static str> {
    let mut paths = Vec::new();
    loop {
        let source = match schedule.next(now) {
            Step::Read(source) => source,
            Step::ReadIdentity(_) => Source::Identity,
            Step::ReadEndpoint(_) => Source::Endpoint,
            Step::Wait(_) => return paths,
        };
        paths.push(source.path());
        schedule.began(source);
        schedule.succeeded(source, now, 0.5);
    }
}

const ALL: [&str; 9] = [
    "/v1/healthz",
    "/v1/identity",
    "/v1/ip",
    "/v1/policy",
    "/v1/endpoint",
    "/v1/service",
    "/v1/cgroup-dump-metadata",
    "/v1/fqdn/cache",
    "/v1/cluster/nodes",
];

#[test]
fn everything_is_read_in_order_when_the_stream_has_started_or_after_a_second() {
    let (mut schedule, now) = schedule("{}");
    assert_eq!(schedule.next(now), Step::Wait(Some(now + SECOND)));
    assert!(schedule.requested(Request::StreamStarted(1), now, 0.0));
    assert_eq!(read(&mut schedule, now), ALL);
    let (mut schedule, now) = super::tests::schedule("{}");
    assert_eq!(read(&mut schedule, now + SECOND), ALL);
}

#[test]
fn identities_and_services_are_read_again_and_nothing_else() {
    let (mut schedule, now) = schedule("{}");
    read(&mut schedule, now + SECOND);
    let later = now + SECOND * 601;
    assert_eq!(schedule.next(now + SECOND), Step::Wait(Some(later)));
    assert_eq!(read(&mut schedule, later), ["/v1/identity", "/v1/service"]);
    let (mut schedule, now) = super::tests::schedule("{ refresh = '0s' }");
    read(&mut schedule, now + SECOND);
    assert_eq!(schedule.next(now + SECOND), Step::Wait(None));
}

#[test]
fn only_configured_lists_are_read() {
    let (mut schedule, now) = schedule("{ lists = ['services', 'addresses'] }");
    let expected = ["/v1/healthz", "/v1/ip", "/v1/service"];
    assert_eq!(read(&mut schedule, now + SECOND), expected);
    schedule.requested(Request::StreamStarted(1), now + SECOND, 0.0);
    schedule.requested(Request::IdentityWanted(7), now, 0.0);
    assert_eq!(read(&mut schedule, now + SECOND), expected);
}

#[test]
fn losses_have_everything_read_again_at_most_once_a_minute() {
    let (mut schedule, now) = schedule("{}");
    schedule.requested(Request::StreamStarted(1), now, 0.0);
    read(&mut schedule, now);
    for n in 1..5 {
        assert!(!schedule.requested(LOST, now + SECOND * n, 0.0));
    }
    assert_eq!(
        schedule.next(now + SECOND),
        Step::Wait(Some(now + SECOND * 60))
    );
    assert_eq!(read(&mut schedule, now + SECOND * 60), ALL);
    schedule.requested(LOST, now + SECOND * 61, 0.0);
    assert_eq!(
        schedule.next(now + SECOND * 61),
        Step::Wait(Some(now + SECOND * 120))
    );
    assert_eq!(read(&mut schedule, now + SECOND * 120), ALL);
    schedule.requested(LOST, now + SECOND * 500, 0.5);
    let jittered = now + SECOND * 500 + SECOND / 2;
    assert_eq!(
        schedule.next(now + SECOND * 500),
        Step::Wait(Some(jittered))
    );
}

#[test]
fn a_new_table_gets_everything_at_once() {
    let (mut schedule, now) = schedule("{}");
    schedule.requested(Request::StreamStarted(1), now, 0.0);
    assert_eq!(read(&mut schedule, now), ALL);
    schedule.requested(Request::Resync(ResyncCause::NewTable), now + SECOND, 0.9);
    assert_eq!(read(&mut schedule, now + SECOND), ALL);
}

#[test]
fn a_list_that_is_being_read_when_events_are_lost_is_read_again() {
    let (mut schedule, now) = schedule("{ lists = ['addresses'] }");
    read(&mut schedule, now + SECOND);
    schedule.requested(Request::StreamStarted(1), now, 0.0);
    schedule.succeeded(Source::Release, now, 0.0);
    let ip = Source::List(ApiList::Addresses);
    let lost = now + SECOND * 100;
    schedule.began(ip);
    schedule.requested(LOST, lost, 0.0);
    schedule.succeeded(ip, lost + SECOND, 0.0);
    assert_eq!(
        read(&mut schedule, lost + SECOND),
        ["/v1/healthz", "/v1/ip"]
    );
    assert_eq!(schedule.next(lost + SECOND), Step::Wait(None));
}

#[test]
fn a_list_that_is_asked_for_while_it_is_being_read_is_read_again_even_if_it_failed_before() {
    for fails in [false, true] {
        for (request, list) in [
            (Request::CgroupsWanted, ApiList::Cgroups),
            (Request::RuleLogsWanted, ApiList::RuleLogs),
            (Request::Resync(ResyncCause::NewTable), ApiList::Addresses),
        ] {
            let (mut schedule, now) = schedule("{}");
            read(&mut schedule, now + SECOND);
            let source = Source::List(list);
            let mut at = now + SECOND * 100;
            if fails {
                schedule.began(source);
                schedule.failed(source, Remedy::Retry(Duration::ZERO), at, 1.0);
                at += SECOND;
            }
            schedule.began(source);
            schedule.requested(request, at, 0.0);
            schedule.succeeded(source, at, 0.0);
            let again = read(&mut schedule, at + SECOND);
            assert!(
                again.contains(&source.path()),
                "{list:?}, {fails}: {again:?}"
            );
        }
    }
}

#[test]
fn nothing_is_read_between_the_end_of_the_last_stream_and_the_next_start() {
    let (mut schedule, now) = schedule("{}");
    schedule.requested(Request::StreamStarted(1), now, 0.0);
    schedule.requested(Request::StreamStarted(2), now, 0.0);
    assert!(
        !schedule.requested(Request::StreamEnded(1), now, 0.0),
        "another stream is left"
    );
    assert_eq!(schedule.next(now), Step::Read(Source::Release));
    assert!(schedule.requested(Request::StreamEnded(2), now, 0.0));
    assert_eq!(schedule.next(now), Step::Wait(None));
    assert!(schedule.requested(Request::StreamStarted(3), now, 0.0));
    assert_eq!(read(&mut schedule, now), ALL);
}

#[test]
fn unknown_identities_are_read_one_by_one_after_the_lists() {
    let (mut schedule, now) = schedule("{ lists = ['identities'] }");
    schedule.requested(Request::StreamStarted(1), now, 0.0);
    for identity in (0..2 * MAX_WANTED as u32).chain([0, 1]) {
        schedule.requested(Request::IdentityWanted(identity), now, 0.0);
    }
    let paths = read(&mut schedule, now);
    assert_eq!(paths[..2], ["/v1/healthz", "/v1/identity"]);
    assert_eq!(paths[2..], ["/v1/identity/{id}"; MAX_WANTED]);
    schedule.requested(Request::IdentityWanted(7), now, 0.0);
    assert_eq!(schedule.next(now), Step::ReadIdentity(7));
}

#[test]
fn an_identity_that_cannot_be_read_is_given_up_and_the_next_one_waits() {
    let (mut schedule, now) = schedule("{ lists = ['identities'] }");
    read(&mut schedule, now + SECOND);
    schedule.requested(Request::IdentityWanted(7), now, 0.0);
    schedule.requested(Request::IdentityWanted(8), now, 0.0);
    schedule.failed(Source::Identity, Remedy::Retry(Duration::ZERO), now, 1.0);
    assert_eq!(schedule.next(now), Step::Wait(Some(now + SECOND)));
    assert_eq!(schedule.next(now + SECOND), Step::ReadIdentity(8));
}

#[test]
fn a_source_that_times_out_does_not_keep_others_waiting() {
    let (mut schedule, now) = schedule("{}");
    let mut at = now + SECOND;
    let mut paths = Vec::new();
    while let Step::Read(source) = schedule.next(at) {
        paths.push(source.path());
        at += SECOND * 10;
        schedule.failed(source, Remedy::Retry(Duration::ZERO), at, 1.0);
        if paths.len() == ALL.len() {
            break;
        }
    }
    assert_eq!(paths, ALL);
}

#[test]
fn the_pause_that_the_agent_asks_for_is_kept() {
    let (mut schedule, now) = schedule("{ lists = ['addresses'] }");
    read(&mut schedule, now + SECOND);
    schedule.requested(Request::StreamStarted(1), now, 0.0);
    schedule.succeeded(Source::Release, now, 0.0);
    let ip = Source::List(ApiList::Addresses);
    schedule.failed(ip, Remedy::Retry(SECOND * 20), now, 1.0);
    assert_eq!(schedule.next(now), Step::Wait(Some(now + SECOND * 20)));
}

#[test]
fn a_failure_to_read_an_identity_counts_for_two_minutes_after_the_last_request_for_one() {
    let (mut schedule, now) = schedule("{ lists = ['identities'], refresh = '0s' }");
    read(&mut schedule, now + SECOND);
    schedule.requested(Request::IdentityWanted(7), now, 0.0);
    schedule.failed(Source::Identity, Remedy::Retry(Duration::ZERO), now, 1.0);
    let end = now + SECOND * 120;
    assert_eq!(schedule.next(now), Step::Wait(Some(end)));
    assert!(!schedule.forget_identity_failures(end - SECOND));
    assert!(schedule.forget_identity_failures(end));
    assert!(!schedule.forget_identity_failures(end));
    assert_eq!(schedule.next(now), Step::Wait(None));
}

#[test]
fn a_list_that_fails_is_read_again_after_pauses_that_double_while_others_are_read() {
    let (mut schedule, now) = schedule("{ lists = ['addresses', 'services'] }");
    read(&mut schedule, now + SECOND);
    schedule.requested(Request::StreamStarted(1), now, 0.0);
    schedule.succeeded(Source::Release, now, 0.0);
    let ip = Source::List(ApiList::Addresses);
    let services = Source::List(ApiList::Services);
    assert_eq!(schedule.next(now), Step::Read(ip));
    schedule.failed(ip, Remedy::Retry(Duration::ZERO), now, 1.0);
    assert_eq!(schedule.next(now), Step::Read(services));
    schedule.succeeded(services, now, 0.0);
    for pause in [2, 4, 8, 16, 32, 60, 60] {
        assert_eq!(schedule.next(now + SECOND * 100), Step::Read(ip));
        schedule.failed(ip, Remedy::Retry(Duration::ZERO), now, 1.0);
        let due = now + SECOND * pause;
        assert_ne!(schedule.next(due - SECOND / 10), Step::Read(ip));
        assert_eq!(schedule.next(due), Step::Read(ip));
    }
    schedule.failed(ip, Remedy::Retry(Duration::ZERO), now, 0.0);
    assert_eq!(
        schedule.next(now + SECOND * 30),
        Step::Read(ip),
        "half of the bound at least"
    );
    schedule.succeeded(ip, now, 0.0);
    schedule.requested(LOST, now + SECOND * 100, 0.0);
    schedule.failed(ip, Remedy::Retry(Duration::ZERO), now + SECOND * 100, 1.0);
    assert_eq!(
        schedule.sources[ip.index()].due,
        Some(now + SECOND * 101),
        "the first pause"
    );
}

#[test]
fn without_a_connection_nothing_is_read_until_the_pause_is_over() {
    let (mut schedule, now) = schedule("{}");
    schedule.requested(Request::StreamStarted(1), now, 0.0);
    for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
        schedule.failed(Source::Release, Remedy::RetryAll, now, 1.0);
        assert_eq!(schedule.next(now), Step::Wait(Some(now + SECOND * pause)));
    }
    assert_eq!(read(&mut schedule, now + SECOND * 60), ALL);
    schedule.failed(Source::Release, Remedy::RetryAll, now, 1.0);
    assert_eq!(
        schedule.next(now),
        Step::Wait(Some(now + SECOND)),
        "the first pause"
    );
}

#[test]
fn what_is_switched_off_or_too_long_is_tried_later_or_when_the_agent_has_restarted() {
    let endpoints = Source::List(ApiList::Endpoints);
    for remedy in [Remedy::RetryLater, Remedy::Unsupported] {
        let (mut schedule, now) = schedule("{ lists = ['endpoints'], refresh = '0s' }");
        read(&mut schedule, now + SECOND);
        schedule.failed(endpoints, remedy, now, 0.5);
        schedule.requested(LOST, now, 0.0);
        schedule.succeeded(Source::Release, now, 0.5);
        assert_eq!(schedule.next(now), Step::Wait(Some(now + SECOND * 600)));
        schedule.requested(Request::StreamStarted(2), now, 0.0);
        assert_eq!(read(&mut schedule, now), ["/v1/healthz", "/v1/endpoint"]);
    }
}

#[test]
fn logs_of_rules_are_read_again_when_they_are_asked_for() {
    let (mut schedule, now) = schedule("{}");
    read(&mut schedule, now + SECOND);
    schedule.requested(Request::RuleLogsWanted, now + SECOND, 0.0);
    assert_eq!(read(&mut schedule, now + SECOND * 2), ["/v1/policy"]);
}
