//! The exporter `file` with the real agent: rotation, compression, restarts and reopening.

mod disk;
mod files;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use files::Files;
use serde_json::Value;

use crate::reload::stream::{Stream, missing_or_duplicate};
use crate::support::{Agent, LedgerReport, TestDir, eventually, get, run_args, tidegate};

const CHAIN: &[&str] = &["cilium_decode", "l34_flow"];

/// Writes a configuration that replays frames to a file in a directory `out`, with these keys.
fn replay(dir: &TestDir, frames: u64, keys: &str) -> PathBuf {
    fs::create_dir_all(dir.path("out")).unwrap();
    let keys = format!("path = {:?}\n{keys}", dir.path("out/flows.json"));
    dir.replay(frames, CHAIN, "file", &keys)
}

/// Writes a configuration that writes the flows of a stream to a file in a directory `out`.
fn live(dir: &TestDir, keys: &str) -> PathBuf {
    fs::create_dir_all(dir.path("out")).unwrap();
    let text = format!(
        "[receivers.monitor1_2]\nsocket = {:?}\n[processors]\ncilium_decode = {{}}\nl34_flow = {{}}\n\
         [exporters.file]\npath = {:?}\n{keys}\n\
         [service]\ntelemetry.listen = \"127.0.0.1:0\"\n\
         [service.pipelines.flows]\nreceivers = [\"monitor1_2\"]\n\
         processors = [\"cilium_decode\", \"l34_flow\"]\nexporters = [\"file\"]\n",
        dir.path("monitor.sock"),
        dir.path("out/flows.json")
    );
    dir.write("pipeline.toml", text)
}

/// Runs the agent until its input ends, and returns the ledger.
fn run(dir: &TestDir, config: &Path) -> LedgerReport {
    let ledger_file = dir.path("ledger.json");
    let output = tidegate(&run_args(config, &ledger_file));
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    LedgerReport::read(&ledger_file).unwrap()
}

/// The lines without what differs between two runs.
fn without_times(lines: &str) -> Vec<Value> {
    let line = |line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        line["time"].take();
        for event in ["flow", "lost_events", "agent_event", "debug_event"] {
            for key in ["time", "uuid", "first", "last"] {
                if let Some(value) = line.get_mut(event).and_then(|event| event.get_mut(key)) {
                    value.take();
                }
            }
        }
        line
    };
    lines.lines().map(line).collect()
}

#[test]
fn the_lines_are_those_of_stdout_and_the_umask_does_not_change_the_mode() {
    let dir = TestDir::new();
    let stdout = dir.replay(500, CHAIN, "stdout", "format = \"json\"");
    let expected = tidegate(&["run".as_ref(), "-c".as_ref(), stdout.as_os_str()]).stdout;
    let config = replay(&dir, 500, "mode = \"0644\"");
    let output = Command::new("sh")
        .args(["-c", "umask 077 && exec \"$0\" run -c \"$1\" --strict"])
        .arg(env!("CARGO_BIN_EXE_tidegate"))
        .arg(&config)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let path = dir.path("out/flows.json");
    let text = fs::read_to_string(&path).unwrap();
    assert!(without_times(&text) == without_times(&expected));
    assert_eq!(
        fs::metadata(path).unwrap().permissions().mode() & 0o7777,
        0o644
    );
}

#[test]
fn files_do_not_exceed_their_size_and_all_lines_are_in_order() {
    let dir = TestDir::new();
    let whole = replay(&dir, 2_000, "rotation.enabled = false");
    run(&dir, &whole);
    let expected = fs::read_to_string(dir.path("out/flows.json")).unwrap();
    fs::remove_file(dir.path("out/flows.json")).unwrap();
    let config = replay(
        &dir,
        2_000,
        "rotation = { max_size = \"20KiB\", max_files = 1000 }",
    );
    let ledger = run(&dir, &config);
    let files = Files::read(&dir.path("out"));
    assert!(files.0.len() > 20, "{} files", files.0.len());
    for file in &files.0 {
        assert!(
            file.text.len() <= 20 << 10 && !file.text.is_empty(),
            "{}",
            file.name
        );
    }
    assert!(without_times(&files.text()) == without_times(&expected));
    assert_eq!(
        ledger.count("exporters.file", "absorbed"),
        expected.lines().count() as u64
    );
}

