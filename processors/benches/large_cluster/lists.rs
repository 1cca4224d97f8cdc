//! The lists of a large cluster, as the agent's API sends them.

use std::fmt::Write as _;

use tidegate_receivers::cilium_api::ApiList;

/// The lists of a cluster with this many pods, 5,000 identities and 5,000 services.
pub(crate) fn lists(pods: u32) -> [(ApiList, Vec<u8>); 3] {
    [
        (ApiList::Identities, identities(5_000)),
        (ApiList::Addresses, addresses(pods)),
        (ApiList::Services, services(5_000)),
    ]
}

/// A list of `count` elements.
fn list(count: u32, mut element: impl FnMut(&mut String, u32) -> std::fmt::Result) -> Vec<u8> {
    let mut json = String::from("[");
    for n in 0..count {
        if n > 0 {
            json.push(',');
        }
        element(&mut json, n).expect("a string grows");
    }
    json.push_str("]\n");
    json.into_bytes()
}

fn identities(count: u32) -> Vec<u8> {
    list(count, |json, n| {
        write!(
            json,
            r#"{{"id":{},"labels":["k8s:app.kubernetes.io/name=app-{n}","k8s:app=app-{n}","k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=ns-{n}","k8s:io.cilium.k8s.policy.cluster=default","k8s:io.cilium.k8s.policy.serviceaccount=default","k8s:io.kubernetes.pod.namespace=ns-{n}"],"labelsSHA256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}}"#,
            n + 1000
        )
    })
}

fn addresses(count: u32) -> Vec<u8> {
    list(count, |json, n| {
        let [_, a, b, c] = n.to_be_bytes();
        let app = n % 5000;
        write!(
            json,
            r#"{{"cidr":"10.{a}.{b}.{c}/32","hostIP":"192.168.{a}.{b}","identity":{},"metadata":{{"name":"app-{app}-7d9f6c5b8-{n:05x}","namespace":"ns-{}","source":"custom-resource"}}}}"#,
            app + 1000,
            app % 100
        )
    })
}

fn services(count: u32) -> Vec<u8> {
    list(count, |json, n| {
        let [_, _, b, c] = n.to_be_bytes();
        let mut spec = String::from(r#"{"backend-addresses":["#);
        for backend in 0..10 {
            let comma = if backend > 0 { "," } else { "" };
            write!(
                spec,
                r#"{comma}{{"ip":"10.{b}.{c}.{backend}","nodeName":"node-001","port":8080,"protocol":"TCP","state":"active","weight":100}}"#
            )?;
        }
        write!(
            spec,
            r#"],"flags":{{"extTrafficPolicy":"Cluster","intTrafficPolicy":"Cluster","name":"svc-{n}","namespace":"ns-{}","natPolicy":"Nat44","trafficPolicy":"Cluster","type":"ClusterIP"}},"frontend-address":{{"ip":"172.20.{b}.{c}","port":80,"protocol":"TCP","scope":"external"}},"id":{n}}}"#,
            n % 100
        )?;
        write!(json, r#"{{"spec":{spec},"status":{{"realized":{spec}}}}}"#)
    })
}
