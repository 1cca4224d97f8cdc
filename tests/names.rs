//! Names of pods, from the agent's announcements to the output.

use serde_json::Value;

use crate::support::{TestDir, tidegate};

const CHAIN: &[&str] = &[
    "cilium_decode",
    "l34_flow",
    "dns_flow",
    "http_flow",
    "l7_flow",
    "cilium_enrich",
];

/// The error in one side of a flow, whose pod the simulated agent has announced. Local pods are in
/// `10.0.1.0/24`, all others in `10.0.2.0/24`.
fn find_error(side: &Value, ip: &str) -> Option<&'static str> {
    let text = |key: &str| side[key].as_str().unwrap_or_default();
    let labels: Vec<_> = side["labels"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let namespace = text("namespace");
    let app = text("pod_name").split('-').next().unwrap_or_default();
    let own = match namespace {
        "kube-system" => "k8s:k8s-app=kube-dns".to_owned(),
        _ => format!("k8s:app={app}"),
    };
    let mut expected = [
        own,
        "k8s:io.cilium.k8s.policy.cluster=default".to_owned(),
        format!("k8s:io.kubernetes.pod.namespace={namespace}"),
    ];
    expected.sort();
    let is_local = ip.starts_with("10.0.1.");
    let has_endpoint_id = side["ID"].as_u64().unwrap_or_default() != 0;
    if namespace.is_empty() || app.is_empty() {
        Some("no names")
    } else if has_endpoint_id != is_local {
        Some("only local pods have an endpoint ID")
    } else if is_local && (labels != expected || text("cluster_name") != "default") {
        Some("wrong labels")
    } else {
        None
    }
}

#[test]
fn flows_between_announced_pods_have_their_names() {
    let dir = TestDir::new();
    let config = dir.replay(
        20_000,
        CHAIN,
        "stdout",
        "format = \"json\"\nsignals = [\"flows\"]",
    );
    let output = tidegate(&["run", "-c", config.to_str().unwrap()]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let mut named = 0;
    let mut egress_drops = 0;
    for line in output.stdout.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let flow = &line["flow"];
        for (side, ip) in [
            ("source", &flow["IP"]["source"]),
            ("destination", &flow["IP"]["destination"]),
        ] {
            let Some(ip) = ip.as_str().filter(|ip| ip.starts_with("10.0.")) else {
                continue;
            };
            assert_eq!(find_error(&flow[side], ip), None, "{side} of {flow:#}");
            named += 1;
        }
        let is_request = flow["is_reply"] == false && flow["source"]["ID"].is_u64();
        if is_request && flow["trace_observation_point"] == "TO_STACK" {
            assert_eq!(
                flow["traffic_direction"], "EGRESS",
                "a packet that a pod sends: {flow:#}"
            );
        }
        egress_drops +=
            u32::from(flow["verdict"] == "DROPPED" && flow["traffic_direction"] == "EGRESS");
    }
    assert!(named > 10_000, "{named} sides have names");
    assert!(
        egress_drops > 0,
        "drops at the source's endpoint are egress"
    );
}

/// Two flows: one to an address that was announced with a CIDR identity, one to an address that was
/// not announced.
const CIDR_RECORDING: &[u8] = include_bytes!("golden/names/world-behind-a-prefix.stream");

#[test]
fn an_address_with_a_cidr_identity_has_the_world_label() {
    let dir = TestDir::new();
    let recording = dir.write("cidr.rec", CIDR_RECORDING);
    let text = format!(
        "[receivers.replay]\nfile = {recording:?}\n\
         [processors]\ncilium_decode = {{}}\nl34_flow = {{}}\ncilium_enrich = {{}}\n\
         [exporters.stdout]\nformat = \"json\"\n\
         [service]\ntelemetry.listen = \"127.0.0.1:0\"\n\
         [service.pipelines.flows]\nreceivers = [\"replay\"]\n\
         processors = [\"cilium_decode\", \"l34_flow\", \"cilium_enrich\"]\nexporters = [\"stdout\"]\n"
    );
    let config = dir.write("pipeline.toml", text);
    let output = tidegate(&["run", "-c", config.to_str().unwrap()]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let lines = output
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let flows: Vec<_> = lines.filter(|line| line["flow"].is_object()).collect();
    let labels: Vec<_> = flows
        .iter()
        .map(|line| line["flow"]["destination"]["labels"].to_string())
        .collect();
    assert_eq!(
        labels,
        [
            r#"["cidr:1.1.1.1/32","reserved:world"]"#,
            r#"["reserved:world"]"#
        ]
    );
    let times: Vec<_> = flows
        .iter()
        .filter_map(|line| line["time"].as_str()?.strip_suffix('Z'))
        .collect();
    assert!(
        times[0] < times[1],
        "frames of one read have rising times: {times:?}"
    );
}
