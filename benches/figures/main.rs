//! The figures of the README: what the real binary costs, in CPU-seconds and peak memory per million
//! events, from a recording of the simulator's default mix to each place where records can go.
//!
//! `cargo bench --bench figures`, or with options: `-- --events 1000000 --rounds 3 --only OTLP`. The
//! variants are interleaved, and each row shows the median of its rounds. `-- --sink` only serves the OTLP
//! sink, for a profiler on an agent of one's own. Not a test: nothing here asserts a time.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

mod measure;
mod sink;
mod variants;

use std::error::Error;
use std::path::Path;
use std::process::Command;

use measure::Cost;
use variants::Variant;

const BINARY: &str = env!("CARGO_BIN_EXE_tidegate");

struct Options {
    events: u64,
    rounds: usize,
    /// Rows whose name has this text.
    only: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, command @ ..] = args.as_slice()
        && flag == measure::FLAG
    {
        return measure::child(command);
    }
    if args.iter().any(|arg| arg == "--sink") {
        println!("http://{}", sink::start()?);
        loop {
            std::thread::park();
        }
    }
    figures(&options(&args)?)
}

fn options(args: &[String]) -> Result<Options, Box<dyn Error>> {
    let value = |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1));
    let events = value("--events").map_or(Ok(1_000_000), |text| text.parse())?;
    let rounds = value("--rounds").map_or(Ok(3), |text| text.parse())?;
    let only = value("--only").cloned().unwrap_or_default();
    Ok(Options { events, rounds, only })
}

fn figures(options: &Options) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let recording = folder.path().join("recording");
    record(&recording, options.events)?;
    let sink = sink::start()?;
    let mut variants = variants::all(&recording, folder.path(), sink)?;
    variants.retain(|variant| variant.name.contains(&options.only));
    let mut costs: Vec<Vec<Cost>> = variants.iter().map(|_| Vec::new()).collect();
    for _ in 0..options.rounds {
        for (variant, costs) in variants.iter().zip(&mut costs) {
            costs.push(measure::run(BINARY, variant)?);
        }
    }
    print(options, &variants, &costs);
    Ok(())
}

fn record(path: &Path, events: u64) -> Result<(), Box<dyn Error>> {
    let events = events.to_string();
    let status =
        Command::new(BINARY).args(["simulate", "--seed", "1", "--events", &events, "--out"]).arg(path).status()?;
    if status.success() { Ok(()) } else { Err(format!("cannot write a recording: {status}").into()) }
}

fn print(options: &Options, variants: &[Variant], costs: &[Vec<Cost>]) {
    let per_million = 1e6 / options.events as f64;
    println!("| from a recording of {} events | CPU-s per million | peak memory, MiB |", options.events);
    println!("| --- | --: | --: |");
    for (variant, costs) in variants.iter().zip(costs) {
        let cpu = measure::median(costs.iter().map(|cost| cost.cpu_seconds * per_million));
        let memory = measure::median(costs.iter().map(|cost| cost.peak_mib));
        println!("| {} | {cpu:.2} | {memory:.0} |", variant.name);
    }
}
