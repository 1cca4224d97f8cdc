//! `tidegate observe`: flows of recordings, of monitor sockets and of agents, printed as by
//! `hubble observe`.

mod live;
mod names;
mod recordings;

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use crate::support::{AgentOutput, TestDir, tidegate};

/// Unpacks a recording of a real agent.
fn real_recording(dir: &TestDir) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/recordings");
    let mut bytes = Vec::new();
    let packed = File::open(folder.join("v1.19.4-s2.rec.gz")).unwrap();
    GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    dir.write("real.rec", bytes)
}

/// Observes a file.
fn observe_file(file: &Path, args: &[&str]) -> AgentOutput {
    let file = file.to_str().unwrap();
    tidegate(&[&["observe", "--input-file", file], args].concat())
}

/// Replaces the times of lines, which recordings do not have.
fn without_times(text: &str) -> String {
    let line = |line: &str| {
        let (name, rest) = match line.strip_prefix("  TIMESTAMP: ") {
            Some(rest) => ("  TIMESTAMP: ", rest),
            None => ("", line),
        };
        let is_time = rest.get(3..4) == Some(" ") && rest.get(9..10) == Some(":");
        match rest.get(19..) {
            Some(rest) if is_time => format!("{name}Mmm dd hh:mm:ss.mmm{rest}\n"),
            _ => format!("{line}\n"),
        }
    };
    text.lines().map(line).collect()
}

/// The golden file of this name.
fn golden(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/observe");
    fs::read_to_string(folder.join(name)).unwrap()
}
