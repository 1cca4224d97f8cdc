//! Commands, help and exit codes.

use crate::support::{TestDir, tidegate, tidegate_with_closed_stdout};

#[test]
fn every_command_has_help() {
    let help = tidegate(&["--help"]);
    let verbs = help
        .stdout
        .split("Commands:")
        .nth(1)
        .unwrap()
        .split("Options:")
        .next()
        .unwrap();
    let verbs: Vec<_> = verbs
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .collect();
    assert!(verbs.len() >= 6, "{verbs:?}");
    for verb in verbs {
        let verb = verb.split_whitespace().next().unwrap();
        let output = tidegate(&["help", verb]);
        assert_eq!(output.code, Some(0), "{verb}");
        assert!(output.stdout.contains("Usage: "), "{verb}");
    }
}

#[test]
fn exit_codes_distinguish_failures() {
    let dir = TestDir::new();
    let valid = dir.replay(1, &["cilium_decode"], "nop", "");
    let missing = dir.path("missing.toml");
    let valid = valid.to_str().unwrap();
    let missing = missing.to_str().unwrap();
    let cases: &[(&[&str], i32)] = &[
        (&["--version"], 0),
        (&["validate", "-c", valid], 0),
        (&["run", "-c", valid], 0),
        (
            &[
                "run",
                "-c",
                valid,
                "--ledger",
                "/no/such/directory/ledger.json",
            ],
            1,
        ),
        (&[], 2),
        (&["walk"], 2),
        (&["run", "--fast"], 2),
        (&["components", "no_such_kind"], 2),
        (&["validate", "-c", missing], 78),
        (&["run", "-c", missing], 78),
        (&["graph", "-c", missing], 78),
    ];
    for (args, code) in cases {
        let output = tidegate(args);
        assert_eq!(output.code, Some(*code), "{args:?}\n{}", output.stderr);
        assert_eq!(
            output.stderr.is_empty(),
            *code == 0 && args[0] != "run",
            "{args:?}"
        );
    }
}

#[test]
fn components_lists_kinds_and_their_keys() {
    let list = tidegate(&["components"]).stdout;
    for (section, kind) in [
        ("receivers", "monitor1_2"),
        ("processors", "l34_flow"),
        ("exporters", "nop"),
    ] {
        let part = list.split(section).nth(1).unwrap_or_default();
        assert!(part.contains(&format!("\n  {kind} ")), "{kind}");
    }
    let keys = tidegate(&["components", "monitor1_2"]).stdout;
    assert!(keys.contains("[receivers.monitor1_2]"), "{keys}");
    assert!(
        keys.contains("#socket = \"/var/run/cilium/monitor1_2.sock\""),
        "{keys}"
    );
    for (exporter, bytes) in [("otlp", "2MiB"), ("prometheus", "1MiB"), ("stdout", "2MiB")] {
        let keys = tidegate(&["components", exporter]).stdout;
        assert!(
            keys.contains(&format!("\n#queue.bytes = \"{bytes}\"\n")),
            "the inbox of {exporter}: {keys}"
        );
    }
    let service = tidegate(&["components", "service"]).stdout;
    for part in [
        "\n[service.telemetry]\n",
        "\n#[service.telemetry.admin]\n",
        "\n#grace_period = \"10s\"\n",
    ] {
        assert!(service.contains(part), "{service}");
    }
    assert_eq!(
        tidegate(&["components", "replya"]).stderr,
        "error: there is no kind `replya`; did you mean `replay`?\n"
    );
}

#[test]
fn components_lists_the_keys_of_a_queue_on_disk() {
    let keys = tidegate(&["components", "otlp"]).stdout;
    for part in [
        "#queue.requests = \"6MiB\"\n",
        "#queue.disk.path = \"/var/lib/tidegate/otlp\"\n",
        "#queue.disk.bytes = \"1GiB\"\n",
        "#queue.disk.fsync = false\n",
    ] {
        assert!(keys.contains(part), "{part}: {keys}");
    }
}

#[test]
fn the_table_of_a_kind_can_be_appended_to_a_file() {
    let dir = TestDir::new();
    let file = dir.replay(1, &["cilium_decode"], "nop", "");
    let text = std::fs::read_to_string(&file).unwrap();
    let printed = tidegate(&["components", "l34_flow"]).stdout;
    let text = text.replace("\"cilium_decode\"", "\"cilium_decode\", \"l34_flow\"") + &printed;
    std::fs::write(&file, &text).unwrap();
    let output = tidegate(&["validate", "-c", file.to_str().unwrap()]);
    assert_eq!(output.code, Some(0), "{text}\n{}", output.stderr);
}

#[test]
fn version_shows_the_build_and_what_it_understands() {
    let line = format!("tidegate {}\n", env!("CARGO_PKG_VERSION"));
    for flag in ["--version", "-V"] {
        assert_eq!(tidegate(&[flag]).stdout, line);
    }
    let text = tidegate(&["version"]).stdout;
    assert!(text.starts_with(&line), "{text}");
    for part in [
        "\n  commit ",
        "monitor1_2, cilium_api, kubernetes, replay\n",
        "\n  Cilium      1.12 to ",
        "-linux-",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&tidegate(&["version", "--json"]).stdout).unwrap();
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        json["formats"]["recording"],
        tidegate_wire::recording::FORMAT
    );
    let is_hash =
        |text: &str| text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(json["commit"].as_str().is_none_or(is_hash), "{json}");
    for key in ["target", "profile", "rustc"] {
        assert!(
            json[key].as_str().is_some_and(|text| !text.is_empty()),
            "{key}"
        );
    }
    let kinds = ["receivers", "processors", "exporters"];
    assert!(
        kinds
            .iter()
            .all(|key| !json[key].as_array().unwrap().is_empty())
    );
}

#[test]
fn a_closed_stdout_is_not_an_error() {
    for args in [vec!["completions", "bash"], vec!["components"]] {
        let output = tidegate_with_closed_stdout(&args);
        assert_eq!(
            (output.code, output.stderr.as_str()),
            (Some(0), ""),
            "{args:?}"
        );
    }
}

#[test]
fn graph_prints_text_mermaid_and_dot() {
    let dir = TestDir::new();
    let config = dir.replay(1, &["cilium_decode"], "nop", "");
    let graph =
        |format| tidegate(&["graph", "-c", config.to_str().unwrap(), "--format", format]).stdout;
    let text = "\
pipeline flows
  receivers.replay
    │ frames
  processors.cilium_decode
    │ events, agent_events, debug_events, lost
    └─ exporters.nop  takes events, agent_events, debug_events, lost; when_full: block (auto: every receiver can wait)
";
    assert_eq!(graph("text"), text);
    let mermaid = "\
flowchart LR
    s2[\"exporters.nop\"]
    s0[\"receivers.replay\"]
    s1[\"processors.cilium_decode\"]
    s0 -->|frames| s1
    s1 -->|events, agent_events, debug_events, lost| s2
";
    assert_eq!(graph("mermaid"), mermaid);
    let dot = "\
digraph tidegate {
    rankdir=LR;
    node [shape=box];
    s2 [label=\"exporters.nop\"];
    s0 [label=\"receivers.replay\"];
    s1 [label=\"processors.cilium_decode\"];
    s0 -> s1 [label=\"frames\"];
    s1 -> s2 [label=\"events, agent_events, debug_events, lost\"];
}
";
    assert_eq!(graph("dot"), dot);
}
