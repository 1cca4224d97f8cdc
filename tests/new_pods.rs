//! Names of a pod that starts while the agent runs: what announcements lack is read from the API.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use tidegate_wire::agent_notify::{self, AgentNotify, notify_type};
use tidegate_wire::event::{self, Common, Profile, SockFields, TraceFields};
use tidegate_wire::gob::TypeId;
use tidegate_wire::payload::{self, Payload};

use crate::support::{Agent, FakeApi, FakeCilium, TestDir, eventually};

const POD: &str = "web-7d9f8b6c5-x2x4k";
const ENDPOINT: u16 = 887;
const IDENTITY: u32 = 473_825;
const ADDRESS: [u8; 4] = [10, 11, 0, 102];
const INTERFACE: u32 = 9;
const CGROUP: u64 = 4242;

/// A monitor stream that is written step by step.
struct Monitor {
    client: UnixStream,
    encoder: payload::Encoder,
}

impl Monitor {
    /// Announces the pod as an agent does when it starts.
    fn announce_pod(&mut self) {
        let created = json!({"id": ENDPOINT, "pod-name": POD, "namespace": "default"});
        self.announce(notify_type::ENDPOINT_CREATED, &created);
        let regenerated = json!({"id": ENDPOINT, "labels": ["k8s:app=web"]});
        self.announce(notify_type::ENDPOINT_REGENERATE_SUCCESS, &regenerated);
        let address = json!({
            "cidr": "10.11.0.102/32", "id": IDENTITY, "host-ip": "172.18.0.2",
            "namespace": "default", "pod-name": POD,
        });
        self.announce(notify_type::IPCACHE_UPSERTED, &address);
    }

    fn write(&mut self, data: &[u8]) {
        let mut frame = Vec::new();
        let payload = Payload {
            data,
            cpu: 0,
            lost: 0,
            kind: Payload::EVENT_SAMPLE,
        };
        self.encoder.encode(&payload, &mut frame);
        self.client.write_all(&frame).unwrap();
    }

    fn announce(&mut self, kind: u32, text: &Value) {
        let text = text.to_string();
        let mut data = Vec::new();
        agent_notify::encode(&AgentNotify { kind, text }, TypeId(65), &mut data);
        self.write(&data);
    }

    /// Writes a packet that the pod sends, and the trace of a socket in it.
    fn send_flows(&mut self) {
        let encoder = event::Encoder {
            profile: Profile::V1_18,
            padding: 0,
        };
        let packet = packet();
        let trace = TraceFields {
            common: Common {
                subtype: 0,
                source: ENDPOINT,
                hash: 0,
                len_orig: u32::try_from(packet.len()).unwrap(),
            },
            src_label: IDENTITY,
            dst_label: 2,
            ifindex: INTERFACE,
            ..TraceFields::default()
        };
        let mut data = Vec::new();
        encoder.trace(&trace, &packet, &mut data);
        self.write(&data);
        let mut dst_ip = [0; 16];
        dst_ip[..4].copy_from_slice(&[192, 0, 2, 1]);
        let socket = SockFields {
            xlate_point: 1,
            dst_ip,
            dst_port: 443,
            sock_cookie: 1,
            cgroup_id: CGROUP,
            l4_proto: 1,
            flags: 0,
        };
        let mut data = Vec::new();
        encoder.trace_sock(&socket, &mut data);
        self.write(&data);
    }
}

/// A UDP packet from the pod to 192.0.2.1.
fn packet() -> Vec<u8> {
    let mut packet = vec![0; 12];
    packet.extend([0x08, 0x00, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0]);
    packet.extend(ADDRESS);
    packet.extend([192, 0, 2, 1]);
    packet.extend([0x94, 0x04, 0, 53, 0, 8, 0, 0]);
    packet
}

