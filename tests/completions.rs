//! Completions, as shells ask for them.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Agent, FakeCilium, TestDir, tidegate};

#[test]
fn there_is_a_script_for_every_shell() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = tidegate(&["completions", shell]);
        assert_eq!(output.code, Some(0), "{}", output.stderr);
        assert!(output.stdout.contains("TIDEGATE_COMPLETE"), "{shell}");
    }
    let unknown = tidegate(&["completions", "dash"]);
    assert_eq!(unknown.code, Some(2));
    assert!(
        unknown.stderr.contains("possible values: bash"),
        "{}",
        unknown.stderr
    );
}

/// What bash offers for the last of these words, in a folder; `None` if there is no bash.
fn complete(folder: &Path, words: &[&str]) -> Option<Vec<String>> {
    let binary = Path::new(env!("CARGO_BIN_EXE_tidegate"));
    let path = format!(
        "{}:{}",
        binary.parent().unwrap().display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let script = "source <(tidegate completions bash)\n\
                  COMP_WORDS=(tidegate \"$@\"); COMP_CWORD=$#; COMP_TYPE=9\n\
                  _clap_complete_tidegate tidegate \"${@: -1}\" tidegate\n\
                  printf '%s\\n' \"${COMPREPLY[@]}\"";
    let output = Command::new("bash")
        .args(["-c", script, "bash"])
        .args(words)
        .current_dir(folder)
        .env("PATH", path)
        .env_remove("TIDEGATE_CONFIG")
        .env_remove("TIDEGATE_TELEMETRY_LISTEN")
        .output()
        .ok()?;
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{words:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    Some(
        text.lines()
            .map(str::to_owned)
            .filter(|line| !line.is_empty())
            .collect(),
    )
}

#[test]
fn verbs_options_kinds_and_files_are_completed_in_bash() {
    let dir = TestDir::new();
    dir.write("mine.toml", "");
    let cases: [(&[&str], &[&str]); 11] = [
        (&["vali"], &["validate"]),
        (&["comple"], &["completions"]),
        (&["components", "mon"], &["monitor1_2"]),
        (&["components", "serv"], &["service"]),
        (&["run", "--wat"], &["--watch"]),
        (&["validate", "-c", "min"], &["mine.toml"]),
        (&["completions", "ba"], &["bash"]),
        (&["observe", "--verdict", "REDI"], &["REDIRECTED"]),
        (&["observe", "--type", "policy"], &["policy-verdict"]),
        (
            &["tap", "x", "--drop-reason-desc", "POLICY_DENI"],
            &["POLICY_DENIED"],
        ),
        (&["observe", "--time-format", "RFC3339N"], &["RFC3339Nano"]),
    ];
    for (words, expected) in cases {
        let Some(offered) = complete(&dir.path(""), words) else {
            return;
        };
        assert_eq!(offered, expected, "{words:?}");
    }
}

#[test]
fn stages_are_those_of_the_agent_or_of_the_configuration() {
    let dir = TestDir::new();
    let _cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let mut agent = Agent::run(&dir.socket("reconnect"));
    let address = agent.telemetry_address();
    let of_agent = [
        "exporters.nop",
        "processors.cilium_decode",
        "receivers.monitor1_2",
    ];
    let Some(mut offered) = complete(&dir.path(""), &["tap", "--address", &address, ""]) else {
        return;
    };
    offered.retain(|word| !word.starts_with('-'));
    assert_eq!(offered, of_agent);
    let offered = complete(&dir.path(""), &["tap", "-a", &address, "cil"]).unwrap();
    assert_eq!(offered, ["cilium_decode"]);
    let offered = complete(
        &dir.path(""),
        &["tap", "-a", &address, "x", "--pipeline", ""],
    );
    assert_eq!(offered.unwrap(), ["flows"]);

    // Nothing listens here, so the names come from the configuration in the current folder.
    let config = TestDir::new();
    config.replay(1, &["cilium_decode", "l34_flow"], "nop", "");
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .to_string();
    let offered = complete(&config.path(""), &["tap", "-a", &closed, "proc"]).unwrap();
    assert_eq!(offered, ["processors.cilium_decode", "processors.l34_flow"]);
}

#[test]
fn an_agent_that_does_not_answer_delays_the_shell_only_briefly() {
    let dir = TestDir::new();
    dir.write("pipeline.toml", "this is no configuration");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let start = Instant::now();
    let Some(offered) = complete(&dir.path(""), &["tap", "-a", &address, ""]) else {
        return;
    };
    // The names are absent; options may be offered.
    assert!(
        offered.iter().all(|word| word.starts_with('-')),
        "{offered:?}"
    );
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "far from the client's own limit"
    );
}
