//! The simulated agent: the API that `simulate` serves beside its stream.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::support::{Agent, TestDir};

/// The status and the body of an answer to `GET path`.
fn get(socket: &Path, method: &str, path: &str) -> (String, String) {
    let mut stream = UnixStream::connect(socket).unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split_whitespace().nth(1).unwrap();
    (status.to_owned(), body.to_owned())
}

#[test]
fn the_api_of_a_simulated_agent_answers_for_its_release_until_it_ends() {
    let dir = TestDir::new();
    let monitor = dir.path("monitor.sock");
    let api = dir.path("cilium.sock");
    let mut agent = Agent::start(&[
        "simulate".as_ref(),
        "--cilium".as_ref(),
        "1.13".as_ref(),
        "--listen".as_ref(),
        monitor.as_os_str(),
        "--api-socket".as_ref(),
        api.as_os_str(),
    ]);
    agent.wait_for_line("simulating a Cilium agent");
    let (status, health) = get(&api, "GET", "/v1/healthz");
    assert_eq!(status, "200");
    assert!(health.contains("\"1.13.0 (v1.13.0-"), "{health}");
    let (status, endpoints) = get(&api, "GET", "/v1/endpoint");
    assert_eq!(status, "200");
    assert!(endpoints.contains("\"k8s-namespace\":\"shop\""));
    for (method, path, expected) in [
        ("GET", "/v1/cgroup-dump-metadata", "404"),
        ("GET", "/v1/nothing", "404"),
        ("PUT", "/v1/endpoint", "405"),
    ] {
        assert_eq!(
            get(&api, method, path),
            (expected.to_owned(), String::new())
        );
    }
    agent.send_signal("INT");
    let output = agent.wait();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(!api.exists() && !monitor.exists());
}
