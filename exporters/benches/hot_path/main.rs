//! The cost of exporting a flow with each exporter: CPU time with the kernel's share, instructions
//! and allocations, over the flows of the simulator's default mix.
//!
//! `cargo bench -p tidegate-exporters --bench hot_path`, or with `-- --events 200000 --rounds 5
//! --only otlp`. Each exporter runs in a topology in a child process; OTLP requests go to a server
//! in this one, which discards them. The first row is the cost of the topology, which all others
//! include. Instructions are those of the child, counted by valgrind if it is installed; they
//! hardly depend on the load of the machine. Nothing asserts a time.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

mod flows;
mod run;
mod sink;

use std::alloc::System;
use std::process::{Command, Stdio};

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use run::{Cost, ONCE};

#[global_allocator]
pub(crate) static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A row of the table.
pub(crate) struct Row {
    name: &'static str,
    /// The exporter's kind.
    kind: &'static str,
    /// Its configuration, in which `SINK` is replaced by the address of the server.
    config: &'static str,
    /// Whether requests are written to disk.
    has_disk: bool,
}

impl Row {
    const fn new(name: &'static str, kind: &'static str, config: &'static str) -> Self {
        Self {
            name,
            kind,
            config,
            has_disk: false,
        }
    }

    const fn with_disk(self, name: &'static str) -> Self {
        Self {
            name,
            has_disk: true,
            ..self
        }
    }
}

const ZSTD: Row = Row::new(
    "otlp, zstd",
    "otlp",
    "{ endpoint = 'http://SINK', timeout = '1h', compression = 'zstd' }",
);

pub(crate) const ROWS: &[Row] = &[
    Row::new("nothing", "nop", "{}"),
    Row::new("stdout, compact", "stdout", "{ format = 'compact' }"),
    Row::new("stdout, JSON", "stdout", "{ format = 'json' }"),
    Row::new(
        "otlp, uncompressed",
        "otlp",
        "{ endpoint = 'http://SINK', timeout = '1h', compression = 'none' }",
    ),
    ZSTD,
    ZSTD.with_disk("otlp, zstd, queue on disk"),
    Row::new(
        "otlp, gzip",
        "otlp",
        "{ endpoint = 'http://SINK', timeout = '1h', compression = 'gzip' }",
    ),
];

/// The events of the two runs whose instructions are counted. Their difference does not include the
/// cost of starting.
const FEW: usize = 10_000;
const MANY: usize = 40_000;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let [_, flag, row, events, sink] = args.as_slice()
        && flag == ONCE
    {
        return run::once(row.parse().unwrap(), events.parse().unwrap(), sink);
    }
    let option = |name: &str| {
        args.iter()
            .position(|arg| arg == name)
            .and_then(|at| args.get(at + 1))
    };
    let number = |name: &str| option(name).and_then(|text| text.parse().ok());
    let events = number("--events").unwrap_or(200_000);
    let rounds = number("--rounds").unwrap_or(5);
    let sink = sink::start();
    println!(
        "| exporter | ns | instructions | ns in the kernel | allocations |\n\
         | --- | --: | --: | --: | --: |"
    );
    for (row, Row { name, .. }) in ROWS.iter().enumerate() {
        if option("--only").is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        let costs = (0..rounds).map(|_| Cost::of(&mut child(row, events, &sink, &[])));
        let Cost {
            user,
            kernel,
            allocations,
        } = costs
            .min_by(|a, b| a.total().total_cmp(&b.total()))
            .unwrap();
        let instructions = instructions(row, &sink).map_or("?".to_owned(), |n| n.to_string());
        let of_one = |cost: f64| cost / events as f64;
        println!(
            "| {name} | {:.0} | {instructions} | {:.0} | {:.3} |",
            of_one(user + kernel),
            of_one(kernel),
            of_one(allocations)
        );
    }
}

/// Returns the command that runs one row in a child process, with a tool if `under` names one.
fn child(row: usize, events: usize, sink: &str, under: &[&str]) -> Command {
    let this = std::env::current_exe().unwrap().display().to_string();
    let words: Vec<&str> = under.iter().copied().chain([this.as_str()]).collect();
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .args([ONCE, &row.to_string(), &events.to_string(), sink]);
    command
}

/// Returns the instructions per event; `None` without valgrind.
fn instructions(row: usize, sink: &str) -> Option<u64> {
    let count = |events| {
        let tool = [
            "valgrind",
            "--tool=callgrind",
            "--callgrind-out-file=/dev/null",
        ];
        let output = child(row, events, sink, &tool)
            .stdout(Stdio::null())
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&output.stderr);
        text.lines()
            .find_map(|line| line.split_once("Collected :")?.1.trim().parse::<u64>().ok())
    };
    Some((count(MANY)? - count(FEW)?) / (MANY - FEW) as u64)
}
