//! Compares tidegate with Go programs on one recording, in interleaved runs: Retina's plugin,
//! Hubble's parser, and Go's gob alone.
//!
//! `cargo bench --bench peers`, or with options: `-- --events 300000 --rounds 5`. Needs Go;
//! `README.md` describes each row. Not a test: it asserts no time.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

#[path = "../agent/mod.rs"]
mod agent;
mod allocations;
mod go;
#[path = "../in_process.rs"]
mod in_process;
mod table;

use std::error::Error;
use std::path::{Path, PathBuf};

use agent::plan::{Component, FLOWS, METRICS, Plan, replay};
use allocations::Allocations;

/// A measured program.
struct Contestant {
    name: &'static str,
    program: Program,
    rounds: Vec<Cost>,
}

enum Program {
    /// A command of the Go program.
    Go(&'static str),
    /// A configuration of the agent, and its allocations.
    Agent(PathBuf, Allocations),
}

/// The cost of a million events.
struct Cost {
    cpu_seconds: f64,
    allocations: Allocations,
    /// Peak memory of the process.
    peak_mib: f64,
}

/// The index of the program that the others are compared with.
const RETINA: usize = 0;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(args) = agent::arguments()? else {
        return Ok(());
    };
    let events = agent::number(&args, "--events", 300_000)?;
    let rounds = agent::number(&args, "--rounds", 5)?;
    let folder = tempfile::tempdir()?;
    let go = go::build(folder.path())?;
    let recording = folder.path().join("recording");
    agent::record(&recording, events)?;
    let mut contestants = contestants(&recording, folder.path(), events)?;
    for _ in 0..rounds {
        for contestant in &mut contestants {
            let cost = match &contestant.program {
                Program::Go(verb) => go::run(&go, verb, &recording)?,
                Program::Agent(config, allocations) => agent_cost(config, *allocations, events)?,
            };
            contestant.rounds.push(cost);
        }
    }
    println!("{}", table::table(&contestants, events));
    Ok(())
}

fn contestants(
    recording: &Path,
    folder: &Path,
    events: usize,
) -> Result<Vec<Contestant>, Box<dyn Error>> {
    let go = |name, verb| Contestant {
        name,
        program: Program::Go(verb),
        rounds: Vec::new(),
    };
    let ours = |name, processors: &[Component<'static>], file| -> Result<_, Box<dyn Error>> {
        let config =
            Plan::simple(replay(recording, 0), processors, ("nop", "")).write(folder, file)?;
        let allocations = allocations::count(recording, processors)?.per_million(events as f64);
        Ok(Contestant {
            name,
            program: Program::Agent(config, allocations),
            rounds: Vec::new(),
        })
    };
    let metrics: Vec<_> = FLOWS.iter().copied().chain([METRICS]).collect();
    Ok(vec![
        go("Retina: gob, Hubble's parser, two channels", "retina"),
        go("Hubble's parser alone", "hubble"),
        go("Go's gob alone", "gob"),
        ours("tidegate: L3/L4 flows, as Retina", &FLOWS[..2], "l34")?,
        ours("tidegate: all flows, L7 too", FLOWS, "flows")?,
        ours(
            "tidegate: all flows and Hubble metrics",
            &metrics,
            "metrics",
        )?,
    ])
}

fn agent_cost(
    config: &Path,
    allocations: Allocations,
    events: usize,
) -> Result<Cost, Box<dyn Error>> {
    let cost = agent::run(config)?;
    Ok(Cost {
        cpu_seconds: cost.cpu_seconds * 1e6 / events as f64,
        allocations,
        peak_mib: cost.peak_mib,
    })
}
