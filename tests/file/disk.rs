//! Disks that are full, files at their largest size, and directories that go away.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::files::Files;
use super::{live, replay};
use crate::reload::stream::Stream;
use crate::support::{Agent, LedgerReport, TestDir, eventually, get};

/// Mounts a file system of 1 MiB on `out`, nearly filled by a file `filler`, and runs the agent on
/// it. When that has ended, the files are copied to `copy`.
const SCRIPT: &str = "mount -t tmpfs -o size=1m none \"$1/out\" \
    && head -c 900k /dev/zero > \"$1/out/filler\" \
    && \"$0\" run -c \"$1/pipeline.toml\" --ledger \"$1/ledger.json\"; \
    code=$?; rm -f \"$1/out/filler\"; cp \"$1\"/out/* \"$1/copy\"; exit $code";

/// Starts the agent on a small disk. Returns it with the path of the disk; `None` if this machine
/// does not allow mounts to users.
#[expect(clippy::print_stderr, reason = "a skipped test is reported")]
fn start_on_small_disk(dir: &TestDir) -> Option<(Agent, PathBuf)> {
    let allowed = Command::new("unshare")
        .args(["-Urmp", "--fork", "mount", "-t", "tmpfs", "none", "/mnt"])
        .output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: user namespaces with mounts are not available");
        return None;
    }
    fs::create_dir(dir.path("copy")).unwrap();
    let mut command = Command::new("unshare");
    command
        .args(["-Urmp", "--fork", "--kill-child", "sh", "-c", SCRIPT])
        .arg(env!("CARGO_BIN_EXE_tidegate"))
        .arg(dir.path(""));
    let agent = Agent::start_command(&mut command);
    let root = PathBuf::from(format!("/proc/{}/root", agent.id()));
    let disk = root.join(dir.path("out").strip_prefix("/").unwrap());
    Some((agent, disk))
}

/// The number of lines of all files. Panics if one is not whole.
fn lines(directory: &Path) -> u64 {
    let text = Files::read(directory).text();
    let count = |line: &str| {
        assert!(
            serde_json::from_str::<serde_json::Value>(line).is_ok(),
            "{line}"
        );
    };
    text.lines().for_each(count);
    text.lines().count() as u64
}

#[test]
fn on_a_full_disk_lines_wait_until_there_is_room() {
    let dir = TestDir::new();
    replay(&dir, 400, "");
    let Some((mut agent, disk)) = start_on_small_disk(&dir) else {
        return;
    };
    let telemetry = agent.telemetry_address();
    eventually("readiness shows the problem", || {
        let (_, page) = get(&telemetry, "/readyz");
        page.contains("No space left on device (os error 28); trying again")
    });
    fs::remove_file(disk.join("filler")).unwrap();
    agent.wait_for_line("recovered");
    let output = agent.wait();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let ledger = LedgerReport::read(&dir.path("ledger.json")).unwrap();
    assert_eq!(ledger.dropped("exporters.file").values().sum::<u64>(), 0);
    let absorbed = ledger.count("exporters.file", "absorbed");
    assert!(absorbed > 300, "{absorbed}");
    assert_eq!(lines(&dir.path("copy")), absorbed);
}

#[test]
fn on_a_disk_that_stays_full_records_are_dropped_and_counted_until_there_is_room() {
    let dir = TestDir::new();
    let stream = Stream::listen(&dir.path("monitor.sock"));
    live(
        &dir,
        "give_up_after = \"0s\"\nrotation = { max_size = \"40KiB\", max_files = 1000 }",
    );
    let Some((mut agent, disk)) = start_on_small_disk(&dir) else {
        return;
    };
    let telemetry = agent.telemetry_address();
    let ledger = || -> serde_json::Value {
        serde_json::from_str(&get(&telemetry, "/debug/ledger").1).unwrap()
    };
    let count = |path: &str| {
        let ledger = ledger();
        let mut stages = ledger["stages"].as_array().unwrap().iter();
        let stage = stages.find(|row| row["stage"] == "exporters.file").unwrap();
        stage
            .pointer(path)
            .and_then(serde_json::Value::as_u64)
            .unwrap_or(0)
    };
    eventually("records are dropped", || count("/dropped/disk_full") > 0);
    let (_, page) = get(&telemetry, "/readyz");
    assert!(
        page.contains("No space left on device (os error 28); records are dropped"),
        "{page}"
    );
    let before = count("/absorbed");
    fs::remove_file(disk.join("filler")).unwrap();
    eventually("records are written again", || count("/absorbed") > before);
    let sent = stream.end();
    eventually("everything is counted", || {
        count("/absorbed") + count("/dropped/disk_full") + count("/dropped/queue_full") == sent
    });
    assert_eq!(lines(&disk), count("/absorbed"));
    assert!(ledger()["balanced"].as_bool().unwrap());
}

#[test]
fn a_file_at_its_size_limit_is_rotated_or_its_records_are_dropped() {
    let cases = [
        ("", false),
        ("give_up_after = \"0s\"\nrotation.enabled = false", true),
    ];
    for (keys, has_losses) in cases {
        let dir = TestDir::new();
        let config = replay(&dir, 60, keys);
        let script = "ulimit -f 16 && exec \"$0\" run -c \"$1\" --ledger \"$2\"";
        let output = Command::new("sh")
            .args(["-c", script, env!("CARGO_BIN_EXE_tidegate")])
            .arg(config)
            .arg(dir.path("ledger.json"))
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{keys}: {} {stderr}",
            output.status
        );
        let ledger = LedgerReport::read(&dir.path("ledger.json")).unwrap();
        let dropped = ledger.count("exporters.file", "dropped/file_too_large");
        assert_eq!(dropped > 0, has_losses, "{keys}: {stderr}");
        let names = Files::names(&dir.path("out"));
        assert_eq!(names.len() > 1, !has_losses, "{keys}: {names:?}");
        assert_eq!(
            lines(&dir.path("out")),
            ledger.count("exporters.file", "absorbed")
        );
    }
}

#[test]
fn a_directory_that_goes_away_and_comes_back_loses_no_later_record() {
    let dir = TestDir::new();
    let stream = Stream::listen(&dir.path("monitor.sock"));
    let mut agent = Agent::run(&live(
        &dir,
        "give_up_after = \"0s\"\nrotation.enabled = false",
    ));
    let telemetry = agent.telemetry_address();
    let out = dir.path("out");
    eventually("lines are written", || {
        fs::metadata(out.join("flows.json")).is_ok_and(|metadata| metadata.len() > 0)
    });
    fs::rename(&out, dir.path("gone")).unwrap();
    fs::remove_dir_all(dir.path("gone")).unwrap();
    eventually("readiness shows the problem", || {
        let (_, page) = get(&telemetry, "/readyz");
        page.contains("does not exist; create it, or set `create_directory`")
    });
    eventually("records are dropped for that reason", || {
        let (_, page) = get(&telemetry, "/metrics");
        let reason = "reason=\"directory_missing\"";
        let mut lines = page.lines();
        lines.any(|line| line.contains(reason) && !line.ends_with(" 0"))
    });
    fs::create_dir(&out).unwrap();
    eventually("lines are written again", || {
        fs::metadata(out.join("flows.json")).is_ok_and(|metadata| metadata.len() > 0)
    });
    drop(stream);
    agent.send_signal("TERM");
    assert_eq!(agent.wait().code, Some(0));
    lines(&out);
}
