//! Pods that start after the lists were read: what announcements lack is asked for.

use tidegate_model::flow::IpVersion;
use tidegate_model::names::{EndpointName, NamesContent, NamesList, NamesSource, PodCgroups};
use tidegate_model::{Record, Timestamp};
use tidegate_runtime::requests::{Request, RequestReader, Requests};

use crate::requests::{connection, requests};
use crate::support::{Enrich, address, from, shown, socket};

const WANTED: Request = Request::EndpointWanted(312);

fn second(second: u64) -> Timestamp {
    Timestamp(second * 1_000_000_000)
}

/// A processor with all lists, and the end of a receiver that reads its requests.
fn listed(config: &str) -> (Enrich, Requests, RequestReader) {
    let (requests, receiver, reader) = connection();
    let mut enrich = Enrich::with_requests(config, requests);
    enrich.time = second(1);
    for list in [NamesList::Endpoints, NamesList::Cgroups] {
        enrich.absorb(NamesContent::Complete(list));
    }
    (enrich, receiver, reader)
}

/// The listed endpoint of the pod `shop/cart-7d9f8b6c5-x2x4k`.
fn cart() -> EndpointName {
    EndpointName {
        id: 312,
        identity: 4242,
        labels: vec!["k8s:app=cart".to_owned()],
        derived_labels: vec!["k8s:pod-template-hash=7d9f8b6c5".to_owned()],
        namespace: "shop".to_owned(),
        pod_name: POD.1.to_owned(),
        addresses: vec![address("10.0.1.5")],
        interface_name: "lxc1234".to_owned(),
        interface_index: 17,
        policy: None,
    }
}

const POD: (&str, &str) = ("shop/cart-7d9f8b6c5-x2x4k", "cart-7d9f8b6c5-x2x4k");

/// The seconds after which a flow has the endpoint asked for.
fn asked_at(enrich: &mut Enrich, reader: &mut RequestReader, seconds: &[u64]) -> Vec<u64> {
    let is_asked = |at: &&u64| {
        enrich.time = second(**at);
        enrich.pass(from("10.0.1.5", 2));
        requests(reader).contains(&WANTED)
    };
    seconds.iter().filter(is_asked).copied().collect()
}

/// The workload of the pod, and the name of its interface.
fn shown_names(enrich: &mut Enrich) -> (String, String) {
    let mut flow = from("10.0.1.5", 2);
    flow.interface = 17;
    let flow = enrich.pass(flow);
    let names = flow.source.names.unwrap_or_default();
    let interface = flow.node.map(|node| node.interface_name.clone());
    let workload = names.workloads.first().map(|(_, name)| name.clone());
    (workload.unwrap_or_default(), interface.unwrap_or_default())
}

#[test]
fn a_new_endpoint_is_asked_for_until_a_list_has_its_workload_and_interface() {
    let (mut enrich, _receiver, mut reader) = listed("{}");
    enrich.time = second(10);
    enrich.created(312, POD.0);
    enrich.regenerated(312, &["k8s:app=cart"]);
    enrich.upserted("10.0.1.5/32", 4242, POD.0, "172.18.0.2");
    assert_eq!(requests(&mut reader), [WANTED]);
    assert_eq!(asked_at(&mut enrich, &mut reader, &[10, 14, 15, 16]), [15]);
    // The agent has no labels of the pod yet, and then no interface.
    for incomplete in [
        EndpointName {
            identity: 5,
            ..cart()
        },
        EndpointName {
            interface_index: 0,
            ..cart()
        },
    ] {
        enrich.absorb(NamesContent::Endpoints(vec![incomplete]));
    }
    assert_eq!(asked_at(&mut enrich, &mut reader, &[24, 25]), [25]);
    enrich.absorb(NamesContent::Endpoints(vec![cart()]));
    enrich.regenerated(312, &["k8s:app=cart"]);
    assert!(asked_at(&mut enrich, &mut reader, &[45, 85, 200]).is_empty());
    let expected = ("cart".to_owned(), "lxc1234".to_owned());
    assert_eq!(shown_names(&mut enrich), expected);
}

#[test]
fn an_endpoint_that_no_list_ever_has_is_asked_for_five_times() {
    let (mut enrich, _receiver, mut reader) = listed("{}");
    enrich.time = second(10);
    // Its creation was lost.
    enrich.regenerated(312, &["k8s:app=cart"]);
    assert_eq!(requests(&mut reader), [WANTED]);
    let seconds: Vec<_> = (10..1000).collect();
    assert_eq!(
        asked_at(&mut enrich, &mut reader, &seconds),
        [15, 25, 45, 85]
    );
    enrich.regenerated(312, &["k8s:app=cart"]);
    assert_eq!(requests(&mut reader), [WANTED], "it was announced again");
}

