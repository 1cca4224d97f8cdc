//! Black-box tests of the binary: its output, its files, and its exit codes.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod admin;
mod captures;
mod command_line;
mod config_input;
mod configuration;
mod conformance_golden;
mod demo;
mod drop_reasons;
mod end_to_end_faults;
mod exporters;
mod faults;
mod filters;
mod hostile_streams;
mod log;
mod losses;
mod memory;
mod names;
mod observe;
mod otlp;
mod output;
mod pages;
mod prometheus;
mod recording;
mod recordings;
mod refresh;
mod releases;
mod reload;
mod running;
mod shutdown;
mod support;
mod systemd;
mod telemetry;
mod tidy;
mod views;
