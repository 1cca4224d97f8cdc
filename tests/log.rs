//! Standard error: what is logged, in which form, and that it holds nothing up.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Agent, Cilium, Place, eventually, get, tidegate_with};

/// A recording's run with these keys of `[service]`.
fn replay(place: &Place, keys: &str) -> PathBuf {
    let config = place.replay(
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
    place.write("pipeline.toml", text)
}

fn verb(
    name: &str,
    config: &std::path::Path,
    environment: &[(&str, &OsStr)],
) -> crate::support::Ended {
    tidegate_with(
        &[name.as_ref(), "-c".as_ref(), config.as_os_str()],
        environment,
    )
}

/// All lines as objects.
fn objects(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[test]
fn levels_are_understood_or_refused_where_they_are() {
    let place = Place::new();
    for level in [
        "warning",
        "INFO",
        "Warn",
        "off",
        "trace",
        "error,tidegate_runtime=Debug",
        "info,h2=warn",
    ] {
        let ended = verb(
            "validate",
            &replay(&place, &format!("log = \"{level}\"")),
            &[],
        );
        assert_eq!(ended.code, Some(0), "{level}: {}", ended.stderr);
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
            let ended = verb(name, &replay(&place, &format!("log = \"{level}\"")), &[]);
            assert_eq!(ended.code, Some(78), "{level}");
            let title = format!("error: wrong value in `service.log`: {what}\n");
            assert!(
                ended.stderr.contains(&title) && ended.stderr.contains(help),
                "{}",
                ended.stderr
            );
        }
    }
    let ended = verb("run", &replay(&place, "log = \"off\""), &[]);
    assert!(ended.stderr.starts_with("PIPELINE"), "{}", ended.stderr);
    let ended = verb("run", &replay(&place, "log = \"Warning\""), &[]);
    assert!(
        ended.stderr.contains(" WARN ") && !ended.stderr.contains(" INFO "),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_variable_that_cannot_be_used_is_said_and_not_used() {
    let place = Place::new();
    let config = replay(&place, "log = \"warn\"");
    let bad = verb(
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
    let good = verb(
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
fn warnings_of_what_is_built_are_shown() {
    let place = Place::new();
    let config = replay(&place, "");
    for name in ["validate", "graph", "run"] {
        let ended = verb(name, &config, &[]);
        assert_eq!(ended.code, Some(0), "{name}");
        let said = "WARN the metric has no such option; it is ignored, as in Hubble metric=\"flow\" option=\"sourccontext\"";
        assert!(ended.stderr.contains(said), "{name}: {}", ended.stderr);
    }
}

#[test]
fn json_is_one_object_a_line_for_all_that_is_said() {
    let place = Place::new();
    let ended = verb(
        "run",
        &replay(&place, "log_format = \"json\"\nlog = \"debug\""),
        &[],
    );
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let lines = objects(&ended.stderr);
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
            .unwrap_or_else(|| panic!("{message}: {}", ended.stderr))
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
    assert_eq!(
        with("the metric has no such option; it is ignored, as in Hubble")["option"],
        "sourccontext"
    );
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
fn errors_are_objects_too() {
    let place = Place::new();
    let bad = replay(&place, "log_format = \"json\"\nnode_name = 7");
    let ended = verb("run", &bad, &[]);
    let lines = objects(&ended.stderr);
    let line = lines.last().unwrap();
    assert_eq!((ended.code, &line["level"]), (Some(78), &"ERROR".into()));
    assert!(
        line["message"]
            .as_str()
            .unwrap()
            .starts_with("error: wrong value in `service.node_name`"),
        "{line}"
    );
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = replay(&place, "log_format = \"json\"");
    let text = std::fs::read_to_string(&config)
        .unwrap()
        .replace("127.0.0.1:0", &held.local_addr().unwrap().to_string());
    let ended = verb("run", &place.write("taken.toml", text), &[]);
    let last = objects(&ended.stderr).pop().unwrap();
    assert!(
        last["message"]
            .as_str()
            .unwrap()
            .starts_with("error: cannot listen on"),
        "{last}"
    );
    // No file, no format but the environment's.
    let missing = place.path("missing.toml");
    let ended = verb("run", &missing, &[("TIDEGATE_LOG_FORMAT", "json".as_ref())]);
    assert_eq!((ended.code, objects(&ended.stderr).len()), (Some(78), 1));
    assert!(
        verb("run", &missing, &[])
            .stderr
            .starts_with("error: cannot read")
    );
    let usage: [&OsStr; 2] = ["run".as_ref(), "--no-such".as_ref()];
    let ended = tidegate_with(&usage, &[("TIDEGATE_LOG_FORMAT", "json".as_ref())]);
    let line = objects(&ended.stderr).pop().unwrap();
    assert_eq!((ended.code, objects(&ended.stderr).len()), (Some(2), 1));
    assert!(
        line["message"]
            .as_str()
            .unwrap()
            .starts_with("error: unexpected argument '--no-such'"),
        "{line}"
    );
    assert!(
        tidegate_with(&usage, &[])
            .stderr
            .starts_with("error: unexpected argument '--no-such'")
    );
    // Other verbs speak to people.
    let bad = replay(&place, "log_format = \"json\"\nnode_name = 7");
    assert!(
        verb("validate", &bad, &[])
            .stderr
            .contains("\nerror: wrong value in `service.node_name`")
    );
}

#[test]
fn the_format_and_the_level_change_with_a_reload() {
    let place = Place::new();
    let config = place.socket("reconnect");
    let text = std::fs::read_to_string(&config).unwrap();
    let mut agent = Agent::run(&config);
    let address = agent.address();
    let with = |keys: &str| {
        place.write(
            "pipeline.toml",
            text.replace("[service]\n", &format!("[service]\n{keys}\n")),
        )
    };
    with("log_format = \"json\"\nlog = \"debug\"");
    agent.signal("HUP");
    let line = agent.says("the configuration was reloaded");
    assert_eq!(
        serde_json::from_str::<Value>(&line).unwrap()["level"],
        "INFO"
    );
    get(&address, "/healthz");
    let line: Value = serde_json::from_str(&agent.says("answered a request")).unwrap();
    assert_eq!(
        (&line["listener"], &line["path"], &line["status"]),
        (&"telemetry".into(), &"/healthz".into(), &200.into())
    );
    with("");
    agent.signal("HUP");
    assert!(
        agent
            .says("the configuration was reloaded")
            .contains(" INFO ")
    );
}

#[test]
fn a_reader_of_the_log_that_is_stuck_holds_nothing_up() {
    let place = Place::new();
    let config = place.socket("reconnect");
    let text = std::fs::read_to_string(&config)
        .unwrap()
        .replace("[service]\n", "[service]\nlog = \"debug\"\n");
    let config = place.write("pipeline.toml", text);
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
    // More than a pipe and the queue hold, of which nothing is read.
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
fn debug_shows_each_connection_request_step_of_a_reload_and_change_of_names() {
    let place = Place::new();
    let cilium = Cilium::listen(&place.path("monitor.sock"));
    let text = format!(
        "[receivers.monitor1_2]\nsocket = {:?}\n[processors.cilium_decode]\n[processors.cilium_enrich]\n\
         [exporters.nop]\n[exporters.prometheus]\nlisten = \"127.0.0.1:0\"\n[processors.hubble_metrics]\n[processors.l34_flow]\n\
         [service]\nlog = \"debug\"\ntelemetry.listen = \"127.0.0.1:0\"\n\
         [service.pipelines.p]\nreceivers = [\"monitor1_2\"]\n\
         processors = [\"cilium_decode\", \"l34_flow\", \"cilium_enrich\", \"hubble_metrics\"]\nexporters = [\"nop\", \"prometheus\"]\n",
        place.path("monitor.sock")
    );
    let config = place.write("pipeline.toml", &text);
    let mut agent = Agent::run(&config);
    let address = agent.address();
    let connection = cilium.send(2000);
    let line = agent.has_said("serving metrics");
    let scraped = line
        .split("address=")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .to_owned();
    for words in [
        "connecting to the monitor socket",
        "connected to the monitor socket",
        "addresses have an identity",
    ] {
        agent.has_said(words);
    }
    let named = agent.has_said("an endpoint was created");
    assert!(
        named.contains("DEBUG") && named.contains("pod=") && named.contains("labels="),
        "{named}"
    );
    get(&address, "/healthz?token=hidden");
    let request = agent.says("answered a request");
    assert!(
        request.contains("path=\"/healthz\" status=200 took=") && !request.contains("hidden"),
        "{request}"
    );
    get(&scraped, "/metrics");
    agent.says("answered a scrape");
    place.write(
        "pipeline.toml",
        text.replace(
            "listen = \"127.0.0.1:0\"\n[proc",
            "listen = \"127.0.0.1:0\"\nopen_metrics = false\n[proc",
        ),
    );
    agent.signal("HUP");
    for words in [
        "reading the configuration",
        "the configuration is valid",
        "the stage was removed and is draining",
        "the stage is unchanged and keeps running",
    ] {
        agent.has_said(words);
    }
    agent.has_said("the configuration was reloaded");
    drop(connection);
    for words in [
        "the Cilium agent closed the connection",
        "reconnecting after a pause",
    ] {
        agent.has_said(words);
    }
}
