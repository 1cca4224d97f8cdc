//! What the agent holds while it is given more than it can take: the pipeline that ships, a
//! stand-in for the Cilium agent, and an OTLP backend that takes its time. Beside the peak stands
//! what `docs/memory.md` allows.
//!
//! `cargo bench --bench memory`, or with options: `-- --seconds 20 --only "OTLP never"`. Five
//! minutes and more show whether memory is flat: the columns between tell what was resident after a
//! third, after two thirds and at the end. Fails if a row is above what it is allowed.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(
    clippy::unwrap_used,
    reason = "what cannot be measured ends the benchmark"
)]

mod backend;
mod formula;
mod scenarios;
mod start;
#[path = "../../tests/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests use the rest")]
mod support;
#[path = "../../tests/memory/surroundings.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod surroundings;

use std::error::Error;
use std::thread::sleep;
use std::time::Duration;

use formula::{BASE, Bounds};
use scenarios::Scenario;
use support::get;
use surroundings::Scene;

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
        "| scenario | events | peak, MiB | resident in between, MiB | allowed, MiB | dropped | CPU-s per million |"
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
    if rows.into_iter().all(|is_within| is_within) {
        Ok(())
    } else {
        Err("a row is above what it is allowed".into())
    }
}

/// Prints a row; whether it is within what it is allowed.
fn measure(scenario: &Scenario, seconds: f64) -> Result<bool, Box<dyn Error>> {
    let backend = backend::start(scenario.backend)?;
    let mut scene = Scene::with(backend, scenario.instead);
    if scenario.is_read {
        scene.read_output();
    }
    scene.play(scenario.input);
    let resident = [(); 3].map(|()| {
        sleep(Duration::from_secs_f64(seconds / 3.0));
        format!("{:.1}", scene.resident() as f64 / MIB)
    });
    let (events, cpu) = (
        scene.number("receivers.monitor1_2", "in"),
        cpu_seconds(&scene.address),
    );
    let allowed = BASE + Bounds::shipped(scene.queues()).beside_base();
    let (peak, dropped) = (scene.peak(), scene.drops());
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

/// The CPU time that it has had.
fn cpu_seconds(address: &str) -> f64 {
    let (_, page) = get(address, "/metrics");
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix("process_cpu_seconds_total "))
        .unwrap();
    line.parse().unwrap()
}
