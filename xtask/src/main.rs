//! `cargo xtask TASK`: what contributors and CI run.
//!
//! [`checks`] are what has to hold for a change, [`build_cost`] reports what the first build takes,
//! [`fast_paths`] what each fast path is worth, [`tables`] generates code from data, and [`picture`] draws the picture of the README.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program"
)]

mod build_cost;
mod checks;
mod fast_paths;
mod picture;
mod tables;

use std::process::ExitCode;

/// A task: its name, what it does, and the code.
type Task = (&'static str, &'static str, fn() -> Result<(), String>);

const TASKS: &[Task] = &[
    ("fmt", "checks the format", checks::fmt),
    (
        "lint",
        "runs clippy, where warnings are errors",
        checks::lint,
    ),
    (
        "docs",
        "builds the documentation of every item, private ones too",
        checks::docs,
    ),
    (
        "deny",
        "checks licenses, sources and banned crates; installs cargo-deny",
        checks::deny,
    ),
    ("check", "runs fmt, lint, docs and deny", checks::all),
    (
        "build-cost",
        "reports the CPU time of a first release build, crate by crate",
        build_cost::run,
    ),
    (
        "tables",
        "generates the tables of BPF files and drop reasons from core/model/data",
        tables::write,
    ),
    (
        "fast-paths",
        "measures the hot path without one fast path at a time",
        fast_paths::run,
    ),
    (
        "picture",
        "runs the demo and draws docs/demo.svg",
        picture::run,
    ),
];

fn main() -> ExitCode {
    if let Some(code) = build_cost::wrapped_compiler() {
        return code;
    }
    let name = std::env::args().nth(1).unwrap_or_default();
    let Some((_, _, task)) = TASKS.iter().find(|(task, ..)| *task == name) else {
        eprintln!("usage: cargo xtask TASK\n");
        for (name, description, _) in TASKS {
            eprintln!("  {name:<11} {description}");
        }
        return ExitCode::from(2);
    };
    match task() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask {name}: {error}");
            ExitCode::FAILURE
        }
    }
}
