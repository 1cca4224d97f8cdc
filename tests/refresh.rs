//! SIGHUP makes components read and open their files again, whatever becomes of the reload.

mod tls_client;

use std::fs;
use std::path::{Path, PathBuf};

use tls_client::TlsClient;

use crate::support::{Agent, TestDir, get};

/// A certificate or key, valid for a hundred years. `admin/` is for 127.0.0.1, `backend/` has
/// another authority and is for `backend.test`.
fn tls_file(name: &str) -> PathBuf {
    let (folder, name) = name.split_once('/').unwrap();
    let folder = match folder {
        "admin" => "tests/golden/tls",
        _ => "exporters/tests/otlp/tls",
    };
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(folder)
        .join(name)
}

/// Writes a configuration with an idle receiver, an exporter and this admin listener.
fn config(dir: &TestDir, exporter: &str, admin: &str) -> PathBuf {
    let kind = exporter.split([' ', '.']).next().unwrap();
    let text = format!(
        "[receivers.monitor1_2]\nsocket = {:?}\n[processors]\ncilium_decode = {{}}\nl34_flow = {{}}\n\
         [exporters]\n{exporter}\n\
         [service.telemetry]\nlisten = \"127.0.0.1:0\"\nadmin = {{ listen = \"127.0.0.1:0\", {admin} }}\n\
         [service.pipelines.flows]\nreceivers = [\"monitor1_2\"]\n\
         processors = [\"cilium_decode\", \"l34_flow\"]\nexporters = [\"{kind}\"]\n",
        dir.path("monitor.sock")
    );
    dir.write("pipeline.toml", text)
}

/// Starts an agent, and returns it with the addresses of its admin and telemetry listeners.
fn start(config: &Path) -> (Agent, String, String) {
    let mut agent = Agent::run(config);
    let line = agent.wait_for_line("serving /debug admin=");
    let admin = line.rsplit_once("admin=").unwrap().1.to_owned();
    let telemetry = agent.telemetry_address();
    (agent, admin, telemetry)
}

/// The number of refreshes of a stage with this outcome.
fn refreshes(telemetry: &str, stage: &str, outcome: &str) -> u64 {
    let (_, page) = get(telemetry, "/metrics");
    let name = format!("tidegate_refreshes_total{{stage=\"{stage}\",outcome=\"{outcome}\"}} ");
    let line = page.lines().find_map(|line| line.strip_prefix(&name));
    line.unwrap_or_else(|| panic!("{page}")).parse().unwrap()
}

#[test]
fn a_renewed_certificate_is_shown_to_new_connections_and_open_ones_go_on() {
    let dir = TestDir::new();
    let copy = |from: &str, to: &str| fs::copy(tls_file(from), dir.path(to)).unwrap();
    copy("admin/server.pem", "server.pem");
    copy("admin/server.key", "server.key");
    let admin = format!(
        "tls = {{ cert_file = {:?}, key_file = {:?} }}",
        dir.path("server.pem"),
        dir.path("server.key")
    );
    let (mut agent, admin, telemetry) = start(&config(&dir, "nop = {}", &admin));
    let old = |address: &str| TlsClient::connect(address, &tls_file("admin/ca.pem"), "localhost");
    let new =
        |address: &str| TlsClient::connect(address, &tls_file("backend/ca.pem"), "backend.test");
    let mut open = old(&admin).unwrap();
    assert_eq!(open.get("/debug/ledger"), 200);
    assert!(new(&admin).is_err());

    // The key does not fit the certificate: both stay as they were.
    copy("backend/server.pem", "server.pem");
    agent.send_signal("HUP");
    agent.wait_for_line("it keeps what it had stage=\"service.telemetry\"");
    assert!(old(&admin).is_ok() && new(&admin).is_err());

    copy("backend/server_key.pem", "server.key");
    agent.send_signal("HUP");
    agent.wait_for_line("files were read and opened again stages=\"service.telemetry\"");
    agent.wait_for_line("nothing changed");
    assert!(old(&admin).is_err());
    assert_eq!(new(&admin).unwrap().get("/debug/ledger"), 200);
    assert_eq!(open.get("/debug/ledger"), 200);
    let count = |outcome| refreshes(&telemetry, "service.telemetry", outcome);
    assert_eq!((count("succeeded"), count("failed")), (1, 1));
}

#[test]
fn tokens_are_read_again_although_the_configuration_cannot_be_used() {
    let dir = TestDir::new();
    let tokens = dir.write("tokens", "first\n");
    let config = config(&dir, "nop = {}", &format!("token_file = {tokens:?}"));
    let (mut agent, admin, _) = start(&config);
    let status = |token: &str| {
        let address = ["ledger", "--address", &admin];
        let environment = [("TIDEGATE_TOKEN", token.as_ref())];
        crate::support::tidegate_with_env(&address, &environment).code
    };
    assert_eq!((status("first"), status("second")), (Some(0), Some(1)));
    fs::write(&tokens, "second\n").unwrap();
    fs::write(&config, "no configuration").unwrap();
    agent.send_signal("HUP");
    agent.wait_for_line("files were read and opened again stages=\"service.telemetry\"");
    agent.wait_for_line("the configuration cannot be used");
    assert_eq!((status("first"), status("second")), (Some(1), Some(0)));
}

#[test]
fn the_token_of_otlp_is_read_again_although_the_configuration_is_unchanged() {
    let dir = TestDir::new();
    let token = dir.write("token", "first\n");
    let exporter = format!("otlp.endpoint = \"http://127.0.0.1:1\"\notlp.token_file = {token:?}");
    let (mut agent, _, telemetry) = start(&config(&dir, &exporter, "exclusive = false"));
    agent.send_signal("HUP");
    agent.wait_for_line("files were read and opened again stages=\"exporters.otlp\"");
    agent.wait_for_line("nothing changed");
    fs::remove_file(token).unwrap();
    agent.send_signal("HUP");
    let line = agent.wait_for_line("it keeps what it had stage=\"exporters.otlp\"");
    assert!(line.contains("cannot read the token file"), "{line}");
    // The reload that follows checks the files of the configuration.
    agent.wait_for_line("the configuration cannot be used; the running one stays in effect");
    let count = |outcome| refreshes(&telemetry, "exporters.otlp", outcome);
    assert_eq!((count("succeeded"), count("failed")), (1, 1));
}
