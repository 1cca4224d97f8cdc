//! Memory of the shipped pipeline under overload, with a simulated Cilium agent and a slow OTLP
//! backend, compared with the bound of `docs/memory.md`.
//!
//! `cargo bench --bench memory`, or with options: `-- --seconds 20 --only "OTLP never"`. Runs of
//! five minutes or more show whether memory is flat: resident memory is sampled after a third, after
//! two thirds and at the end. Fails if a row exceeds its bound.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(
    clippy::unwrap_used,
    reason = "a failed measurement ends the benchmark"
)]

mod backend;
#[path = "../../tests/memory/environment.rs"]
#[allow(dead_code, reason = "only the tests use the rest")]
mod environment;
mod formula;
mod scenarios;
#[path = "../growth/series.rs"]
#[allow(dead_code, reason = "only the tests use it")]
mod series;
mod start;
#[path = "../../tests/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "only the tests use the rest")]
mod support;

use std::error::Error;
use std::thread::sleep;
use std::time::Duration;

use environment::ShippedAgent;
use formula::{BASE, Bounds};
use scenarios::Scenario;
use support::get;

const MIB: f64 = (1 << 20) as f64;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| {
        args.iter()
            .position(|arg| arg == name)
            .and_then(|at| args.get(at + 1))
    };
    let seconds: f64 = option("--seconds").map_or(Ok(20.0), |text| text.parse())?;
    let only = option("--only").map_or("", String::as_str);
    println!(
        "| scenario | events | peak, MiB | resident, MiB | allowed, MiB | dropped | CPU-s per million |"
    );
    println!("| --- | --: | --: | --: | --: | --- | --: |");
    let chosen = scenarios::all()
        .into_iter()
        .filter(|scenario| scenario.name.contains(only));
    let rows = chosen
        .map(|scenario| measure(&scenario, seconds))
        .collect::<Result<Vec<_>, _>>()?;
    let size = std::fs::metadata(env!("CARGO_BIN_EXE_tidegate"))?.len();
    println!(
        "\nstart to first bytes read: {:.0} ms",
        start::median(9)?.as_secs_f64() * 1e3
    );
    println!("size of the binary: {:.1} MB", size as f64 / 1e6);
    if rows.into_iter().all(|is_within_bound| is_within_bound) {
        Ok(())
    } else {
        Err("a row exceeds its bound".into())
    }
}

/// Measures a scenario, prints its row, and returns whether it is within its bound.
fn measure(scenario: &Scenario, seconds: f64) -> Result<bool, Box<dyn Error>> {
    let backend = backend::start(scenario.backend)?;
    let mut agent = ShippedAgent::start(backend, scenario.replacements);
    if scenario.reads_stdout {
        agent.read_output();
    }
    agent.play(scenario.input);
    let resident = [(); 3].map(|()| {
        sleep(Duration::from_secs_f64(seconds / 3.0));
        format!("{:.1}", agent.resident_bytes() as f64 / MIB)
    });
    let events = agent.count("receivers.monitor1_2", "in");
    let cpu = cpu_seconds(&agent.address);
    let allowed = BASE + Bounds::shipped(agent.queue_limits()).beyond_base();
    let peak = agent.peak_bytes();
    let dropped = agent.drops();
    println!(
        "| {} | {events} | {:.1} | {} | {:.1} | {dropped} | {} |",
        scenario.name,
        peak as f64 / MIB,
        resident.join(", "),
        allowed as f64 / MIB,
        if events < 1000 {
            "-".to_owned()
        } else {
            format!("{:.2}", cpu * 1e6 / events as f64)
        },
    );
    Ok(peak <= allowed)
}

/// The CPU time of the agent so far.
fn cpu_seconds(address: &str) -> f64 {
    let (_, page) = get(address, "/metrics");
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix("process_cpu_seconds_total "))
        .unwrap();
    line.parse().unwrap()
}
