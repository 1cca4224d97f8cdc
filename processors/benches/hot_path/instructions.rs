//! Instructions and branches, counted by running this program under valgrind with two numbers of
//! events: the difference is free of what starting costs.

use std::process::Command;

/// The option of a run that is counted: how many stages it has, and the recording that goes through
/// them.
pub(crate) const ONCE: &str = "--once";

const FEW: usize = 5_000;
const MANY: usize = 25_000;

/// What one event takes.
pub(crate) struct Counts {
    pub(crate) instructions: f64,
    /// Branches that a simple predictor would not have guessed: one costs as much as tens of
    /// instructions.
    pub(crate) mispredicted: f64,
}

/// `None` without valgrind.
pub(crate) fn count(stages: usize) -> Option<Counts> {
    let (few, many) = (run(stages, FEW)?, run(stages, MANY)?);
    let an_event = |at: usize| Some((many.get(at)? - few.get(at)?) / (MANY - FEW) as f64);
    let [instructions, conditional, indirect] = [0, 2, 4].map(an_event);
    Some(Counts {
        instructions: instructions?,
        mispredicted: conditional? + indirect?,
    })
}

/// Instructions; conditional branches, and those of them that were not guessed; indirect branches,
/// and those of them.
fn run(stages: usize, events: usize) -> Option<Vec<f64>> {
    let recording = tempfile::NamedTempFile::new().ok()?;
    std::fs::write(&recording, crate::stream(events)).ok()?;
    let output = Command::new("valgrind")
        .args([
            "--tool=callgrind",
            "--branch-sim=yes",
            "--callgrind-out-file=/dev/null",
        ])
        .arg(std::env::current_exe().ok()?)
        .args([ONCE, &stages.to_string()])
        .arg(recording.path())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let counts = text
        .lines()
        .find_map(|line| Some(line.split_once("Collected :")?.1))?;
    counts
        .split_whitespace()
        .map(|count| count.parse().ok())
        .collect()
}
