//! Files that a configuration names, before and while an agent runs.

use std::fs;
use std::path::{Path, PathBuf};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::support::{Agent, TestDir, get, tidegate};

/// A configuration with an idle receiver and an exporter with these keys.
fn config(dir: &TestDir, otlp: &str) -> PathBuf {
    let text = format!(
        "[receivers.monitor1_2]\nsocket = {:?}\n[processors]\ncilium_decode = {{}}\nl34_flow = {{}}\n\
         [exporters.otlp]\nendpoint = \"https://127.0.0.1:1\"\n{otlp}\n\
         [service.telemetry]\nlisten = \"127.0.0.1:0\"\n\
         [service.pipelines.flows]\nreceivers = [\"monitor1_2\"]\n\
         processors = [\"cilium_decode\", \"l34_flow\"]\nexporters = [\"otlp\"]\n",
        dir.path("monitor.sock")
    );
    dir.write("pipeline.toml", text)
}

fn authority() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tls/ca.pem")
}

#[test]
fn files_are_only_read_if_asked_for_and_by_every_run() {
    let dir = TestDir::new();
    let missing = dir.path("ca.pem");
    let config = config(&dir, &format!("tls.ca_file = {missing:?}"));
    let config = config.to_str().unwrap();
    let plain = tidegate(&["validate", "-c", config]);
    assert_eq!((plain.code, &*plain.stderr), (Some(0), ""));
    let expected = format!(
        "\
error: the file of `exporters.otlp.tls.ca_file` cannot be read
 --> {config}:8:15
  |
8 | tls.ca_file = {missing:?}
  |               {} there is no such file

{config}: 1 error
",
        "^".repeat(missing.to_str().unwrap().len() + 2)
    );
    for args in [&["validate", "--files"][..], &["run"]] {
        let output = tidegate(&[args, &["-c", config]].concat());
        assert_eq!(
            (output.code, output.stderr),
            (Some(78), expected.clone()),
            "{args:?}"
        );
    }
    fs::copy(authority(), &missing).unwrap();
    let good = tidegate(&["validate", "--files", "-c", config]);
    assert_eq!((good.code, &*good.stderr), (Some(0), ""));
    assert!(
        good.stdout.contains("\n  1 file can be used\n"),
        "{}",
        good.stdout
    );
}

#[test]
fn plain_validate_opens_nothing() {
    let dir = TestDir::new();
    // Opening a pipe waits for a writer.
    let names = ["node.rec", "ca.pem", "cert.pem", "key.pem", "tokens"];
    let [recording, authority, certificate, key, tokens] = names.map(|name| {
        let path = dir.path(name);
        mkfifo(&path, Mode::S_IRUSR).unwrap();
        path
    });
    let tls = format!(
        "tls = {{ ca_file = {authority:?}, cert_file = {certificate:?}, key_file = {key:?} }}"
    );
    let text = fs::read_to_string(config(&dir, &tls)).unwrap();
    let text = text.replace("[service.telemetry]\n", &format!(
        "[service.telemetry]\nadmin = {{ listen = \"127.0.0.1:0\", token_file = {tokens:?}, \
         tls = {{ cert_file = {certificate:?}, key_file = {key:?}, client_ca_file = {authority:?} }} }}\n"
    ));
    let text = text.replace(
        "[receivers.monitor1_2]",
        &format!("[receivers.replay]\nfile = {recording:?}\n[receivers.monitor1_2]"),
    );
    let text = text.replace("[\"monitor1_2\"]", "[\"monitor1_2\", \"replay\"]");
    let config = dir.write("pipes.toml", text);
    let output = tidegate(&["validate".as_ref(), "-c".as_ref(), config.as_os_str()]);
    assert_eq!((output.code, &*output.stderr), (Some(0), ""));
}

#[test]
fn a_reload_with_an_unreadable_file_is_refused_and_the_old_pipeline_goes_on() {
    let dir = TestDir::new();
    let path = config(&dir, "");
    let mut agent = Agent::run(&path);
    let telemetry = agent.telemetry_address();
    config(&dir, "tls.ca_file = \"/no/such/file\"");
    agent.send_signal("HUP");
    agent.wait_for_line("error: the file of `exporters.otlp.tls.ca_file` cannot be read");
    agent.wait_for_line("the running one stays in effect");
    let refused = "tidegate_config_reloads_total{outcome=\"refused\"} 1\n";
    let (_, page) = get(&telemetry, "/metrics");
    assert!(page.contains(refused), "{page}");
    config(&dir, &format!("tls.ca_file = {:?}", authority()));
    agent.send_signal("HUP");
    agent.wait_for_line("the configuration was reloaded");
}

#[test]
fn a_socket_that_does_not_exist_yet_is_waited_for() {
    let dir = TestDir::new();
    let mut agent = Agent::run(&config(&dir, ""));
    agent.telemetry_address();
    agent.send_signal("TERM");
    assert_eq!(agent.wait().code, Some(0));
}
