//! The cost of one event from a gob frame to metrics, stage by stage: CPU time, instructions and
//! allocations, for the simulator's default mix of events.
//!
//! `cargo bench -p tidegate-processors --bench hot_path`, or with `-- --events 200000 --rounds 5`.
//! Each row is the sum up to its stage; those of `cilium_enrich`, `filter` and `sample` are apart. The
//! time is that of the best round. Instructions and
//! mispredicted branches are counted by valgrind, if it is installed: they hardly differ between
//! runs, and do not depend on the load of the machine. Nothing asserts a time.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

mod chain;
mod instructions;
mod names;

use std::alloc::System;

use chain::{BenchChain, Row, rows};
use nix::time::{ClockId, clock_gettime};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tidegate_simulate::{Options, Stream};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let number = |name: &str| {
        args.iter()
            .position(|arg| arg == name)
            .and_then(|at| args.get(at + 1)?.parse().ok())
    };
    let events = number("--events").unwrap_or(100_000);
    let rows = rows();
    if let [_, flag, row, recording] = args.as_slice()
        && flag == instructions::ONCE
    {
        let row = &rows[row.parse::<usize>().unwrap()];
        return BenchChain::new(row).run(&std::fs::read(recording).unwrap());
    }
    let stream = stream(events);
    println!("| up to | ns | instructions | mispredicted branches | allocations |");
    println!("| --- | --: | --: | --: | --: |");
    for (at, row) in rows.iter().enumerate() {
        let ns = (0..number("--rounds").unwrap_or(5))
            .map(|_| time(row, &stream))
            .fold(f64::INFINITY, f64::min);
        let (instructions, mispredicted) = match instructions::count(at) {
            Some(counts) => (
                format!("{:.0}", counts.instructions),
                format!("{:.1}", counts.mispredicted),
            ),
            None => ("?".to_owned(), "?".to_owned()),
        };
        let allocations = allocations(row, &stream) as f64 / events as f64;
        let name = &row.name;
        let ns = ns / events as f64;
        println!("| {name} | {ns:.0} | {instructions} | {mispredicted} | {allocations:.3} |");
    }
}

/// Returns the stream that an agent would write.
pub(crate) fn stream(events: usize) -> Vec<u8> {
    let mut stream = Stream::new(Options::default());
    let mut bytes = Vec::new();
    for _ in 0..events {
        stream.next_frame(&mut bytes);
    }
    bytes
}

/// Returns the CPU time in nanoseconds.
fn time(row: &Row, stream: &[u8]) -> f64 {
    let mut chain = BenchChain::new(row);
    let start = thread_nanos();
    chain.run(stream);
    thread_nanos() - start
}

fn thread_nanos() -> f64 {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap();
    time.tv_sec() as f64 * 1e9 + time.tv_nsec() as f64
}

fn allocations(row: &Row, stream: &[u8]) -> usize {
    let mut chain = BenchChain::new(row);
    let region = Region::new(ALLOCATOR);
    chain.run(stream);
    region.change().allocations
}
