//! Counts instructions and branches by running this program under valgrind with two numbers of
//! events. The cost of starting the program cancels out in the difference.

use std::process::Command;

/// The option of a run under valgrind. It takes the position of the row and the path of the recording.
pub(crate) const ONCE: &str = "--once";

const FEW: usize = 5_000;
const MANY: usize = 25_000;

/// The counts of one event.
pub(crate) struct EventCost {
    pub(crate) instructions: f64,
    /// Branches that a simple predictor mispredicts. One costs as much as tens of instructions.
    pub(crate) mispredicted: f64,
}

/// Returns `None` if valgrind is not installed.
pub(crate) fn count(row: usize) -> Option<EventCost> {
    let few = run(row, FEW)?;
    let many = run(row, MANY)?;
    let per_event = |at: usize| Some((many.get(at)? - few.get(at)?) / (MANY - FEW) as f64);
    let [instructions, conditional, indirect] = [0, 2, 4].map(per_event);
    Some(EventCost {
        instructions: instructions?,
        mispredicted: conditional? + indirect?,
    })
}

/// Returns the numbers of instructions, conditional branches, mispredicted conditional branches,
/// indirect branches, and mispredicted indirect branches.
fn run(row: usize, events: usize) -> Option<Vec<f64>> {
    let recording = tempfile::NamedTempFile::new().ok()?;
    std::fs::write(&recording, crate::stream(events)).ok()?;
    let output = Command::new("valgrind")
        .args([
            "--tool=callgrind",
            "--branch-sim=yes",
            "--callgrind-out-file=/dev/null",
        ])
        .arg(std::env::current_exe().ok()?)
        .args([ONCE, &row.to_string()])
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
