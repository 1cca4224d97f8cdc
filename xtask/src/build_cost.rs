//! What the first `cargo run --release` takes: CPU time for each crate, wall time, and disk space.
//!
//! Cargo calls this program in place of rustc (`RUSTC_WRAPPER`), which runs the compiler and appends
//! the CPU time that it took to a file. The remaining CPU time is that of build scripts, such as C
//! compilers, and of Cargo.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};

/// The file to which the compiler's CPU times are appended, for the processes that Cargo starts.
const TIMES: &str = "TIDEGATE_BUILD_TIMES";
/// Seconds of CPU that a first build may take.
const BUDGET: f64 = 450.0;
/// Crates that the table lists.
const LISTED: usize = 25;

/// CPU seconds, user and system, of the children that have ended.
#[expect(clippy::cast_precision_loss, reason = "seconds of a build")]
fn cpu_of_children() -> Result<f64, String> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)
        .map_err(|error| format!("cannot read the usage of child processes: {error}"))?;
    let seconds =
        |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

/// Runs the compiler if Cargo called this program as its wrapper.
pub(crate) fn wrapped_compiler() -> Option<ExitCode> {
    let times = std::env::var_os(TIMES)?;
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let (compiler, rest) = arguments.split_first()?;
    let status = Command::new(compiler).args(rest).status();
    let after_name = rest
        .iter()
        .skip_while(|argument| *argument != "--crate-name")
        .nth(1);
    if let (Some(name), Ok(seconds)) = (after_name, cpu_of_children()) {
        let line = format!("{seconds} {}\n", name.display());
        let file = OpenOptions::new().append(true).open(times);
        if let Err(error) = file.and_then(|mut file| file.write_all(line.as_bytes())) {
            eprintln!("cannot note the compiler's CPU time: {error}");
            return Some(ExitCode::FAILURE);
        }
    }
    let code = status.ok().as_ref().and_then(ExitStatus::code);
    Some(ExitCode::from(
        code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1),
    ))
}

/// Builds the agent in an empty folder, and prints the table.
///
/// Other work on the machine makes CPU time grow, too, so nothing else should run.
pub(crate) fn run() -> Result<(), String> {
    let wrapper = std::env::current_exe().map_err(|error| error.to_string())?;
    let folder = tempfile::tempdir().map_err(|error| format!("no folder to build in: {error}"))?;
    let times = folder.path().join("times");
    File::create(&times).map_err(|error| error.to_string())?;

    let before = cpu_of_children()?;
    let start = Instant::now();
    let status = Command::new("cargo")
        .args(["build", "--release", "--locked", "--quiet"])
        .env("CARGO_TARGET_DIR", folder.path().join("target"))
        .env("RUSTC_WRAPPER", wrapper)
        .env(TIMES, &times)
        .status()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    let wall = start.elapsed().as_secs();
    let total = cpu_of_children()? - before;
    if !status.success() {
        return Err("the build failed".to_owned());
    }
    print_table(
        &fs::read_to_string(&times).map_err(|error| error.to_string())?,
        total,
    );
    let megabytes = size_of_folder(folder.path()).map_err(|error| error.to_string())? >> 20;
    println!(
        "\n{total:.0} CPU-seconds of at most {BUDGET}, {wall} s of wall time, {megabytes} MiB"
    );
    if total > BUDGET {
        return Err(format!("the build took more than {BUDGET} CPU-seconds"));
    }
    Ok(())
}

fn print_table(times: &str, total: f64) {
    let line = |line: &str| {
        let (seconds, name) = line.split_once(' ')?;
        Some((seconds.parse().ok()?, name.to_owned()))
    };
    let mut crates: Vec<(f64, String)> = times.lines().filter_map(line).collect();
    crates.sort_by(|one, other| other.0.total_cmp(&one.0));
    let compiled: f64 = crates.iter().map(|(seconds, _)| seconds).sum();
    let others: f64 = crates.iter().skip(LISTED).map(|(seconds, _)| seconds).sum();
    println!("| of a first release build | CPU-s |\n| --- | --: |");
    for (seconds, name) in crates.iter().take(LISTED) {
        println!("| {name} | {seconds:.1} |");
    }
    println!(
        "| {} more crates | {others:.1} |",
        crates.len().saturating_sub(LISTED)
    );
    println!(
        "| build scripts and their C compilers, Cargo | {:.1} |",
        total - compiled
    );
}

/// Bytes of all files below a folder.
fn size_of_folder(folder: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() {
            size_of_folder(&entry.path())?
        } else {
            metadata.len()
        };
    }
    Ok(bytes)
}
