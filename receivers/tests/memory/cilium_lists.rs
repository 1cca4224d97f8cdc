//! Lists of the Cilium agent's API: those of a cluster with 100,000 pods, and elements of nearly
//! 1 MiB, which is as long as an element may be.

use std::io::{self, Write};

use crate::api::{Lists, elements, text};

/// What the lists of a large cluster are.
pub(crate) const LARGE_CLUSTER: Lists = &[
    ("/v1/healthz", health),
    ("/v1/identity", |out| list(out, 5_000, identity)),
    ("/v1/ip", |out| list(out, 100_000, address)),
    ("/v1/endpoint", |out| list(out, 250, endpoint)),
    ("/v1/service", |out| list(out, 5_000, service)),
    ("/v1/fqdn/cache", |out| list(out, 10_000, lookup)),
    ("/v1/cluster/nodes", |out| nodes(out, 5_000, node)),
];

/// As many bytes as an element of the largest size has in its texts.
const TEXT: usize = (1 << 20) - 1024;

/// Lists whose elements are as long as they may be.
pub(crate) const LARGEST: Lists = &[
    ("/v1/healthz", health),
    ("/v1/identity", |out| {
        list(out, 8, |out, number| {
            write!(out, r#"{{"id":{},"labels":[""#, 1000 + number)?;
            text(out, TEXT)?;
            write!(out, r#""]}}"#)
        })
    }),
    ("/v1/ip", |out| {
        list(out, 8, |out, number| {
            write!(
                out,
                r#"{{"cidr":"10.0.0.{number}/32","identity":1,"metadata":{{"name":""#
            )?;
            text(out, TEXT)?;
            write!(out, r#""}}}}"#)
        })
    }),
    // Many labels in each of two lists.
    ("/v1/endpoint", |out| {
        list(out, 8, |out, number| {
            let label = |out: &mut dyn Write, number: u32| {
                write!(out, r#""k8s:label-{number:06}.example.com/{number:0100}=""#)
            };
            write!(
                out,
                r#"{{"id":{number},"status":{{"identity":{{"id":1,"labels":["#
            )?;
            elements(out, 3_500, label)?;
            write!(out, r#"]}},"labels":{{"derived":["#)?;
            elements(out, 3_500, label)?;
            write!(out, "]}}}}}}")
        })
    }),
    // Half a million empty texts are more than a list may have.
    ("/v1/cluster/nodes", |out| {
        nodes(out, 8, |out, number| {
            write!(out, r#"{{"name":"node-{number}-"#)?;
            text(out, TEXT)?;
            write!(out, r#""}}"#)
        })
    }),
];

/// Identities with 340,000 labels, which are more than a list may have.
pub(crate) const LONG: Lists = &[
    ("/v1/healthz", health),
    ("/v1/identity", |out| {
        list(out, 8, |out, number| {
            write!(out, r#"{{"id":{},"labels":["#, 1000 + number)?;
            elements(out, 340_000, |out, _| write!(out, r#""""#))?;
            write!(out, "]}}")
        })
    }),
    ("/v1/cluster/nodes", |out| nodes(out, 1, node)),
];

fn list(
    out: &mut dyn Write,
    count: u32,
    element: fn(&mut dyn Write, u32) -> io::Result<()>,
) -> io::Result<()> {
    write!(out, "[")?;
    elements(out, count, element)?;
    write!(out, "]")
}

fn health(out: &mut dyn Write) -> io::Result<()> {
    write!(
        out,
        r#"{{"cilium":{{"msg":"1.19.4 (v1.19.4-0)","state":"Ok"}}}}"#
    )
}

fn identity(out: &mut dyn Write, number: u32) -> io::Result<()> {
    write!(
        out,
        r#"{{"id":{},"labels":["k8s:app=app-{number}","k8s:app.kubernetes.io/name=app-{number}","k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=team-{number}","k8s:io.cilium.k8s.policy.cluster=default","k8s:io.cilium.k8s.policy.serviceaccount=default","k8s:io.kubernetes.pod.namespace=team-{number}"]}}"#,
        number + 1000
    )
}

fn address(out: &mut dyn Write, number: u32) -> io::Result<()> {
    let [_, a, b, c] = number.to_be_bytes();
    let app = number % 5000;
    write!(
        out,
        r#"{{"cidr":"10.{a}.{b}.{c}/32","hostIP":"192.168.{a}.{b}","identity":{},"metadata":{{"name":"app-{app}-7d9f6c5b8-{number:05x}","namespace":"team-{app}","source":"custom-resource"}}}}"#,
        app + 1000
    )
}

fn endpoint(out: &mut dyn Write, number: u32) -> io::Result<()> {
    write!(out, r#"{{"id":{},"status":{{"identity":"#, number + 1)?;
    identity(out, number)?;
    write!(
        out,
        r#","networking":{{"addressing":[{{"ipv4":"10.0.0.{number}"}}],"interface-index":{number},"interface-name":"lxc{number:08x}"}},"policy":{{"realized":""#
    )?;
    text(out, 8 << 10)?;
    write!(out, r#""}}}}}}"#)
}

fn service(out: &mut dyn Write, number: u32) -> io::Result<()> {
    let [_, _, a, b] = number.to_be_bytes();
    write!(out, r#"{{"spec":{{"backend-addresses":["#)?;
    elements(out, 10, |out, backend| {
        write!(
            out,
            r#"{{"ip":"10.{a}.{b}.{backend}","nodeName":"node-001","port":8080,"protocol":"TCP","state":"active","weight":100}}"#
        )
    })?;
    write!(
        out,
        r#"],"flags":{{"name":"service-{number}","namespace":"team-{number}"}},"frontend-address":{{"ip":"172.20.{a}.{b}","port":80,"protocol":"TCP","scope":"external"}}}}}}"#
    )
}

fn lookup(out: &mut dyn Write, number: u32) -> io::Result<()> {
    let [_, _, a, b] = number.to_be_bytes();
    write!(
        out,
        r#"{{"endpoint-id":{},"fqdn":"service-{number}.example.com.","ips":["203.0.{a}.{b}"],"lookup-time":"2026-11-30T07:12:53.000Z","expiration-time":"2026-11-30T08:12:53.000Z"}}"#,
        number % 250 + 1
    )
}

fn node(out: &mut dyn Write, number: u32) -> io::Result<()> {
    let [_, _, a, b] = number.to_be_bytes();
    write!(
        out,
        r#"{{"name":"production/node-{number:05}","primary-address":{{"ipv4":{{"ip":"172.18.{a}.{b}"}}}},"secondary-addresses":[{{"ip":"10.{a}.{b}.1"}},{{"ip":"10.{a}.{b}.2"}}]}}"#
    )
}

fn nodes(
    out: &mut dyn Write,
    count: u32,
    node: fn(&mut dyn Write, u32) -> io::Result<()>,
) -> io::Result<()> {
    write!(out, r#"{{"nodes-added":["#)?;
    elements(out, count, node)?;
    write!(out, r#"],"self":"production/node-00007"}}"#)
}
