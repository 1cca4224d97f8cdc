//! What the processor asks receivers of names for.

use tidegate_model::names::{IdentityName, NamesContent, NamesList, NamesSource, Removal};
use tidegate_model::record::{Lost, LostSource};
use tidegate_model::{Record, Timestamp};
use tidegate_runtime::requests::{Request, RequestKind, RequestReader, Requests, ResyncCause};
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;

use crate::support::Enrich;

fn second(second: u64) -> Timestamp {
    Timestamp(second * 1_000_000_000)
}

/// A processor, and the end of a receiver that reads its requests.
fn connected() -> (Enrich, Requests, RequestReader) {
    let (requests, receiver, reader) = connection();
    (Enrich::with_requests("{}", requests), receiver, reader)
}

/// The ends of a processor and of a receiver.
pub(crate) fn connection() -> (Requests, Requests, RequestReader) {
    let takes = &[
        RequestKind::IdentityWanted,
        RequestKind::EndpointWanted,
        RequestKind::CgroupsWanted,
        RequestKind::Resync,
    ];
    let receiver = Requests::new(&StageId::receiver("api"), &[], takes, &Telemetry::default());
    let reader = receiver.reader();
    let requests = Requests::default();
    requests.connect([&receiver]);
    (requests, receiver, reader)
}

pub(crate) fn requests(reader: &mut RequestReader) -> Vec<Request> {
    std::iter::from_fn(|| reader.try_recv()).collect()
}

#[test]
fn an_unknown_identity_is_asked_for_once_in_a_minute() {
    let (mut enrich, _receiver, mut reader) = connected();
    // Otherwise the table asks for lists.
    enrich.absorb(NamesContent::Complete(NamesList::Addresses));
    for (at, expected) in [
        (1, &[Request::IdentityWanted(4300)][..]),
        (2, &[]),
        (60, &[]),
        (61, &[Request::IdentityWanted(4300)]),
    ] {
        enrich.time = second(at);
        assert_eq!(enrich.source("10.0.2.9", 4300), "0/4300 - - []");
        assert_eq!(enrich.source("10.0.2.9", 2), "0/2 - - [reserved:world]");
        assert_eq!(requests(&mut reader), expected, "after {at} s");
    }
    enrich.absorb(NamesContent::Identities(vec![IdentityName {
        identity: 4300,
        labels: vec!["k8s:app=web".to_owned()],
    }]));
    enrich.time = second(200);
    assert_eq!(enrich.source("10.0.2.9", 4300), "0/4300 - - [k8s:app=web]");
    assert_eq!(requests(&mut reader), []);
    enrich.absorb(NamesContent::Removed(vec![Removal::Identity(4300)]));
    assert_eq!(enrich.source("10.0.2.9", 4300), "0/4300 - - []");
    assert_eq!(requests(&mut reader), [Request::IdentityWanted(4300)]);
}

#[test]
fn an_identity_of_local_scope_that_the_agent_has_released_has_no_labels() {
    const LOCAL: u32 = (1 << 24) | 5;
    let unlisted = NamesContent::Removed(vec![Removal::Identity(LOCAL)]);
    let known = format!("0/{LOCAL} - - [reserved:world]");
    let released = format!("0/{LOCAL} - - []");
    let (mut enrich, _receiver, _reader) = connected();
    assert_eq!(enrich.source("203.0.113.9", LOCAL), known);
    enrich.absorb(unlisted.clone());
    assert_eq!(enrich.source("203.0.113.9", LOCAL), released);
    enrich.upserted("198.51.100.0/24", LOCAL, "", "");
    enrich.deleted("198.51.100.0/24");
    assert_eq!(
        enrich.source("203.0.113.9", LOCAL),
        known,
        "it was allocated"
    );
    enrich.absorb(unlisted);
    enrich.stream += 1;
    enrich.upserted("198.51.100.0/24", 2, "", "");
    assert_eq!(
        enrich.source("203.0.113.9", LOCAL),
        known,
        "of another agent"
    );
}

#[test]
fn a_listed_identity_of_local_scope_is_asked_for_once_no_prefix_has_it() {
    const LOCAL: u32 = (1 << 24) | 5;
    let (mut enrich, _receiver, mut reader) = connected();
    enrich.absorb(NamesContent::Complete(NamesList::Nodes));
    enrich.absorb(NamesContent::Identities(vec![IdentityName {
        identity: LOCAL,
        labels: vec!["fqdn:example.com".to_owned()],
    }]));
    let shown = format!("0/{LOCAL} - - [fqdn:example.com]");
    for (identity, expected) in [
        (LOCAL, &[][..]),
        (LOCAL + 1, &[Request::IdentityWanted(LOCAL)]),
    ] {
        enrich.upserted("203.0.113.9/32", identity, "", "");
        assert_eq!(enrich.source("192.0.2.1", LOCAL), shown);
        assert_eq!(requests(&mut reader), expected, "{identity}");
    }
    enrich.absorb(NamesContent::Removed(vec![Removal::Identity(LOCAL)]));
    let released = format!("0/{LOCAL} - - []");
    assert_eq!(enrich.source("192.0.2.1", LOCAL), released);
}

#[test]
fn lists_are_read_again_after_announcements_may_have_been_lost() {
    let (mut enrich, _receiver, mut reader) = connected();
    for (source, expected) in [
        (LostSource::PerfEventRingBuffer, None),
        (
            LostSource::ObserverEventsQueue,
            Some(ResyncCause::PipelineFull),
        ),
        (LostSource::Unknown, Some(ResyncCause::UpstreamLost)),
    ] {
        enrich.pass_record(Record::Lost(Lost {
            time: Timestamp(1),
            source,
            count: 3,
            cpu: None,
            span: None,
        }));
        let expected: Vec<_> = expected.map(Request::Resync).into_iter().collect();
        assert_eq!(requests(&mut reader), expected, "{source:?}");
    }
}

#[test]
fn a_table_without_lists_asks_for_them_after_five_seconds() {
    use NamesSource::{CiliumApi, Kubernetes};
    for (source, list, expected) in [
        (CiliumApi, NamesList::Addresses, None),
        (CiliumApi, NamesList::Endpoints, None),
        (Kubernetes, NamesList::Workloads, None),
        // The table may have missed all that was read before.
        (CiliumApi, NamesList::Identities, Some(6)),
        (CiliumApi, NamesList::Services, Some(6)),
    ] {
        let (mut enrich, _receiver, mut reader) = connected();
        let mut asked = Vec::new();
        for at in [1, 5, 6, 200] {
            enrich.time = second(at);
            enrich.source("10.0.2.9", 2);
            enrich.absorb_from(source, enrich.time, NamesContent::Complete(list));
            asked.extend(
                requests(&mut reader)
                    .into_iter()
                    .map(|request| (at, request)),
            );
        }
        let expected = expected.map(|at| (at, Request::Resync(ResyncCause::NewTable)));
        assert_eq!(asked, Vec::from_iter(expected), "{list:?}");
    }
}
