//! How cost grows: CPU time per million events over the event rate, the number of metric series, of
//! pipelines and of exporters, and the size of batches. Writes `docs/growth.csv` and `docs/growth.svg`;
//! `docs/growth.md` says what they show.
//!
//! `cargo bench --bench growth`, or with options: `-- --events 500000 --rounds 3`. The points of a sweep are
//! interleaved, and each is the median of its rounds. Not a test: nothing here asserts a time.

#![expect(clippy::print_stdout, reason = "a benchmark says what it has measured")]

#[path = "../agent/mod.rs"]
mod agent;
mod batches;
#[path = "../in_process.rs"]
mod in_process;
mod plot;
mod series;
mod sweep;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use agent::plan::{Component, FLOWS, METRICS, Plan, replay};
use sweep::{Point, Sweep};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Events per second that are played to the agent; 0 is as many as it takes.
const RATES: &[usize] = &[5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 0];
/// How long they are played.
const SECONDS: usize = 4;
const SERIES: &[usize] = &[1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000];
const COPIES: &[usize] = &[1, 2, 4, 8];
const BATCHES: &[usize] = &[1, 4, 16, 64, 256, 1024, 4096, 16_384];

const NOP: Component<'_> = ("nop", "");

fn main() -> Result<()> {
    let Some(args) = agent::arguments()? else { return Ok(()) };
    let events = agent::number(&args, "--events", 500_000)?;
    let rounds = agent::number(&args, "--rounds", 3)?;
    let folder = tempfile::tempdir()?;
    let bench = Bench { folder: folder.path(), events };
    let sweeps = [
        Sweep::measure("rate", RATES, rounds, |rate| bench.rate(rate))?,
        Sweep::measure("series", SERIES, rounds, |series| bench.series(series))?,
        Sweep::measure("pipelines", COPIES, rounds, |pipelines| bench.pipelines(pipelines))?,
        Sweep::measure("exporters, nop", COPIES, rounds, |n| bench.exporters(n, "nop", ""))?,
        Sweep::measure("exporters, stdout", COPIES, rounds, |n| bench.exporters(n, "stdout", "format = \"compact\""))?,
        Sweep::measure("batch", BATCHES, rounds, |records| bench.batches(records))?,
    ];
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    fs::write(docs.join("growth.csv"), sweep::csv(&sweeps))?;
    plot::draw(&docs.join("growth.svg"), &sweeps)?;
    println!("{}", sweep::csv(&sweeps));
    Ok(())
}

struct Bench<'a> {
    folder: &'a Path,
    events: usize,
}

impl Bench<'_> {
    /// Hubble metrics at a rate of events, or at the rate that the agent reaches.
    fn rate(&self, rate: usize) -> Result<Point> {
        let events = if rate == 0 { self.events } else { SECONDS * rate };
        let recording = self.recording(events)?;
        let plan = Plan::simple(replay(&recording, rate), &metrics(), NOP);
        let start = Instant::now();
        let point = self.run(&plan, events, rate)?;
        let reached = events as f64 / start.elapsed().as_secs_f64();
        Ok(if rate == 0 { Point { x: reached, ..point } } else { point })
    }

    /// A counter for each of so many source addresses.
    fn series(&self, series: usize) -> Result<Point> {
        // Each series is counted more than once.
        let events = self.events * 4;
        let recording = self.folder.join("series");
        series::record(&recording, events, series)?;
        let by_address = ("hubble_metrics", series::METRICS);
        self.run(&Plan::simple(replay(&recording, 0), &[FLOWS[0], FLOWS[1], by_address], NOP), events, series)
    }

    /// So many pipelines of Hubble metrics behind one receiver.
    fn pipelines(&self, pipelines: usize) -> Result<Point> {
        let recording = self.recording(self.events)?;
        self.run(&Plan { pipelines, ..Plan::simple(replay(&recording, 0), &metrics(), NOP) }, self.events, pipelines)
    }

    /// So many exporters behind one pipeline of flows.
    fn exporters(&self, exporters: usize, kind: &str, settings: &str) -> Result<Point> {
        let recording = self.recording(self.events)?;
        let ids: Vec<_> = (0..exporters).map(|number| format!("{kind}/{number}")).collect();
        let exporters = ids.iter().map(|id| (id.as_str(), settings)).collect();
        self.run(&Plan { exporters, ..Plan::simple(replay(&recording, 0), FLOWS, NOP) }, self.events, ids.len())
    }

    /// Batches of so many records, through flows and metrics in this process.
    fn batches(&self, records: usize) -> Result<Point> {
        let recording = self.recording(self.events)?;
        let cpu_seconds = batches::run(&recording, records, &metrics())?;
        Ok(Point { x: records as f64, cpu: cpu_seconds * 1e6 / self.events as f64, mib: None })
    }

    fn run(&self, plan: &Plan<'_>, events: usize, x: usize) -> Result<Point> {
        let cost = agent::run(&plan.write(self.folder, "pipeline")?)?;
        Ok(Point { x: x as f64, cpu: cost.cpu_seconds * 1e6 / events as f64, mib: Some(cost.peak_mib) })
    }

    /// A recording of the default mix, made when it is first asked for.
    fn recording(&self, events: usize) -> Result<PathBuf> {
        let path = self.folder.join(format!("events-{events}"));
        if !path.exists() {
            agent::record(&path, events)?;
        }
        Ok(path)
    }
}

fn metrics() -> Vec<Component<'static>> {
    FLOWS.iter().copied().chain([METRICS]).collect()
}
