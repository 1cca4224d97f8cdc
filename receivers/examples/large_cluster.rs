//! Reads the lists of a large cluster as the receiver does, and prints the CPU time.
//!
//! `cargo run --release -p tidegate-receivers --example large_cluster [PODS]`

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use tidegate_receivers::cilium_api::{ApiList, ListParser};

/// The length of the pieces in which a body arrives.
const PIECE: usize = 64 << 10;

fn main() -> io::Result<()> {
    let pods = std::env::args().nth(1).and_then(|pods| pods.parse().ok());
    let pods = pods.unwrap_or(100_000);
    let lists = [
        (ApiList::Identities, identities(5_000)),
        (ApiList::Addresses, addresses(pods)),
        (ApiList::Services, services(5_000)),
    ];
    let mut out = io::stdout().lock();
    let mut total = Duration::ZERO;
    for (list, body) in &lists {
        let before = cpu_time();
        let entries = read(*list, body);
        let used = cpu_time().saturating_sub(before);
        total += used;
        writeln!(
            out,
            "{:<12} {:>9} bytes {entries:>7} entries {:>7.1} ms",
            list.name(),
            body.len(),
            used.as_secs_f64() * 1e3
        )?;
    }
    writeln!(
        out,
        "{:<48} {:>7.1} ms",
        "in all",
        total.as_secs_f64() * 1e3
    )
}

/// Reads a list, and frees its portions at once, as the table does.
fn read(list: ApiList, body: &[u8]) -> u64 {
    let mut parser = ListParser::new(list);
    for piece in body.chunks(PIECE) {
        drop(parser.push(piece).expect("a list"));
    }
    drop(parser.finish().expect("the end of the list"));
    parser.counts().entries
}

fn cpu_time() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the usage of this process");
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(u64::try_from(micros).unwrap_or_default())
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
