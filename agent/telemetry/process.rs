//! The process as metrics, under the names that Prometheus' client libraries use; read from
//! `/proc`. What cannot be read is left out.

use std::fs;

use super::page::{Family, number};
use crate::log;

/// `USER_HZ`, the kernel's unit of CPU times; 100 on every architecture that we build for.
const TICKS_PER_SECOND: f64 = 100.0;

/// Version, memory, CPU time, descriptors and start.
pub(super) fn families() -> Vec<Family> {
    let build = Family::gauge(
        "tidegate_build_info",
        "Always 1; the labels tell the version",
    );
    let log_lines = Family::counter(
        "tidegate_log_lines_dropped_total",
        "Lines of the log that were lost because standard error was not read",
    );
    let mut families = vec![
        build.sample(&[("version", env!("CARGO_PKG_VERSION"))], 1.0),
        log_lines.sample(&[], number(log::dropped_lines())),
    ];
    if let Some(bytes) = resident_bytes(&read("/proc/self/status")) {
        let family = Family::gauge(
            "process_resident_memory_bytes",
            "Resident memory size in bytes.",
        )
        .unit("By");
        families.push(family.sample(&[], bytes));
    }
    if let Some(Times {
        cpu_seconds,
        start_ticks,
    }) = times(&read("/proc/self/stat"))
    {
        let cpu = Family::counter(
            "process_cpu_seconds_total",
            "Total user and system CPU time spent in seconds.",
        );
        families.push(cpu.unit("s").sample(&[], cpu_seconds));
        families.extend(boot_seconds(&read("/proc/stat")).map(|boot| {
            let start = Family::gauge(
                "process_start_time_seconds",
                "Start time of the process since unix epoch in seconds.",
            );
            start
                .unit("s")
                .sample(&[], boot + start_ticks / TICKS_PER_SECOND)
        }));
    }
    if let Ok(descriptors) = fs::read_dir("/proc/self/fd") {
        let family = Family::gauge("process_open_fds", "Number of open file descriptors.");
        families.push(family.sample(&[], number(descriptors.count() as u64)));
    }
    families
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// `VmRSS` of `/proc/self/status`.
fn resident_bytes(status: &str) -> Option<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

#[derive(Debug, PartialEq)]
struct Times {
    cpu_seconds: f64,
    /// Since the machine's start.
    start_ticks: f64,
}

/// `utime`, `stime` and `starttime` of `/proc/self/stat`: fields 14, 15 and 22. The second field,
/// the program's name in parentheses, may hold anything.
fn times(stat: &str) -> Option<Times> {
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
    Some(Times {
        cpu_seconds: (field(14)? + field(15)?) / TICKS_PER_SECOND,
        start_ticks: field(22)?,
    })
}

/// `btime` of `/proc/stat`: when the machine started.
fn boot_seconds(stat: &str) -> Option<f64> {
    stat.lines()
        .find_map(|line| line.strip_prefix("btime "))?
        .trim()
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::{Times, boot_seconds, resident_bytes, times};

    #[test]
    fn the_files_of_proc_are_read() {
        assert_eq!(
            resident_bytes("VmHWM:\t  9 kB\nVmRSS:\t    2048 kB\n"),
            Some(2_097_152.0)
        );
        assert_eq!(resident_bytes(""), None);
        let stat = "7 (a) b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 3 0 4200 99 1";
        assert_eq!(
            times(stat),
            Some(Times {
                cpu_seconds: 2.0,
                start_ticks: 4200.0
            })
        );
        assert_eq!(times("7 (a"), None);
        assert_eq!(
            boot_seconds("cpu 1\nbtime 1700000000\n"),
            Some(1_700_000_000.0)
        );
    }
}
