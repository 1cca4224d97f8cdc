//! The flows that filters are compared on: those of recordings of real agents and of simulated
//! streams, some with names and values that neither has.

use std::sync::Arc;

use tidegate_format::hubble::Json;
use tidegate_model::Record;
use tidegate_model::flow::{
    EndpointNames, Flow, Generic, L7Record, NodeView, ServiceName, TraceContext, Verdict,
};
use tidegate_simulate::{Mix, Options, Release, Stream};

use crate::recordings::chain::{Chain, NODE};
use crate::recordings::{RECORDINGS, unzip};

/// Releases of simulated streams, as in the configuration.
const SIMULATED: [(Release, &str); 3] = [
    (Release::V1_12, "1.12"),
    (Release::V1_19, "1.19"),
    (Release::V1_20, "1.20"),
];
/// Frames of a simulated stream.
const FRAMES: usize = 800;

/// All flows, in order.
pub(super) fn all() -> Vec<Record> {
    let mut flows = Vec::new();
    for (name, release, _) in RECORDINGS {
        add(&mut flows, &unzip(&format!("{name}.rec.gz")), release);
    }
    for (release, name) in SIMULATED {
        let mut stream = Stream::new(Options {
            release,
            mix: Mix::EVEN,
            lost_every: 0,
            ..Options::default()
        });
        let mut bytes = Vec::new();
        (0..FRAMES).for_each(|_| stream.next_frame(&mut bytes));
        add(&mut flows, &bytes, name);
    }
    flows
}

/// The lines of flows in Hubble's JSON.
pub(super) fn json(flows: &[Record]) -> String {
    let json = Json::new(NODE);
    let mut lines = String::new();
    for record in flows {
        if let Record::Flow(flow) = record {
            json.push_flow(&mut lines, flow);
        }
    }
    lines
}

fn add(flows: &mut Vec<Record>, recording: &[u8], release: &str) {
    let chain = Chain {
        reported: None,
        release: Some(release),
        metrics: &[],
        wire: true,
    };
    let offset = flows.len() as u64;
    chain.each_batch(recording, &mut |batch| {
        for record in batch.records() {
            if let Record::Flow(flow) = record {
                let mut flow = flow.clone();
                // Positions, and so UUIDs, are those of one stream.
                flow.seq += offset << 20;
                vary(&mut flow, flows.len() as u64);
                flows.push(Record::Flow(flow));
            }
        }
    });
}

/// Gives the `n`th flow what recordings lack.
fn vary(flow: &mut Flow, n: u64) {
    match n % 14 {
        0 => flow.source.names = names(&CART),
        1 => flow.destination.names = names(&DNS),
        2 => {
            flow.source.names = names(&WORLD);
            flow.destination.names = names(&CART);
        }
        3 => {
            flow.source.names = names(&CART);
            flow.destination.names = names(&DNS);
        }
        4 => {
            flow.source.names = names(&CART);
            flow.destination.names = names(&CART);
        }
        5 => flow.destination.names = names(&WORLD),
        _ => {}
    }
    match n % 101 {
        7 => flow.verdict = Verdict::Audit,
        8 => flow.verdict = Verdict::Error,
        _ => {}
    }
    if let Some(socket) = &mut flow.socket {
        socket.keeps_mapped = n.is_multiple_of(3);
    }
    if n % 11 == 3 {
        flow.ip_trace_id = n % 4;
    }
    if n % 13 == 4 {
        flow.interface = n as u32 % 3;
    }
    if n % 17 == 5
        && let Some(ip) = &mut flow.ip
    {
        ip.encrypted = true;
        ip.source_xlated = Some(ip.destination);
    }
    vary_cluster(flow, n);
    vary_message(flow, n);
}

