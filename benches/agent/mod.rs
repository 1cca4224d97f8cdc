//! Runs the release binary and measures its CPU time and peak memory with the kernel's counters.
//! Shared by the benchmarks.

pub(crate) mod plan;

use std::error::Error;
use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::resource::{Usage, UsageWho, getrusage};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_tidegate");

/// Makes a benchmark the parent of a single run, so that its children's usage is that of the run.
const MEASURE_FLAG: &str = "--measure";

/// The cost of one run, including start-up.
pub(crate) struct Cost {
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_mib: f64,
}

/// The arguments of a benchmark. In a process with [`MEASURE_FLAG`] it measures the given command
/// and returns `None`.
pub(crate) fn arguments() -> Result<Option<Vec<String>>, Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.as_slice() {
        [flag, command @ ..] if flag == MEASURE_FLAG => measure_child(command).map(|()| None),
        _ => Ok(Some(args)),
    }
}

/// The value of a numeric option, or its default.
pub(crate) fn number(args: &[String], name: &str, default: usize) -> Result<usize, Box<dyn Error>> {
    let value = args
        .iter()
        .position(|arg| arg == name)
        .and_then(|at| args.get(at + 1));
    Ok(value.map_or(Ok(default), |text| text.parse())?)
}

/// Runs a configuration with `--strict` and measures its cost.
pub(crate) fn run(config: &Path) -> Result<Cost, Box<dyn Error>> {
    measure([
        BINARY.as_ref(),
        "run".as_ref(),
        "--strict".as_ref(),
        "-c".as_ref(),
        config.as_os_str(),
    ])
}

/// Runs a command in a child process that measures its cost.
pub(crate) fn measure<'a>(
    command: impl IntoIterator<Item = &'a OsStr>,
) -> Result<Cost, Box<dyn Error>> {
    cost_of(
        Command::new(std::env::current_exe()?)
            .arg(MEASURE_FLAG)
            .args(command),
    )
}

/// Runs a command that [prints](print_cost) its cost.
pub(crate) fn cost_of(command: &mut Command) -> Result<Cost, Box<dyn Error>> {
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.split_whitespace().map(str::parse::<f64>);
    match (output.status.success(), numbers.next(), numbers.next()) {
        (true, Some(Ok(cpu_seconds)), Some(Ok(peak_mib))) => Ok(Cost {
            cpu_seconds,
            peak_mib,
        }),
        _ => Err(String::from_utf8_lossy(&output.stderr).into()),
    }
}

/// Runs a command and prints its CPU-seconds and its peak memory in MiB.
fn measure_child(command: &[String]) -> Result<(), Box<dyn Error>> {
    let (program, args) = command.split_first().ok_or("no command to measure")?;
    let status = Command::new(program)
        .args(args)
        .stdout(Stdio::from(File::create("/dev/null")?))
        .status()?;
    if !status.success() {
        return Err(format!("{program} ended with {status}").into());
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    print_cost(cpu_seconds(&usage), &usage);
    Ok(())
}

/// Prints CPU-seconds, and the peak memory in MiB.
pub(crate) fn print_cost(cpu_seconds: f64, usage: &Usage) {
    println!("{cpu_seconds} {}", usage.max_rss() as f64 / 1024.0);
}

/// The CPU-seconds in user mode and in the kernel.
pub(crate) fn cpu_seconds(usage: &Usage) -> f64 {
    let seconds =
        |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    seconds(usage.user_time()) + seconds(usage.system_time())
}

/// Writes a recording of the simulator's default mix.
pub(crate) fn record(path: &Path, events: usize) -> Result<(), Box<dyn Error>> {
    let events = events.to_string();
    let status = Command::new(BINARY)
        .args(["simulate", "--events", &events, "--out"])
        .arg(path)
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("cannot write a recording: {status}").into())
    }
}

/// The median.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
