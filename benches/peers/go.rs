//! Builds and runs the Go program in this folder, which measures itself.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::Cost;
use crate::allocations::Allocations;

/// The program's output.
#[derive(Deserialize)]
struct Report {
    events: f64,
    cpu_seconds: f64,
    allocations: f64,
    bytes: f64,
    peak_mib: f64,
}

/// Builds the program into a folder. The first build downloads Cilium's module and takes minutes.
pub(crate) fn build(folder: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let program = folder.join("peers");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
    let mut go = Command::new("go");
    let status = go
        .args(["build", "-o"])
        .arg(&program)
        .arg(".")
        .current_dir(source)
        .status();
    match status {
        Ok(status) if status.success() => Ok(program),
        Ok(status) => Err(format!("go build: {status}").into()),
        Err(error) => Err(format!("cannot run go: {error}").into()),
    }
}

/// Runs one of its commands on a recording.
pub(crate) fn run(program: &Path, verb: &str, recording: &Path) -> Result<Cost, Box<dyn Error>> {
    let output = Command::new(program).arg(verb).arg(recording).output()?;
    if !output.status.success() {
        return Err(format!("{verb}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let report: Report = serde_json::from_slice(&output.stdout)?;
    let allocations = Allocations {
        blocks: report.allocations,
        bytes: report.bytes,
    };
    Ok(Cost {
        cpu_seconds: report.cpu_seconds * 1e6 / report.events,
        allocations: allocations.per_million(report.events),
        peak_mib: report.peak_mib,
    })
}
