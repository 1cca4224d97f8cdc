//! The answers of the API agree with what a stream of the same options announces and shows.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tidegate_simulate::{Api, Event, Mix, Options, Release, Simulator};
use tidegate_wire::agent_notify::{self, notify_type};
use tidegate_wire::event::message_type;

fn options(release: Release) -> Options {
    Options {
        release,
        mix: Mix::EVEN,
        lost_every: 0,
        ..Options::default()
    }
}

fn document(api: &Api, path: &str) -> Value {
    let now = SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_500);
    let answer = api.get(path, now);
    assert_eq!(answer.status, 200, "{path}");
    serde_json::from_str(&answer.body).unwrap()
}

fn list(api: &Api, path: &str) -> Vec<Value> {
    document(api, path).as_array().unwrap().clone()
}

fn events(release: Release) -> Vec<Vec<u8>> {
    let mut simulator = Simulator::new(options(release));
    (0..5000)
        .map(|_| match simulator.next_event() {
            Event::Sample { data, .. } => data,
            Event::Lost { .. } => unreachable!("losses are switched off"),
        })
        .collect()
}

fn notifications(events: &[Vec<u8>]) -> Vec<(u32, Value)> {
    events
        .iter()
        .filter(|data| data[0] == message_type::AGENT)
        .map(|data| {
            let notify = agent_notify::Decoder::default().decode(data).unwrap();
            (notify.kind, serde_json::from_str(&notify.text).unwrap())
        })
        .collect()
}

#[test]
fn every_announced_address_and_endpoint_is_in_the_lists_from_the_beginning() {
    let api = Api::new(&options(Release::V1_19));
    let addresses: BTreeMap<_, _> = list(&api, "/v1/ip")
        .into_iter()
        .map(|entry| (entry["cidr"].as_str().unwrap().to_owned(), entry))
        .collect();
    let endpoints: BTreeMap<_, _> = list(&api, "/v1/endpoint")
        .into_iter()
        .map(|endpoint| (endpoint["id"].as_u64(), endpoint))
        .collect();
    let mut kinds = BTreeSet::new();
    for (kind, announced) in notifications(&events(Release::V1_19)) {
        kinds.insert(kind);
        match kind {
            notify_type::IPCACHE_UPSERTED => {
                let entry = &addresses[announced["cidr"].as_str().unwrap()];
                assert_eq!(entry["identity"], announced["id"]);
                assert_eq!(entry["hostIP"], announced["host-ip"]);
                assert_eq!(entry["metadata"]["name"], announced["pod-name"]);
                assert_eq!(entry["metadata"]["namespace"], announced["namespace"]);
            }
            notify_type::ENDPOINT_CREATED => {
                let names = &endpoints[&announced["id"].as_u64()]["status"]["external-identifiers"];
                assert_eq!(names["k8s-pod-name"], announced["pod-name"]);
                assert_eq!(names["k8s-namespace"], announced["namespace"]);
            }
            notify_type::ENDPOINT_REGENERATE_SUCCESS => {
                let status = &endpoints[&announced["id"].as_u64()]["status"];
                assert_eq!(status["identity"]["labels"], announced["labels"]);
            }
            _ => {}
        }
    }
    assert_eq!(kinds.len(), 3);
}

#[test]
fn every_identity_of_the_lists_has_labels_and_can_be_asked_for_alone() {
    let api = Api::new(&options(Release::V1_19));
    let identities: BTreeMap<_, _> = list(&api, "/v1/identity")
        .into_iter()
        .map(|identity| (identity["id"].as_u64().unwrap(), identity))
        .collect();
    for entry in list(&api, "/v1/ip") {
        let number = entry["identity"].as_u64().unwrap();
        let identity = &identities[&number];
        assert_ne!(identity["labels"][0], Value::Null, "{number}");
        assert_eq!(&document(&api, &format!("/v1/identity/{number}")), identity);
    }
    for endpoint in list(&api, "/v1/endpoint") {
        let identity = &endpoint["status"]["identity"];
        let number = identity["id"].as_u64().unwrap();
        assert_eq!(identities[&number]["labels"], identity["labels"]);
    }
}

