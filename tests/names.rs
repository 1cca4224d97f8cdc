//! Names of pods, from the agent's announcements to the output.

use serde_json::{Value, json};
use tidegate_wire::payload::{Encoder, Payload};

use crate::support::{
    Agent, FakeApi, FakeCilium, LedgerReport, TestDir, eventually, get, tidegate,
};

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

/// Answers of the API of an agent with two pods, `default/a` and `default/b`.
pub(crate) fn two_pods() -> Value {
    let metadata = |name| json!({"name": name, "namespace": "default"});
    json!({
        "/v1/healthz": {"cilium": {"msg": "1.14.0 (v1.14.0-b5013e15)", "state": "Ok"}},
        "/v1/identity": [
            {"id": 471872, "labels": ["k8s:app=a"]},
            {"id": 473825, "labels": ["k8s:app=b"]},
        ],
        "/v1/ip": [
            {"cidr": "10.11.0.101/32", "identity": 471872, "metadata": metadata("a")},
            {"cidr": "10.11.0.102/32", "identity": 473825, "metadata": metadata("b")},
        ],
        "/v1/endpoint": [{"id": 887, "status": {
            "external-identifiers": {"k8s-namespace": "default", "k8s-pod-name": "b"},
            "identity": {"id": 473825, "labels": ["k8s:app=b"]},
            "networking": {"addressing": [{"ipv4": "10.11.0.102"}]},
        }}],
    })
}

/// A trace of a UDP packet from 10.11.0.101 to 10.11.0.102, as the agent of Cilium 1.14.0 sent it.
const TRACE: [u8; 100] = [
    0x04, 0x00, 0x77, 0x03, 0x00, 0x00, 0x00, 0x00, 0x32, 0x00, 0x00, 0x00, 0x32, 0x00, 0x01, 0x00,
    0x40, 0x33, 0x07, 0x00, 0xe1, 0x3a, 0x07, 0x00, 0x77, 0x03, 0x00, 0x00, 0x09, 0x00, 0x00, 0x00,
    0x0a, 0x0b, 0x00, 0x65, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x72, 0xaa, 0x0f, 0x53, 0xdf, 0x9a, 0x12, 0x2d, 0x0e, 0x9b, 0x58, 0x81, 0x08, 0x00, 0x46, 0x00,
    0x00, 0x24, 0x12, 0x34, 0x00, 0x00, 0x3f, 0x11, 0xbf, 0xb0, 0x0a, 0x0b, 0x00, 0x65, 0x0a, 0x0b,
    0x00, 0x66, 0x94, 0x04, 0x00, 0x00, 0x04, 0x5b, 0x08, 0xae, 0x00, 0x0c, 0x00, 0x00, 0x6f, 0x70,
    0x74, 0x73, 0x00, 0x00,
];

/// A stream in which the trace repeats.
#[derive(Default)]
pub(crate) struct Traces(Encoder);

impl Traces {
    /// The bytes of the next frame.
    pub(crate) fn next_frame(&mut self) -> Vec<u8> {
        let mut frame = Vec::new();
        self.0.encode(
            &Payload {
                data: &TRACE,
                cpu: 0,
                lost: 0,
                kind: Payload::EVENT_SAMPLE,
            },
            &mut frame,
        );
        frame
    }
}

