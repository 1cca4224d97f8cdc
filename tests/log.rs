//! The log on standard error: levels, formats, and independence of its reader.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Agent, FakeCilium, TestDir, eventually, get, tidegate_with_env};

/// Writes a configuration that replays a recording, with these keys in `[service]`.
fn replay(dir: &TestDir, keys: &str) -> PathBuf {
    let config = dir.replay(
        200,
        &["cilium_decode", "l34_flow", "hubble_metrics"],
        "nop",
        "",
    );
    let text = std::fs::read_to_string(config).unwrap();
    let metrics = "[processors.hubble_metrics]\nmetrics = [\"flow:sourcContext=pod\"]\n";
    let text = text
        .replace("[processors.hubble_metrics]\n", metrics)
        .replace("[service]\n", &format!("[service]\n{keys}\n"));
    dir.write("pipeline.toml", text)
}

fn run_verb(
    name: &str,
    config: &std::path::Path,
    environment: &[(&str, &OsStr)],
) -> crate::support::AgentOutput {
    tidegate_with_env(
        &[name.as_ref(), "-c".as_ref(), config.as_os_str()],
        environment,
    )
}

/// Parses each line as a JSON value.
fn objects(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn log_levels_are_validated() {
    let dir = TestDir::new();
    for level in [
        "warning",
        "INFO",
        "Warn",
        "off",
        "trace",
        "error,tidegate_runtime=Debug",
        "info,h2=warn",
    ] {
        let output = run_verb(
            "validate",
            &replay(&dir, &format!("log = \"{level}\"")),
            &[],
        );
        assert_eq!(output.code, Some(0), "{level}: {}", output.stderr);
    }
    let cases = [
        ("inof", "there is no level `inof`", "did you mean `info`?"),
        ("debg", "there is no level `debg`", "did you mean `debug`?"),
        (
            "info,tidegate_runtime=debgu",
            "there is no level `debgu`",
            "did you mean `debug`?",
        ),
        (
            "info,tidegate_runtim=debug",
            "nothing logs as `tidegate_runtim`",
            "did you mean `tidegate_runtime`?",
        ),
        (
            "",
            "no level is given",
            "levels are off, error, warn, info, debug, trace",
        ),
    ];
    for (level, what, help) in cases {
        for name in ["validate", "run"] {
            let output = run_verb(name, &replay(&dir, &format!("log = \"{level}\"")), &[]);
            assert_eq!(output.code, Some(78), "{level}");
            let title = format!("error: wrong value in `service.log`: {what}\n");
            assert!(
                output.stderr.contains(&title) && output.stderr.contains(help),
                "{}",
                output.stderr
            );
        }
    }
    let output = run_verb("run", &replay(&dir, "log = \"off\""), &[]);
    assert!(output.stderr.starts_with("PIPELINE"), "{}", output.stderr);
    let output = run_verb("run", &replay(&dir, "log = \"Warning\""), &[]);
    assert!(
        output.stderr.contains("warning[") && !output.stderr.contains(" INFO "),
        "{}",
        output.stderr
    );
}

#[test]
fn invalid_environment_variables_are_reported_and_ignored() {
    let dir = TestDir::new();
    let config = replay(&dir, "log = \"warn\"");
    let bad = run_verb(
        "run",
        &config,
        &[
            ("RUST_LOG", "inof".as_ref()),
            ("TIDEGATE_LOG_FORMAT", "xml".as_ref()),
        ],
    );
    assert_eq!(bad.code, Some(0), "{}", bad.stderr);
    assert!(
        bad.stderr
            .contains("RUST_LOG cannot be used error=there is no level `inof`; did you mean `info`? used=\"warn\""),
        "{}",
        bad.stderr
    );
    assert!(
        bad.stderr
            .contains("TIDEGATE_LOG_FORMAT cannot be used; it is `text` or `json`"),
        "{}",
        bad.stderr
    );
    assert!(!bad.stderr.contains(" INFO "), "{}", bad.stderr);
    let good = run_verb(
        "run",
        &config,
        &[
            ("RUST_LOG", "INFO".as_ref()),
            ("TIDEGATE_LOG_FORMAT", "JSON".as_ref()),
        ],
    );
    let levels: Vec<_> = objects(&good.stderr)
        .iter()
        .map(|line| line["level"].clone())
        .collect();
    assert!(levels.contains(&"INFO".into()), "{}", good.stderr);
}

#[test]
fn warnings_about_the_configuration_are_logged() {
    let dir = TestDir::new();
    let config = replay(&dir, "");
    for name in ["validate", "graph", "run"] {
        let output = run_verb(name, &config, &[]);
        assert_eq!(output.code, Some(0), "{name}");
        let warning = "warning[unknown_metric_option]: metric 'flow' has no option 'sourcContext'";
        assert!(output.stderr.contains(warning), "{name}: {}", output.stderr);
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one scenario")]
fn the_json_log_has_one_object_per_line() {
    let dir = TestDir::new();
    let output = run_verb(
        "run",
        &replay(&dir, "log_format = \"json\"\nlog = \"debug\""),
        &[],
    );
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let lines = objects(&output.stderr);
    for line in &lines {
        assert!(
            line["timestamp"].is_string()
                && line["level"].is_string()
                && line["message"].is_string(),
            "{line}"
        );
    }
    let with = |message: &str| {
        lines
            .iter()
            .find(|line| line["message"] == message)
            .unwrap_or_else(|| panic!("{message}: {}", output.stderr))
    };
    let running = with("running");
    assert_eq!(
        (&running["level"], &running["target"]),
        (&"INFO".into(), &"tidegate::verbs::run::started".into())
    );
    assert!(
        running["telemetry"]
            .as_str()
            .unwrap()
            .starts_with("http://127.0.0.1:"),
        "{running}"
    );
    let warning = "warning[unknown_metric_option]: metric 'flow' has no option 'sourcContext'";
    let has_warning = |line: &Value| line["message"].as_str().unwrap().starts_with(warning);
    assert_eq!(lines.iter().filter(|line| has_warning(line)).count(), 1);
    let ledger = with("the final ledger");
    assert_eq!(
        (
            &ledger["ledger"]["balanced"],
            &ledger["ledger"]["stages"][0]["in"]
        ),
        (&true.into(), &200.into())
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "one scenario")]
fn errors_are_objects_in_the_json_log() {
    let dir = TestDir::new();
    let bad = replay(&dir, "log_format = \"json\"\nnode_name = 7");
    let output = run_verb("run", &bad, &[]);
    let lines = objects(&output.stderr);
    let line = lines.last().unwrap();
    assert_eq!((output.code, &line["level"]), (Some(78), &"ERROR".into()));
    assert!(
        line["message"]
            .as_str()
            .unwrap()
            .contains("\n\nerror: wrong value in `service.node_name`"),
        "{line}"
    );
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = replay(&dir, "log_format = \"json\"");
    let text = std::fs::read_to_string(&config)
        .unwrap()
        .replace("127.0.0.1:0", &held.local_addr().unwrap().to_string());
    let output = run_verb("run", &dir.write("taken.toml", text), &[]);
    let last = objects(&output.stderr).pop().unwrap();
    assert!(
        last["message"]
            .as_str()
            .unwrap()
            .starts_with("error: cannot listen on"),
        "{last}"
    );
    // Without a file, the format comes from the environment.
    let missing = dir.path("missing.toml");
    let output = run_verb("run", &missing, &[("TIDEGATE_LOG_FORMAT", "json".as_ref())]);
    assert_eq!((output.code, objects(&output.stderr).len()), (Some(78), 1));
    assert!(
        run_verb("run", &missing, &[])
            .stderr
            .starts_with("error: cannot read")
    );
    let usage: [&OsStr; 2] = ["run".as_ref(), "--no-such".as_ref()];
    let output = tidegate_with_env(&usage, &[("TIDEGATE_LOG_FORMAT", "json".as_ref())]);
    let line = objects(&output.stderr).pop().unwrap();
    assert_eq!((output.code, objects(&output.stderr).len()), (Some(2), 1));
    assert!(
        line["message"]
            .as_str()
            .unwrap()
            .starts_with("error: unexpected argument '--no-such'"),
        "{line}"
    );
    assert!(
        tidegate_with_env(&usage, &[])
            .stderr
            .starts_with("error: unexpected argument '--no-such'")
    );
    // `validate` always prints text.
    let bad = replay(&dir, "log_format = \"json\"\nnode_name = 7");
    assert!(
        run_verb("validate", &bad, &[])
            .stderr
            .contains("\nerror: wrong value in `service.node_name`")
    );
}

#[test]
fn a_reload_changes_format_and_level() {
    let dir = TestDir::new();
    let config = dir.socket("reconnect");
    let text = std::fs::read_to_string(&config).unwrap();
    let mut agent = Agent::run(&config);
    let address = agent.telemetry_address();
    let with = |keys: &str| {
        dir.write(
            "pipeline.toml",
            text.replace("[service]\n", &format!("[service]\n{keys}\n")),
        )
    };
    with("log_format = \"json\"\nlog = \"debug\"");
    agent.send_signal("HUP");
    let line = agent.wait_for_line("the configuration was reloaded");
    assert_eq!(
        serde_json::from_str::<Value>(&line).unwrap()["level"],
        "INFO"
    );
    get(&address, "/healthz");
    let line: Value = serde_json::from_str(&agent.wait_for_line("answered a request")).unwrap();
    assert_eq!(
        (&line["listener"], &line["path"], &line["status"]),
        (&"telemetry".into(), &"/healthz".into(), &200.into())
    );
    with("");
    agent.send_signal("HUP");
    assert!(
        agent
            .wait_for_line("the configuration was reloaded")
            .contains(" INFO ")
    );
}

#[test]
fn a_stuck_log_reader_does_not_block_the_agent() {
    let dir = TestDir::new();
    let config = dir.socket("reconnect");
    let text = std::fs::read_to_string(&config)
        .unwrap()
        .replace("[service]\n", "[service]\nlog = \"debug\"\n");
    let config = dir.write("pipeline.toml", text);
    let mut child = Command::new(env!("CARGO_BIN_EXE_tidegate"))
        .args(["run".as_ref(), "-c".as_ref(), config.as_os_str()])
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let running = log
        .find_map(|line| line.ok().filter(|line| line.contains("running telemetry=")))
        .unwrap();
    let address = running.rsplit_once("http://").unwrap().1.to_owned();
    // Logs more than the pipe and the queue hold while nothing is read.
    let page = format!("/{}", "x".repeat(20_000));
    let dropped = || {
        assert_eq!(get(&address, &page).0, 404);
        let metrics = get(&address, "/metrics").1;
        let line = metrics
            .lines()
            .find(|line| line.starts_with("tidegate_log_lines_dropped_total"))
            .unwrap()
            .to_owned();
        line.rsplit_once(' ').unwrap().1 != "0"
    };
    eventually("lines are dropped", dropped);
    let kill = format!("kill -TERM {}", child.id());
    assert!(
        Command::new("sh")
            .args(["-c", &kill])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
#[expect(clippy::too_many_lines, reason = "one scenario")]
fn debug_logs_connections_requests_reload_steps_and_names() {
    let dir = TestDir::new();
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let text = format!(
        "[receivers.monitor1_2]\nsocket = {:?}\n[processors.cilium_decode]\n[processors.cilium_enrich]\n\
         [exporters.nop]\n[exporters.prometheus]\nlisten = \"127.0.0.1:0\"\n[processors.hubble_metrics]\n[processors.l34_flow]\n\
         [service]\nlog = \"debug\"\ntelemetry.listen = \"127.0.0.1:0\"\n\
         [service.pipelines.p]\nreceivers = [\"monitor1_2\"]\n\
         processors = [\"cilium_decode\", \"l34_flow\", \"cilium_enrich\", \"hubble_metrics\"]\nexporters = [\"nop\", \"prometheus\"]\n",
        dir.path("monitor.sock")
    );
    let config = dir.write("pipeline.toml", &text);
    let mut agent = Agent::run(&config);
    let address = agent.telemetry_address();
    let connection = cilium.send(2000);
    let metrics = agent.metrics_address();
    for words in [
        "connecting to the monitor socket",
        "connected to the monitor socket",
        "addresses have an identity",
    ] {
        agent.find_line(words);
    }
    let named = agent.find_line("an endpoint was created");
    assert!(
        named.contains("DEBUG") && named.contains("pod=") && named.contains("labels="),
        "{named}"
    );
    get(&address, "/healthz?token=hidden");
    let request = agent.wait_for_line("answered a request");
    assert!(
        request.contains("path=\"/healthz\" status=200 took=") && !request.contains("hidden"),
        "{request}"
    );
    get(&metrics, "/metrics");
    agent.wait_for_line("answered a scrape");
    dir.write(
        "pipeline.toml",
        text.replace(
            "listen = \"127.0.0.1:0\"\n[proc",
            "listen = \"127.0.0.1:0\"\nopen_metrics = false\n[proc",
        ),
    );
    agent.send_signal("HUP");
    for words in [
        "reading the configuration",
        "the configuration is valid",
        "the stage was removed and is draining",
        "the stage is unchanged and keeps running",
    ] {
        agent.find_line(words);
    }
    agent.find_line("the configuration was reloaded");
    drop(connection);
    for words in [
        "the Cilium agent closed the connection",
        "reconnecting after a pause",
    ] {
        agent.find_line(words);
    }
}