#[test]
fn the_newest_files_are_kept_and_compressed() {
    let dir = TestDir::new();
    let config = replay(
        &dir,
        2_000,
        "rotation = { max_size = \"20KiB\", max_files = 4, compression = \"gzip\" }",
    );
    let out = dir.path("out");
    for name in [
        "flows-2020-01-01T00-00-00.000.json",
        "flows-2020-01-01T00-00-00.001.json.gz.tmp-00",
        "flows-audit.json",
    ] {
        fs::write(out.join(name), "old\n").unwrap();
    }
    run(&dir, &config);
    // Another run compresses what the first had no time for.
    let keys = "rotation = { max_files = 4, compression = \"gzip\" }";
    let mut agent = Agent::run(&live(&dir, keys));
    let rotated = |suffix: &str| {
        let names = Files::names(&out).into_iter();
        names
            .filter(|name| name.starts_with("flows-2") && name.ends_with(suffix))
            .count()
    };
    eventually("all rotated files are compressed", || {
        (rotated(".json"), rotated(".json.gz"), rotated("")) == (0, 3, 3)
    });
    agent.telemetry_address();
    agent.send_signal("TERM");
    assert_eq!(agent.wait().code, Some(0));
    assert!(out.join("flows-audit.json").exists());
    let files = Files::read(&out);
    assert!(files.text().lines().count() > 50);
}

#[test]
fn a_line_that_a_crash_has_cut_is_removed() {
    let dir = TestDir::new();
    let config = replay(&dir, 50, "");
    let path = dir.path("out/flows.json");
    fs::write(&path, "{\"flow\":{}}\n{\"flow\":{\"time\":\"2026-").unwrap();
    let ledger = run(&dir, &config);
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        lines.len() as u64,
        1 + ledger.count("exporters.file", "absorbed")
    );
}

#[test]
fn sighup_opens_a_moved_file_again_although_the_configuration_is_unchanged() {
    let dir = TestDir::new();
    let stream = Stream::listen(&dir.path("monitor.sock"));
    let config = live(&dir, "rotation.enabled = false");
    let ledger_file = dir.path("ledger.json");
    let mut agent = Agent::start(&run_args(&config, &ledger_file));
    let telemetry = agent.telemetry_address();
    let [path, moved] = ["out/flows.json", "out/flows.json.1"].map(|name| dir.path(name));
    eventually("lines are written", || {
        fs::metadata(&path).is_ok_and(|metadata| metadata.len() > 0)
    });
    fs::rename(&path, &moved).unwrap();
    agent.send_signal("HUP");
    agent.wait_for_line("files were read and opened again stages=\"exporters.file\"");
    assert!(path.exists(), "it was opened before the reload");
    agent.wait_for_line("nothing changed");
    let before = fs::metadata(&moved).unwrap().len();
    eventually("lines are written to the new file", || {
        fs::metadata(&path).unwrap().len() > 10_000
    });
    assert_eq!(fs::metadata(&moved).unwrap().len(), before);
    let (_, page) = get(&telemetry, "/metrics");
    let count = "tidegate_refreshes_total{stage=\"exporters.file\",outcome=\"succeeded\"} 1\n";
    assert!(page.contains(count), "{page}");

    // A file that is removed without a signal is noticed as well, and so is a truncated one.
    fs::remove_file(&path).unwrap();
    eventually("the file is created again", || path.exists());
    let sent = stream.end();
    agent.send_signal("TERM");
    assert_eq!(agent.wait().code, Some(0));
    let ledger = LedgerReport::read(&ledger_file).unwrap();
    assert_eq!(ledger.count("exporters.file", "absorbed"), sent);
}