#[test]
fn pods_from_before_the_start_are_named_in_the_first_flow() {
    let dir = TestDir::new();
    let api = dir.path("cilium.sock");
    let answers = FakeApi::listen(&api, two_pods());
    let socket = dir.path("monitor.sock");
    let cilium = FakeCilium::listen(&socket);
    let text = format!(
        "[receivers.monitor1_2]\nsocket = {socket:?}\n[receivers.cilium_api]\nsocket = {api:?}\n\
         [processors]\ncilium_decode = {{}}\nl34_flow = {{}}\ncilium_enrich = {{}}\n\
         [exporters.stdout]\nformat = \"json\"\n\
         [service]\ntelemetry.listen = \"127.0.0.1:0\"\n\
         [service.pipelines.flows]\nreceivers = [\"monitor1_2\", \"cilium_api\"]\n\
         processors = [\"cilium_decode\", \"l34_flow\", \"cilium_enrich\"]\nexporters = [\"stdout\"]\n"
    );
    let config = dir.write("pipeline.toml", text);
    let mut agent = Agent::run(&config);
    let address = agent.telemetry_address();
    agent.find_line("read names from the Cilium agent's API");
    assert!(answers.all_were_asked_for());
    let connection = cilium.write(&Traces::default().next_frame());
    eventually("the flow is written", || {
        LedgerReport::live(&address).count("exporters.stdout", "absorbed") == 1
    });
    agent.send_signal("TERM");
    let output = agent.wait();
    drop(connection);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let line: Value = serde_json::from_str(output.stdout.lines().next().unwrap()).unwrap();
    let flow = &line["flow"];
    for (side, pod, label) in [
        ("source", "a", "k8s:app=a"),
        ("destination", "b", "k8s:app=b"),
    ] {
        assert_eq!(flow[side]["namespace"], "default", "{flow:#}");
        assert_eq!(flow[side]["pod_name"], pod, "{flow:#}");
        assert_eq!(flow[side]["labels"][0], label, "{flow:#}");
    }
    assert_eq!(flow["destination"]["ID"], 887, "{flow:#}");
}

#[test]
fn a_run_ends_with_its_recording_although_names_could_still_be_read() {
    let dir = TestDir::new();
    let api = dir.path("cilium.sock");
    let _answers = FakeApi::listen(&api, two_pods());
    let recording = dir.write("trace.rec", Traces::default().next_frame());
    let absent = dir.path("absent");
    let text = format!(
        "[receivers.replay]\nfile = {recording:?}\n[receivers.cilium_api]\nsocket = {api:?}\n\
         [receivers.kubernetes]\nnode_name = \"node-a\"\nservice_account = {absent:?}\n\
         [processors]\ncilium_decode = {{}}\nl34_flow = {{}}\ncilium_enrich = {{}}\n\
         [exporters.stdout]\nformat = \"json\"\n\
         [service]\ntelemetry.listen = \"127.0.0.1:0\"\n\
         [service.pipelines.flows]\nreceivers = [\"replay\", \"cilium_api\", \"kubernetes\"]\n\
         processors = [\"cilium_decode\", \"l34_flow\", \"cilium_enrich\"]\nexporters = [\"stdout\"]\n"
    );
    let config = dir.write("pipeline.toml", text);
    let output = tidegate(&["run", "-c", config.to_str().unwrap()]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_eq!(output.stdout.lines().count(), 1, "{}", output.stdout);
}

#[test]
fn without_the_api_socket_flows_are_written_and_readiness_says_why_names_are_missing() {
    let dir = TestDir::new();
    let socket = dir.path("monitor.sock");
    let cilium = FakeCilium::listen(&socket);
    let text = format!(
        "[receivers.monitor1_2]\nsocket = {socket:?}\n\
         [receivers.cilium_api]\nsocket = {:?}\nretry = {{ initial = \"1ms\", max = \"1ms\" }}\n\
         [processors]\ncilium_decode = {{}}\nl34_flow = {{}}\ncilium_enrich = {{}}\n\
         [exporters.nop]\n\
         [service]\ntelemetry.listen = \"127.0.0.1:0\"\n\
         [service.pipelines.flows]\nreceivers = [\"monitor1_2\", \"cilium_api\"]\n\
         processors = [\"cilium_decode\", \"l34_flow\", \"cilium_enrich\"]\nexporters = [\"nop\"]\n",
        dir.path("absent.sock")
    );
    let config = dir.write("pipeline.toml", text);
    let mut agent = Agent::run(&config);
    let address = agent.telemetry_address();
    let connection = cilium.send(1000);
    eventually("flows are written", || {
        LedgerReport::live(&address).count("exporters.nop", "absorbed") > 100
    });
    eventually("the stage is degraded", || {
        let (status, text) = get(&address, "/readyz");
        assert_eq!(status, 200, "{text}");
        text.contains("receivers.cilium_api: names: cannot connect: No such file or directory")
    });
    agent.send_signal("TERM");
    let output = agent.wait();
    drop(connection);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let lines = output.stderr.lines();
    assert_eq!(
        lines.filter(|line| line.contains("names: ")).count(),
        1,
        "{}",
        output.stderr
    );
}
