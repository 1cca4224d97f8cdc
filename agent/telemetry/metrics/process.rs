//! Metrics of the process, with the names that Prometheus' client libraries use. They are read from
//! `/proc`; a value that cannot be read is omitted.

use std::fs;

use super::family::{MetricFamily, sample_value};
use crate::log;

/// `USER_HZ`, the kernel's unit of CPU times; 100 on every supported architecture.
const TICKS_PER_SECOND: f64 = 100.0;

/// Version, dropped log lines, memory, CPU time, start time and file descriptors.
pub(super) fn families() -> Vec<MetricFamily> {
    let mut families = vec![build_info(), dropped_log_lines()];
    families.extend(resident_memory());
    families.extend(times_since_start());
    families.extend(open_descriptors());
    families
}

fn build_info() -> MetricFamily {
    let help = "Always 1; the label is the version";
    let family = MetricFamily::gauge("tidegate_build_info", help);
    family.sample(&[("version", env!("CARGO_PKG_VERSION"))], 1.0)
}

fn dropped_log_lines() -> MetricFamily {
    let help = "Lines of the log that were dropped because standard error was not read";
    let family = MetricFamily::counter("tidegate_log_lines_dropped_total", help);
    family.sample(&[], sample_value(log::dropped_lines()))
}

fn resident_memory() -> Option<MetricFamily> {
    let bytes = resident_bytes(&read("/proc/self/status"))?;
    let help = "Resident memory size in bytes.";
    let family = MetricFamily::gauge("process_resident_memory_bytes", help);
    Some(family.unit("By").sample(&[], bytes))
}

/// CPU time and start time.
fn times_since_start() -> Vec<MetricFamily> {
    let Some(Times {
        cpu_seconds,
        start_ticks,
    }) = times(&read("/proc/self/stat"))
    else {
        return Vec::new();
    };
    let help = "Total user and system CPU time spent in seconds.";
    let cpu = MetricFamily::counter("process_cpu_seconds_total", help);
    let mut families = vec![cpu.unit("s").sample(&[], cpu_seconds)];
    if let Some(boot) = boot_seconds(&read("/proc/stat")) {
        let help = "Start time of the process since unix epoch in seconds.";
        let start = MetricFamily::gauge("process_start_time_seconds", help);
        let seconds = boot + start_ticks / TICKS_PER_SECOND;
        families.push(start.unit("s").sample(&[], seconds));
    }
    families
}

fn open_descriptors() -> Option<MetricFamily> {
    let descriptors = fs::read_dir("/proc/self/fd").ok()?;
    let help = "Number of open file descriptors.";
    let family = MetricFamily::gauge("process_open_fds", help);
    Some(family.sample(&[], sample_value(descriptors.count() as u64)))
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
    /// Since the boot of the machine.
    start_ticks: f64,
}

/// `utime`, `stime` and `starttime` of `/proc/self/stat`: fields 14, 15 and 22. The second field,
/// the program's name in parentheses, may contain any character.
fn times(stat: &str) -> Option<Times> {
    let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
    Some(Times {
        cpu_seconds: (field(14)? + field(15)?) / TICKS_PER_SECOND,
        start_ticks: field(22)?,
    })
}

/// `btime` of `/proc/stat`: the boot time.
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
    fn values_are_parsed_from_the_files_of_proc() {
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
