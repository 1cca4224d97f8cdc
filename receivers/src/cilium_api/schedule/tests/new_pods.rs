//! What is read for pods that start while the receiver runs.

use std::time::{Duration, Instant};

use tidegate_runtime::requests::Request;

use super::{ALL, LOST, SECOND, Schedule, Step, read, schedule};
use crate::cilium_api::config::ApiList;
use crate::cilium_api::failure::Remedy;
use crate::cilium_api::source::Source;

const CGROUPS: &str = "/v1/cgroup-dump-metadata";
const ENDPOINT: &str = "/v1/endpoint/{id}";
const ENDPOINTS: &str = "/v1/endpoint";

/// A schedule of which everything was read at the returned time.
fn started(toml: &str) -> (Schedule, Instant) {
    let (mut schedule, now) = schedule(toml);
    schedule.requested(Request::StreamStarted(1), now, 0.0);
    read(&mut schedule, now);
    (schedule, now)
}

fn want(schedule: &mut Schedule, endpoints: std::ops::Range<u16>, now: Instant) {
    for endpoint in endpoints {
        assert!(!schedule.requested(Request::EndpointWanted(endpoint), now, 0.0));
    }
}

/// What is read until `end`, with the tenths of seconds after `start` at which it is.
fn read_until(schedule: &mut Schedule, start: Instant, end: Duration) -> Vec<(u32, &'static str)> {
    let tenths = 0..=u32::try_from(end.as_millis() / 100).unwrap();
    tenths
        .flat_map(|tenth| {
            let paths = read(schedule, start + SECOND / 10 * tenth);
            paths.into_iter().map(move |path| (tenth, path))
        })
        .collect()
}

#[test]
fn a_new_endpoint_is_read_after_a_second_with_the_control_groups() {
    let (mut schedule, now) = started("{}");
    want(&mut schedule, 7..8, now);
    want(&mut schedule, 7..8, now + SECOND / 2);
    assert_eq!(schedule.next(now), Step::Wait(Some(now + SECOND)));
    assert_eq!(
        read_until(&mut schedule, now, SECOND * 60),
        [(10, CGROUPS), (10, ENDPOINT)]
    );
    want(&mut schedule, 7..9, now + SECOND * 60);
    assert_eq!(
        read_until(&mut schedule, now + SECOND * 60, SECOND),
        [(10, CGROUPS), (10, ENDPOINT), (10, ENDPOINT)]
    );
}

#[test]
fn many_new_endpoints_cost_one_list_and_further_ones_wait_for_five_seconds() {
    let (mut schedule, now) = started("{}");
    want(&mut schedule, 0..100, now);
    want(&mut schedule, 100..200, now + SECOND / 2);
    assert_eq!(
        read_until(&mut schedule, now, SECOND),
        [(10, ENDPOINTS), (10, CGROUPS)]
    );
    let mut all = Vec::new();
    for tenth in 11..=200 {
        let at = now + SECOND / 10 * tenth;
        want(&mut schedule, 200..202, at);
        let paths = read(&mut schedule, at);
        all.extend(paths.into_iter().map(|path| (tenth, path)));
    }
    let times: Vec<_> = all.iter().map(|(tenth, _)| *tenth).collect();
    let round = |at| [at; 3];
    assert_eq!(times, [round(60), round(110), round(160)].concat());
    assert!(
        all.iter()
            .all(|(_, path)| [CGROUPS, ENDPOINT].contains(path))
    );
}

#[test]
fn an_endpoint_is_not_read_alone_if_the_list_is_due() {
    let (mut schedule, now) = schedule("{}");
    want(&mut schedule, 7..8, now);
    assert_eq!(read(&mut schedule, now + SECOND), ALL);
    assert_eq!(read_until(&mut schedule, now + SECOND, SECOND * 60), []);
    schedule.requested(LOST, now + SECOND * 200, 0.0);
    want(&mut schedule, 7..8, now + SECOND * 200);
    assert_eq!(read(&mut schedule, now + SECOND * 200), ALL);
    assert_eq!(
        read_until(&mut schedule, now + SECOND * 200, SECOND * 60),
        []
    );
}

#[test]
fn only_configured_lists_are_read_for_new_pods() {
    for (lists, expected) in [
        ("'endpoints'", &[(10, ENDPOINT)][..]),
        ("'cgroups'", &[(10, CGROUPS)]),
        ("'identities'", &[]),
    ] {
        let (mut schedule, now) = started(&format!("{{ lists = [{lists}] }}"));
        want(&mut schedule, 7..8, now);
        schedule.requested(Request::CgroupsWanted, now, 0.0);
        assert_eq!(read_until(&mut schedule, now, SECOND * 60), expected);
    }
}

#[test]
fn control_groups_are_read_for_flows_at_most_every_five_seconds() {
    let (mut schedule, now) = started("{}");
    let mut times = Vec::new();
    for tenth in 0..=120 {
        let at = now + SECOND / 10 * tenth;
        schedule.requested(Request::CgroupsWanted, at, 0.0);
        let paths = read(&mut schedule, at);
        assert!(paths.iter().all(|path| *path == CGROUPS));
        times.extend(paths.iter().map(|_| tenth));
    }
    assert_eq!(times, [10, 60, 110]);
}