#[test]
fn no_line_is_lost_or_cut_when_the_file_is_moved_under_load() {
    let dir = TestDir::new();
    let stream = Stream::listen(&dir.path("monitor.sock"));
    let mut agent = Agent::run(&live(
        &dir,
        "rotation = { max_size = \"200KiB\", max_files = 5000 }",
    ));
    agent.telemetry_address();
    let path = dir.path("out/flows.json");
    for at in 0..5 {
        eventually("lines are written", || {
            fs::metadata(&path).is_ok_and(|metadata| metadata.len() > 0)
        });
        fs::rename(&path, dir.path(&format!("out/moved-{at}"))).unwrap();
        agent.send_signal("HUP");
        agent.wait_for_line("nothing changed");
    }
    let sent = stream.end();
    agent.send_signal("TERM");
    assert_eq!(agent.wait().code, Some(0));
    let text = Files::read(&dir.path("out")).text();
    assert_eq!(missing_or_duplicate(&text, sent), [0; 0]);
}

#[test]
fn an_exporter_that_a_reload_replaces_hands_over_its_file() {
    let dir = TestDir::new();
    let stream = Stream::listen(&dir.path("monitor.sock"));
    let mut agent = Agent::run(&live(&dir, "rotation.enabled = false"));
    agent.telemetry_address();
    for seconds in 1..=5 {
        let keys = format!("rotation.enabled = false\ngive_up_after = \"{seconds}s\"");
        live(&dir, &keys);
        agent.send_signal("HUP");
        agent.wait_for_line("the configuration was reloaded");
    }
    let sent = stream.end();
    agent.send_signal("TERM");
    let output = agent.wait();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let text = Files::read(&dir.path("out")).text();
    assert_eq!(missing_or_duplicate(&text, sent), [0; 0]);
}

#[test]
fn a_file_has_one_exporter_and_one_agent() {
    let dir = TestDir::new();
    let config = live(&dir, "");
    let text = fs::read_to_string(&config).unwrap();
    let second = format!(
        "[exporters.\"file/b\"]\npath = \"{}/./out/flows.json\"\n[service]",
        dir.path("").display()
    );
    let twice = text.replace("[service]", &second).replace(
        "exporters = [\"file\"]",
        "exporters = [\"file\", \"file/b\"]",
    );
    let twice = dir.write("twice.toml", twice);
    let output = tidegate(&["validate".as_ref(), "-c".as_ref(), twice.as_os_str()]);
    assert_eq!(output.code, Some(78), "{}", output.stderr);
    let expected = "error: `exporters.file` and `exporters.file/b` write to the same file";
    assert!(output.stderr.contains(expected), "{}", output.stderr);

    let mut agent = Agent::run(&config);
    agent.telemetry_address();
    eventually("the file is open", || dir.path("out/flows.json").exists());
    let output = tidegate(&["run".as_ref(), "-c".as_ref(), config.as_os_str()]);
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    let expected = "another process or exporter writes to it; each needs a file of its own";
    assert!(output.stderr.contains(expected), "{}", output.stderr);
}

#[test]
fn a_path_that_cannot_be_used_is_an_error_at_the_start() {
    let dir = TestDir::new();
    let config = replay(&dir, 10, "");
    fs::remove_dir(dir.path("out")).unwrap();
    let failure = || tidegate(&["run".as_ref(), "-c".as_ref(), config.as_os_str()]);
    let output = failure();
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    let expected = format!(
        "cannot write to {}: the directory {} does not exist; create it, or set `create_directory`",
        dir.path("out/flows.json").display(),
        dir.path("out").display()
    );
    assert!(output.stderr.contains(&expected), "{}", output.stderr);
    fs::create_dir_all(dir.path("out/flows.json")).unwrap();
    let output = failure();
    assert!(
        output.stderr.contains("it is a directory"),
        "{}",
        output.stderr
    );
}
