//! What the process uses, from `/proc`; a value that cannot be read is `None`.

use std::fs;

use serde::{Deserialize, Serialize};

/// `USER_HZ`, the kernel's unit of CPU times; 100 on every supported architecture.
const TICKS_PER_SECOND: f64 = 100.0;

/// What a process uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProcessUsage {
    /// User and system CPU time since the start of the process.
    pub(crate) cpu_seconds: Option<f64>,
    /// Resident memory.
    pub(crate) resident_bytes: Option<u64>,
    /// The largest resident memory so far.
    pub(crate) peak_resident_bytes: Option<u64>,
    /// Open file descriptors.
    pub(crate) open_files: Option<u64>,
    /// Start of the process, since the Unix epoch.
    pub(crate) start_seconds: Option<f64>,
}

impl ProcessUsage {
    /// What this process uses now.
    pub(crate) fn now() -> Self {
        let descriptors = fs::read_dir("/proc/self/fd").ok();
        Self {
            open_files: descriptors.map(|descriptors| descriptors.count() as u64),
            ..Self::parse(
                &read("/proc/self/status"),
                &read("/proc/self/stat"),
                &read("/proc/stat"),
            )
        }
    }

    /// From `/proc/self/status`, `/proc/self/stat` and `/proc/stat`.
    fn parse(status: &str, stat: &str, system: &str) -> Self {
        let start_ticks = stat_field(stat, 22);
        Self {
            cpu_seconds: stat_field(stat, 14)
                .zip(stat_field(stat, 15))
                .map(|(user, system)| (user + system) / TICKS_PER_SECOND),
            resident_bytes: status_bytes(status, "VmRSS:"),
            peak_resident_bytes: status_bytes(status, "VmHWM:"),
            open_files: None,
            start_seconds: boot_seconds(system)
                .zip(start_ticks)
                .map(|(boot, ticks)| boot + ticks / TICKS_PER_SECOND),
        }
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// A size in `/proc/self/status`.
fn status_bytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// A field of `/proc/self/stat` by its number: 14 is `utime`, 15 `stime`, 22 `starttime`, in ticks.
/// The second field, the program's name in parentheses, may contain any character.
fn stat_field(stat: &str, number: usize) -> Option<f64> {
    let rest = stat.rsplit_once(')')?.1;
    rest.split_whitespace().nth(number - 3)?.parse().ok()
}

/// `btime` of `/proc/stat`: the boot time.
fn boot_seconds(system: &str) -> Option<f64> {
    let line = system
        .lines()
        .find_map(|line| line.strip_prefix("btime "))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::ProcessUsage;

    #[test]
    fn values_are_parsed_from_the_files_of_proc() {
        let status = "VmHWM:\t    4096 kB\nVmRSS:\t    2048 kB\n";
        let stat = "7 (a) b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 3 0 4200 99 1";
        assert_eq!(
            ProcessUsage::parse(status, stat, "cpu 1\nbtime 1700000000\n"),
            ProcessUsage {
                cpu_seconds: Some(2.0),
                resident_bytes: Some(2_097_152),
                peak_resident_bytes: Some(4_194_304),
                open_files: None,
                start_seconds: Some(1_700_000_042.0),
            }
        );
        assert_eq!(ProcessUsage::parse("", "7 (a", ""), ProcessUsage::default());
    }
}