#[test]
fn an_endpoint_that_is_deleted_meanwhile_is_not_asked_for_and_its_answer_is_ignored() {
    let (mut enrich, _receiver, mut reader) = listed("{ keep_deleted = '0s' }");
    enrich.time = second(10);
    enrich.created(312, POD.0);
    assert_eq!(requests(&mut reader), [WANTED]);
    enrich.time = second(12);
    enrich.removed(312);
    let late = NamesContent::Endpoints(vec![cart()]);
    enrich.absorb_from(NamesSource::CiliumApi, second(11), late);
    assert_eq!(
        shown(&enrich.pass(from("10.0.1.5", 2)).source),
        "0/2 - - [reserved:world]"
    );
    assert!(asked_at(&mut enrich, &mut reader, &[15, 25, 45]).is_empty());
}

#[test]
fn endpoints_without_a_pod_are_asked_for_until_they_are_listed() {
    let (mut enrich, _receiver, mut reader) = listed("{}");
    enrich.time = second(10);
    enrich.regenerated(312, &["reserved:ingress"]);
    assert_eq!(requests(&mut reader), [WANTED]);
    enrich.absorb(NamesContent::Endpoints(vec![EndpointName {
        id: 312,
        identity: 8,
        labels: vec!["reserved:ingress".to_owned()],
        ..EndpointName::default()
    }]));
    enrich.regenerated(312, &["reserved:ingress"]);
    assert!(asked_at(&mut enrich, &mut reader, &[15, 25, 45]).is_empty());
}

#[test]
fn what_is_read_anew_after_a_restart_is_not_asked_for() {
    let (mut enrich, _receiver, mut reader) = listed("{}");
    enrich.time = second(10);
    enrich.created(312, POD.0);
    assert_eq!(requests(&mut reader), [WANTED]);
    enrich.stream += 1;
    enrich.upserted("10.0.1.9/32", 4243, "", "172.18.0.2");
    assert!(asked_at(&mut enrich, &mut reader, &[15, 25, 45]).is_empty());
}

#[test]
fn a_pipeline_whose_receivers_cannot_answer_leaves_requests_to_the_others() {
    let (requests_of_one, _receiver, mut reader) = connection();
    let of_pipelines = [Requests::default(), requests_of_one];
    let [mut deaf, mut one] = Enrich::pair_with_requests("{}", of_pipelines);
    for enrich in [&mut deaf, &mut one] {
        enrich.time = second(10);
        enrich.created(312, POD.0);
    }
    assert_eq!(requests(&mut reader), [WANTED]);
}

#[test]
fn an_unknown_control_group_has_the_list_asked_for_until_it_is_known_or_no_pods() {
    let (mut enrich, _receiver, mut reader) = listed("{}");
    let mut asked = Vec::new();
    for at in 10..=80 {
        enrich.time = second(at);
        assert!(enrich.try_pass(socket(7, IpVersion::V4)).is_none());
        let all = requests(&mut reader);
        asked.extend(all.iter().map(|request| (at, *request)));
    }
    let expected = [10, 15, 25, 45].map(|at| (at, Request::CgroupsWanted));
    assert_eq!(asked, expected, "the next one is due at 85 s");
    enrich.absorb(NamesContent::Cgroups(vec![PodCgroups {
        cgroups: vec![7],
        addresses: vec![address("10.0.1.5")],
        ..PodCgroups::default()
    }]));
    enrich.absorb(NamesContent::Complete(NamesList::Cgroups));
    assert!(enrich.try_pass(socket(7, IpVersion::V4)).is_some());
    assert!(enrich.try_pass(socket(8, IpVersion::V4)).is_none());
    assert_eq!(requests(&mut reader), [Request::CgroupsWanted]);
    // Of a process of the node: a list of a minute later does not have it.
    enrich.time = second(150);
    enrich.absorb(NamesContent::Complete(NamesList::Cgroups));
    enrich.pass_record(Record::Flow(from("10.0.1.5", 2)));
    assert!(enrich.try_pass(socket(8, IpVersion::V4)).is_none());
    assert!(requests(&mut reader).is_empty());
}

#[test]
fn control_groups_are_not_asked_for_before_they_were_listed() {
    let (requests_of_one, _receiver, mut reader) = connection();
    let mut enrich = Enrich::with_requests("{}", requests_of_one);
    enrich.time = second(1);
    assert!(enrich.try_pass(socket(7, IpVersion::V4)).is_some());
    assert!(requests(&mut reader).is_empty());
}
