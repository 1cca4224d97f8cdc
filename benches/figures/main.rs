//! The figures of the README: CPU-seconds per million events, peak memory and throughput of the
//! binary, from a recording of the simulator's default mix to each exporter.
//!
//! `cargo bench --bench figures`, or with options: `-- --events 1000000 --rounds 3 --only OTLP`.
//! The variants are interleaved, and each row shows the median of its rounds. `-- --sink` only
//! serves the OTLP sinks, for use with a profiler. Not a test: it asserts no time.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

#[path = "../agent/mod.rs"]
mod agent;
mod sink;
mod socket;
mod variants;

use std::error::Error;
use std::time::Instant;

use agent::Cost;
use sink::SinkMode;
use variants::{Input, Variant};

struct Options {
    events: usize,
    rounds: usize,
    /// Measures only the rows whose name contains this text.
    only: String,
}

/// One run of a variant.
struct Round {
    cost: Cost,
    /// Wall time, including start-up and shutdown.
    seconds: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Some(args) = agent::arguments()? else {
        return Ok(());
    };
    if args.iter().any(|arg| arg == "--sink") {
        for mode in [SinkMode::Discard, SinkMode::Decode] {
            println!("{mode:?}: http://{}", sink::start(mode)?);
        }
        loop {
            std::thread::park();
        }
    }
    if let [flag, path] = args.as_slice()
        && flag == socket::DRAIN_FLAG
    {
        return socket::drain(path);
    }
    let only = args
        .iter()
        .position(|arg| arg == "--only")
        .and_then(|at| args.get(at + 1));
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
    let sinks = variants::Sinks {
        discarding: sink::start(SinkMode::Discard)?,
        decoding: sink::start(SinkMode::Decode)?,
    };
    let monitor = folder.path().join("monitor.sock");
    let mut variants = variants::all(&recording, &monitor, folder.path(), sinks)?;
    variants.retain(|variant| variant.name.contains(&options.only));
    let mut rounds: Vec<Vec<Round>> = variants.iter().map(|_| Vec::new()).collect();
    for _ in 0..options.rounds {
        for (variant, rounds) in variants.iter().zip(&mut rounds) {
            let start = Instant::now();
            let cost = match &variant.input {
                Input::Recording(config) => agent::run(config)?,
                Input::Socket(reader, rate) => socket::run(reader, *rate, &recording, &monitor)?,
            };
            rounds.push(Round {
                cost,
                seconds: start.elapsed().as_secs_f64(),
            });
        }
    }
    print(options, &variants, &rounds);
    Ok(())
}

fn print(options: &Options, variants: &[Variant], rounds: &[Vec<Round>]) {
    let millions = options.events as f64 / 1e6;
    println!(
        "| from a recording of {} events | CPU-s per million | peak memory, MiB | million per second |",
        options.events
    );
    println!("| --- | --: | --: | --: |");
    for (variant, rounds) in variants.iter().zip(rounds) {
        let median = |number: fn(&Round) -> f64| agent::median(rounds.iter().map(number));
        let cpu = median(|round| round.cost.cpu_seconds) / millions;
        let memory = median(|round| round.cost.peak_mib);
        let seconds = median(|round| round.seconds);
        println!(
            "| {} | {cpu:.2} | {memory:.0} | {:.2} |",
            variant.name,
            millions / seconds
        );
    }
}
