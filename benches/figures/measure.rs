//! Runs the agent once and reads what it cost from the kernel.

use std::error::Error;
use std::fs::File;
use std::process::{Command, Stdio};

use nix::sys::resource::{UsageWho, getrusage};

use crate::variants::Variant;

/// Makes this program the parent of one run, so that the usage of its children is that run's alone.
pub(crate) const FLAG: &str = "--measure";

/// What one run cost.
pub(crate) struct Cost {
    pub(crate) cpu_seconds: f64,
    pub(crate) peak_mib: f64,
}

/// Runs a variant, checks that its books balance, and reads its cost.
pub(crate) fn run(binary: &str, variant: &Variant) -> Result<Cost, Box<dyn Error>> {
    let config = variant.config.as_os_str();
    let run = [binary.as_ref(), "run".as_ref(), "--strict".as_ref(), "-c".as_ref(), config];
    let output = Command::new(std::env::current_exe()?).arg(FLAG).args(run).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.split_whitespace().map(str::parse::<f64>);
    match (output.status.success(), numbers.next(), numbers.next()) {
        (true, Some(Ok(cpu_seconds)), Some(Ok(peak_mib))) => Ok(Cost { cpu_seconds, peak_mib }),
        _ => Err(format!("{}: {}", variant.name, String::from_utf8_lossy(&output.stderr)).into()),
    }
}

/// Runs a command and prints its CPU-seconds and its peak memory in MiB.
pub(crate) fn child(command: &[String]) -> Result<(), Box<dyn Error>> {
    let (program, args) = command.split_first().ok_or("no command to measure")?;
    let status = Command::new(program).args(args).stdout(Stdio::from(File::create("/dev/null")?)).status()?;
    if !status.success() {
        return Err(format!("{program} ended with {status}").into());
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    println!("{} {}", seconds(usage.user_time()) + seconds(usage.system_time()), usage.max_rss() as f64 / 1024.0);
    Ok(())
}

/// The middle one.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
