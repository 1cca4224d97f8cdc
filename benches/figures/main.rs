//! The figures of the README: what the real binary costs, in CPU-seconds and peak memory per million
//! events, from a recording of the simulator's default mix to each place where records can go.
//!
//! `cargo bench --bench figures`, or with options: `-- --events 1000000 --rounds 3 --only OTLP`. The
//! variants are interleaved, and each row shows the median of its rounds. `-- --sink` only serves the OTLP
//! sink, for a profiler on an agent of one's own. Not a test: nothing here asserts a time.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

#[path = "../agent/mod.rs"]
mod agent;
mod sink;
mod socket;
mod variants;

use std::error::Error;

use agent::Cost;
use variants::{Input, Variant};

struct Options {
    events: usize,
    rounds: usize,
    /// Rows whose name has this text.
    only: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Some(args) = agent::arguments()? else { return Ok(()) };
    if args.iter().any(|arg| arg == "--sink") {
        println!("http://{}", sink::start()?);
        loop {
            std::thread::park();
        }
    }
    if let [flag, path] = args.as_slice()
        && flag == socket::DRAIN
    {
        return socket::drain(path);
    }
    let only = args.iter().position(|arg| arg == "--only").and_then(|at| args.get(at + 1));
    figures(&Options {
        events: agent::number(&args, "--events", 1_000_000)?,
        rounds: agent::number(&args, "--rounds", 3)?,
        only: only.cloned().unwrap_or_default(),
    })
}

fn figures(options: &Options) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let recording = folder.path().join("recording");
    agent::record(&recording, options.events)?;
    let sink = sink::start()?;
    let monitor = folder.path().join("monitor.sock");
    let mut variants = variants::all(&recording, &monitor, folder.path(), sink)?;
    variants.retain(|variant| variant.name.contains(&options.only));
    let mut costs: Vec<Vec<Cost>> = variants.iter().map(|_| Vec::new()).collect();
    for _ in 0..options.rounds {
        for (variant, costs) in variants.iter().zip(&mut costs) {
            costs.push(match &variant.input {
                Input::Recording(config) => agent::run(config)?,
                Input::Socket(reader) => socket::run(reader, &recording, &monitor)?,
            });
        }
    }
    print(options, &variants, &costs);
    Ok(())
}

fn print(options: &Options, variants: &[Variant], costs: &[Vec<Cost>]) {
    let per_million = 1e6 / options.events as f64;
    println!("| from a recording of {} events | CPU-s per million | peak memory, MiB |", options.events);
    println!("| --- | --: | --: |");
    for (variant, costs) in variants.iter().zip(costs) {
        let cpu = agent::median(costs.iter().map(|cost| cost.cpu_seconds * per_million));
        let memory = agent::median(costs.iter().map(|cost| cost.peak_mib));
        println!("| {} | {cpu:.2} | {memory:.0} |", variant.name);
    }
}
