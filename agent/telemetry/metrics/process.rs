//! Metrics of the process, with the names that Prometheus' client libraries use. A value that is
//! not known is omitted.

use super::family::{MetricFamily, sample_value};
use crate::log;
use crate::telemetry::process_usage::ProcessUsage;

/// Version, dropped log lines, memory, CPU time, start time and file descriptors.
pub(super) fn families() -> Vec<MetricFamily> {
    let mut families = vec![build_info(), dropped_log_lines()];
    families.extend(of_usage(ProcessUsage::now()));
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

fn of_usage(usage: ProcessUsage) -> impl Iterator<Item = MetricFamily> {
    let memory = MetricFamily::gauge(
        "process_resident_memory_bytes",
        "Resident memory size in bytes.",
    );
    let cpu = MetricFamily::counter(
        "process_cpu_seconds_total",
        "Total user and system CPU time spent in seconds.",
    );
    let start = MetricFamily::gauge(
        "process_start_time_seconds",
        "Start time of the process since unix epoch in seconds.",
    );
    let files = MetricFamily::gauge("process_open_fds", "Number of open file descriptors.");
    [
        (memory.unit("By"), usage.resident_bytes.map(sample_value)),
        (cpu.unit("s"), usage.cpu_seconds),
        (start.unit("s"), usage.start_seconds),
        (files, usage.open_files.map(sample_value)),
    ]
    .into_iter()
    .filter_map(|(family, value)| Some(family.sample(&[], value?)))
}
