//! A wall clock that is set back.

use tidegate_model::Timestamp;
use tidegate_model::names::{AddressName, NamesContent, NamesList, NamesSource};
use tidegate_runtime::requests::{Request, ResyncCause};

use crate::requests::{connection, requests};
use crate::support::{Enrich, OTHER_NODE, address};

fn second(second: u64) -> Timestamp {
    Timestamp(second * 1_000_000_000)
}

/// Passes the list of addresses, of this pod alone.
fn list(enrich: &mut Enrich, asked: u64, ip: &str, pod: &str) {
    let entry = AddressName {
        address: address(ip),
        prefix_len: 32,
        identity: 4300,
        node: Some(address(OTHER_NODE)),
        namespace: "shop".to_owned(),
        pod_name: pod.to_owned(),
    };
    for content in [
        NamesContent::Addresses(vec![entry]),
        NamesContent::Complete(NamesList::Addresses),
    ] {
        enrich.absorb_from(NamesSource::CiliumApi, second(asked), content);
    }
}

const UNKNOWN: &str = "0/0 - - [reserved:unknown]";

#[test]
fn lists_and_announcements_count_after_the_clock_was_set_back_by_an_hour() {
    let (of_processor, _receiver, mut reader) = connection();
    let mut enrich = Enrich::with_requests("{ keep_deleted = '5s' }", of_processor);
    enrich.time = second(4000);
    list(&mut enrich, 4000, "10.0.2.9", "listed");
    enrich.upserted("10.0.2.8/32", 4300, "shop/announced", OTHER_NODE);
    enrich.upserted("10.0.2.7/32", 4300, "shop/ending", OTHER_NODE);
    enrich.time = second(4001);
    enrich.deleted_pod("10.0.2.7/32", "shop/ending");
    assert_eq!(requests(&mut reader), []);

    enrich.time = second(401);
    assert_eq!(enrich.source("10.0.2.7", 0), "0/4300 - shop/ending []");
    let set_back = Request::Resync(ResyncCause::ClockSetBack);
    let asked = requests(&mut reader);
    assert_eq!(asked, [set_back, Request::IdentityWanted(4300)]);
    assert_eq!(enrich.source("10.0.2.8", 0), "0/4300 - shop/announced []");

    enrich.time = second(406);
    assert_eq!(enrich.source("10.0.2.7", 0), UNKNOWN, "five seconds later");
    list(&mut enrich, 406, "10.0.2.9", "next");
    assert_eq!(enrich.source("10.0.2.9", 0), "0/4300 - shop/next []");
    assert_eq!(
        enrich.source("10.0.2.8", 0),
        UNKNOWN,
        "the list does not have it"
    );
    enrich.time = second(407);
    enrich.deleted_pod("10.0.2.9/32", "shop/next");
    list(&mut enrich, 406, "10.0.2.9", "next");
    enrich.time = second(413);
    assert_eq!(
        enrich.source("10.0.2.9", 0),
        UNKNOWN,
        "it was deleted since"
    );
    assert_eq!(requests(&mut reader), []);
}

#[test]
fn the_announcements_of_two_pipelines_count_after_the_clock_was_set_back() {
    let mut pipelines = Enrich::pair("{}");
    for enrich in &mut pipelines {
        enrich.time = second(4000);
        enrich.stream = 1;
        enrich.upserted("10.0.2.9/32", 4300, "shop/one", OTHER_NODE);
    }
    for enrich in &mut pipelines {
        enrich.time = second(400);
        enrich.upserted("10.0.2.9/32", 4300, "shop/other", OTHER_NODE);
        assert_eq!(enrich.source("10.0.2.9", 0), "0/4300 - shop/other []");
    }
}

#[test]
fn records_that_are_somewhat_out_of_order_are_no_sign_of_a_clock_that_was_set_back() {
    let (of_processor, _receiver, mut reader) = connection();
    let mut enrich = Enrich::with_requests("{}", of_processor);
    for at in [100, 91, 0, 100] {
        enrich.time = second(at);
        enrich.upserted("10.0.2.9/32", 2, "", "");
    }
    assert_eq!(requests(&mut reader), []);
}
