//! Where a configuration comes from: a file, standard input, a pipe, the environment, or the usual
//! places.

use std::io::Write as _;
use std::path::Path;

use crate::support::{
    Agent, FakeCilium, TestDir, get, tidegate, tidegate_in, tidegate_with_env, tidegate_with_stdin,
};

#[test]
fn a_configuration_is_read_from_standard_input() {
    let dir = TestDir::new();
    let text = std::fs::read(dir.replay(3, &["cilium_decode"], "nop", "")).unwrap();
    let halves = text.split_at(40);
    for (args, expected) in [
        (&["validate", "-c", "-"][..], "<stdin>: good: 1 pipeline"),
        (&["graph", "--config", "-"], "pipeline flows"),
        (&["run", "-c", "-"], ""),
    ] {
        let output = tidegate_with_stdin(args, &[halves.0, halves.1]);
        assert_eq!(output.code, Some(0), "{args:?}\n{}", output.stderr);
        assert!(
            output.stdout.contains(expected),
            "{args:?}\n{}",
            output.stdout
        );
    }
    let wrong = tidegate_with_stdin(&["validate", "-c", "-"], &[b"[receivers.replya]\n"]);
    assert_eq!(wrong.code, Some(78));
    assert!(
        wrong.stderr.contains(" --> <stdin>:1:12"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn a_receiver_cannot_read_standard_input_after_the_configuration() {
    let dir = TestDir::new();
    let recording = format!("{:?}", dir.path("recording"));
    let text = std::fs::read_to_string(dir.replay(3, &["cilium_decode"], "nop", "")).unwrap();
    let text = text.replace(&recording, "\"-\"");
    let output = tidegate_with_stdin(&["run", "-c", "-"], &[text.as_bytes()]);
    assert_eq!(output.code, Some(78), "{}", output.stderr);
    assert!(
        output
            .stderr
            .contains("`receivers.replay` reads standard input"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_stream_cannot_be_watched() {
    let output = tidegate_with_stdin(&["run", "-c", "-", "--watch"], &[b""]);
    assert_eq!(output.code, Some(2));
    assert_eq!(
        output.stderr,
        "error: --watch needs a configuration in a file: standard input and pipes can be read only \
         once\n"
    );
}

#[test]
fn a_reload_keeps_the_configuration_of_standard_input() {
    let dir = TestDir::new();
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let text = std::fs::read(dir.socket("reconnect")).unwrap();
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&text).unwrap();
    drop(writer);
    let args = ["run", "-c", "-"].map(AsRef::as_ref);
    let mut agent = Agent::start_with_stdin(&args, reader);
    let address = agent.telemetry_address();
    let connection = cilium.send(30);
    agent.send_signal_until("HUP", "nothing changed");
    agent.find_line("cannot be read a second time");
    let metrics = get(&address, "/metrics").1;
    assert!(
        metrics.contains("tidegate_config_last_reload_successful 1"),
        "{metrics}"
    );
    drop(connection);
}

#[test]
fn a_signal_ends_a_run_that_waits_for_its_configuration() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let mut agent = Agent::start_with_stdin(&["run", "-c", "-"].map(AsRef::as_ref), reader);
    // More than a pipe holds, so that the agent is reading, and its signals are handled, after this.
    let comments = "# a comment\n".repeat(16 * 1024);
    writer.write_all(comments.as_bytes()).unwrap();
    agent.send_signal("TERM");
    agent.wait_for_line("ended by a signal before the configuration was complete");
    assert_eq!(agent.wait().code, Some(0));
    drop(writer);
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test is reported")]
fn the_environment_and_the_current_folder_name_a_configuration() {
    let dir = TestDir::new();
    let config = dir.replay(1, &["cilium_decode"], "nop", "");
    let folder = config.parent().unwrap();
    let found = tidegate_in(folder, &["validate"]);
    assert!(
        found.stdout.starts_with("pipeline.toml: good"),
        "{}",
        found.stderr
    );

    let named = tidegate_with_env(&["validate"], &[("TIDEGATE_CONFIG", config.as_os_str())]);
    let expected = format!("{}: good", config.display());
    assert!(named.stdout.starts_with(&expected), "{}", named.stderr);

    let empty = TestDir::new();
    let missing = tidegate_in(&empty.path(""), &["run"]);
    if Path::new("/etc/tidegate/pipeline.toml").exists() {
        eprintln!("skipped: this machine has /etc/tidegate/pipeline.toml");
        return;
    }
    assert_eq!(missing.code, Some(78));
    for part in [
        "/pipeline.toml nor /etc/tidegate/pipeline.toml exists",
        "tidegate config >",
    ] {
        assert!(missing.stderr.contains(part), "{part}\n{}", missing.stderr);
    }
}

#[test]
fn the_shipped_configuration_is_printed_and_valid() {
    let shipped = tidegate(&["config"]).stdout;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipeline.toml");
    assert_eq!(shipped, std::fs::read_to_string(file).unwrap());
    let output = tidegate_with_stdin(&["validate", "-c", "-"], &[shipped.as_bytes()]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
}