/// Gives flows services, node labels and names of interfaces.
fn vary_cluster(flow: &mut Flow, n: u64) {
    match n % 15 {
        1 | 6 => flow.destination.service = service("shop", "web"),
        2 => flow.source.service = service("kube-system", "kube-dns"),
        3 => flow.destination.service = service("", "kubernetes"),
        8 => {
            flow.source.service = service("default", "web");
            flow.destination.service = service("shop", "web-internal");
        }
        _ => {}
    }
    let view = match n % 4 {
        0 => ("eth0", &NODE_LABELS[..]),
        1 => ("lxc0a1b2c3d4e5f", &NODE_LABELS[..2]),
        2 => ("", &NODE_LABELS[2..]),
        _ => return,
    };
    flow.node = Some(Arc::new(NodeView {
        interface_name: view.0.to_owned(),
        node_labels: view.1.iter().map(|label| (*label).to_owned()).collect(),
        policies: None,
    }));
}

fn service(namespace: &str, name: &str) -> Option<Arc<ServiceName>> {
    Some(Arc::new(ServiceName {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }))
}

const NODE_LABELS: [&str; 5] = [
    "kubernetes.io/hostname=vm",
    "node-role.kubernetes.io/worker=",
    "pool=blue",
    "topology.kubernetes.io/zone=eu-1a",
    "weight=12",
];

fn vary_message(flow: &mut Flow, n: u64) {
    let Some(l7) = &mut flow.l7 else { return };
    if n.is_multiple_of(3) {
        let last = u128::from(n % 16);
        l7.trace_context = Some(TraceContext {
            trace_id: (0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4700_u128 | last).to_be_bytes(),
            parent_id: [1; 8],
            flags: 0,
        });
    }
    if n.is_multiple_of(29) {
        l7.record = L7Record::Generic(Generic {
            proto: "r2d2".to_owned(),
            fields: Vec::new(),
        });
    }
    let L7Record::Http(http) = &mut l7.record else {
        return;
    };
    if let Some(url) = URLS.get(n as usize % (2 * URLS.len())) {
        http.url = (*url).to_owned();
    }
    if n.is_multiple_of(5) {
        http.headers.push(("X-Team".into(), "shop".to_owned()));
        http.headers.push(("x-team".into(), "Shop".to_owned()));
    }
}

const URLS: [&str; 10] = [
    "/users/{id}",
    "/a%20b/%C3%A9?q=1",
    "http://shop.example.com/cart/42?item=7#top",
    "https://user:secret@shop.example.com:8443/Cart/٤",
    "http://[fd00::1]:80/v6",
    "*",
    "mailto:a@b",
    "/%zz",
    "not a url",
    "",
];

/// Names of an endpoint.
struct Names {
    cluster: &'static str,
    namespace: &'static str,
    pod: &'static str,
    labels: &'static [&'static str],
    workloads: &'static [(&'static str, &'static str)],
    dns: &'static [&'static str],
}

const CART: Names = Names {
    cluster: "lab",
    namespace: "shop",
    pod: "cart-7d9f6c5b8-x2x4z",
    labels: &[
        "container:app=other",
        "k8s:app=cart",
        "k8s:app.kubernetes.io/name=cart",
        "k8s:io.kubernetes.pod.namespace=shop",
        "k8s:replicas=12",
    ],
    workloads: &[("ReplicaSet", "cart-7d9f6c5b8"), ("Deployment", "cart")],
    dns: &["cart.shop.example.com", "a_b.example.com"],
};

const DNS: Names = Names {
    cluster: "east",
    namespace: "kube-system",
    pod: "coredns-6f6b679f8f-abcde",
    labels: &["k8s:k8s-app=kube-dns", "k8s:empty", "k8s:replicas=two"],
    workloads: &[("Deployment", "coredns")],
    dns: &["Upper.example.com"],
};

const WORLD: Names = Names {
    cluster: "",
    namespace: "",
    pod: "",
    labels: &["cidr:203.0.113.0/24", "reserved:world"],
    workloads: &[],
    dns: &["www.example.org", "example.org"],
};

fn names(of: &Names) -> Option<Arc<EndpointNames>> {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let labels: Vec<String> = owned(of.labels);
    Some(Arc::new(EndpointNames {
        cluster_name: of.cluster.to_owned(),
        namespace: of.namespace.to_owned(),
        pod_name: of.pod.to_owned(),
        labels: labels.into(),
        workloads: of
            .workloads
            .iter()
            .map(|(kind, name)| ((*kind).to_owned(), (*name).to_owned()))
            .collect(),
        dns_names: owned(of.dns),
    }))
}