/// Answers of the API of an agent without pods, or with the one.
fn answers(has_pod: bool) -> Value {
    let mut answers = json!({
        "/v1/healthz": {"cilium": {"msg": "1.18.4 (v1.18.4-b5013e15)", "state": "Ok"}},
        "/v1/identity": [{"id": IDENTITY, "labels": ["k8s:app=web"]}],
        "/v1/endpoint": [],
        "/v1/cgroup-dump-metadata": {"pod-metadatas": []},
    });
    if has_pod {
        answers["/v1/endpoint/887"] = json!({"id": ENDPOINT, "status": {
            "external-identifiers": {"k8s-namespace": "default", "k8s-pod-name": POD},
            "identity": {"id": IDENTITY, "labels": ["k8s:app=web"]},
            "labels": {"derived": ["k8s:pod-template-hash=7d9f8b6c5"]},
            "networking": {
                "addressing": [{"ipv4": "10.11.0.102"}],
                "interface-index": INTERFACE,
                "interface-name": "lxc1234",
            },
            "state": "ready",
        }});
        answers["/v1/cgroup-dump-metadata"] = json!({"pod-metadatas": [{
            "name": POD,
            "namespace": "default",
            "ips": ["10.11.0.102"],
            "containers": [{"cgroup-id": CGROUP}],
        }]});
    }
    answers
}

fn pipeline(dir: &TestDir, socket: &Path, api: &Path) -> PathBuf {
    let processors = r#"["cilium_decode", "l34_flow", "sock_flow", "cilium_enrich"]"#;
    let text = format!(
        "[receivers.monitor1_2]\nsocket = {socket:?}\n[receivers.cilium_api]\nsocket = {api:?}\n\
         [processors]\ncilium_decode = {{}}\nl34_flow = {{}}\nsock_flow = {{}}\ncilium_enrich = {{}}\n\
         [exporters.stdout]\nformat = \"json\"\nsignals = [\"flows\"]\n\
         [service]\ntelemetry.listen = \"127.0.0.1:0\"\n\
         [service.pipelines.flows]\nreceivers = [\"monitor1_2\", \"cilium_api\"]\n\
         processors = {processors}\nexporters = [\"stdout\"]\n"
    );
    dir.write("pipeline.toml", text)
}

/// The flows that an agent has written so far.
fn follow(agent: &mut Agent) -> Arc<Mutex<Vec<Value>>> {
    let flows = Arc::new(Mutex::new(Vec::new()));
    let written = Arc::clone(&flows);
    let lines = BufReader::new(agent.take_stdout()).lines();
    thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let line: Value = serde_json::from_str(&line).unwrap();
            written.lock().unwrap().push(line["flow"].clone());
        }
    });
    flows
}

#[test]
fn a_pod_that_starts_later_soon_has_its_workload_and_interface_and_its_socket_flows_are_kept() {
    let dir = TestDir::new();
    let [api, socket] = ["cilium.sock", "monitor.sock"].map(|name| dir.path(name));
    let server = FakeApi::listen(&api, answers(false));
    let cilium = FakeCilium::listen(&socket);
    let mut agent = Agent::run(&pipeline(&dir, &socket, &api));
    let flows = follow(&mut agent);
    let mut monitor = Monitor {
        client: cilium.accept(),
        encoder: payload::Encoder::default(),
    };
    agent.wait_for_line("read names from the Cilium agent's API");

    server.set(answers(true));
    monitor.announce_pod();

    let workload = json!([{"name": "web", "kind": "Deployment"}]);
    let is_named = |flow: &Value| flow["source"]["workloads"] == workload;
    eventually("the pod has all names", || {
        monitor.send_flows();
        let flows = flows.lock().unwrap();
        let has_interface = |flow: &Value| flow["interface"]["name"] == "lxc1234";
        let cgroup = CGROUP.to_string();
        let is_socket = |flow: &Value| flow["cgroup_id"] == cgroup;
        assert!(
            flows.iter().all(|flow| {
                flow["source"]["pod_name"] == POD && flow["source"]["ID"] == ENDPOINT
            })
        );
        flows
            .iter()
            .any(|flow| is_named(flow) && has_interface(flow))
            && flows.iter().any(|flow| is_named(flow) && is_socket(flow))
    });
    assert!(
        !is_named(&flows.lock().unwrap()[0]),
        "at first, it has the announced names"
    );
    agent.send_signal("TERM");
    agent.wait_without_reading_stdout();
}
