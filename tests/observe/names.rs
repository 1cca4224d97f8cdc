//! Names in what is observed: from the API of the agent whose monitor socket is read.

use std::io::Write as _;
use std::thread::spawn;

use serde_json::{Value, json};

use crate::names::{Traces, two_pods};
use crate::support::{AgentOutput, FakeApi, FakeCilium, TestDir, tidegate};

/// Observes a monitor socket in this directory with these arguments. The agent sends the same trace
/// again and again, at most `frames` times.
fn observe(dir: &TestDir, frames: usize, args: &[&str]) -> AgentOutput {
    let socket = dir.path("monitor1_2.sock");
    let cilium = FakeCilium::listen(&socket);
    let server = spawn(move || {
        let mut client = cilium.accept();
        let mut traces = Traces::default();
        for _ in 0..frames {
            // Fails when enough was observed.
            if client.write_all(&traces.next_frame()).is_err() {
                break;
            }
        }
    });
    let socket = socket.to_str().unwrap();
    let output = tidegate(&[&["observe", "--socket", socket, "-o", "json"], args].concat());
    if output.code == Some(0) {
        server.join().unwrap();
    }
    output
}

/// The flows of an output.
fn flows(output: &AgentOutput) -> Vec<Value> {
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let lines = output.stdout.lines();
    let lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| line["flow"].clone()).collect()
}

#[test]
fn pods_are_named_by_the_socket_beside_the_monitor_socket_or_by_the_one_of_the_argument() {
    for name in ["cilium.sock", "elsewhere.sock"] {
        let dir = TestDir::new();
        let api = dir.path(name);
        // An old agent: all other paths are not found.
        let _answers = FakeApi::listen(&api, two_pods());
        let mut args = vec!["--pod", "default/b", "--first", "1"];
        if name != "cilium.sock" {
            args.extend(["--api-socket", api.to_str().unwrap()]);
        }
        let output = observe(&dir, usize::MAX, &args);
        let flows = flows(&output);
        assert_eq!(flows.len(), 1, "{}", output.stdout);
        let destination = &flows[0]["destination"];
        assert_eq!(destination["pod_name"], "b", "{destination:#}");
        assert_eq!(destination["labels"], json!(["k8s:app=b"]));
    }
}

#[test]
fn without_the_api_flows_have_no_names_and_it_is_not_asked() {
    let dir = TestDir::new();
    let answers = FakeApi::listen(&dir.path("cilium.sock"), json!({"/v1/ip": []}));
    let output = observe(&dir, 20, &["--no-api"]);
    let flows = flows(&output);
    assert_eq!(flows.len(), 20);
    assert!(
        flows
            .iter()
            .all(|flow| flow["source"]["pod_name"].is_null())
    );
    assert!(!answers.all_were_asked_for());
}

#[test]
fn a_socket_of_the_api_that_an_argument_names_has_to_be_there() {
    let dir = TestDir::new();
    let absent = dir.path("absent.sock");
    let absent = absent.to_str().unwrap();
    let output = observe(&dir, 1, &["--api-socket", absent]);
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    let expected = format!(
        "cannot connect to the API socket {absent}: No such file or directory (os error 2); --no-api \
         observes without its names"
    );
    assert!(output.stderr.contains(&expected), "{}", output.stderr);
}