#[test]
fn a_release_without_control_groups_is_not_asked_for_them_again() {
    let (mut schedule, now) = started("{ lists = ['cgroups', 'endpoints'], refresh = '0s' }");
    let cgroups = Source::List(ApiList::Cgroups);
    schedule.failed(cgroups, Remedy::Unsupported, now, 0.5);
    schedule.requested(Request::CgroupsWanted, now, 0.0);
    want(&mut schedule, 7..8, now);
    assert_eq!(
        read_until(&mut schedule, now, SECOND * 60),
        [(10, ENDPOINT)]
    );
}

#[test]
fn the_list_is_read_in_place_of_endpoints_that_are_refused() {
    for (remedy, pause) in [
        (Remedy::RetryLater, 600),
        (Remedy::Retry(Duration::ZERO), 1),
    ] {
        let (mut schedule, now) = started("{ lists = ['endpoints'] }");
        want(&mut schedule, 7..9, now);
        let at = now + SECOND;
        assert_eq!(schedule.next(at), Step::ReadEndpoint(7));
        schedule.began(Source::Endpoint);
        schedule.failed(
            Source::Endpoint,
            remedy,
            at,
            if pause == 1 { 1.0 } else { 0.5 },
        );
        want(&mut schedule, 9..10, at);
        assert_eq!(
            read_until(&mut schedule, at, SECOND * 60),
            [(50, ENDPOINTS)]
        );
        let again = at + SECOND * 60;
        want(&mut schedule, 10..11, again);
        let expected = if pause == 1 { ENDPOINT } else { ENDPOINTS };
        assert_eq!(read_until(&mut schedule, again, SECOND), [(10, expected)]);
    }
}

#[test]
fn endpoints_are_read_when_the_api_can_be_reached_again_unless_the_agent_has_restarted() {
    for restarts in [false, true] {
        let (mut schedule, now) = started("{ refresh = '0s', lists = ['endpoints'] }");
        want(&mut schedule, 7..8, now);
        let at = now + SECOND;
        schedule.began(Source::Endpoint);
        schedule.failed(Source::Endpoint, Remedy::RetryAll, at, 1.0);
        assert_eq!(schedule.next(at), Step::Wait(Some(at + SECOND)));
        if restarts {
            assert!(schedule.requested(Request::StreamEnded(1), at, 0.0));
            assert!(schedule.requested(Request::StreamStarted(2), at, 0.0));
            assert_eq!(read(&mut schedule, at), ["/v1/healthz", ENDPOINTS]);
        }
        let rest = read(&mut schedule, at + SECOND);
        assert_eq!(rest, if restarts { vec![] } else { vec![ENDPOINT] });
    }
}

#[test]
fn an_endpoint_that_is_announced_while_the_list_is_being_read_is_read_after_it() {
    let (mut schedule, now) = schedule("{ lists = ['endpoints'] }");
    schedule.requested(Request::StreamStarted(1), now, 0.0);
    schedule.succeeded(Source::Release, now, 0.5);
    let list = Source::List(ApiList::Endpoints);
    schedule.began(list);
    want(&mut schedule, 7..8, now);
    schedule.succeeded(list, now, 0.5);
    assert_eq!(
        read_until(&mut schedule, now, SECOND * 60),
        [(10, ENDPOINT)]
    );
}

#[test]
fn endpoints_that_are_announced_while_one_of_them_is_being_read_are_read_after_it() {
    let (mut schedule, now) = started("{ lists = ['endpoints'] }");
    want(&mut schedule, 7..8, now);
    let at = now + SECOND;
    assert_eq!(schedule.next(at), Step::ReadEndpoint(7));
    schedule.began(Source::Endpoint);
    want(&mut schedule, 7..9, at);
    schedule.succeeded(Source::Endpoint, at, 0.5);
    assert_eq!(
        read_until(&mut schedule, at, SECOND * 60),
        [(0, ENDPOINT), (0, ENDPOINT)]
    );
}

#[test]
fn the_list_is_read_again_if_too_many_endpoints_are_announced_while_it_is_being_read() {
    for fails in [false, true] {
        let (mut schedule, now) = started("{ lists = ['endpoints'] }");
        let list = Source::List(ApiList::Endpoints);
        schedule.began(list);
        if fails {
            schedule.failed(list, Remedy::Retry(Duration::ZERO), now, 1.0);
            schedule.began(list);
        }
        want(&mut schedule, 0..100, now);
        schedule.succeeded(list, now, 0.5);
        assert_eq!(
            read_until(&mut schedule, now, SECOND * 60),
            [(10, ENDPOINTS)]
        );
    }
}

#[test]
fn the_end_of_one_of_two_streams_loses_no_endpoint() {
    let (mut schedule, now) = started("{ lists = ['endpoints'] }");
    schedule.requested(Request::StreamStarted(2), now, 0.0);
    read(&mut schedule, now);
    want(&mut schedule, 7..8, now);
    assert!(!schedule.requested(Request::StreamEnded(1), now, 0.0));
    assert_eq!(
        read_until(&mut schedule, now, SECOND * 60),
        [(10, ENDPOINT)]
    );
}
