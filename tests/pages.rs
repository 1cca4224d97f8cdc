//! What the listeners answer apart from their pages: the list at `/`, and errors.

use crate::support::{Agent, TestDir, get, send};

const CLOSE: &str = "Host: localhost\r\nConnection: close\r\n";

/// The paths in a list as text.
fn paths(list: &str) -> Vec<&str> {
    let lines = list.lines().filter(|line| line.starts_with('/'));
    lines
        .map(|line| line.split(' ').next().unwrap())
        .filter(|path| *path != "/debug")
        .collect()
}

/// Writes a configuration with an exporter for Prometheus and these lines of `[service.telemetry]`.
fn config(dir: &TestDir, telemetry: &str) -> std::path::PathBuf {
    let text = format!(
        "[receivers.monitor1_2]\nsocket = {:?}\n[processors]\ncilium_decode = {{}}\n\
         l34_flow = {{}}\nhubble_metrics = {{}}\n[exporters.prometheus]\nlisten = \"127.0.0.1:0\"\n\
         [service.telemetry]\n{telemetry}\n[service.pipelines.flows]\n\
         receivers = [\"monitor1_2\"]\n\
         processors = [\"cilium_decode\", \"l34_flow\", \"hubble_metrics\"]\n\
         exporters = [\"prometheus\"]\n",
        dir.path("monitor.sock")
    );
    dir.write("pipeline.toml", text)
}

#[test]
fn every_listener_lists_the_pages_that_it_serves() {
    let dir = TestDir::new();
    let mut agent = Agent::run(&config(&dir, "listen = \"127.0.0.1:0\""));
    let telemetry = agent.telemetry_address();
    let metrics = agent.metrics_address();
    let (status, list) = get(&telemetry, "/");
    assert_eq!(status, 200);
    let all = [
        "/metrics",
        "/healthz",
        "/readyz",
        "/debug/ledger",
        "/debug/tap",
    ];
    assert_eq!(paths(&list), all);
    for page in paths(&list) {
        let expected = if page == "/debug/tap" { 400 } else { 200 };
        assert_eq!(get(&telemetry, page).0, expected, "{page}");
    }
    assert_eq!(get(&telemetry, "/debug/").1, list);
    assert_eq!(paths(&get(&metrics, "/").1), ["/metrics"]);

    let admin = TestDir::new();
    let settings = "listen = \"0.0.0.0:0\"\nadmin = { listen = \"127.0.0.1:0\", token = \"t\" }";
    let mut agent = Agent::run(&config(&admin, settings));
    let line = agent.wait_for_line("serving /debug admin=");
    let admin = line.rsplit_once("admin=").unwrap().1.to_owned();
    let public = agent.telemetry_address().replace("0.0.0.0", "127.0.0.1");
    let (_, list) = get(&public, "/");
    assert_eq!(paths(&list), ["/metrics", "/healthz", "/readyz"]);
    assert!(list.contains("[service.telemetry.admin] listen"), "{list}");
    let with_token = format!("GET / HTTP/1.1\r\nAuthorization: Bearer t\r\n{CLOSE}\r\n");
    let list = send(&admin, &with_token).1;
    assert_eq!(paths(&list), ["/debug/ledger", "/debug/tap"]);
    assert_eq!(get(&admin, "/").0, 401, "the list needs a token, too");
}

#[test]
fn a_browser_gets_a_list_without_other_files() {
    let dir = TestDir::new();
    let mut agent = Agent::run(&config(&dir, "listen = \"127.0.0.1:0\""));
    for address in [agent.telemetry_address(), agent.metrics_address()] {
        let request = format!("GET / HTTP/1.1\r\nAccept: text/html, */*\r\n{CLOSE}\r\n");
        let (head, body) = send(&address, &request);
        assert!(
            head.contains("content-type: text/html; charset=utf-8"),
            "{head}"
        );
        assert!(head.contains("default-src 'none'"), "{head}");
        assert!(body.contains("<a href=\"/metrics\">"), "{body}");
        assert!(!body.contains("src=") && !body.contains("<link"), "{body}");
    }
}

#[test]
fn other_methods_are_answered_with_those_that_are_allowed() {
    let dir = TestDir::new();
    let mut agent = Agent::run(&config(&dir, "listen = \"127.0.0.1:0\""));
    for address in [agent.telemetry_address(), agent.metrics_address()] {
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let request = format!("{method} /metrics HTTP/1.1\r\n{CLOSE}\r\n");
            let (head, body) = send(&address, &request);
            assert!(head.starts_with("HTTP/1.1 405"), "{head}");
            assert!(head.contains("\r\nallow: GET, HEAD"), "{head}");
            let expected = format!("{method} is not allowed; the methods are GET, HEAD\n");
            assert_eq!(body, expected);
        }
    }
}

#[test]
fn head_is_answered_as_get_without_a_body() {
    let dir = TestDir::new();
    let mut agent = Agent::run(&config(&dir, "listen = \"127.0.0.1:0\""));
    let address = agent.telemetry_address();
    for page in [
        "/",
        "/metrics",
        "/healthz",
        "/readyz",
        "/debug/ledger",
        "/nothing",
    ] {
        let ask = |method: &str| {
            let (head, body) = send(
                &address,
                &format!("{method} {page} HTTP/1.1\r\n{CLOSE}\r\n"),
            );
            let names = head
                .lines()
                .filter(|line| !line.starts_with("date:") && !line.starts_with("content-length:"));
            (names.map(str::to_owned).collect::<Vec<_>>(), body)
        };
        let (get_head, get_body) = ask("GET");
        let (head, body) = ask("HEAD");
        assert_eq!(head, get_head, "{page}");
        assert!(body.is_empty() && !get_body.is_empty(), "{page}");
    }
}

#[test]
fn an_unknown_page_leads_to_the_list_and_a_slash_at_the_end_is_ignored() {
    let dir = TestDir::new();
    let mut agent = Agent::run(&config(&dir, "listen = \"127.0.0.1:0\""));
    let address = agent.telemetry_address();
    let metrics = agent.metrics_address();
    for page in ["/nothing", "/metrics/more", "/debug/nothing", "//metrics"] {
        let expected = (
            404,
            "there is no such page; `/` lists the pages\n".to_owned(),
        );
        assert_eq!(get(&address, page), expected, "{page}");
    }
    for page in ["/metrics/", "/healthz/", "/readyz/", "/debug/ledger/"] {
        assert_eq!(get(&address, page).0, 200, "{page}");
    }
    assert_eq!(get(&metrics, "/metrics/").0, 200);
}

#[test]
fn a_health_check_of_http_1_0_needs_no_host() {
    let dir = TestDir::new();
    let mut agent = Agent::run(&config(&dir, "listen = \"127.0.0.1:0\""));
    let address = agent.telemetry_address();
    let (head, body) = send(&address, "GET /healthz HTTP/1.0\r\n\r\n");
    assert!(head.starts_with("HTTP/1.0 200"), "{head}");
    assert_eq!(body, "ok\n");
    let (head, _) = send(
        &address,
        "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n",
    );
    assert!(head.starts_with("HTTP/1.1 400"), "{head}");
    let foreign = "GET /healthz HTTP/1.0\r\nHost: evil.example\r\n\r\n";
    assert!(send(&address, foreign).0.starts_with("HTTP/1.0 421"));
}
