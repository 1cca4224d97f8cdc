//! Instructions, counted by running this program under valgrind with two numbers of events: the difference is free of
//! what starting costs.

use std::process::Command;

/// The option of a run that is counted: how many stages it has, and the recording that goes through them.
pub(crate) const ONCE: &str = "--once";

const FEW: usize = 5_000;
const MANY: usize = 25_000;

/// Instructions an event; `None` without valgrind.
pub(crate) fn count(stages: usize) -> Option<u64> {
    Some((run(stages, MANY)? - run(stages, FEW)?) / (MANY - FEW) as u64)
}

fn run(stages: usize, events: usize) -> Option<u64> {
    let recording = tempfile::NamedTempFile::new().ok()?;
    std::fs::write(&recording, crate::stream(events)).ok()?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().ok()?)
        .args([ONCE, &stages.to_string()])
        .arg(recording.path())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr);
    text.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse().ok())
}