#[test]
fn sockets_and_interfaces_of_events_are_those_of_the_lists() {
    let api = Api::new(&options(Release::V1_19));
    let cgroups = document(&api, "/v1/cgroup-dump-metadata");
    let containers = cgroups["pod-metadatas"].as_array().unwrap();
    let containers: BTreeSet<_> = containers
        .iter()
        .flat_map(|pod| pod["containers"].as_array().unwrap())
        .map(|container| container["cgroup-id"].as_u64().unwrap())
        .collect();
    let endpoints = list(&api, "/v1/endpoint");
    let interfaces: BTreeMap<_, _> = endpoints
        .iter()
        .map(|endpoint| {
            let index = &endpoint["status"]["networking"]["interface-index"];
            (endpoint["id"].as_u64().unwrap(), index.as_u64().unwrap())
        })
        .collect();
    let distinct: BTreeSet<_> = interfaces.values().collect();
    assert_eq!(distinct.len(), endpoints.len());
    let mut sockets = 0;
    for data in events(Release::V1_19) {
        let u16_at = |at: usize| u16::from_le_bytes([data[at], data[at + 1]]);
        match data[0] {
            message_type::TRACE_SOCK => {
                sockets += 1;
                let cgroup = data[16..24].try_into().map(u64::from_le_bytes).unwrap();
                assert!(containers.contains(&cgroup), "{cgroup}");
            }
            message_type::TRACE if u16_at(2) != 0 => {
                let index = data[28..32].try_into().map(u32::from_le_bytes).unwrap();
                assert_eq!(interfaces[&u16_at(2).into()], u64::from(index));
            }
            _ => {}
        }
    }
    assert!(sockets > 0);
}

#[test]
fn pods_have_the_labels_that_tell_their_owner() {
    let api = Api::new(&options(Release::V1_19));
    let mut owners = BTreeSet::new();
    for endpoint in list(&api, "/v1/endpoint") {
        let status = &endpoint["status"];
        let Some(pod) = status["external-identifiers"]["k8s-pod-name"].as_str() else {
            continue;
        };
        let derived = status["labels"]["derived"].as_array().unwrap();
        let label = |key: &str| {
            let labels = derived.iter().filter_map(Value::as_str);
            let mut values = labels.filter_map(|label| label.strip_prefix(key));
            values.next().map(str::to_owned)
        };
        if let Some(hash) = label("k8s:pod-template-hash=") {
            owners.insert("Deployment");
            assert!(pod.contains(&format!("-{hash}-")), "{pod}");
        } else {
            owners.insert("StatefulSet");
            let name = label("k8s:statefulset.kubernetes.io/pod-name=");
            assert_eq!(name.as_deref(), Some(pod));
            assert!(label("k8s:controller-revision-hash=").is_some());
        }
    }
    assert_eq!(owners.len(), 2);
}

#[test]
fn services_have_the_addresses_of_their_pods_and_lookups_end_after_their_ttl() {
    let api = Api::new(&options(Release::V1_19));
    let pods: BTreeSet<_> = list(&api, "/v1/ip")
        .iter()
        .filter(|entry| !entry["metadata"].is_null())
        .map(|entry| entry["cidr"].as_str().unwrap().to_owned())
        .collect();
    for service in list(&api, "/v1/service") {
        assert_eq!(service["spec"], service["status"]["realized"]);
        let frontend = service["spec"]["frontend-address"]["ip"].as_str().unwrap();
        let length = if frontend.contains(':') { 128 } else { 32 };
        for backend in service["spec"]["backend-addresses"].as_array().unwrap() {
            let cidr = format!("{}/{length}", backend["ip"].as_str().unwrap());
            assert!(pods.contains(&cidr), "{cidr}");
        }
    }
    let lookup = &list(&api, "/v1/fqdn/cache")[0];
    assert_eq!(lookup["lookup-time"], "1970-01-01T00:16:40.500Z");
    assert_eq!(lookup["expiration-time"], "1970-01-01T00:21:40.500Z");
    assert_eq!(lookup["ttl"], 300);
}

#[test]
fn an_agent_answers_with_its_version_and_refuses_paths_that_its_release_lacks() {
    for release in Release::ALL {
        let api = Api::new(&options(release));
        let health = document(&api, "/v1/healthz");
        let message = health["cilium"]["msg"].as_str().unwrap();
        assert!(message.starts_with(&format!("{}.", release.name())));
        assert_eq!(document(&api, "/v1/cluster/nodes")["self"], "node-2");
        let status = |path| api.get(path, SystemTime::UNIX_EPOCH).status;
        let has_cgroups = release >= Release::V1_16;
        let expected = if has_cgroups { 200 } else { 404 };
        assert_eq!(status("/v1/cgroup-dump-metadata"), expected);
        for path in ["/v1/identity/77", "/v1/identity/x", "/v1/nothing", "/", ""] {
            assert_eq!(status(path), 404, "{path}");
        }
    }
}
